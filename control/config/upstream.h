// SPDX-License-Identifier: BSD-3-Clause
// How a name server is to be asked, whichever rules send to it: from text, checked; copies; their end.
#pragma once

#include "control/config/build.h"

// Fills what it can and reports the rest; what was filled is finished by upstream_fini().
void upstream_parse(const struct build_upstream *text, struct config_upstream *upstream,
	struct config_faults *faults);

// 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int upstream_copy(
	struct config_upstream *copy, const struct config_upstream *upstream);
void upstream_fini(struct config_upstream *upstream);
