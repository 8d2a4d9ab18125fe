// SPDX-License-Identifier: BSD-3-Clause
// The file that travels with a request.
#pragma once

#include "ctl/noun.h"

// Opens the parameter `file`; `-` is standard input, and named so. 0, or an exit code with the
// complaint printed.
int file_open(struct call *call);
