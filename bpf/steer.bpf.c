// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// On the interface: UDP to our endpoints goes to the AF_XDP socket of its queue, the rest to the kernel.
//
// Only the destination decides. Wrong checksums, lengths and header fields of what is ours go to the
// socket too: the path judges and counts them. The object also serves DPDK's net_af_xdp (`xdp_prog=`),
// which finds its sockets' map by the name xsks_map.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

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

// A UDP datagram, or a piece of one, over IPv4.
struct datagram {
	struct steer_endpoint to; // port 0 where it can't be known
	__u32 is_fragment;
	__u32 has_ports;
};

static __always_inline int count(__u32 what, int verdict)
{
	__u64 *counter = bpf_map_lookup_elem(&counters, &what);

	if (counter)
		*counter += 1;
	return verdict;
}

// Ethernet with at most one 802.1Q tag. Gives where IPv4 begins; NULL: something else.
static __always_inline void *find_ipv4(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct vlan_tag *tag = (void *)(eth + 1);

	if ((void *)(eth + 1) > end)
		return NULL;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return eth + 1;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q) || (void *)(tag + 1) > end ||
		tag->type != bpf_htons(ETH_P_IP))
		return NULL;
	return tag + 1;
}

// Behind options the ports are copied: to follow a pointer moved by what the packet says would take CAP_PERFMON. A
// header length below its minimum is read as the minimum: the path has to see such a packet, and the kernel must not.
static __always_inline int read_ports(
	struct xdp_md *frame, struct iphdr *ip, void *end, struct udp_ports *ports)
{
	struct ethhdr *eth = (void *)(long)frame->data;
	struct udp_ports *next = (void *)(ip + 1);
	__u32 off = sizeof(*eth);

	if (ip->ihl <= 5) {
		if ((void *)(next + 1) > end)
			return 0;
		*ports = *next;
		return 1;
	}
	if ((void *)(eth + 1) > end)
		return 0;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		off += sizeof(struct vlan_tag);
	return bpf_xdp_load_bytes(frame, off + ip->ihl * 4u, ports, sizeof(*ports)) == 0;
}

// False: not UDP over IPv4.
static __always_inline int read_datagram(struct xdp_md *frame, struct datagram *datagram)
{
	void *end = (void *)(long)frame->data_end;
	struct iphdr *ip = find_ipv4((void *)(long)frame->data, end);
	struct udp_ports ports = {0};

	if (!ip || (void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP)
		return 0;
	datagram->to.ip.b[10] = 0xff;
	datagram->to.ip.b[11] = 0xff;
	__builtin_memcpy(&datagram->to.ip.b[12], &ip->daddr, 4);
	datagram->is_fragment = (ip->frag_off & bpf_htons(0x3fff)) != 0;
	if (ip->frag_off & bpf_htons(0x1fff))
		return 1;
	if (!read_ports(frame, ip, end, &ports))
		return 1;
	__builtin_memcpy(datagram->to.port, &ports.destination, 2);
	datagram->has_ports = 1;
	return 1;
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

	if (!read_datagram(frame, &datagram))
		return count(STEER_passed, XDP_PASS);
	address = bpf_map_lookup_elem(&addresses, &datagram.to.ip);
	if (!address)
		return count(STEER_passed, XDP_PASS);
	if (datagram.is_fragment)
		return judge_fragment(&datagram, address);
	if (address->is_inbound && bpf_map_lookup_elem(&inbound, &datagram.to))
		return give_inbound(frame);
	if (is_outbound(&datagram, address))
		return give_outbound(frame);
	return count(STEER_passed, XDP_PASS);
}

char steer_license[] SEC("license") = "Dual BSD/GPL";
