// SPDX-License-Identifier: BSD-3-Clause
// One rule: from text, checked, into a body that copies share.
#pragma once

#include <stdbool.h>

#include "control/config/config.h"

// Makes a rule of `text`, all of which is checked, on top of `base` (NULL: a new rule, which needs
// a name, a domain and targets). `rule` holds a body of its own, no counter number. 0, or -errno
// with faults reported.
[[nodiscard]] int rule_parse(const struct config_rule_text *text, const struct config_rule *base,
	struct config_rule *rule, struct config_faults *faults);

// A copy that shares the body.
[[nodiscard]] struct config_rule rule_share(const struct config_rule *rule);
void rule_release(struct config_rule *rule);

// Whether they say the same, but for their names.
[[nodiscard]] bool rule_is_same(const struct config_rule *a, const struct config_rule *b);
// Equal, or both NULL.
[[nodiscard]] bool rule_same_pattern(const char *a, const char *b);
// Equal as names: folded, escapes resolved.
[[nodiscard]] bool rule_same_domain(const char *a, const char *b);
// Equal for rules of the same domain.
[[nodiscard]] uint64_t rule_domain_hash(const char *domain);
