// SPDX-License-Identifier: BSD-3-Clause
// Whether a config that was changed or put together still fits together.
#pragma once

#include "control/config/config.h"
#include "control/config/errors.h"

// What holds between objects: names that others point to are there, what must be there once is, and
// each rule's targets can be reached. 0, or -errno with errors that name the objects.
[[nodiscard]] int fit_check(const struct config *config, struct config_errors *errors);
