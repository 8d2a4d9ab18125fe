// SPDX-License-Identifier: BSD-3-Clause
// What the kernel says of a network interface: address, size, queues.
#pragma once

#include "dataplane/port/port.h"

// Fills ifindex, mac and mtu of `device` from the Ethernet interface `name`. 0, or -1 with `error` set.
[[nodiscard]] int interface_read(const char *name, struct device *device, struct port_error *error);

// Does all that it receives come from programs and namespaces of this very host? Then nothing could damage it on
// the way, and the sender may have left checksums to a device that there is not.
[[nodiscard]] bool interface_is_on_host(const char *name);

// How many queues there are, one a worker at least; -1 with `error` set to the command that changes it.
[[nodiscard]] int interface_count_queues(
	const char *name, const struct device *device, unsigned workers, struct port_error *error);

// One queue a worker, neither fewer (a worker would have nothing to poll) nor more (nobody would take
// what the NIC puts there). 0, or -1 with `error` set to the command that changes it.
[[nodiscard]] int interface_check_queues(
	const char *name, const struct device *device, unsigned workers, struct port_error *error);
