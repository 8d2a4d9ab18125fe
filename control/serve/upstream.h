// SPDX-License-Identifier: BSD-3-Clause
// How results spell what is known of an upstream.
#pragma once

#include <jansson.h>

#include "control/counters.h"

// "up", "resting" or "drained".
const char *upstream_state(const struct counters_upstream *upstream);
// A number, or null where nobody measured it.
[[nodiscard]] json_t *upstream_rtt(const struct counters_upstream *upstream);
