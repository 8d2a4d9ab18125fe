// SPDX-License-Identifier: BSD-3-Clause
// Routes and neighbours of the kernel, followed over netlink on the main thread, written to next hops.
#pragma once

#include "core/image.h"
#include "dataplane/port/port.h"
#include "dataplane/state/nexthop.h"

struct helper;
struct neighbours;

// Opens the netlink sockets and subscribes to links, routes and neighbours. `devices` are those we can leave by, by
// port index; `macs` are theirs, kept as the kernel has
// them; both must outlive this. NULL with `error` set.
[[nodiscard]] struct neighbours *neighbours_new(
	struct device *const *devices, port_mac_t *macs, unsigned count, struct port_error *error);
void neighbours_free(struct neighbours *);
// Has the helper probe from now on, as this process may not.
void neighbours_use(struct neighbours *, struct helper *helper);

// The file descriptor to wait on; neighbours_handle() when it is readable.
[[nodiscard]] int neighbours_fd(const struct neighbours *);
// Reads what changed and writes the lines that it concerns.
void neighbours_handle(struct neighbours *);

// Follows these targets in place of those before: resolves each now (asks the kernel for the route and has it
// probe the neighbour, which the kernel is told to keep fresh) and writes lines[i] for targets[i].
// Both arrays must stay until the next call. 0 or -errno.
int neighbours_follow(struct neighbours *, const struct image_upstream *targets,
	struct nexthop_line *lines, unsigned count);

// Once a second: asks again for what is unresolved or about to age.
void neighbours_tick(struct neighbours *);
