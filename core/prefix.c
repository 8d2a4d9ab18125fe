// SPDX-License-Identifier: BSD-3-Clause
// Longest prefix: the image lists prefixes longest first, so the first that covers is the answer.
#include "core/prefix.h"

bool prefix_covers(const struct ip *prefix, uint32_t bits, const struct ip *ip)
{
	uint32_t whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));

	// Less than 96 bits hold all of ::ffff:0:0/96, but only an IPv6 prefix is as short.
	if (bits < 96 && ip_is_v4(ip))
		return false;
	if (memcmp(prefix->b, ip->b, whole) != 0)
		return false;
	return mask == 0 || ((prefix->b[whole] ^ ip->b[whole]) & mask) == 0;
}

static bool is_bound_elsewhere(const struct image *image, const struct image_prefix *prefix,
	const struct endpoint *inbound)
{
	return prefix->inbound != IMAGE_NONE &&
		!endpoint_equal(&image->inbound[prefix->inbound], inbound);
}

uint32_t prefix_find(
	const struct image *image, const struct ip *client, const struct endpoint *inbound)
{
	for (uint32_t i = 0; i < image->prefixes_count; i++) {
		const struct image_prefix *prefix = &image->prefixes[i];

		if (prefix_covers(&prefix->ip, prefix->bits, client) &&
			!is_bound_elsewhere(image, prefix, inbound))
			return prefix->network;
	}
	return IMAGE_NONE;
}
