// SPDX-License-Identifier: BSD-3-Clause
// Inbound and outbound endpoints: from text, checked; copies; their end.
#pragma once

#include "control/config/build.h"

// Each fills what it can and reports the rest; what was filled is finished by _fini().
void endpoint_parse_inbound(const struct build_inbound *text, struct config_inbound *inbound,
	struct config_faults *faults);
void endpoint_parse_outbound(const struct build_outbound *text, struct config_outbound *outbound,
	struct config_faults *faults);

// 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int endpoint_copy_inbound(
	struct config_inbound *copy, const struct config_inbound *inbound);
[[nodiscard]] int endpoint_copy_outbound(
	struct config_outbound *copy, const struct config_outbound *outbound);
void endpoint_fini_inbound(struct config_inbound *inbound);
void endpoint_fini_outbound(struct config_outbound *outbound);
