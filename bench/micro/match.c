// SPDX-License-Identifier: BSD-3-Clause
// Matching: an engine over a number of rules under one kind of traffic.
#include "bench/micro/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKED = 4096, DEEP_RULES = 1000 };

// What is measured, and where in its queries it stands.
struct body {
	const struct engine *engine;
	struct queries queries;
	void *built;
	size_t at;
	uint32_t sum; // so that no look-up can be left out
};

static void drop_engine(struct match_kept *kept)
{
	if (kept->built)
		kept->engine->release(kept->built);
	kept->built = NULL;
}

static bool get_names(struct match_kept *kept, const struct match_detail *detail,
	const struct micro_options *options, char note[static MICRO_NOTE_LEN])
{
	bool has_deep = names_are_hostile(detail->traffic);
	bool from_file = detail->is_file && options->rules;

	if (kept->count == detail->count && kept->has_deep == has_deep)
		return true;
	drop_engine(kept);
	names_fini(&kept->names);
	kept->count = 0;
	if (from_file && names_read(&kept->names, options->rules) != 0) {
		snprintf(note, MICRO_NOTE_LEN, "%s can't be read", options->rules);
		return false;
	}
	if (!from_file)
		names_make(&kept->names, detail->count);
	if (has_deep)
		names_add_deep(&kept->names, DEEP_RULES);
	kept->count = detail->count;
	kept->has_deep = has_deep;
	return true;
}

// Queries under the rules of 34 labels only.
static void draw_queries(
	struct body *body, const struct names *names, const struct match_detail *detail)
{
	struct names deep = *names;
	size_t count = names->count > 1000000 ? 4000000 : 1000000;

	if (names_are_hostile(detail->traffic)) {
		deep.offs += deep.count - DEEP_RULES;
		deep.count = DEEP_RULES;
		count = 2048; // they stay near, as a name that was just received is
	}
	count -= count % MICRO_BATCH;
	queries_draw(&body->queries, &deep, detail->traffic, count);
}

// The names of the next burst are brought near meanwhile, as those of received queries are when they come to be matched:
// what is measured is the search.
static void bring_next(const struct body *body)
{
	size_t first = body->at + MICRO_BURST, end = first + MICRO_BURST;
	const uint32_t *offs = body->queries.offs;

	if (end >= body->queries.count)
		return;
	for (uint32_t off = offs[first]; off < offs[end]; off += 64)
		__builtin_prefetch(body->queries.wire + off);
}

static void ask(struct body *body, uint32_t rules[static MICRO_BURST])
{
	const uint32_t *offs = body->queries.offs + body->at;
	struct engine_name names[MICRO_BURST];

	for (unsigned i = 0; i < MICRO_BURST; i++)
		names[i] =
			(struct engine_name){body->queries.wire + offs[i], offs[i + 1] - offs[i]};
	bring_next(body);
	body->engine->match(body->built, names, rules, MICRO_BURST);
	body->at += MICRO_BURST;
	if (body->at == body->queries.count)
		body->at = 0;
}

static bool is_suffix(const uint8_t *name, const char *rule, unsigned *len)
{
	char text[1024];
	size_t at = 0;

	for (; *name != 0; name += 1 + *name) {
		memcpy(text + at, name + 1, *name);
		at += *name;
		text[at++] = '.';
	}
	*len = (unsigned)strlen(rule);
	text[at > 0 ? at - 1 : 0] = '\0';
	return at > *len && strcmp(text + at - 1 - *len, rule) == 0 &&
		(at - 1 == *len || text[at - 2 - *len] == '.');
}

static bool may_miss(enum traffic traffic)
{
	return traffic == TRAFFIC_MISS || traffic == TRAFFIC_SHARED || traffic == TRAFFIC_DEEPEST;
}

// Each engine is held against what the queries were made of before its time is taken.
static bool check(struct body *body, const struct names *names, const struct match_detail *detail)
{
	for (unsigned i = 0; i < CHECKED; i += MICRO_BURST) {
		uint32_t rules[MICRO_BURST];
		size_t first = body->at;

		ask(body, rules);
		for (unsigned n = 0; n < MICRO_BURST; n++) {
			const uint8_t *name = body->queries.wire + body->queries.offs[first + n];
			unsigned len;

			if (rules[n] != ENGINE_NONE && body->engine->number)
				rules[n] = body->engine->number(body->built, rules[n]);
			if (rules[n] == ENGINE_NONE && !may_miss(detail->traffic))
				return false;
			if (rules[n] != ENGINE_NONE &&
				(rules[n] >= names->count ||
					!is_suffix(name, names_at(names, rules[n]), &len)))
				return false;
		}
	}
	body->at = 0;
	return true;
}

bool match_setup(struct micro_state *state)
{
	const struct match_detail *detail = state->micro->detail;
	struct match_kept *kept = state->kept;
	struct body *body = calloc(1, sizeof(*body));
	const char *why = "";

	if (!body || !get_names(kept, detail, state->options, state->note)) {
		free(body);
		return false;
	}
	body->engine = detail->engine;
	if (kept->engine != detail->engine)
		drop_engine(kept);
	kept->engine = detail->engine;
	if (!kept->built)
		kept->built = detail->engine->build(&kept->names, &why);
	body->built = kept->built;
	state->body = body;
	if (!body->built) {
		snprintf(state->note, sizeof(state->note), "%s", why);
		free(body);
		return false;
	}
	draw_queries(body, &kept->names, detail);
	snprintf(state->note, sizeof(state->note), "%s, %zu rules%s, %s", detail->engine->name,
		kept->names.count, detail->is_file && state->options->rules ? " of the file" : "",
		detail->words);
	if (check(body, &kept->names, detail))
		return true;
	snprintf(state->note, sizeof(state->note), "%s answers wrongly", detail->engine->name);
	match_teardown(state);
	return false;
}

void match_run(struct micro_state *state)
{
	struct body *body = state->body;
	uint32_t rules[MICRO_BURST];

	for (unsigned i = 0; i < MICRO_BATCH; i += MICRO_BURST) {
		ask(body, rules);
		body->sum += rules[0];
	}
}

void match_teardown(struct micro_state *state)
{
	struct body *body = state->body;

	queries_fini(&body->queries);
	free(body);
}

void match_forget(struct match_kept *kept)
{
	drop_engine(kept);
	names_fini(&kept->names);
	kept->count = 0;
}
