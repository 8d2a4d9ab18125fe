// SPDX-License-Identifier: BSD-3-Clause
// A whole config to JSON and back, run-time state included: what the store keeps.
#pragma once

#include <jansson.h>

#include "control/config/config.h"

// A new reference; NULL: no memory.
[[nodiscard]] json_t *state_json(const struct config *config);
// All checks of a config from files hold here too. 0 with a new config, -EBADMSG: `json` (NULL too)
// is not what state_json() made, or -ENOMEM.
[[nodiscard]] int state_parse(const json_t *json, struct config **out);
