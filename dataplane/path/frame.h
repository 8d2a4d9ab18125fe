// SPDX-License-Identifier: BSD-3-Clause
// Headers below DNS as they are on the wire, and the Internet checksum (RFC 1071).
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/bytes.h"

enum {
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_V6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,     // 802.1Q
	ETHERTYPE_PROVIDER = 0x88a8, // 802.1ad: another tag follows
	FRAME_MIN = 60,              // bytes, without checksum (IEEE 802.3)
	FRAME_TAGS = 2,              // of a frame at most

	IP_UDP = 17,
	IP_HOPS = 64,
	IPV4_VERSION_AND_LEN = 0x45, // IPv4, 5 words, no options
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_FRAGMENT = 0x3fff, // more fragments, or an offset

	IPV6_VERSION = 0x60,
	IPV6_OPTIONS_HOP =
		0, // kinds of extension headers that may stand before UDP (RFC 8200, 4.1)
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_OPTIONS_END = 60,
	IPV6_EXTENSIONS = 8,         // of a packet at most
	IPV6_FRAGMENT_PART = 0xfff9, // more fragments, or an offset
};

struct ethernet_header {
	uint8_t target[6];
	uint8_t source[6];
	be16_t type;
};
static_assert(sizeof(struct ethernet_header) == 14, "IEEE 802.3");

struct vlan_tag {
	be16_t tag;
	be16_t type;
};

struct ipv4_header {
	uint8_t version_and_len;
	uint8_t service;
	be16_t total_len;
	be16_t id;
	be16_t fragment;
	uint8_t ttl;
	uint8_t protocol;
	be16_t checksum;
	uint8_t source[4];
	uint8_t target[4];
};
static_assert(sizeof(struct ipv4_header) == 20, "RFC 791, 3.1");

struct ipv6_header {
	uint8_t version; // and class and flow
	uint8_t flow[3];
	be16_t payload_len;
	uint8_t next;
	uint8_t hops;
	uint8_t source[16];
	uint8_t target[16];
};
static_assert(sizeof(struct ipv6_header) == 40, "RFC 8200, 3");

// The first 8 bytes, which each has.
struct ipv6_extension {
	uint8_t next;
	uint8_t len;     // behind these 8, in 8 bytes; of no meaning in a fragment header
	be16_t fragment; // in a fragment header
	uint8_t options[4];
};
static_assert(sizeof(struct ipv6_extension) == 8, "RFC 8200, 4");

struct udp_header {
	be16_t source;
	be16_t target;
	be16_t len;
	be16_t checksum;
};
static_assert(sizeof(struct udp_header) == 8, "RFC 768");

// The sum of 16-bit words in the order of the host, not yet folded, as any wider words have the same: what a sum
// carries out of 64 bits comes in again below (RFC 1071, 2). An odd last byte counts as followed by 0.
static inline uint64_t frame_sum(const void *bytes, size_t len, uint64_t sum)
{
	const uint8_t *at = bytes;
	uint64_t word;
	uint32_t half;
	uint16_t rest;

	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		sum += word;
		sum += sum < word;
	}
	word = 0;
	if (len & 4) {
		memcpy(&half, at, 4);
		word += half;
		at += 4;
	}
	if (len & 2) {
		memcpy(&rest, at, 2);
		word += rest;
		at += 2;
	}
	if (len & 1) {
		rest = 0;
		memcpy(&rest, at, 1);
		word += rest;
	}
	sum += word;
	return sum + (sum < word);
}

// 0xffff: a sum over bytes that hold their right checksum.
static inline uint16_t frame_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

// The sum of both addresses of a header, which stand side by side.
static inline uint64_t frame_sum_v4(const struct ipv4_header *ip)
{
	static_assert(
		offsetof(struct ipv4_header, target) == offsetof(struct ipv4_header, source) + 4);
	return frame_sum(ip->source, 8, 0);
}

static inline uint64_t frame_sum_v6(const struct ipv6_header *ip)
{
	static_assert(
		offsetof(struct ipv6_header, target) == offsetof(struct ipv6_header, source) + 16);
	return frame_sum(ip->source, 32, 0);
}

// The sum of a datagram's pseudo header (RFC 768; RFC 8200, 8.1), given that of the addresses.
static inline uint64_t frame_pseudo_sum(uint64_t addresses, uint16_t len)
{
	be16_t rest[2] = {be16_of(IP_UDP), be16_of(len)};

	return frame_sum(rest, sizeof(rest), addresses);
}

// Likewise, and of the datagram that `udp` begins.
static inline uint64_t frame_udp_sum(uint64_t addresses, const struct udp_header *udp, uint16_t len)
{
	return frame_sum(udp, len, frame_pseudo_sum(addresses, len));
}
