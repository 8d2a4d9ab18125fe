// SPDX-License-Identifier: BSD-3-Clause
// Private zones, read side: the records of a name, its wildcard, or that there are none.
//
// All names of a zone, those without records on the way to others too (RFC 4592, 2.2.2), are nodes. One table finds them by the
// hash that core/suffix makes of a name's labels, from a start that is the zone's own; the name decides, never the hash.
//
//   hash of the labels ─▶ slot ─▶ node ─▶ rrsets by type ─▶ records: length, data │ length, data │ …
//                                  └ wildcard: the node of `*` below it
//
// Building it is control/compile/zone.c.
#pragma once

#include <stdint.h>

#include "core/image.h"
#include "core/name.h"

enum zone_outcome {
	ZONE_RECORDS,  // `rrset` answers
	ZONE_CNAME,    // `rrset` is another name to look under
	ZONE_ANY,      // the name is there, and all its types were asked for
	ZONE_NODATA,   // the name is there, the type is not
	ZONE_NXDOMAIN, // neither
};

struct zone_found {
	enum zone_outcome outcome;
	uint32_t rrset;
};

// Looks a name up, at or below the zone's own; in wire form, any case.
[[nodiscard]] struct zone_found zone_find(
	const struct image *, uint32_t zone, const uint8_t *name, uint16_t type);

// A record of an rrset: where its data begins, and how long it is. `data` NULL: the first; else the one after that.
[[nodiscard]] const uint8_t *zone_next_record(
	const struct image *, const struct image_rrset *, const uint8_t *data, uint16_t *data_len);

// The name that a CNAME record leads to, in wire form.
[[nodiscard]] const uint8_t *zone_target(const struct image *, uint32_t rrset);

// The hash of a name of this zone; names of the zone's own label count need none.
[[nodiscard]] uint64_t zone_hash(const struct image_zone *zone,
	const uint8_t key[static IMAGE_KEY_LEN], const uint8_t *name);
[[nodiscard]] static inline uint32_t zone_home(uint64_t hash, uint32_t slot_count)
{
	return (uint32_t)((hash >> 32) * slot_count >> 32);
}

// Part of image_open(): all that the look-up relies on. NULL: it is good.
[[nodiscard]] const char *zone_check(const struct image *);
