// SPDX-License-Identifier: BSD-3-Clause
// One request to control and its reply.
#pragma once

#include <jansson.h>

// Calls `method` with `params` over the socket at `path`; `fd` travels along unless it is -1. Gives
// an exit code: EXIT_DONE with `*result`, or another after a line on stderr.
[[nodiscard]] int client_call(
	const char *path, const char *method, json_t *params, int fd, json_t **result);
