// SPDX-License-Identifier: BSD-3-Clause
// Questions to the kernel about routes and neighbours, and its messages read, by libmnl.
//
// Two sockets: one that is told what changes, one to ask by. Main thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/ip.h"

struct helper;
struct mnl_socket;
struct nlmsghdr;

enum { NETLINK_MESSAGES_SIZE = 16384 }; // bytes that one receive may give

struct netlink {
	struct mnl_socket *events; // does not block
	struct mnl_socket *requests;
	struct helper *helper; // probes for us; NULL: we may do it ourselves
	uint32_t sequence;
};

// What the kernel says of a route or a neighbour.
struct netlink_answer {
	struct ip ip; // gateway of a route, or neighbour
	unsigned ifindex;
	uint8_t mac[6];
	uint16_t state; // NUD_…
	uint8_t kind;   // RTN_…
	bool has_ip;
	bool has_mac;
	bool is_managed; // the kernel keeps the entry fresh by itself
};

// Opens both, subscribed to links, neighbours, routes, rules and next-hop objects. 0 or -errno; what
// was opened is closed by netlink_close() in both cases.
[[nodiscard]] int netlink_open(struct netlink *);
// Opens the one to ask by alone. Likewise.
[[nodiscard]] int netlink_open_requests(struct netlink *);
void netlink_close(struct netlink *);

// The route that a packet to `ip` takes now. 0 or -errno.
[[nodiscard]] int netlink_ask_route(struct netlink *, const struct ip *ip, struct netlink_answer *);
// The neighbour's entry. 0 or -errno: -ENOENT none.
[[nodiscard]] int netlink_ask_neighbour(
	struct netlink *, const struct ip *ip, unsigned ifindex, struct netlink_answer *);
// Has the kernel ask the neighbour as if a packet waited, and manage its entry or no longer. A kernel
// before 5.16 passes over the wish to manage, and does not say so in the entry. 0 or -errno.
int netlink_probe(struct netlink *, const struct ip *ip, unsigned ifindex, bool is_managed);

// An RTM_NEWNEIGH or RTM_DELNEIGH.
void netlink_read_neighbour(const struct nlmsghdr *, struct netlink_answer *);
// Bytes of an attribute to an address. False: neither 4 nor 16 of them.
[[nodiscard]] bool netlink_read_ip(const void *data, size_t len, struct ip *ip);
