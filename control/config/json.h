// SPDX-License-Identifier: BSD-3-Clause
// Objects to JSON, spelt as in the YAML, for the control socket.
//
// Each gives a new reference, or NULL without memory. Keys that say the default are written too.
#pragma once

#include <jansson.h>

#include "control/config/config.h"

// {name, domain, match, action, state, targets, metadata if any}
[[nodiscard]] json_t *config_json_rule(const struct config_rule *rule);
// {name, outbound-endpoints, rules}; brief: without what says the default.
[[nodiscard]] json_t *config_json_ruleset_brief(const struct config_ruleset *ruleset);
[[nodiscard]] json_t *config_json_ruleset(const struct config_ruleset *ruleset);
[[nodiscard]] json_t *config_json_inbound(const struct config_inbound *inbound);
[[nodiscard]] json_t *config_json_outbound(const struct config_outbound *outbound);
// {name, domain, ttl, reverse, on-nxdomain, records} without what files gave
[[nodiscard]] json_t *config_json_zone(const struct config_zone *zone);
[[nodiscard]] json_t *config_json_network(const struct config_network *network);
