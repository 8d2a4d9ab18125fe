// SPDX-License-Identifier: BSD-3-Clause
// Follows the kernel's routes and neighbours by rtnetlink, and keeps the next hops in step.
//
//   target 10.54.0.11 ──┐
//   target 10.54.0.12 ──┴─ route ── hop 10.54.0.1 on eth1 ── neighbour ── MAC
//
// Events are subscribed to before anything is asked, so nothing falls between. A hop's entry is made
// a managed one: the kernel then probes it by itself, though our packets never pass through it.
#include "dataplane/neighbours.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "dataplane/netlink.h"

enum {
	MAC_LEN = 6,
	NO_HOP = UINT32_MAX,
	STATES_VALID =
		NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY,
	STATES_FIXED = NUD_PERMANENT | NUD_NOARP,
};

// A neighbour that targets are reached by: a gateway, or a target itself.
struct hop {
	struct ip ip;
	unsigned ifindex;
	uint8_t port;
	uint8_t mac[6];
	bool is_used;   // by some target
	bool is_needed; // still; scratch of drop_unused()
	bool is_resolved;
	bool is_fixed;   // set by the operator: not to be probed
	bool is_managed; // the kernel keeps it fresh by itself
};

// A target's way out.
struct way {
	uint32_t hop;  // NO_HOP: no route by an interface of ours
	bool is_stale; // the route may have changed
};

struct neighbours {
	struct netlink netlink;
	struct device *const *devices;
	unsigned device_count;
	int kernel_port;  // of the device that the kernel routes for; -1: none
	port_mac_t *macs; // of the devices, as the kernel last said; workers read
	const struct image_upstream *targets;
	struct nexthop_line *lines;
	struct way *ways;
	unsigned target_count;
	struct hop *hops;
	uint32_t hop_count; // used and unused
	uint32_t hop_room;
};

// Has the kernel ask the neighbour, and keep its entry fresh or no longer. In vain while the interface
// is down: an event says when it is up again.
static void probe(struct neighbours *n, const struct hop *hop, bool is_managed)
{
	(void)netlink_probe(&n->netlink, &hop->ip, hop->ifindex, is_managed);
}

static struct nexthop way_out(const struct neighbours *n, unsigned port)
{
	struct nexthop next = {.state = NEXTHOP_RESOLVED, .port = (uint8_t)port};
	uint64_t mac = n->macs[port];

	memcpy(next.source_mac, &mac, sizeof(next.source_mac));
	return next;
}

static void write_line(struct neighbours *n, unsigned target)
{
	struct nexthop next = {.state = NEXTHOP_UNRESOLVED};
	struct nexthop now = nexthop_get(&n->lines[target]);
	const struct hop *hop =
		n->ways[target].hop == NO_HOP ? NULL : &n->hops[n->ways[target].hop];

	if (hop && hop->is_resolved) {
		next = way_out(n, (unsigned)hop->port);
		memcpy(next.target_mac, hop->mac, sizeof(next.target_mac));
	} else if (!hop && n->kernel_port >= 0) {
		next = way_out(n, (unsigned)n->kernel_port);
	}
	if (memcmp(&next, &now, sizeof(next)) != 0)
		nexthop_set(&n->lines[target], &next);
}

static void write_lines_of(struct neighbours *n, uint32_t hop)
{
	for (unsigned i = 0; i < n->target_count; i++) {
		if (n->ways[i].hop == hop)
			write_line(n, i);
	}
}

// Takes over what the kernel says of a hop's entry.
static void learn(struct hop *hop, const struct netlink_answer *answer)
{
	hop->is_resolved = (answer->state & STATES_VALID) && answer->has_mac;
	hop->is_fixed = hop->is_resolved && (answer->state & STATES_FIXED);
	hop->is_managed = answer->is_managed && answer->state != NUD_NONE;
	if (hop->is_resolved)
		memcpy(hop->mac, answer->mac, sizeof(hop->mac));
}

// Reads a hop's entry and sees to it that the kernel keeps it.
static void resolve(struct neighbours *n, struct hop *hop)
{
	struct netlink_answer answer = {.state = NUD_NONE};

	if (netlink_ask_neighbour(&n->netlink, &hop->ip, hop->ifindex, &answer) < 0)
		answer = (struct netlink_answer){.state = NUD_NONE};
	learn(hop, &answer);
	if (!hop->is_fixed && (!hop->is_managed || !hop->is_resolved))
		probe(n, hop, true);
}

static bool is_at(const struct hop *hop, const struct ip *ip, unsigned ifindex)
{
	return hop->is_used && hop->ifindex == ifindex && ip_equal(&hop->ip, ip);
}

static uint32_t find_hop(const struct neighbours *n, const struct ip *ip, unsigned ifindex)
{
	for (uint32_t i = 0; i < n->hop_count; i++) {
		if (is_at(&n->hops[i], ip, ifindex))
			return i;
	}
	return NO_HOP;
}

// A place for a new hop: one that nobody uses, or one more.
static uint32_t claim_hop(struct neighbours *n)
{
	for (uint32_t i = 0; i < n->hop_count; i++) {
		if (!n->hops[i].is_used)
			return i;
	}
	if (n->hop_count == n->hop_room) {
		uint32_t room = n->hop_room ? 2 * n->hop_room : 64;
		struct hop *hops = realloc(n->hops, room * sizeof(*hops));

		if (!hops)
			return NO_HOP;
		n->hops = hops;
		n->hop_room = room;
	}
	return n->hop_count++;
}

static int find_port(const struct neighbours *n, unsigned ifindex)
{
	for (unsigned i = 0; i < n->device_count; i++) {
		if (n->devices[i]->ifindex == ifindex && ifindex != 0)
			return (int)i;
	}
	return -1;
}

// The hop that a target is reached by now, made if need be. A target that is this host itself, or that
// the kernel reaches by an interface we don't poll, has none; only a device that the kernel routes for gets there.
static uint32_t route(struct neighbours *n, const struct ip *target)
{
	struct netlink_answer answer = {.kind = RTN_UNSPEC};
	int port;
	uint32_t at;

	if (netlink_ask_route(&n->netlink, target, &answer) < 0 || answer.kind != RTN_UNICAST)
		return NO_HOP;
	port = find_port(n, answer.ifindex);
	if (port < 0)
		return NO_HOP;
	if (!answer.has_ip)
		answer.ip = *target;
	at = find_hop(n, &answer.ip, answer.ifindex);
	if (at != NO_HOP)
		return at;
	at = claim_hop(n);
	if (at == NO_HOP)
		return NO_HOP;
	n->hops[at] = (struct hop){
		.ip = answer.ip,
		.ifindex = answer.ifindex,
		.port = (uint8_t)port,
		.is_used = true,
	};
	resolve(n, &n->hops[at]);
	return at;
}

// Hops that no target needs any more are the kernel's own business again.
static void drop_unused(struct neighbours *n)
{
	for (uint32_t i = 0; i < n->hop_count; i++)
		n->hops[i].is_needed = false;
	for (unsigned i = 0; i < n->target_count; i++) {
		if (n->ways[i].hop != NO_HOP)
			n->hops[n->ways[i].hop].is_needed = true;
	}
	for (uint32_t i = 0; i < n->hop_count; i++) {
		struct hop *hop = &n->hops[i];

		if (hop->is_used && !hop->is_needed && !hop->is_fixed)
			probe(n, hop, false);
		hop->is_used = hop->is_needed;
	}
}

// Asks anew for the routes that may have changed.
static void reroute(struct neighbours *n)
{
	bool has_changed = false;

	for (unsigned i = 0; i < n->target_count; i++) {
		struct way *way = &n->ways[i];
		uint32_t before = way->hop;

		if (!way->is_stale)
			continue;
		way->is_stale = false;
		way->hop = route(n, &n->targets[i].endpoint.ip);
		has_changed |= way->hop != before;
		write_line(n, i);
	}
	if (has_changed)
		drop_unused(n);
}

static void doubt_all(struct neighbours *n)
{
	for (unsigned i = 0; i < n->target_count; i++)
		n->ways[i].is_stale = true;
}

static bool is_within(const struct ip *ip, const struct ip *prefix, unsigned prefix_bits)
{
	unsigned whole = prefix_bits / 8;
	uint8_t rest = (uint8_t)(0xff00 >> prefix_bits % 8);

	return memcmp(ip->b, prefix->b, whole) == 0 &&
		(prefix_bits % 8 == 0 || ((ip->b[whole] ^ prefix->b[whole]) & rest) == 0);
}

// A route came or went: the targets below it may have another way now.
static void on_route(struct neighbours *n, const struct nlmsghdr *message)
{
	const struct rtmsg *changed = mnl_nlmsg_get_payload(message);
	struct ip prefix = {0};
	unsigned bits = changed->rtm_dst_len;
	const struct nlattr *attr;

	if (changed->rtm_flags & RTM_F_CLONED)
		return;
	if (changed->rtm_family == AF_INET) {
		prefix = ip_from_v4((const uint8_t[4]){0});
		bits += 96;
	}
	mnl_attr_for_each(attr, message, sizeof(*changed))
	{
		if (mnl_attr_get_type(attr) == RTA_DST)
			(void)netlink_read_ip(mnl_attr_get_payload(attr),
				mnl_attr_get_payload_len(attr), &prefix);
	}
	for (unsigned i = 0; i < n->target_count && bits <= 128; i++) {
		const struct ip *ip = &n->targets[i].endpoint.ip;

		if (ip_is_v4(ip) == (changed->rtm_family == AF_INET) &&
			is_within(ip, &prefix, bits))
			n->ways[i].is_stale = true;
	}
}

static void on_neighbour(struct neighbours *n, const struct nlmsghdr *message)
{
	struct netlink_answer answer;
	uint32_t at;

	netlink_read_neighbour(message, &answer);
	if (!answer.has_ip)
		return;
	at = find_hop(n, &answer.ip, answer.ifindex);
	if (at == NO_HOP)
		return;
	learn(&n->hops[at], &answer);
	write_lines_of(n, at);
	if (answer.state == NUD_NONE)
		probe(n, &n->hops[at], true);
}

// An interface of ours went down or up, or has another address.
static void on_link(struct neighbours *n, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	int port = find_port(n, (unsigned)link->ifi_index);
	const struct nlattr *attr;

	if (port < 0)
		return;
	mnl_attr_for_each(attr, message, sizeof(*link))
	{
		if (mnl_attr_get_type(attr) == IFLA_ADDRESS &&
			mnl_attr_get_payload_len(attr) == MAC_LEN)
			n->macs[port] = port_mac_word(mnl_attr_get_payload(attr));
	}
	for (uint32_t i = 0; i < n->hop_count; i++) {
		if (n->hops[i].is_used && n->hops[i].port == port)
			resolve(n, &n->hops[i]);
	}
	doubt_all(n);
}

static int on_event(const struct nlmsghdr *message, void *data)
{
	struct neighbours *n = data;

	switch (message->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: on_neighbour(n, message); break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE: on_route(n, message); break;
	case RTM_NEWLINK:
	case RTM_DELLINK: on_link(n, message); break;
	default: doubt_all(n); break; // rules and next-hop objects
	}
	return MNL_CB_OK;
}

// Events were lost: everything is asked again.
static void start_over(struct neighbours *n)
{
	for (uint32_t i = 0; i < n->hop_count; i++) {
		if (n->hops[i].is_used)
			resolve(n, &n->hops[i]);
	}
	doubt_all(n);
}

void neighbours_handle(struct neighbours *n)
{
	char events[NETLINK_MESSAGES_SIZE];

	for (;;) {
		ssize_t len = mnl_socket_recvfrom(n->netlink.events, events, sizeof(events));

		if (len > 0)
			mnl_cb_run(events, (size_t)len, 0, 0, on_event, n);
		else if (len < 0 && errno == ENOBUFS)
			start_over(n);
		else if (len == 0 || errno != EINTR)
			break;
	}
	reroute(n);
}

int neighbours_follow(struct neighbours *n, const struct image_upstream *targets,
	struct nexthop_line *lines, unsigned count)
{
	struct way *ways = calloc(count ? count : 1, sizeof(*ways));

	if (!ways)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++)
		ways[i] = (struct way){.hop = NO_HOP, .is_stale = true};
	free(n->ways);
	n->ways = ways;
	n->targets = targets;
	n->lines = lines;
	n->target_count = count;
	reroute(n);
	drop_unused(n);
	return 0;
}

void neighbours_tick(struct neighbours *n)
{
	for (uint32_t i = 0; i < n->hop_count; i++) {
		const struct hop *hop = &n->hops[i];

		if (hop->is_used && !hop->is_fixed && (!hop->is_resolved || !hop->is_managed))
			probe(n, hop, true);
	}
}

int neighbours_fd(const struct neighbours *n)
{
	return mnl_socket_get_fd(n->netlink.events);
}

struct neighbours *neighbours_new(
	struct device *const *devices, port_mac_t *macs, unsigned count, struct port_error *error)
{
	struct neighbours *n = calloc(1, sizeof(*n));
	int err = -ENOMEM;

	assert(count <= PORT_MAX);
	if (!n)
		goto err;
	n->devices = devices;
	n->device_count = count;
	n->macs = macs;
	n->kernel_port = -1;
	for (unsigned i = 0; i < count; i++)
		if (devices[i]->is_kernel_routed)
			n->kernel_port = (int)i;
	err = netlink_open(&n->netlink);
	if (err < 0)
		goto err;
	return n;
err:
	snprintf(error->text, sizeof(error->text), "following routes and neighbours by netlink: %s",
		strerror(-err));
	neighbours_free(n);
	return NULL;
}

void neighbours_use(struct neighbours *n, struct helper *helper)
{
	n->netlink.helper = helper;
}

void neighbours_free(struct neighbours *n)
{
	if (!n)
		return;
	n->target_count = 0;
	if (n->netlink.requests)
		drop_unused(n);
	netlink_close(&n->netlink);
	free(n->ways);
	free(n->hops);
	free(n);
}
