// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a name in a network, from the rule that covers it to where that leads: carve-outs left out, private zones
// looked into, CNAMEs of theirs followed. One answer for the path and for `rule test`.
#pragma once

#include <stdbool.h>

#include "core/suffix.h"
#include "core/zone.h"

enum { ROUTE_CNAMES_MAX = 11 }; // followed, of one question

struct route_found {
	struct suffix_match winner; // no rule: the network's default
	struct suffix_match
		match;  // whose route it is: another than the winner's if that is a carve-out
	uint32_t route; // IMAGE_NONE: there is none, so it is refused
	struct zone_found zone; // of IMAGE_ACTION_ZONE
	uint32_t cname_count;   // followed so far; more than ROUTE_CNAMES_MAX: it is a loop
	uint32_t cnames[ROUTE_CNAMES_MAX]; // their rrsets
};

// Where a name leads to whose match is known, regex rules included. No CNAME is followed.
void route_find(const struct image *, const struct suffix_query *, struct suffix_scanner *,
	const struct suffix_match *match, struct route_found *found);

// Follows CNAMEs of zones, as long as the name they lead to is covered by something. NULL: there was none to follow, or no
// more; else the name that `found` now speaks of. Once a call.
[[nodiscard]] const uint8_t *route_follow(const struct image *, const struct suffix_query *,
	struct suffix_scanner *, struct route_found *found);

[[nodiscard]] static inline bool route_is(
	const struct image *image, uint32_t route, enum image_action action)
{
	return route != IMAGE_NONE && image->routes[route].action == action;
}

[[nodiscard]] static inline bool route_is_loop(const struct route_found *found)
{
	return found->cname_count > ROUTE_CNAMES_MAX;
}

// The name that `found` speaks of: that of the question, or where the last CNAME led to.
[[nodiscard]] static inline const uint8_t *route_name(
	const struct image *image, const struct route_found *found, const uint8_t *question)
{
	return found->cname_count ? zone_target(image, found->cnames[found->cname_count - 1])
				  : question;
}
