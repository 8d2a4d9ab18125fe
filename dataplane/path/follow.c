// SPDX-License-Identifier: BSD-3-Clause
// Where a query goes by what covers its name: for match, and for chase, which asks for further names.
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
	else if (route->action == IMAGE_ACTION_FORWARD)
		path_decide(path, query, RCODE_NOERROR, EDE_OTHER, NULL);
	else
		path_decide(path, query, verdicts[route->action].rcode,
			verdicts[route->action].ede_code,
			image->texts + image->locals[route->local].text);
}

// Silence: a question that waits ends with it.
static void drop(struct path *path, struct query *query)
{
	path_end_chain(path, query);
	if (query->slot)
		inflight_release(path->inflight, query->slot);
	path_exit(path, query, EXIT_match_dropped);
}

// CNAMEs of zones that lead to a forwarded name are an answer by themselves to who asks for no recursion.
static void forward(struct path *path, struct query *query)
{
	if (query->found.cname_count == 0)
		path_move(path, query, STEP_forward);
	else if ((query->msg.flags & MSG_RD) && !query->msg.is_signed)
		path_move(path, query, STEP_chase);
	else
		decide(path, query);
}

void path_follow(struct path *path, struct query *query)
{
	const struct route_found *found = &query->found;

	query->route = found->route;
	if (route_is_loop(found))
		path_decide(path, query, RCODE_SERVFAIL, EDE_OTHER, "more than 11 CNAMEs");
	else if (found->route == IMAGE_NONE)
		path_decide(path, query, RCODE_REFUSED, EDE_PROHIBITED, "no rule covers this name");
	else if (route_is(path->image, found->route, IMAGE_ACTION_FORWARD))
		forward(path, query);
	else if (route_is(path->image, found->route, IMAGE_ACTION_DROP))
		drop(path, query);
	else
		decide(path, query);
}

void path_count_rule(struct path *path, const struct query *query)
{
	const struct suffix_match *match = &query->found.winner;
	struct image_rule rule;

	if (match->rule == IMAGE_NONE || query->slot)
		return;
	rule = image_rule(path->image, match->rule);
	if (rule.rank < IMAGE_RANK_ZONE)
		counter_add(&path->rule_counters[rule.counter], 1);
}
