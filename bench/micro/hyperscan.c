// SPDX-License-Identifier: BSD-3-Clause
// Beside: Hyperscan with a pattern a rule. It compiles for minutes beyond some thousand rules, so only few are given to
// it.
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/micro/engine.h"
#include "core/name.h"

struct hyperscan {
	hs_database_t *database;
	hs_scratch_t *scratch;
	uint16_t *lens; // of the rules' domains
};

// The longest match of one scan.
struct found {
	const struct hyperscan *hyperscan;
	uint32_t rule;
};

// Dots are all that a pattern must not take for its own.
static char *make_pattern(const char *name)
{
	size_t len = 0, size = 2 * strlen(name) + 16;
	char *pattern = malloc(size);

	if (!pattern)
		abort();
	len += (size_t)snprintf(pattern, size, "(^|\\.)");
	for (; *name; name++) {
		if (*name == '.')
			pattern[len++] = '\\';
		pattern[len++] = *name;
	}
	memcpy(pattern + len, "$", 2);
	return pattern;
}

static hs_error_t compile(struct hyperscan *h, char **patterns, unsigned count)
{
	unsigned *flags = calloc(count, sizeof(*flags));
	unsigned *ids = calloc(count, sizeof(*ids));
	hs_compile_error_t *error = NULL;
	hs_error_t status;

	if (!flags || !ids)
		abort();
	for (unsigned i = 0; i < count; i++) {
		flags[i] = HS_FLAG_SINGLEMATCH;
		ids[i] = i;
	}
	status = hs_compile_multi((const char *const *)patterns, flags, ids, count, HS_MODE_BLOCK,
		NULL, &h->database, &error);
	hs_free_compile_error(error);
	free(flags);
	free(ids);
	return status;
}

static void *build(const struct names *names, const char **why)
{
	struct hyperscan *h = calloc(1, sizeof(*h));
	char **patterns = calloc(names->count, sizeof(*patterns));
	hs_error_t status;

	if (!h || !patterns)
		abort();
	h->lens = calloc(names->count, sizeof(*h->lens));
	for (size_t i = 0; i < names->count; i++) {
		patterns[i] = make_pattern(names_at(names, i));
		h->lens[i] = (uint16_t)strlen(names_at(names, i));
	}
	status = compile(h, patterns, (unsigned)names->count);
	for (size_t i = 0; i < names->count; i++)
		free(patterns[i]);
	free(patterns);
	if (status == HS_SUCCESS && hs_alloc_scratch(h->database, &h->scratch) == HS_SUCCESS)
		return h;
	*why = "Hyperscan does not compile it";
	free(h->lens);
	free(h);
	return NULL;
}

static int on_match(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct found *found = context;

	(void)from;
	(void)to;
	(void)flags;
	if (found->rule == ENGINE_NONE ||
		found->hyperscan->lens[id] > found->hyperscan->lens[found->rule])
		found->rule = id;
	return 0;
}

// Hyperscan may read past the end of its input.
static unsigned put_text(const uint8_t *wire, char text[static NAME_LEN_MAX + 64])
{
	unsigned len = 0;

	for (; *wire != 0; wire += 1 + *wire) {
		memcpy(text + len, wire + 1, *wire);
		len += *wire;
		text[len++] = '.';
	}
	return len > 0 ? len - 1 : 0;
}

static void match(void *engine, const struct engine_name *names, uint32_t *rules, unsigned count)
{
	struct hyperscan *h = engine;

	for (unsigned i = 0; i < count; i++) {
		struct found found = {.hyperscan = h, .rule = ENGINE_NONE};
		char text[NAME_LEN_MAX + 64];
		unsigned len = put_text(names[i].wire, text);

		hs_scan(h->database, text, len, 0, h->scratch, on_match, &found);
		rules[i] = found.rule;
	}
}

static void release(void *engine)
{
	struct hyperscan *h = engine;

	hs_free_scratch(h->scratch);
	hs_free_database(h->database);
	free(h->lens);
	free(h);
}

const struct engine engine_hyperscan = {.name = "Hyperscan literals",
	.names_max = 10000,
	.build = build,
	.match = match,
	.release = release};
