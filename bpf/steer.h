// SPDX-License-Identifier: BSD-3-Clause
// What steer.bpf.c and user space share: the maps that say what is ours, and the counters.
//
//   destination ── addresses ──┬ no entry ──────────────────────────────────────── kernel
//                              ├ inbound (address, port) ─┬ xsks_map[queue]  else kernel
//                              │                          └ source in drops ── dropped
//                              └ within the port range ──── xsks_map[queue]  else dropped
//
// Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d.
#pragma once

#include <linux/types.h>

enum {
	STEER_ADDRESSES = 8192, // inbound and outbound addresses at most
	STEER_ENDPOINTS = 4096, // inbound endpoints at most
	STEER_DROPS = 4096,     // prefixes of clients to drop at most
	STEER_QUEUES = 256,     // queues of an interface at most
	STEER_TAGS = 2,         // VLAN tags of a frame at most
	STEER_CHAIN = 8,        // IPv6 extension headers that are walked
	STEER_FRAME_MAX = 1792, // bytes of a packet that a frame of the sockets holds
};

// The program's name as the kernel lists it; at most 15 bytes.
#define STEER_PROGRAM "shunt_steer"

// Key of the map `addresses`.
struct steer_ip {
	__u8 b[16];
};

// Value of the map `addresses`.
struct steer_address {
	__u16 port_first; // outbound range, host order; first above last: none
	__u16 port_last;
	__u16 is_inbound; // some port of this address is in `inbound`
	__u16 has_drops;  // `drops` is not empty
};

// Key of the map `inbound`; the value is a byte of no meaning.
struct steer_endpoint {
	struct steer_ip ip;
	__u8 port[2]; // network order
	__u8 zero[2];
};

// Key of the map `drops`; the value is a byte of no meaning.
struct steer_prefix {
	__u32 bits; // of the 16 bytes: an IPv4 prefix has 96 more than it is written with
	struct steer_ip ip;
};

// The map `counters`, a number a CPU: what became of a frame. Each frame counts once.
#define STEER_COUNTERS(X)                                                            \
	X(inbound, "to an inbound endpoint, given to the socket")                    \
	X(outbound, "to an outbound range, given to the socket")                     \
	X(passed, "not ours, left to the kernel")                                    \
	X(passed_fragment, "fragment to one of our addresses, left to the kernel")   \
	X(passed_too_long, "inbound and too long for a frame, left to the kernel")   \
	X(passed_no_socket, "inbound on a queue without socket, left to the kernel") \
	X(dropped_client, "query of a client to be dropped")                         \
	X(dropped_buried, "behind too many IPv6 extension headers, dropped")         \
	X(dropped_fragment, "first fragment to an outbound range, dropped")          \
	X(dropped_too_long, "to an outbound range, too long for a frame, dropped")   \
	X(dropped_no_socket, "to an outbound range, queue without socket, dropped")

#define STEER_COUNTER_NUMBER(name, what) STEER_##name,
enum steer_counter { STEER_COUNTERS(STEER_COUNTER_NUMBER) STEER_COUNTER_COUNT };
#undef STEER_COUNTER_NUMBER

_Static_assert(sizeof(struct steer_address) == 8, "map layout");
_Static_assert(sizeof(struct steer_endpoint) == 20, "map layout");
_Static_assert(sizeof(struct steer_prefix) == 20, "map layout");
