// SPDX-License-Identifier: BSD-3-Clause
// Regex rules: the image's databases in memory of our own, and a scanner for each worker.
//
// Made before the switch to the image, let go with it.
#pragma once

#include "core/suffix.h"

struct regex;

// Of an image, for so many workers. An image without patterns gives an object all the same. NULL: `*why` says why, a
// constant text.
[[nodiscard]] struct regex *regex_new(
	const struct image *image, unsigned worker_count, const char **why);
void regex_free(struct regex *);

// Worker number `worker`'s own.
[[nodiscard]] struct suffix_scanner *regex_scanner(const struct regex *, unsigned worker);
