// SPDX-License-Identifier: BSD-3-Clause
// Compiling a configuration to an image, and checking the image.
#include "bench/micro/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/micro/automaton.h"
#include "core/image.h"

struct body {
	struct names names;
	struct automaton_config config;
	struct compile_result result;
	void *base; // of the image to be checked
};

static bool make_body(struct micro_state *state)
{
	const struct compile_detail *detail = state->micro->detail;
	struct body *body = calloc(1, sizeof(*body));

	if (!body)
		return false;
	names_make(&body->names, detail->count);
	automaton_config_init(&body->config, &body->names);
	state->body = body;
	snprintf(state->note, sizeof(state->note), "%zu rules", detail->count);
	return true;
}

static bool compile(struct micro_state *state)
{
	struct body *body = state->body;

	if (compile_image(&body->config.config, 1, &body->result) == 0)
		return true;
	snprintf(state->note, sizeof(state->note), "%s", body->result.error);
	return false;
}

bool compile_setup(struct micro_state *state)
{
	return make_body(state);
}

void compile_run(struct micro_state *state)
{
	struct body *body = state->body;

	if (compile(state))
		close(body->result.fd);
}

void compile_teardown(struct micro_state *state)
{
	struct body *body = state->body;

	automaton_config_fini(&body->config);
	names_fini(&body->names);
	free(body);
}

bool compile_weigh_bytes(struct micro_state *state)
{
	const struct compile_detail *detail = state->micro->detail;
	bool is_compiled = make_body(state) && compile(state);

	if (is_compiled) {
		struct body *body = state->body;

		state->value = (double)body->result.size / (double)detail->count;
		close(body->result.fd);
	}
	compile_teardown(state);
	return is_compiled;
}

// A line of /proc/self/status, in bytes.
static double read_status(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	double kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtod(line + strlen(key), NULL);
	if (file)
		fclose(file);
	return kib * 1024;
}

// From now on the peak is counted anew.
static bool reset_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "we");
	bool is_reset = file && fputs("5", file) >= 0;

	if (file)
		is_reset &= fclose(file) == 0;
	return is_reset;
}

bool compile_weigh_peak(struct micro_state *state)
{
	bool is_compiled = make_body(state) && reset_peak();
	double before = read_status("VmRSS:");

	is_compiled = is_compiled && compile(state);
	if (is_compiled) {
		struct body *body = state->body;

		state->value = (read_status("VmHWM:") - before) / (double)body->result.size;
		snprintf(state->note, sizeof(state->note), "%.0f MB for an image of %.0f MB",
			(read_status("VmHWM:") - before) / 1e6, (double)body->result.size / 1e6);
		close(body->result.fd);
	}
	compile_teardown(state);
	return is_compiled;
}

bool check_setup(struct micro_state *state)
{
	struct body *body;

	if (!make_body(state) || !compile(state))
		return false;
	body = state->body;
	body->base = mmap(
		NULL, body->result.size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, body->result.fd, 0);
	close(body->result.fd);
	return body->base != MAP_FAILED;
}

void check_run(struct micro_state *state)
{
	struct body *body = state->body;
	struct image image;
	const char *wrong = image_open(&image, body->base, body->result.size);

	if (wrong)
		snprintf(state->note, sizeof(state->note), "%s", wrong);
}

void check_teardown(struct micro_state *state)
{
	struct body *body = state->body;

	munmap(body->base, body->result.size);
	compile_teardown(state);
}
