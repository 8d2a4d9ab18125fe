// SPDX-License-Identifier: BSD-3-Clause
// Objects in results, spelt as in the YAML.
#pragma once

#include <jansson.h>

#include "control/config/config.h"
#include "control/config/errors.h"

// New references; NULL: no memory.
// The rule, with its ruleset's name.
[[nodiscard]] json_t *object_rule(
	const struct config_ruleset *ruleset, const struct config_rule *rule);
// {name, outbound-endpoints, rule-count}: without its rules.
[[nodiscard]] json_t *object_ruleset_head(const struct config_ruleset *ruleset);
// Errors in a file, as a list of texts.
[[nodiscard]] json_t *object_errors(const struct config_errors *errors);
// Seconds since 1970 as 2026-01-31T12:00:00Z.
json_t *object_time(int64_t sec);
