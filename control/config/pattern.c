// SPDX-License-Identifier: BSD-3-Clause
// Patterns of regex rules, as Hyperscan judges them.
#include "control/config/pattern.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/faults.h"

// Hyperscan's reason without its final dot, and what to do.
static void refuse(struct config_faults *faults, const char *key, const char *reason)
{
	size_t len = strlen(reason);

	while (len > 0 && reason[len - 1] == '.')
		len--;
	faults_add(faults, -EINVAL, key, CONFIG_NONE,
		"%.*s (patterns are searched by Hyperscan, which knows no back-references and no "
		"look-around)",
		(int)len, reason);
}

bool pattern_check(struct config_faults *faults, const char *key, const char *pattern)
{
	size_t before = faults->count;
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (pattern[0] == '\0' || strlen(pattern) > PATTERN_LEN_MAX) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"it has %zu characters: 1 to %d make a pattern", strlen(pattern),
			PATTERN_LEN_MAX);
		return false;
	}
	if (hs_expression_info(pattern, PATTERN_FLAGS, &info, &error) != HS_SUCCESS)
		refuse(faults, key, error ? error->message : "Hyperscan gives no reason");
	else if (info->min_width == 0)
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"it matches the empty text, so it is found in every name: use match: "
			"suffix for that");
	hs_free_compile_error(error);
	free(info);
	return faults->count == before;
}

static int on_match(unsigned number, unsigned long long from, unsigned long long to, unsigned flags,
	void *found)
{
	(void)number;
	(void)from;
	(void)to;
	(void)flags;
	*(bool *)found = true;
	return 1; // one is enough
}

bool pattern_is_found(const char *pattern, const char *text, unsigned len)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *database = NULL;
	hs_scratch_t *scratch = NULL;
	bool is_found = false;

	if (hs_compile(pattern, PATTERN_FLAGS, HS_MODE_BLOCK, NULL, &database, &error) ==
			HS_SUCCESS &&
		hs_alloc_scratch(database, &scratch) == HS_SUCCESS)
		(void)hs_scan(database, text, len, 0, scratch, on_match, &is_found);
	hs_free_compile_error(error);
	hs_free_scratch(scratch);
	hs_free_database(database);
	return is_found;
}
