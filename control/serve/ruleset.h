// SPDX-License-Identifier: BSD-3-Clause
// Rulesets from files.
#pragma once

#include "control/serve/request.h"

// What runs, but with the ruleset as the file has it that came with the request. NULL: the request
// is answered.
[[nodiscard]] struct config *ruleset_apply_file(struct request *request);
