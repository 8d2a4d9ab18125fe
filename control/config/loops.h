// SPDX-License-Identifier: BSD-3-Clause
// Targets that are inbound endpoints of ours: a question sent there would come back to us, and go on by the rules of the first
// network that names that endpoint. It is followed for the rule's domain; one that comes round is told with its way.
#pragma once

#include "control/config/config.h"

// All rulesets and networks' defaults; one ruleset; one rule that is, or is to be, in that ruleset.
void loops_check(const struct config *config, struct config_faults *faults);
void loops_check_ruleset(const struct config *config, const struct config_ruleset *ruleset,
	struct config_faults *faults);
[[nodiscard]] bool loops_check_rule(const struct config *config,
	const struct config_ruleset *ruleset, const struct config_rule *rule,
	struct config_faults *faults);
