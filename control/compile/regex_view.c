// SPDX-License-Identifier: BSD-3-Clause
// The patterns of a published image, searched one name at a time.
#include "control/compile/regex_view.h"

#include <hs/hs_common.h>
#include <hs/hs_runtime.h>
#include <stdlib.h>

struct regex_view {
	struct suffix_scanner base;
	const struct image *image;
	hs_database_t **databases; // one an image_regex
	hs_scratch_t *scratch;
};

// What a scan looks for: the lowest number, and whether `wanted` is among them.
struct search {
	uint32_t lowest;
	uint32_t wanted;
	bool has_wanted;
};

static int on_match(unsigned number, unsigned long long from, unsigned long long to, unsigned flags,
	void *context)
{
	struct search *search = context;

	(void)from;
	(void)to;
	(void)flags;
	if (number < search->lowest)
		search->lowest = number;
	search->has_wanted |= number == search->wanted;
	return 0;
}

static struct search search_for(const struct regex_view *view, uint32_t index, uint32_t wanted,
	const char *text, unsigned len)
{
	struct search search = {.lowest = IMAGE_NONE, .wanted = wanted};

	(void)hs_scan(view->databases[index], text, len, 0, view->scratch, on_match, &search);
	return search;
}

static uint32_t scan(struct suffix_scanner *base, uint32_t index, const char *text, unsigned len)
{
	return search_for((const struct regex_view *)base, index, IMAGE_NONE, text, len).lowest;
}

struct regex_view *regex_view_new(const struct image *image, const char **why)
{
	struct regex_view *view = calloc(1, sizeof(*view));

	*why = "no memory for the image's patterns";
	if (!view)
		return NULL;
	view->base.scan = scan;
	view->image = image;
	view->databases = calloc(image->regexes_count + 1ul, sizeof(*view->databases));
	if (!view->databases)
		goto err;
	*why = "the image's patterns are of another Hyperscan: reload makes them anew";
	for (uint32_t i = 0; i < image->regexes_count; i++) {
		const struct image_regex *regex = &image->regexes[i];
		const void *bytes = image->databases + regex->database_off;

		if (hs_deserialize_database(bytes, regex->database_len, &view->databases[i]) !=
				HS_SUCCESS ||
			hs_alloc_scratch(view->databases[i], &view->scratch) != HS_SUCCESS)
			goto err;
	}
	*why = NULL;
	return view;

err:
	regex_view_free(view);
	return NULL;
}

void regex_view_free(struct regex_view *view)
{
	if (!view)
		return;
	for (uint32_t i = 0; view->databases && i < view->image->regexes_count; i++)
		hs_free_database(view->databases[i]);
	hs_free_scratch(view->scratch);
	free(view->databases);
	free(view);
}

struct suffix_scanner *regex_view_scanner(struct regex_view *view)
{
	return &view->base;
}

bool regex_view_is_found(
	const struct regex_view *view, uint32_t rule, const char *text, unsigned len)
{
	for (uint32_t i = 0; i < view->image->regexes_count; i++) {
		const struct image_regex *regex = &view->image->regexes[i];
		uint32_t number = (rule - regex->rule) / (uint32_t)sizeof(struct image_rule);

		if (rule >= regex->rule && number < regex->rule_count)
			return search_for(view, i, number, text, len).has_wanted;
	}
	return false;
}
