// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// Two that answer before the kernel has seen a query, by XDP_TX: `reflect` sends every UDP datagram to port 53 back as it
// is; `upstream` makes an answer of it, without records, as a name server that costs nothing.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct headers {
	struct ethhdr link;
	struct iphdr ip;
	struct udphdr udp;
	struct {
		__u16 id;
		__u8 flags[2];
	} dns;
} __attribute__((packed));

// NULL: not UDP over IPv4 to port 53.
static __always_inline struct headers *find_query(struct xdp_md *ctx)
{
	struct headers *h = (void *)(long)ctx->data;

	if ((void *)(h + 1) > (void *)(long)ctx->data_end ||
		h->link.h_proto != bpf_htons(ETH_P_IP) || h->ip.ihl != 5 ||
		h->ip.protocol != IPPROTO_UDP || h->udp.dest != bpf_htons(53))
		return NULL;
	return h;
}

static __always_inline int turn_round(struct headers *h)
{
	__u8 mac[ETH_ALEN];
	__u32 address;
	__u16 port;

	__builtin_memcpy(mac, h->link.h_dest, ETH_ALEN);
	__builtin_memcpy(h->link.h_dest, h->link.h_source, ETH_ALEN);
	__builtin_memcpy(h->link.h_source, mac, ETH_ALEN);
	address = h->ip.daddr;
	h->ip.daddr = h->ip.saddr;
	h->ip.saddr = address;
	port = h->udp.dest;
	h->udp.dest = h->udp.source;
	h->udp.source = port;
	return XDP_TX;
}

SEC("xdp")
int reflect(struct xdp_md *ctx)
{
	struct headers *h = find_query(ctx);

	return h ? turn_round(h) : XDP_PASS;
}

SEC("xdp")
int upstream(struct xdp_md *ctx)
{
	struct headers *h = find_query(ctx);

	if (!h)
		return XDP_PASS;
	h->dns.flags[0] |= 0x80; // QR
	h->dns.flags[1] = 0x80;  // RA, NOERROR
	h->udp.check = 0;        // none
	return turn_round(h);
}

char steer_license[] SEC("license") = "Dual BSD/GPL";
