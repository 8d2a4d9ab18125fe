// SPDX-License-Identifier: BSD-3-Clause
// Addresses of endpoints: what holds between them.
#pragma once

#include "control/config/config.h"

// No more than an image holds; no inbound address twice; one range of ports for an outbound address,
// without the port of an inbound one.
void addresses_check(const struct config *config, struct config_faults *faults);
