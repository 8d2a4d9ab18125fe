// SPDX-License-Identifier: BSD-3-Clause
// Which place in core/upstreams.h an endpoint has: found by main when an image is adopted, and kept for good, so that
// what is known of an upstream survives the switch.
#pragma once

#include "core/image.h"
#include "core/link.h"
#include "core/upstreams.h"

struct upstreams;

// Over a table of `capacity` places, all zero; `count` is kept as the number of those taken. Both are the caller's and outlive
// it. NULL: no memory.
[[nodiscard]] struct upstreams *upstreams_new(
	struct upstream *table, _Atomic uint32_t *count, uint32_t capacity);
void upstreams_free(struct upstreams *);

// Fills `places` with the place of each upstream of the image. 0, or -ENOSPC: there are more than the table holds.
[[nodiscard]] int upstreams_follow(struct upstreams *, const struct image *image, uint32_t *places);
// This image is what is served from now on.
void upstreams_name(struct upstreams *, const struct image *image, const uint32_t *places);
// Does to the upstream what the operator says; unless no image named it yet.
void upstreams_order(struct upstreams *, const struct endpoint *endpoint, enum link_order order);
// The place of an endpoint; UINT32_MAX: no image named it yet.
[[nodiscard]] uint32_t upstreams_find(const struct upstreams *, const struct endpoint *endpoint);
