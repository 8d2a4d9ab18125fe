// SPDX-License-Identifier: BSD-3-Clause
// The longest rule that covers the name is found, for the whole room at once, and what it says is done.
#include "core/suffix.h"
#include "dataplane/path/path.h"

// What the client is told by a rule's action; of the others there is no verdict.
static const struct verdict verdicts[IMAGE_ACTION_COUNT] = {
	[IMAGE_ACTION_NXDOMAIN] = {RCODE_NXDOMAIN, EDE_BLOCKED},
	[IMAGE_ACTION_NODATA] = {RCODE_NOERROR, EDE_BLOCKED},
	[IMAGE_ACTION_REFUSE] = {RCODE_REFUSED, EDE_PROHIBITED},
	[IMAGE_ACTION_ADDRESSES] = {RCODE_NOERROR, EDE_FORGED_ANSWER},
};

// The rule's route, else the network's default.
static uint32_t route_of(
	const struct path *path, const struct query *query, const struct suffix_match *match)
{
	if (match->rule == IMAGE_NONE)
		return path->image->networks[query->network].default_route;
	return image_rule(path->image, match->rule).route;
}

static bool is_action(const struct path *path, uint32_t route, enum image_action action)
{
	return route != IMAGE_NONE && path->image->routes[route].action == action;
}

// A carve-out: on to the rule for ".", else to the network's default.
static uint32_t leave_out(const struct path *path, const struct query *query,
	const struct suffix_query *name, struct suffix_match *match)
{
	uint32_t route;

	suffix_match_below(path->image, name, path->scanner, 1, 0, match);
	route = route_of(path, query, match);
	if (is_action(path, route, IMAGE_ACTION_DEFAULT))
		route = path->image->networks[query->network].default_route;
	return route;
}

static void decide(struct path *path, struct query *query, const struct image_route *route)
{
	const struct image_local *local = &path->image->locals[route->local];
	const struct verdict *verdict = &verdicts[route->action];

	query->local = local;
	path_decide(
		path, query, verdict->rcode, verdict->ede_code, path->image->texts + local->text);
}

// Silence: a question that waits ends with it.
static void drop(struct path *path, struct query *query)
{
	if (query->slot)
		inflight_release(path->inflight, query->slot);
	path_exit(path, query, EXIT_match_dropped);
}

static void follow(struct path *path, struct query *query)
{
	if (query->route == IMAGE_NONE)
		path_decide(path, query, RCODE_REFUSED, EDE_PROHIBITED, "no rule covers this name");
	else if (is_action(path, query->route, IMAGE_ACTION_FORWARD))
		path_move(path, query, STEP_forward);
	else if (is_action(path, query->route, IMAGE_ACTION_DROP))
		drop(path, query);
	else
		decide(path, query, &path->image->routes[query->route]);
}

// A question that waits was counted when it was asked.
static void count_rule(
	struct path *path, const struct query *query, const struct suffix_match *match)
{
	if (match->rule != IMAGE_NONE && !query->slot)
		counter_add(&path->rule_counters[image_rule(path->image, match->rule).counter], 1);
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
			.network = query->network,
			.type = query->msg.type,
		};
	}
	suffix_match(path->image, names, matches, room->count);
	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (matches[i].has_regex)
			suffix_match_scanned(path->image, &names[i], path->scanner, &matches[i]);
		count_rule(path, query, &matches[i]);
		query->route = route_of(path, query, &matches[i]);
		if (is_action(path, query->route, IMAGE_ACTION_DEFAULT))
			query->route = leave_out(path, query, &names[i], &matches[i]);
		query->label_count = matches[i].label_count;
		follow(path, query);
	}
}
