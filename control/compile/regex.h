// SPDX-License-Identifier: BSD-3-Clause
// Regex rules, write side: the patterns of each accept, compiled together by Hyperscan and serialised.
//
// Compiling runs in a child process: what takes too long can be ended there, and nowhere else.
#pragma once

#include "control/compile/assembly.h"
#include "control/compile/compile.h"

enum { REGEX_TIMEOUT_SEC = 10 }; // for the patterns of one accept

// A regex rule, found by its counter number.
struct regex_rule {
	uint32_t counter;
	const struct config_rule *rule;
	const struct config_ruleset *ruleset;
};

// Fills the databases of the assembly's regexes, whose rules are all among `rules`; these come back in another order. 0,
// or -errno with `error`: -EINVAL a pattern is not taken, -ETIME one takes too long.
[[nodiscard]] int regex_compile(struct assembly *, struct regex_rule *rules, size_t rule_count,
	char error[static COMPILE_ERROR_LEN]);
