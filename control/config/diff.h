// SPDX-License-Identifier: BSD-3-Clause
// What differs between two states of a ruleset, and who answers for the names concerned.
//
// A rule that comes or goes changes more than itself: the names of a new rule belonged to the next
// shorter one, and those of a removed rule go back there.
#pragma once

#include <stdbool.h>

#include "control/config/config.h"

enum diff_change { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

struct diff_item {
	enum diff_change change;
	const struct config_rule *before; // NULL: added
	const struct config_rule *after;  // NULL: removed
	// The enabled rule that answers for the rule's names; NULL: none of this ruleset does.
	const struct config_rule *was;
	const struct config_rule *will;
};

struct diff_taker {
	void (*take)(struct diff_taker *self, const struct diff_item *item);
};

// Calls for each rule that differs: in the order of `after`, then what is only in `before`. Either
// may be NULL: no rules. 0 or -ENOMEM.
[[nodiscard]] int diff_rulesets(const struct config_ruleset *before,
	const struct config_ruleset *after, struct diff_taker *taker);

// Whether both have the same rules of the same names in the same order, and the same endpoints.
[[nodiscard]] bool diff_is_same(const struct config_ruleset *a, const struct config_ruleset *b);
