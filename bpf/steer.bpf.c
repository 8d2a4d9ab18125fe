// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// On the interface: UDP to our endpoints goes to the AF_XDP socket of its queue, the rest to the kernel.
//
// Only the destination decides, and for queries a list of clients to drop. Wrong checksums, lengths and header fields
// of what is ours go to the socket too: the path judges and counts them. The object also serves DPDK's net_af_xdp
// (`xdp_prog=`), which finds its sockets' map by the name xsks_map.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/steer.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, STEER_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

// Twice the room: addresses that come and those that go are here together for a moment.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * STEER_ADDRESSES);
	__type(key, struct steer_ip);
	__type(value, struct steer_address);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * STEER_ENDPOINTS);
	__type(key, struct steer_endpoint);
	__type(value, __u8);
} inbound SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, STEER_DROPS);
	__type(key, struct steer_prefix);
	__type(value, __u8);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STEER_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct vlan_tag {
	__be16 id;
	__be16 type;
};

struct udp_ports {
	__be16 source;
	__be16 destination;
};

// An IPv6 extension header's first 8 bytes (RFC 8200, 4).
struct extension {
	__u8 next;
	__u8 words; // of 8 bytes, behind these
	__be16 fragment;
	__be32 id;
};

// A UDP datagram, or a piece of one.
struct datagram {
	struct steer_endpoint to; // port 0 where it can't be known
	struct steer_ip from;
	__u32 is_fragment;
	__u32 is_tail;   // a later fragment: its bytes are anything
	__u32 is_buried; // behind more extension headers than are walked: UDP perhaps
	__u32 has_ports;
};

// Nearly all frames: no tag, no options, no extension headers. They are read where they are.
struct plain_ipv4 {
	struct iphdr ip;
	struct udp_ports ports;
};

struct plain_ipv6 {
	struct ipv6hdr ip;
	struct udp_ports ports;
};

enum found { NOT_UDP, IS_UDP, NOT_PLAIN };

// Where any other frame is read, by copies: to follow a pointer moved by what the packet says would take CAP_PERFMON.
struct cursor {
	struct xdp_md *frame;
	__u32 off;
};

static __always_inline int count(__u32 what, int verdict)
{
	__u64 *counter = bpf_map_lookup_elem(&counters, &what);

	if (counter)
		*counter += 1;
	return verdict;
}

// False: the frame ends before.
static __always_inline int take(struct cursor *cursor, void *into, __u32 len)
{
	if (bpf_xdp_load_bytes(cursor->frame, cursor->off, into, len) < 0)
		return 0;
	cursor->off += len;
	return 1;
}

static __always_inline int is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

// Ethernet with at most two tags, to what is behind. False: something else, or cut off.
static __always_inline int take_link(struct cursor *cursor, __be16 *type)
{
	struct ethhdr eth;
	struct vlan_tag tag;

	if (!take(cursor, &eth, sizeof(eth)))
		return 0;
	*type = eth.h_proto;
	for (int i = 0; i < STEER_TAGS && is_tag(*type); i++) {
		if (!take(cursor, &tag, sizeof(tag)))
			return 0;
		*type = tag.type;
	}
	return 1;
}

static __always_inline void keep_ports(struct datagram *datagram, const struct udp_ports *ports)
{
	__builtin_memcpy(datagram->to.port, &ports->destination, 2);
	datagram->has_ports = 1;
}

static __always_inline void take_ports(struct cursor *cursor, struct datagram *datagram)
{
	struct udp_ports ports;

	if (take(cursor, &ports, sizeof(ports)))
		keep_ports(datagram, &ports);
}

static __always_inline void map_ipv4(struct steer_ip *to, const __be32 *v4)
{
	to->b[10] = 0xff;
	to->b[11] = 0xff;
	__builtin_memcpy(&to->b[12], v4, 4);
}

static __always_inline void keep_ipv4(struct datagram *datagram, const struct iphdr *ip)
{
	map_ipv4(&datagram->to.ip, &ip->daddr);
	map_ipv4(&datagram->from, &ip->saddr);
}

static __always_inline void keep_ipv6(struct datagram *datagram, const struct ipv6hdr *ip)
{
	__builtin_memcpy(&datagram->to.ip, &ip->daddr, 16);
	__builtin_memcpy(&datagram->from, &ip->saddr, 16);
}

// A header length below its minimum is read as the minimum: the path has to see such a packet, and the kernel must not.
static __always_inline int take_ipv4(struct cursor *cursor, struct datagram *datagram)
{
	struct iphdr ip;

	if (!take(cursor, &ip, sizeof(ip)) || ip.protocol != IPPROTO_UDP)
		return 0;
	keep_ipv4(datagram, &ip);
	datagram->is_fragment = (ip.frag_off & bpf_htons(0x3fff)) != 0;
	datagram->is_tail = (ip.frag_off & bpf_htons(0x1fff)) != 0;
	if (ip.ihl > 5)
		cursor->off += (ip.ihl - 5) * 4;
	if (!datagram->is_tail)
		take_ports(cursor, datagram);
	return 1;
}

// Over one extension header. False: what follows is no business of ours, as it goes on to another host, or is cut off.
static __always_inline int take_extension(
	struct cursor *cursor, struct datagram *datagram, __u8 *next)
{
	struct extension extension;
	__u8 kind = *next;

	if (!take(cursor, &extension, sizeof(extension)))
		return 0;
	*next = extension.next;
	if (kind == IPPROTO_FRAGMENT) {
		datagram->is_fragment |= (extension.fragment & bpf_htons(0xfff9)) != 0;
		datagram->is_tail = (extension.fragment & bpf_htons(0xfff8)) != 0;
		return 1;
	}
	cursor->off += extension.words * 8;
	// Segments left, in a routing header's fourth byte.
	return kind != IPPROTO_ROUTING || (extension.fragment & bpf_htons(0xff)) == 0;
}

static __always_inline int is_extension(__u8 kind)
{
	return kind == IPPROTO_HOPOPTS || kind == IPPROTO_ROUTING || kind == IPPROTO_FRAGMENT ||
		kind == IPPROTO_DSTOPTS;
}

static __always_inline int take_ipv6(struct cursor *cursor, struct datagram *datagram)
{
	struct ipv6hdr ip;
	__u8 next;

	if (!take(cursor, &ip, sizeof(ip)))
		return 0;
	keep_ipv6(datagram, &ip);
	next = ip.nexthdr;
	for (int i = 0; i < STEER_CHAIN && is_extension(next) && !datagram->is_tail; i++)
		if (!take_extension(cursor, datagram, &next))
			return 0;
	datagram->is_buried = !datagram->is_tail && is_extension(next);
	if (datagram->is_tail || datagram->is_buried)
		return 1;
	if (next != IPPROTO_UDP)
		return 0;
	take_ports(cursor, datagram);
	return 1;
}

static __always_inline enum found take_datagram(struct xdp_md *frame, struct datagram *datagram)
{
	struct cursor cursor = {.frame = frame};
	__be16 type;

	if (!take_link(&cursor, &type))
		return NOT_UDP;
	if (type == bpf_htons(ETH_P_IP))
		return take_ipv4(&cursor, datagram) ? IS_UDP : NOT_UDP;
	if (type == bpf_htons(ETH_P_IPV6))
		return take_ipv6(&cursor, datagram) ? IS_UDP : NOT_UDP;
	return NOT_UDP;
}

static __always_inline enum found read_plain_ipv4(
	const struct plain_ipv4 *plain, void *end, struct datagram *datagram)
{
	if ((void *)(plain + 1) > end)
		return NOT_PLAIN;
	if (plain->ip.protocol != IPPROTO_UDP)
		return NOT_UDP;
	if (plain->ip.ihl != 5 || (plain->ip.frag_off & bpf_htons(0x3fff)))
		return NOT_PLAIN;
	keep_ipv4(datagram, &plain->ip);
	keep_ports(datagram, &plain->ports);
	return IS_UDP;
}

static __always_inline enum found read_plain_ipv6(
	const struct plain_ipv6 *plain, void *end, struct datagram *datagram)
{
	if ((void *)(plain + 1) > end || is_extension(plain->ip.nexthdr))
		return NOT_PLAIN;
	if (plain->ip.nexthdr != IPPROTO_UDP)
		return NOT_UDP;
	keep_ipv6(datagram, &plain->ip);
	keep_ports(datagram, &plain->ports);
	return IS_UDP;
}

static __always_inline enum found read_datagram(struct xdp_md *frame, struct datagram *datagram)
{
	void *end = (void *)(long)frame->data_end;
	struct ethhdr *eth = (void *)(long)frame->data;
	enum found found = NOT_PLAIN;

	if ((void *)(eth + 1) > end)
		return NOT_UDP;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		found = read_plain_ipv4((void *)(eth + 1), end, datagram);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		found = read_plain_ipv6((void *)(eth + 1), end, datagram);
	else if (!is_tag(eth->h_proto))
		found = NOT_UDP;
	return found == NOT_PLAIN ? take_datagram(frame, datagram) : found;
}

static __always_inline int is_outbound(
	const struct datagram *datagram, const struct steer_address *address)
{
	__u16 port = (__u16)(datagram->to.port[0] << 8 | datagram->to.port[1]);

	return datagram->has_ports && port >= address->port_first && port <= address->port_last;
}

// A first piece that names a port of ours is dropped, as we take no pieces (RFC 9715). Others are left to the kernel:
// without a first piece it completes nothing, and says nothing of it (RFC 792).
static __always_inline int judge_fragment(
	const struct datagram *datagram, const struct steer_address *address)
{
	if (is_outbound(datagram, address))
		return count(STEER_dropped_fragment, XDP_DROP);
	return count(STEER_passed_fragment, XDP_PASS);
}

// Longer than a frame of ours, which the kernel would drop. A frame in several buffers always is.
static __always_inline int is_too_long(struct xdp_md *frame)
{
	return bpf_xdp_get_buff_len(frame) > STEER_FRAME_MAX;
}

static __always_inline int is_dropped(
	const struct datagram *datagram, const struct steer_address *address)
{
	struct steer_prefix client = {.bits = 128, .ip = datagram->from};

	return address->has_drops && bpf_map_lookup_elem(&drops, &client);
}

static __always_inline int give_inbound(struct xdp_md *frame)
{
	if (is_too_long(frame))
		return count(STEER_passed_too_long, XDP_PASS);
	if (bpf_redirect_map(&xsks_map, frame->rx_queue_index, XDP_PASS) != XDP_REDIRECT)
		return count(STEER_passed_no_socket, XDP_PASS);
	return count(STEER_inbound, XDP_REDIRECT);
}

// Nothing of this reaches the kernel: its port unreachable would tell which of our ports wait.
static __always_inline int give_outbound(struct xdp_md *frame)
{
	if (is_too_long(frame))
		return count(STEER_dropped_too_long, XDP_DROP);
	if (bpf_redirect_map(&xsks_map, frame->rx_queue_index, XDP_DROP) != XDP_REDIRECT)
		return count(STEER_dropped_no_socket, XDP_DROP);
	return count(STEER_outbound, XDP_REDIRECT);
}

SEC("xdp.frags")
int shunt_steer(struct xdp_md *frame)
{
	struct datagram datagram = {0};
	struct steer_address *address;

	if (read_datagram(frame, &datagram) != IS_UDP)
		return count(STEER_passed, XDP_PASS);
	address = bpf_map_lookup_elem(&addresses, &datagram.to.ip);
	if (!address)
		return count(STEER_passed, XDP_PASS);
	if (datagram.is_buried)
		return count(STEER_dropped_buried, XDP_DROP);
	if (datagram.is_fragment)
		return judge_fragment(&datagram, address);
	if (address->is_inbound && bpf_map_lookup_elem(&inbound, &datagram.to)) {
		if (is_dropped(&datagram, address))
			return count(STEER_dropped_client, XDP_DROP);
		return give_inbound(frame);
	}
	if (is_outbound(&datagram, address))
		return give_outbound(frame);
	return count(STEER_passed, XDP_PASS);
}

char steer_license[] SEC("license") = "Dual BSD/GPL";
