// SPDX-License-Identifier: BSD-3-Clause
// A ruleset's automaton taken out of an image: accepts by name, sorted from the right, and the states on their ways.
#include "control/compile/automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/suffix.h"

struct entry {
	uint32_t rules;
	uint32_t name_off;
};

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
	unsigned len = a[0] < b[0] ? a[0] : b[0];
	int order = memcmp(a + 1, b + 1, len);

	return order ? order : a[0] - b[0];
}

// Labels that two names share, from the right.
static unsigned count_shared(const uint8_t *a, const uint8_t *b)
{
	uint8_t labels_a[NAME_LABELS_MAX], labels_b[NAME_LABELS_MAX];
	unsigned count_a = name_labels(a, labels_a), count_b = name_labels(b, labels_b);
	unsigned shared = 0;

	while (shared < count_a && shared < count_b &&
		compare_labels(a + labels_a[count_a - shared - 1],
			b + labels_b[count_b - shared - 1]) == 0)
		shared++;
	return shared;
}

// By labels from the right, so that names below one stand behind it.
static int compare_entries(const void *left, const void *right, void *names)
{
	const uint8_t *a = (uint8_t *)names + ((const struct entry *)left)->name_off;
	const uint8_t *b = (uint8_t *)names + ((const struct entry *)right)->name_off;
	uint8_t labels_a[NAME_LABELS_MAX], labels_b[NAME_LABELS_MAX];
	unsigned count_a = name_labels(a, labels_a), count_b = name_labels(b, labels_b);

	while (count_a > 0 && count_b > 0) {
		int order = compare_labels(a + labels_a[--count_a], b + labels_b[--count_b]);

		if (order)
			return order;
	}
	return (count_a > 0) - (count_b > 0);
}

// The first accept from `at` on, behind fillers.
static uint32_t skip_fillers(const struct image *image, uint32_t at, uint32_t end)
{
	while (at < end && image->accepts[at] == IMAGE_FILLER)
		at++;
	return at;
}

// The accept after this one.
static uint32_t next_accept(const struct image *image, uint32_t accept, uint32_t end)
{
	uint32_t at = image_accept_rules(image, accept);

	while (!image_rule(image, at).is_last)
		at += (uint32_t)sizeof(struct image_rule);
	return skip_fillers(image, at + (uint32_t)sizeof(struct image_rule), end);
}

// All accepts of the ruleset, sorted, their names in `automaton`. free() them.
static int list_accepts(struct automaton *automaton, const struct image *image,
	const struct image_start *start, struct entry **entries, uint32_t *count)
{
	uint32_t end = start->accept_first + start->accept_len, off = 0;
	uint32_t first = skip_fillers(image, start->accept_first, end);
	uint8_t name[NAME_LEN_MAX];
	size_t names_len = 0;

	*count = 0;
	for (uint32_t at = first; at < end; at = next_accept(image, at, end)) {
		names_len += suffix_accept_name(image, at, name);
		++*count;
	}
	*entries = calloc(*count + 1ul, sizeof(**entries));
	automaton->names = malloc(names_len + 1);
	if (!*entries || !automaton->names)
		return -ENOMEM;
	*count = 0;
	for (uint32_t at = first; at < end; at = next_accept(image, at, end)) {
		(*entries)[(*count)++] = (struct entry){image_accept_rules(image, at), off};
		off += suffix_accept_name(image, at, automaton->names + off);
	}
	qsort_r(*entries, *count, sizeof(**entries), compare_entries, automaton->names);
	return 0;
}

// The states of one entry that its predecessor had not; `path` is the way to the last state made.
static void add_states(struct automaton *automaton, const struct entry *entry, unsigned shared,
	uint32_t path[static NAME_LABELS_MAX + 1])
{
	uint8_t labels[NAME_LABELS_MAX];
	unsigned count = name_labels(automaton->names + entry->name_off, labels);

	for (unsigned depth = shared + 1; depth <= count; depth++) {
		path[depth] = automaton->state_count++;
		automaton->states[path[depth - 1]].is_leaf = false;
		automaton->states[path[depth]] = (struct automaton_state){
			.from = path[depth - 1],
			.rules = IMAGE_NONE,
			.name_off = entry->name_off + labels[count - depth],
			.depth = (uint8_t)depth,
			.is_leaf = true,
		};
	}
	automaton->states[path[count]].rules = entry->rules;
}

static int make_states(struct automaton *automaton, const struct entry *entries, uint32_t count)
{
	static const uint8_t root[1] = {0};
	uint32_t path[NAME_LABELS_MAX + 1] = {0};
	const uint8_t *last = root;
	size_t capacity = 1;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t labels[NAME_LABELS_MAX];
		const uint8_t *name = automaton->names + entries[i].name_off;

		capacity += name_labels(name, labels) - count_shared(last, name);
		last = name;
	}
	automaton->states = calloc(capacity, sizeof(*automaton->states));
	if (!automaton->states)
		return -ENOMEM;
	automaton->states[0] = (struct automaton_state){.rules = IMAGE_NONE, .is_leaf = true};
	automaton->state_count = 1;
	last = root;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *name = automaton->names + entries[i].name_off;

		add_states(automaton, &entries[i], count_shared(last, name), path);
		last = name;
	}
	return 0;
}

int automaton_init(struct automaton *automaton, const struct image *image, uint32_t start)
{
	struct entry *entries = NULL;
	uint32_t count;
	int err;

	*automaton = (struct automaton){0};
	err = list_accepts(automaton, image, &image->starts[start], &entries, &count);
	if (!err)
		err = make_states(automaton, entries, count);
	free(entries);
	return err;
}

void automaton_fini(struct automaton *automaton)
{
	free(automaton->states);
	free(automaton->names);
}

const uint8_t *automaton_name(
	const struct automaton *automaton, const struct automaton_state *state)
{
	return state->depth ? automaton->names + state->name_off : (const uint8_t *)"";
}
