// SPDX-License-Identifier: BSD-3-Clause
// Names as operators' lists have them, from a stream that is the same in every run.
#include "bench/micro/names.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/name.h"

enum { TOP_COUNT = 1200, DEEP_LABELS = 34, HOT_COUNT = 1000, TEXT_MAX = 256 };

static void *checked(void *memory)
{
	if (!memory) {
		fputs("bench: no memory for the names\n", stderr);
		exit(1);
	}
	return memory;
}

static uint32_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32);
}

static uint32_t draw_below(uint64_t *seed, uint32_t limit)
{
	return (uint32_t)((uint64_t)draw(seed) * limit >> 32);
}

// 0 to `limit` - 1, number n with a share of 1 / (n + 1).
static size_t draw_zipf(uint64_t *seed, size_t limit)
{
	double u = draw(seed) / 4294967296.0;
	size_t rank = (size_t)pow((double)limit + 1, u);

	return rank > limit ? limit - 1 : rank - 1;
}

static void put_seen(uint64_t *seen, size_t size, uint64_t hash)
{
	size_t at = hash & (size - 1);

	while (seen[at])
		at = (at + 1) & (size - 1);
	seen[at] = hash;
}

static bool has_seen(const struct names *names, uint64_t hash)
{
	if (!names->seen_size)
		return false;
	for (size_t at = hash & (names->seen_size - 1); names->seen[at];
		at = (at + 1) & (names->seen_size - 1))
		if (names->seen[at] == hash)
			return true;
	return false;
}

static void grow(struct names *names, size_t len)
{
	if (names->count == names->capacity) {
		size_t size = names->seen_size ? names->seen_size * 2 : 4096;
		uint64_t *seen = checked(calloc(size, sizeof(*seen)));

		names->capacity = size / 2;
		names->offs =
			checked(reallocarray(names->offs, names->capacity, sizeof(*names->offs)));
		for (size_t i = 0; i < names->seen_size; i++)
			if (names->seen[i])
				put_seen(seen, size, names->seen[i]);
		free(names->seen);
		names->seen = seen;
		names->seen_size = size;
	}
	if (names->text_size - names->text_len < len + 1) {
		names->text_size = names->text_size * 2 + 4096;
		names->text = checked(realloc(names->text, names->text_size));
	}
}

static uint64_t hash_of(const char *text)
{
	return XXH3_64bits(text, strlen(text)) | 1;
}

// Adds a name that is not there yet.
static bool add(struct names *names, const char *text)
{
	uint64_t hash = hash_of(text);
	size_t len = strlen(text);

	if (has_seen(names, hash))
		return false;
	grow(names, len);
	put_seen(names->seen, names->seen_size, hash);
	names->offs[names->count++] = names->text_len;
	memcpy(names->text + names->text_len, text, len + 1);
	names->text_len += len + 1;
	return true;
}

const char *names_at(const struct names *names, size_t index)
{
	return names->text + names->offs[index];
}

void names_fini(struct names *names)
{
	free(names->text);
	free(names->offs);
	free(names->seen);
	*names = (struct names){0};
}

// Labels of letters and digits: one in nine is longer than 15 bytes, and no top-level domain is.
static unsigned put_label(char *out, uint64_t *seed, unsigned shortest)
{
	static const char letters[] = "etaoinsrhldcumfpgwybvkxjqz0123456789-";
	unsigned len = shortest + draw_below(seed, 5) + draw_below(seed, 6);

	if (draw_below(seed, 9) == 0)
		len = 16 + draw_below(seed, 9);
	for (unsigned i = 0; i < len; i++) {
		bool may_be_dash = i > 0 && i + 1 < len;

		out[i] = letters[draw_below(seed, sizeof(letters) - (may_be_dash ? 1 : 2))];
	}
	out[len] = '\0';
	return len;
}

// The n-th top-level domain; the first are short and far more frequent.
static unsigned put_top(char *out, size_t n)
{
	uint64_t seed = n * 0x9e3779b97f4a7c15 + 1;
	unsigned len = n < 4 ? 3 : n < 250 ? 2 : 4 + draw_below(&seed, 5);

	for (unsigned i = 0; i < len; i++)
		out[i] = (char)('a' + draw_below(&seed, 26));
	out[len] = '\0';
	return len;
}

static void put_above(char *out, uint64_t *seed)
{
	char top[16];
	unsigned len = put_label(out, seed, 3);

	// Half of all names are under the first two, as under com and net.
	put_top(top, draw_below(seed, 2) ? draw_below(seed, 2) : draw_zipf(seed, TOP_COUNT));
	snprintf(out + len, TEXT_MAX - len, ".%s", top);
}

static unsigned draw_depth(uint64_t *seed)
{
	uint32_t percent = draw_below(seed, 100);
	unsigned depth = percent < 59 ? 2 : percent < 91 ? 3 : percent < 97 ? 4 : 5;

	if (depth == 5 && draw_below(seed, 100) == 0)
		return 6 + draw_below(seed, 48);
	return depth;
}

// A name of `depth` labels: under one that is there, one that many share, or one of its own.
static void make_name(const struct names *names, char *out, unsigned depth, uint64_t *seed)
{
	char above[TEXT_MAX] = "";
	uint32_t percent = draw_below(seed, 100);
	uint64_t shared_seed = draw_zipf(seed, 20000) * 0x9e3779b97f4a7c15 + 7;
	unsigned len;

	if (depth == 2) {
		put_above(out, seed);
		return;
	}
	if (percent < 15 && names->count > 0)
		snprintf(above, sizeof(above), "%s",
			names_at(names, draw_below(seed, (uint32_t)names->count)));
	else
		put_above(above, percent < 76 ? &shared_seed : seed);
	len = put_label(out, seed, 2);
	for (unsigned i = 3; i < depth && len < 180; i++) {
		out[len++] = '.';
		if (depth > 6)
			out[len++] = (char)('a' + draw_below(seed, 26));
		else
			len += put_label(out + len, &shared_seed, 1);
	}
	snprintf(out + len, TEXT_MAX - len, ".%.*s", (int)(TEXT_MAX - 4 - len), above);
}

void names_make(struct names *names, size_t count)
{
	uint64_t seed = 1;

	while (names->count < count) {
		char text[2 * TEXT_MAX];
		uint8_t wire[NAME_LEN_MAX];
		const char *why;

		make_name(names, text, draw_depth(&seed), &seed);
		if (strlen(text) < 200 && name_parse(text, strlen(text), wire, &why) != 0)
			add(names, text);
	}
}

// Labels of one letter, so that all share the first states and few the last.
void names_add_deep(struct names *names, size_t count)
{
	uint64_t seed = 2;

	for (size_t added = 0; added < count;) {
		char text[TEXT_MAX];

		for (unsigned i = 0; i < DEEP_LABELS; i++) {
			unsigned at = 2 * (DEEP_LABELS - 1 - i);

			text[at] = (char)('a' + draw_below(&seed, i < 10 ? 1 : i < 20 ? 2 : 26));
			text[at + 1] = '.';
		}
		text[2 * DEEP_LABELS - 1] = '\0';
		added += add(names, text);
	}
}

int names_read(struct names *names, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		size_t len = strcspn(line, " \t\r\n");

		while (len > 0 && line[len - 1] == '.')
			len--;
		line[len] = '\0';
		for (size_t i = 0; i < len; i++)
			line[i] = (char)name_fold_byte((uint8_t)line[i]);
		if (len > 0 && line[0] != '#')
			add(names, line);
	}
	fclose(file);
	return 0;
}

bool names_are_hostile(enum traffic traffic)
{
	return traffic >= TRAFFIC_HOSTILE;
}

// The name that is asked under rule `rule`.
static void query_text(const struct names *names, enum traffic traffic, size_t rule, uint64_t *seed,
	char text[static 2 * TEXT_MAX])
{
	const char *name = names_at(names, rule);
	const char *above = strchr(name, '.');
	char label[64];
	unsigned at = 0;

	if (names_are_hostile(traffic)) {
		for (unsigned i = 0; i < NAME_LABELS_MAX - DEEP_LABELS; i++) {
			text[at++] = (char)('a' + draw_below(seed, 26));
			text[at++] = '.';
		}
		snprintf(text + at, 2 * TEXT_MAX - at, "%s", name);
		if (traffic != TRAFFIC_HOSTILE)
			text[at] = '0'; // which no rule has there
	} else if (traffic == TRAFFIC_MISS) {
		put_label(label, seed, 8);
		snprintf(text, 2 * TEXT_MAX, "www.%s%s", label, above ? above : "");
	} else {
		snprintf(text, 2 * TEXT_MAX, "www.%s", name);
	}
}

static size_t draw_rule(const struct names *names, enum traffic traffic, uint64_t *seed)
{
	switch (traffic) {
	case TRAFFIC_ZIPF: {
		// Not in the order of the list, whose neighbours lie together in memory.
		size_t rank = draw_zipf(seed, names->count);

		return (size_t)(rank * UINT64_C(0x9e3779b97f4a7c15) % names->count);
	}
	case TRAFFIC_HOT: return draw_below(seed, HOT_COUNT) * 7919ul % names->count;
	case TRAFFIC_SHARED: return 0;
	case TRAFFIC_DEEPEST:
	case TRAFFIC_HOSTILE:
	case TRAFFIC_MISS:
	case TRAFFIC_UNIFORM: break;
	}
	return draw_below(seed, (uint32_t)names->count);
}

// Names too long for `www.` are asked as they are.
static unsigned query_wire(const char *text, const char *name, uint8_t wire[static NAME_LEN_MAX])
{
	const char *why;
	unsigned len = name_parse(text, strlen(text), wire, &why);

	return len ? len : name_parse(name, strlen(name), wire, &why);
}

void queries_draw(
	struct queries *queries, const struct names *names, enum traffic traffic, size_t count)
{
	size_t size = count * (names_are_hostile(traffic) ? NAME_LEN_MAX : 64) + NAME_LEN_MAX;
	uint64_t seed = 3;

	*queries = (struct queries){
		.wire = checked(malloc(size)),
		.offs = checked(malloc((count + 1) * sizeof(*queries->offs))),
	};
	while (queries->count < count) {
		size_t rule = draw_rule(names, traffic, &seed);
		uint8_t wire[NAME_LEN_MAX];
		char text[2 * TEXT_MAX];
		unsigned len;

		query_text(names, traffic, rule, &seed, text);
		len = query_wire(text, names_at(names, rule), wire);
		if (size - queries->wire_len < len)
			queries->wire = checked(realloc(queries->wire, size *= 2));
		memcpy(queries->wire + queries->wire_len, wire, len);
		queries->offs[queries->count++] = (uint32_t)queries->wire_len;
		queries->wire_len += len;
	}
	queries->offs[count] = (uint32_t)queries->wire_len;
}

void queries_fini(struct queries *queries)
{
	free(queries->wire);
	free(queries->offs);
	*queries = (struct queries){0};
}
