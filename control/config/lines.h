// SPDX-License-Identifier: BSD-3-Clause
// A list of bare domains, one a line, as the texts of rules.
//
// The final dot may be left off; blank lines, and what stands behind a `#` at the start of a line
// or behind a space, are nothing. A rule's name is `d-` and its domain, `.` as `_` and other bytes
// than letters, digits, `-` and `_` as `-`; where that name is taken, `-2` and so on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/config/load.h"

struct lines_place {
	uint32_t line; // from 1
	uint32_t column;
};

struct lines {
	struct config_rule_text *rules;
	struct lines_place *places; // of each rule
	size_t count;
	char *texts; // names and domains
};

// All rules get the request's targets. Nothing is checked but that the bytes are text. 0, -EINVAL
// with an error, or -ENOMEM; then there is nothing to finish.
[[nodiscard]] int lines_parse(struct lines *lines, const struct load_ruleset *request,
	const struct load_file *file, struct config_errors *errors);
void lines_fini(struct lines *lines);
