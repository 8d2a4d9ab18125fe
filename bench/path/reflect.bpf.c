// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// XDP_TX as a reflector: every UDP datagram to port 53 goes back from where it came, before the kernel has seen it.
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
} __attribute__((packed));

SEC("xdp")
int reflect(struct xdp_md *ctx)
{
	struct headers *h = (void *)(long)ctx->data;
	__u8 mac[ETH_ALEN];
	__u32 address;
	__u16 port;

	if ((void *)(h + 1) > (void *)(long)ctx->data_end ||
		h->link.h_proto != bpf_htons(ETH_P_IP) || h->ip.ihl != 5 ||
		h->ip.protocol != IPPROTO_UDP || h->udp.dest != bpf_htons(53))
		return XDP_PASS;
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

char steer_license[] SEC("license") = "Dual BSD/GPL";
