// SPDX-License-Identifier: BSD-3-Clause
// The longest rule that covers the name is found, for the whole room at once, and what it says is done.
#include "dataplane/path/path.h"

// What the client is told by a rule's action; of the others there is no verdict.
static const struct verdict verdicts[IMAGE_ACTION_COUNT] = {
	[IMAGE_ACTION_NXDOMAIN] = {RCODE_NXDOMAIN, EDE_BLOCKED, NULL},
	[IMAGE_ACTION_NODATA] = {RCODE_NOERROR, EDE_BLOCKED, NULL},
	[IMAGE_ACTION_REFUSE] = {RCODE_REFUSED, EDE_PROHIBITED, NULL},
	[IMAGE_ACTION_ADDRESSES] = {RCODE_NOERROR, EDE_FORGED_ANSWER, NULL},
};

static void decide(struct path *path, struct query *query)
{
	const struct image *image = path->image;
	const struct image_route *route = &image->routes[query->found.route];

	query->has_local = true;
	if (route->action == IMAGE_ACTION_ZONE)
		path_decide(path, query,
			query->found.zone.outcome == ZONE_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR,
			EDE_OTHER, NULL);
	else
		path_decide(path, query, verdicts[route->action].rcode,
			verdicts[route->action].ede_code,
			image->texts + image->locals[route->local].text);
}

// Silence: a question that waits ends with it.
static void drop(struct path *path, struct query *query)
{
	if (query->slot)
		inflight_release(path->inflight, query->slot);
	path_exit(path, query, EXIT_match_dropped);
}

static void follow_route(struct path *path, struct query *query)
{
	const struct route_found *found = &query->found;

	query->route = found->route;
	if (route_is_loop(found))
		path_decide(path, query, RCODE_SERVFAIL, EDE_OTHER, "more than 11 CNAMEs");
	else if (found->route == IMAGE_NONE)
		path_decide(path, query, RCODE_REFUSED, EDE_PROHIBITED, "no rule covers this name");
	else if (route_is(path->image, found->route, IMAGE_ACTION_FORWARD))
		path_move(path, query, STEP_forward);
	else if (route_is(path->image, found->route, IMAGE_ACTION_DROP))
		drop(path, query);
	else
		decide(path, query);
}

// A question that waits was counted when it was asked. Zones have no counters.
static void count_rule(struct path *path, const struct query *query)
{
	const struct suffix_match *match = &query->found.winner;
	struct image_rule rule;

	if (match->rule == IMAGE_NONE || query->slot)
		return;
	rule = image_rule(path->image, match->rule);
	if (rule.rank < IMAGE_RANK_ZONE)
		counter_add(&path->rule_counters[rule.counter], 1);
}

void path_match(struct path *path)
{
	struct room *room = &path->rooms[STEP_match];
	// Filled as far as they are read: zeros for the rest would cost more than the search.
	struct suffix_query names[PATH_ROOM] __attribute__((uninitialized));
	struct suffix_match matches[PATH_ROOM] __attribute__((uninitialized));

	for (unsigned i = 0; i < room->count; i++) {
		const struct query *query = room->queries[i];

		names[i] = (struct suffix_query){
			.name = msg_name(&query->msg),
			.name_len = query->msg.name_len,
			.network = query->network,
			.type = query->msg.type,
		};
	}
	suffix_match(path->image, names, matches, room->count);
	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (matches[i].has_regex)
			suffix_match_scanned(path->image, &names[i], path->scanner, &matches[i]);
		route_find(path->image, &names[i], path->scanner, &matches[i], &query->found);
		do
			count_rule(path, query);
		while (route_follow(path->image, &names[i], path->scanner, &query->found));
		follow_route(path, query);
	}
}
