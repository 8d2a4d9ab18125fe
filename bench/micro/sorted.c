// SPDX-License-Identifier: BSD-3-Clause
// Beside: a sorted array of rules in wire form, searched by halves for every suffix, longest first.
#include <stdlib.h>
#include <string.h>

#include "bench/micro/engine.h"
#include "core/name.h"

struct entry {
	uint32_t off; // of the name
	uint32_t rule;
};

struct sorted {
	uint8_t *wire;
	struct entry *entries;
	size_t count;
};

static int compare_names(const uint8_t *a, const uint8_t *b)
{
	// Equal bytes up to the root label end both names alike.
	while (*a == *b && *a != 0) {
		int order = memcmp(a, b, 1u + *a);

		if (order != 0)
			return order;
		a += 1 + *a;
		b += 1 + *b;
	}
	return *a - *b;
}

static int compare(const void *left, const void *right, void *wire)
{
	const struct entry *a = left, *b = right;

	return compare_names((uint8_t *)wire + a->off, (uint8_t *)wire + b->off);
}

static void *build(const struct names *names, const char **why)
{
	struct sorted *sorted = calloc(1, sizeof(*sorted));
	uint32_t off = 0;

	(void)why;
	if (!sorted)
		abort();
	sorted->wire = malloc(names->text_len + 2 * names->count + NAME_LEN_MAX);
	sorted->entries = malloc(names->count * sizeof(*sorted->entries));
	if (!sorted->wire || !sorted->entries)
		abort();
	for (size_t i = 0; i < names->count; i++) {
		const char *text = names_at(names, i), *reason;
		uint8_t wire[NAME_LEN_MAX];
		unsigned len = name_parse(text, strlen(text), wire, &reason);

		memcpy(sorted->wire + off, wire, len);
		sorted->entries[sorted->count++] = (struct entry){off, (uint32_t)i};
		off += len;
	}
	qsort_r(sorted->entries, sorted->count, sizeof(*sorted->entries), compare, sorted->wire);
	return sorted;
}

static uint32_t search(const struct sorted *sorted, const uint8_t *name)
{
	size_t low = 0, high = sorted->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_names(sorted->wire + sorted->entries[middle].off, name);

		if (order == 0)
			return sorted->entries[middle].rule;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return ENGINE_NONE;
}

static void match(void *engine, const struct engine_name *names, uint32_t *rules, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *name = names[i].wire;

		rules[i] = search(engine, name);
		while (rules[i] == ENGINE_NONE && *name != 0) {
			name += 1 + *name;
			rules[i] = search(engine, name);
		}
	}
}

static void release(void *engine)
{
	struct sorted *sorted = engine;

	free(sorted->wire);
	free(sorted->entries);
	free(sorted);
}

const struct engine engine_sorted = {
	.name = "sorted array", .build = build, .match = match, .release = release};
