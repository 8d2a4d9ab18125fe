// SPDX-License-Identifier: BSD-3-Clause
// A ruleset's list of rules: built, searched for what may be there once only, numbered.
#pragma once

#include <stdbool.h>

#include "control/config/config.h"
#include "control/config/index.h"

// The families of which a ruleset has source addresses.
struct ruleset_families {
	bool v4;
	bool v6;
};

// Those of the named outbound endpoints; names that there aren't, or given twice, are reported
// under `key`. A family of an unknown endpoint counts as there, so that its rules are not reported
// as well.
[[nodiscard]] struct ruleset_families ruleset_families(const struct config *config, const char *key,
	char *const *names, size_t count, struct config_faults *faults);
// Whether each of the targets has a source address.
[[nodiscard]] bool ruleset_check_sources(const struct endpoint *targets, size_t count,
	const char *key, struct ruleset_families families, struct config_faults *faults);

// Fills an empty ruleset with rules, each checked for itself and against those before it. `faults`
// are entered at the ruleset; rules with faults are left out. 0 or -errno of the first fault.
[[nodiscard]] int ruleset_fill(struct config_ruleset *ruleset, const struct config_rule_text *texts,
	size_t count, struct ruleset_families families, struct config_faults *faults);
// Whether a rule may join (`self` NULL) or stay: its name and its domain with its match are not
// taken by another.
[[nodiscard]] bool ruleset_check_unique(const struct config_ruleset *ruleset,
	const struct config_rule *rule, const struct config_rule *self,
	struct config_faults *faults);
// Takes over the rule's body. 0 or -ENOMEM.
[[nodiscard]] int ruleset_append(struct config_ruleset *ruleset, struct config_rule rule);

// Gives every rule of `next` its counter number: that of the rule of the same name and domain in
// `last`, or a new one. Numbers of `last` that nobody took over are released. `last` may be NULL.
// 0, -ENOMEM, or -ENOSPC: none left.
[[nodiscard]] int ruleset_number(struct config_ruleset *next, const struct config_ruleset *last,
	struct numbers *numbers, uint64_t generation);

// An index of the rules' names, for searches by the many: index_fini() it. 0 or -ENOMEM.
[[nodiscard]] int ruleset_index_names(const struct config_ruleset *ruleset, struct index *names);
// The rule that has `rule`'s name, or INDEX_NONE.
[[nodiscard]] size_t ruleset_find_same_name(const struct config_ruleset *ruleset,
	const struct index *names, const struct config_rule *rule);

// Copies name and endpoints, shares rules' bodies. 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int ruleset_copy(struct config_ruleset *copy, const struct config_ruleset *ruleset);
void ruleset_fini(struct config_ruleset *ruleset);
