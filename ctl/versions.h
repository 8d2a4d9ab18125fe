// SPDX-License-Identifier: BSD-3-Clause
// What shuntctl ruleset prints of a ruleset's past and of its would-be future.
#pragma once

#include "ctl/noun.h"

void versions_print_diff(const json_t *result, const struct call *call);
void versions_print_history(const json_t *result, const struct call *call);
void versions_print_export(const json_t *result, const struct call *call);
