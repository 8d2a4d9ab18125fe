// SPDX-License-Identifier: BSD-3-Clause
// The load generator: clients and the upstream at once, over one ethdev. Prints one JSON object.
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/wire.h"
#include "bench/path/stand.h"

enum { MS = 1000000, UP_MS = 10000, CALM_RATE = 20000 };

static struct stand_record *map_record(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *mapped = fd < 0
		? MAP_FAILED
		: mmap(NULL, sizeof(struct stand_record), PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return mapped == MAP_FAILED ? NULL : mapped;
}

static bool wait_up(struct wire *wire)
{
	const struct timespec moment = {.tv_nsec = MS};

	for (unsigned i = 0; i < UP_MS; i++) {
		if (wire_is_up(wire))
			return true;
		nanosleep(&moment, NULL);
	}
	fputs("load: nobody is at the other end of the wire\n", stderr);
	return false;
}

static json_t *faults_of(const struct trial *trial)
{
	json_t *faults = json_object();

	for (unsigned i = 0; i < CLIENT_FAULT_COUNT; i++)
		if (trial->faults[i])
			json_object_set_new(faults, client_fault_name(i),
				json_integer((json_int_t)trial->faults[i]));
	return faults;
}

static json_t *steps_of(const struct trial *trial)
{
	json_t *steps = json_array();

	for (unsigned i = 0; i < TRIAL_STEPS_MAX; i++)
		json_array_append_new(steps, json_real(trial->steps_ns[i]));
	return steps;
}

static int report(const struct trial *t)
{
	json_t *out = json_pack(
		"{s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, "
		"s:f, s:f, s:o, s:o}",
		"rate", t->rate, "sent_a_second", t->sent_a_second, "answered_a_second",
		t->answered_a_second, "sent", (json_int_t)t->sent, "answered",
		(json_int_t)t->answered, "wrong", (json_int_t)t->wrong, "late", (json_int_t)t->late,
		"refused", (json_int_t)t->refused, "lost", (json_int_t)(t->lost + t->refused),
		"stolen", (json_int_t)t->stolen, "own_gaps", (json_int_t)t->own_gaps, "peer_gaps",
		(json_int_t)t->peer_gaps, "p50_us", t->p50_us, "p99_us", t->p99_us, "max_us",
		t->max_us, "own_ns", t->own_ns, "port_ns", t->port_ns, "turns", t->turns, "faults",
		faults_of(t), "steps_ns", steps_of(t));
	int err = json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));

	putchar('\n');
	json_decref(out);
	return err;
}

// As long as it takes that the other side has all in its caches, and knows of upstreams that do not answer.
static void warm_up(struct trial_bench *bench, const struct trial_setup *setup, double seconds)
{
	struct trial_setup calm = *setup;
	struct trial ignored;

	calm.rate = CALM_RATE;
	calm.seconds = seconds;
	trial_run(bench, &calm, &ignored);
}

static int measure(
	struct trial_bench *bench, const struct trial_setup *setup, double calm_sec, bool is_fixed)
{
	struct trial result;

	if (!wait_up(bench->wire))
		return 1;
	warm_up(bench, setup, calm_sec);
	if (is_fixed)
		trial_run(bench, setup, &result);
	else
		trial_search(bench, setup, &result);
	return report(&result);
}

// What follows `--` is EAL's.
static int find_own(int argc, char **argv)
{
	int count = 1;

	while (count < argc && strcmp(argv[count], "--") != 0)
		count++;
	return count;
}

int main(int argc, char **argv)
{
	static struct trial_bench bench;
	static struct traffic traffic;
	struct trial_setup setup = {.seconds = 0.5};
	const char *record = NULL;
	double calm_sec = 0.3;
	bool has_no_upstream = false, is_fastest = false;
	const struct word words[] = {
		TRAFFIC_WORDS(&traffic),
		{"rate", WORD_DECIMAL, &setup.rate, NULL},
		{"fastest", WORD_FLAG, &is_fastest, NULL},
		{"seconds", WORD_DECIMAL, &setup.seconds, NULL},
		{"calm", WORD_DECIMAL, &calm_sec, NULL},
		{"delay-us", WORD_DECIMAL, &setup.delay_us, NULL},
		{"no-upstream", WORD_FLAG, &has_no_upstream, NULL},
		{"record", WORD_TEXT, &record, NULL},
		{.kind = WORD_END},
	};
	int own = find_own(argc, argv), status;
	char error[QUESTIONS_ERROR_LEN];

	if (words_read(words, own, argv) != 0)
		return 2;
	setup.has_upstream = !has_no_upstream;
	if (traffic_read(&traffic, error) != 0) {
		fprintf(stderr, "load: %s\n", error);
		return 1;
	}
	if (record && !(bench.peer = map_record(record))) {
		fprintf(stderr, "load: %s can't be read\n", record);
		return 1;
	}
	replier_init(&bench.replier, &traffic.reply);
	bench.ticks_per_ns = stand_ticks_per_ns();
	bench.wire = wire_open(argc - own, argv + own);
	if (!bench.wire || client_init(&bench.client, &traffic.client) != 0)
		return 1;
	status = measure(&bench, &setup, calm_sec, setup.rate > 0 || is_fastest);
	wire_close(bench.wire);
	client_fini(&bench.client);
	questions_fini(&traffic.questions);
	return status;
}
