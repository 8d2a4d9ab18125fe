// SPDX-License-Identifier: BSD-3-Clause
// shunt-control --import: a foreign file to YAML, without a running shunt.
#pragma once

#include "control/config/import/import.h"

// The YAML goes to stdout, what was dropped and noted to stderr. The exit status.
[[nodiscard]] int convert_file(
	const char *format, const char *path, const struct import_wish *wish);
