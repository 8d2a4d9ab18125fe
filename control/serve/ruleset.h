// SPDX-License-Identifier: BSD-3-Clause
// Rulesets from files.
#pragma once

#include "control/config/load.h"
#include "control/serve/request.h"

// The file that came as a descriptor. 0 with its bytes, for free(), or the request is answered.
[[nodiscard]] int ruleset_read_file(struct request *request, struct load_file *file, char **data);

// What runs, but with the ruleset as the file has it that came with the request. NULL: the request
// is answered.
[[nodiscard]] struct config *ruleset_apply_file(struct request *request);
