// SPDX-License-Identifier: BSD-3-Clause
// Rules that ask nobody, write side: what the dataplane answers for them.
#pragma once

#include "control/compile/assembly.h"
#include "control/config/config.h"

// Writes the route of a rule with another action than forward, a route of its own: the client is told the rule's name. Gives
// its index.
[[nodiscard]] uint32_t local_add(
	struct assembly *, const struct config_ruleset *ruleset, const struct config_rule *rule);
