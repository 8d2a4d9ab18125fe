// SPDX-License-Identifier: BSD-3-Clause
// The control socket: JSON-RPC 2.0, one object a line, over RUN/control.sock.
//
//   accept ─peer checked─▶ session ─a line─▶ request ─▶ reader: reply at once
// (limits)               (bytes)          (method)   writer: waits its turn, one transaction at a
// time
//
// A session has one request at a time; what it sends meanwhile waits in the kernel.
#pragma once

#include <event2/event.h>
#include <stddef.h>

#include "control/running.h"

enum {
	SERVE_SESSIONS_MAX = 64,
	SERVE_USER_MAX = 8,  // sessions of one user
	SERVE_ROOT_MAX = 32, // of root, whose scripts share one user
	SERVE_WHY_LEN = 256,
};

struct serve;

// What methods need to know. Outlives it.
struct serve_setup {
	struct event_base *base;
	struct running *running;
	const struct store *store;
	const char *config_path;
	const char *state_dir;
	const char *run_dir;
};

// Listens. NULL with `why`.
[[nodiscard]] struct serve *serve_new(
	const struct serve_setup *setup, char why[static SERVE_WHY_LEN]);
void serve_free(struct serve *serve);

// The next writer may go on.
void serve_continue(struct serve *serve);
// `reload`, asked for by nobody who waits for the answer: the log gets it.
void serve_reload(struct serve *serve);
