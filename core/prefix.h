// SPDX-License-Identifier: BSD-3-Clause
// Which virtual network a client belongs to: longest prefix over an image, read side.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/image.h"

// The network of a client that asked `inbound`: the longest prefix for its address among those bound to that
// endpoint or to none; on a tie the bound one. IMAGE_NONE: no network.
[[nodiscard]] uint32_t prefix_find(
	const struct image *, const struct ip *client, const struct endpoint *inbound);

// The first `bits` of the two addresses agree. Prefixes under 96 bits are of IPv6, and hold no IPv4 address.
[[nodiscard]] bool prefix_covers(const struct ip *prefix, uint32_t bits, const struct ip *ip);
