// SPDX-License-Identifier: BSD-3-Clause
// One type for IPv4 and IPv6 addresses: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/bytes.h"

struct ip {
	uint8_t b[16];
};

static const uint8_t ip_v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static inline struct ip ip_from_v4(const uint8_t v4[static 4])
{
	struct ip ip;

	memcpy(ip.b, ip_v4_mapped, 12);
	memcpy(ip.b + 12, v4, 4);
	return ip;
}

static inline bool ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, ip_v4_mapped, 12) == 0;
}

static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->b, b->b, 16) == 0;
}

// An address with its UDP or TCP port: where somebody can be reached.
struct endpoint {
	struct ip ip;
	be16_t port;
};

static inline bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return ip_equal(&a->ip, &b->ip) && be16_equal(a->port, b->port);
}
