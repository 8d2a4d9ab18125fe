// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's end of the link to control (core/link.h): it listens, and serves one control at a time.
//
// A message that is not as core/link.h says ends the connection and changes nothing.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/link.h"

enum { UPLINK_ERROR_LEN = 256, UPLINK_FDS = 2 };

// What to do with an image that came. True: adopted. Else `error` says why not.
typedef bool (*uplink_adopt_t)(
	void *context, int fd, uint64_t generation, char error[UPLINK_ERROR_LEN]);

// What to do to an upstream.
typedef void (*uplink_order_t)(void *context, const struct link_upstream *order);

struct uplink {
	int listener;
	int connection;  // -1: no control is connected
	int counters_fd; // sent with HELLO; not owned
	struct link_hello hello;
	uint64_t generation; // served now; the caller keeps it so
	uplink_adopt_t adopt;
	uplink_order_t order;
	void *context;
};

// Listens at RUN/link.sock, in place of a socket that a dead dataplane left; the caller holds the folder's lock. The other
// fields are set by the caller. 0, or -errno with `error` set.
[[nodiscard]] int uplink_open(
	struct uplink *uplink, const char *run_dir, char error[static UPLINK_ERROR_LEN]);
void uplink_close(struct uplink *uplink);

// What to poll, and what came of it. Fills UPLINK_FDS entries.
void uplink_prepare(const struct uplink *uplink, struct pollfd *fds);
void uplink_handle(struct uplink *uplink, const struct pollfd *fds);
