// SPDX-License-Identifier: BSD-3-Clause
// UDP sockets by the endpoint they are bound to: the main thread opens and closes them, a worker borrows them.
//
//   main:    open, bind ── set = new ──▶ … the worker has turned to it … ── close what the new set lacks
//   worker:  receive: seen = number of set;   send: looks up in set
//
// A set never changes once it is published, and neither does a socket while a set has it: so there are no locks. A socket
// that is not wanted any more stays for a while, for the answers and replies that are under way.
//
// Source ports are a pool an outbound range: PORT_SOURCES_MAX sockets on ports drawn from it, the oldest of which are
// replaced at every tick.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "dataplane/port/port.h"

enum {
	BOUND_RENEWED = 32,    // sockets of a pool that a tick replaces: all of them in 8 s
	BOUND_DRAIN_MS = 6000, // a query has its answer, or SERVFAIL, within 5 s
};

struct bound_socket {
	struct endpoint at;
	int fd;
	uint64_t closes_ms; // main only, as what follows; 0: wanted
	uint64_t left_set;  // number of the first set without it; 0: it is in the newest
};

// The sockets by a hash of their endpoints, with linear probing.
struct bound_set {
	struct bound_set *older; // main only
	uint64_t number;
	uint32_t mask;
	struct bound_socket *slots[];
};

// The sockets of one outbound range.
struct bound_pool {
	struct steering_range range; // sources NULL: not to be renewed
	unsigned oldest;             // index in sockets
	bool is_taken; // scratch of bound_steer(): its sockets go on in a pool of the next
	struct bound_socket *sockets[PORT_SOURCES_MAX];
	uint16_t replaced[PORT_SOURCES_MAX]; // the port that each place had before
};

struct bound {
	_Atomic(struct bound_set *) set; // main writes, the worker reads; NULL: none yet
	_Atomic uint64_t seen;           // the worker writes, main reads
	int epoll_fd;                    // tells the worker which sockets have something
	struct bound_socket **sockets;   // this and what follows: main only
	uint32_t socket_count;
	uint32_t socket_room;
	struct bound_pool *pools;
	uint32_t pool_count;
};

[[nodiscard]] int bound_init(struct bound *bound);
// Closes all sockets; no worker may still use them.
void bound_fini(struct bound *bound);

// Has sockets at these endpoints and pools for these ranges, whose `sources` it fills and keeps in step until the next call.
// 0, or -errno with `error` set: then all is as before, but pools are not renewed until a call succeeds.
[[nodiscard]] int bound_steer(struct bound *bound, const struct steering *steering, uint64_t now_ms,
	struct port_error *error);
// Renews a part of each pool, and closes what has drained.
void bound_tick(struct bound *bound, uint64_t now_ms);

// Worker: the set to look up in, until the next call.
static inline const struct bound_set *bound_get(const struct bound *bound)
{
	return atomic_load_explicit(&bound->set, memory_order_acquire);
}

// Worker: holds no socket and no set from before.
static inline void bound_turn(struct bound *bound)
{
	const struct bound_set *set = bound_get(bound);

	atomic_store_explicit(&bound->seen, set ? set->number : 0, memory_order_release);
}

// NULL: no socket is bound to it.
[[nodiscard]] const struct bound_socket *bound_find(
	const struct bound_set *set, const struct endpoint *at);
