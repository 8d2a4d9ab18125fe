// SPDX-License-Identifier: BSD-3-Clause
// The patterns of a published image, to answer `rule test` as the dataplane would.
#pragma once

#include "core/suffix.h"

struct regex_view;

// NULL: `*why` says why, a constant text.
[[nodiscard]] struct regex_view *regex_view_new(const struct image *image, const char **why);
void regex_view_free(struct regex_view *);

[[nodiscard]] struct suffix_scanner *regex_view_scanner(struct regex_view *);
// Whether the pattern of the regex rule at `rule` is found; false if there is no such rule. SUFFIX_SCAN_SLACK zeros
// follow the text.
[[nodiscard]] bool regex_view_is_found(
	const struct regex_view *, uint32_t rule, const char *text, unsigned len);
