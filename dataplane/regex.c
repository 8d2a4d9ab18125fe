// SPDX-License-Identifier: BSD-3-Clause
// Regex rules: Hyperscan's databases, deserialised, and its scratch memory, one a worker.
#include "dataplane/regex.h"

#include <hs/hs_common.h>
#include <hs/hs_runtime.h>
#include <stdlib.h>

// One worker's; no other touches it.
struct scanner {
	struct suffix_scanner base;
	const struct regex *regex;
	hs_scratch_t *scratch; // NULL: there is nothing to scan for
};

struct regex {
	hs_database_t **databases; // one an image_regex
	uint32_t database_count;
	struct scanner *scanners;
	unsigned scanner_count;
};

// Matches come in any order: the lowest number is kept.
static int on_match(
	unsigned number, unsigned long long from, unsigned long long to, unsigned flags, void *best)
{
	uint32_t *lowest = best;

	(void)from;
	(void)to;
	(void)flags;
	if (number < *lowest)
		*lowest = number;
	return *lowest == 0; // nothing goes before the first
}

static uint32_t scan(struct suffix_scanner *base, uint32_t index, const char *text, unsigned len)
{
	const struct scanner *scanner = (const struct scanner *)base;
	uint32_t lowest = IMAGE_NONE;

	if (index < scanner->regex->database_count)
		(void)hs_scan(scanner->regex->databases[index], text, len, 0, scanner->scratch,
			on_match, &lowest);
	return lowest;
}

static const char *open_databases(struct regex *regex, const struct image *image)
{
	regex->databases = calloc(image->regexes_count + 1ul, sizeof(*regex->databases));
	if (!regex->databases)
		return "no memory for the image's patterns";
	for (uint32_t i = 0; i < image->regexes_count; i++) {
		const struct image_regex *source = &image->regexes[i];
		const void *bytes = image->databases + source->database_off;

		if (hs_deserialize_database(bytes, source->database_len, &regex->databases[i]) !=
			HS_SUCCESS)
			return "the image's patterns are of another Hyperscan; control and "
			       "dataplane must run with the same";
		regex->database_count++;
	}
	return NULL;
}

// A scratch that does for all databases.
static const char *make_scanners(struct regex *regex, unsigned count)
{
	regex->scanners = calloc(count, sizeof(*regex->scanners));
	if (!regex->scanners)
		return "no memory to search for patterns";
	for (; regex->scanner_count < count; regex->scanner_count++) {
		struct scanner *scanner = &regex->scanners[regex->scanner_count];

		*scanner = (struct scanner){.base = {scan}, .regex = regex};
		for (uint32_t i = 0; i < regex->database_count; i++)
			if (hs_alloc_scratch(regex->databases[i], &scanner->scratch) != HS_SUCCESS)
				return "no memory to search for patterns";
	}
	return NULL;
}

struct regex *regex_new(const struct image *image, unsigned worker_count, const char **why)
{
	struct regex *regex = calloc(1, sizeof(*regex));

	*why = regex ? open_databases(regex, image) : "no memory for the image's patterns";
	if (regex && !*why)
		*why = make_scanners(regex, worker_count);
	if (!*why)
		return regex;
	regex_free(regex);
	return NULL;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	for (unsigned i = 0; i < regex->scanner_count; i++)
		hs_free_scratch(regex->scanners[i].scratch);
	for (uint32_t i = 0; i < regex->database_count; i++)
		hs_free_database(regex->databases[i]);
	free(regex->scanners);
	free(regex->databases);
	free(regex);
}

struct suffix_scanner *regex_scanner(const struct regex *regex, unsigned worker)
{
	return &regex->scanners[worker].base;
}
