// SPDX-License-Identifier: BSD-3-Clause
// Private zones: from text and files, checked; copies; their end.
#pragma once

#include "control/config/build.h"
#include "control/config/records.h"

// Fills what it can and reports the rest.
void zone_parse(
	const struct build_zone *text, struct config_zone *zone, struct config_faults *faults);
// 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int zone_copy(struct config_zone *copy, const struct config_zone *zone);
void zone_fini(struct config_zone *zone);
