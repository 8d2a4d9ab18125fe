// SPDX-License-Identifier: BSD-3-Clause
// The helper: a process that keeps what the dataplane gives up when it becomes an ordinary user.
//
//   dataplane, no capabilities ── socketpair: a fixed list of requests ──▶ helper, CAP_NET_ADMIN alone
//
// It is forked before anything is opened, reads no network, and ends with the dataplane. It has neighbours probed; the
// steering program's maps need no privilege once they are open (Linux 6.0).
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/ip.h"
#include "dataplane/privileges.h"

struct helper {
	int socket;
	pid_t pid;
	bool is_gone; // was said
};

// Forks it; it runs as that user. 0 or -errno.
[[nodiscard]] int helper_start(struct helper *, const struct account *account);
// Ends it and waits until it has.
void helper_stop(struct helper *);

// netlink_probe(), done by the helper. 0 or -errno.
int helper_probe(struct helper *, const struct ip *ip, unsigned ifindex, bool is_managed);
