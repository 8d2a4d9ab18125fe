// SPDX-License-Identifier: BSD-3-Clause
// Rulesets as they were.
#pragma once

#include "control/serve/request.h"

// A generation that is kept, and when it was stored. NULL: the request is answered.
[[nodiscard]] struct config *history_load(
	struct request *request, uint64_t generation, int64_t *stored_sec);
// What runs, but with the ruleset as `old`, which is taken, has it. NULL: the request is answered.
[[nodiscard]] struct config *history_go_back(
	struct request *request, struct config *old, const char *name);
