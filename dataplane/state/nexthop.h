// SPDX-License-Identifier: BSD-3-Clause
// Next hops: by which port, and to which MAC address, a target is reached.
//
// One entry an upstream of the image, in the image's order. Main writes, from the kernel's routes and
// neighbours; workers read by copy, guarded by a sequence count a line (no lock, no retry loop
// without end: a torn read counts as unresolved).
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/ip.h"

enum nexthop_state {
	NEXTHOP_UNRESOLVED, // no route by a port of ours, or no neighbour yet
	NEXTHOP_RESOLVED,
};

struct nexthop {
	uint8_t state; // enum nexthop_state
	uint8_t port;  // index of the port to leave by
	uint16_t zero;
	uint8_t source_mac[6];
	uint8_t target_mac[6];
};
static_assert(sizeof(struct nexthop) == 16, "two words of payload and their sequence");

// main writes, workers read
struct nexthop_line {
	_Atomic uint32_t sequence; // odd while main writes
	_Atomic uint64_t words[2];
};

void nexthop_set(struct nexthop_line *, const struct nexthop *);
// UNRESOLVED also while main is writing.
struct nexthop nexthop_get(const struct nexthop_line *);
