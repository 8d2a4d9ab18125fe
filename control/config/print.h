// SPDX-License-Identifier: BSD-3-Clause
// A whole config as JSON text, run-time state included: what the store keeps and state_parse()
// reads.
#pragma once

#include <stddef.h>

#include "control/config/config.h"

// One line without a newline, for free(), and its length; NULL: no memory.
[[nodiscard]] char *print_state(const struct config *config, size_t *len);
