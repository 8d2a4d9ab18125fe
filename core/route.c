// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a name in a network.
#include "core/route.h"

#include "core/msg.h"

static uint32_t route_of(
	const struct image *image, uint32_t network, const struct suffix_match *match)
{
	return match->rule == IMAGE_NONE ? image->networks[network].default_route
					 : image_rule(image, match->rule).route;
}

// A zone that has no such name, and leaves it to the next match.
static bool is_passed_on(const struct image *image, const struct suffix_query *query,
	uint32_t route, struct route_found *found)
{
	uint32_t zone = image->routes[route].local;

	found->zone = zone_find(image, zone, query->name, query->type);
	return found->zone.outcome == ZONE_NXDOMAIN && image->zones[zone].forwards_nxdomain;
}

// Each turn looks at matches below the last one, so there is an end.
static uint32_t settle(const struct image *image, const struct suffix_query *query,
	struct suffix_scanner *scanner, struct route_found *found)
{
	struct suffix_match *match = &found->match;
	bool is_carved_out = false;

	for (;;) {
		uint32_t route = route_of(image, query->network, match);

		if (!is_carved_out)
			found->winner = *match;
		if (route_is(image, route, IMAGE_ACTION_DEFAULT)) {
			if (match->label_count == 0)
				return image->networks[query->network].default_route;
			is_carved_out = true;
			suffix_match_below(image, query, scanner, 0, IMAGE_RANK_COUNT, match);
		} else if (route_is(image, route, IMAGE_ACTION_ZONE) &&
			is_passed_on(image, query, route, found)) {
			suffix_match_below(image, query, scanner, match->label_count,
				image_rule(image, match->rule).rank, match);
		} else {
			return route;
		}
	}
}

void route_find(const struct image *image, const struct suffix_query *query,
	struct suffix_scanner *scanner, const struct suffix_match *match, struct route_found *found)
{
	found->match = *match;
	found->cname_count = 0;
	found->route = settle(image, query, scanner, found);
}

static bool is_cname(const struct image *image, const struct route_found *found)
{
	return route_is(image, found->route, IMAGE_ACTION_ZONE) &&
		found->zone.outcome == ZONE_CNAME;
}

const uint8_t *route_follow(const struct image *image, const struct suffix_query *query,
	struct suffix_scanner *scanner, struct route_found *found)
{
	struct suffix_query target = *query;
	struct route_found next;

	if (!is_cname(image, found))
		return NULL;
	if (found->cname_count == ROUTE_CNAMES_MAX) {
		found->cname_count++;
		return NULL;
	}
	target.name = zone_target(image, found->zone.rrset);
	target.name_len = 0;
	suffix_match_below(image, &target, scanner, NAME_LABELS_MAX, IMAGE_RANK_COUNT, &next.match);
	next.route = settle(image, &target, scanner, &next);
	if (next.route == IMAGE_NONE) // the answer ends at the CNAME
		return NULL;
	found->cnames[found->cname_count++] = found->zone.rrset;
	found->winner = next.winner;
	found->match = next.match;
	found->route = next.route;
	found->zone = next.zone;
	return target.name;
}
