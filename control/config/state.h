// SPDX-License-Identifier: BSD-3-Clause
// A config from JSON as print_state() wrote it, run-time state included.
#pragma once

#include <jansson.h>

#include "control/config/config.h"

enum {
	STATE_FORMAT = 1, // its version
};

// All checks of a config from files hold here too. 0 with a new config, -EBADMSG: `json` (NULL too)
// is not what print_state() writes, or -ENOMEM.
[[nodiscard]] int state_parse(const json_t *json, struct config **out);
