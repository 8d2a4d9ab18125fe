// SPDX-License-Identifier: BSD-3-Clause
// AF_XDP ports: our steering program on the interface, one socket a queue, no DPDK.
//
// INTERFACE[,mode=zero-copy|copy|generic][,queues=A-B][,busy-poll=USEC][,drop=PREFIX+…]
#pragma once

#include "dataplane/port/port.h"

// Opens interface `spec` (the text after `xdp:`) for `workers` workers: loads bpf/steer, attaches it by a
// link that dies with this process, and makes one socket a queue; the workers share the queues evenly. Without mode=
// it is zero-copy where the driver can, else copy, else generic.
// A device from elsewhere that is attached already is reported, not replaced. Owned by the caller:
// ops->close(). NULL: `error` says why.
[[nodiscard]] struct device *port_xdp_open(
	const char *spec, unsigned workers, struct port_error *error);
