// SPDX-License-Identifier: BSD-3-Clause
// Whom the dataplane runs as once its ports are open.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
};

// 0 or -errno: -ENOENT there is no such user.
[[nodiscard]] int privileges_find(const char *user, struct account *account);

// The calling process, which has one thread, becomes that user for good: without capabilities, but for CAP_NET_ADMIN if it
// is to keep that. 0 or -errno.
[[nodiscard]] int privileges_drop(const struct account *account, bool keeps_net_admin);
