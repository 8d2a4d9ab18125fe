// SPDX-License-Identifier: BSD-3-Clause
// The query is written anew, from a port and with an ID that nobody can guess, and waits for its reply.
// Its question stays where it is; of all else that the client sent, only DO and CD go on.
#include "dataplane/path/path.h"
#include "dataplane/state/owner.h"

enum { DRAWS = 4 }; // of port and ID, until one is free: the first nearly always is

// The first target that we can send to: IPv4 so far. False: there is none.
static bool choose_target(const struct path *path, struct query *query)
{
	const struct image *image = path->image;
	const struct image_route *route = &image->routes[query->route];

	for (unsigned i = 0; i < route->target_count; i++) {
		uint32_t upstream = image->targets[route->target_first + i];

		if (!ip_is_v4(&image->upstreams[upstream].ip))
			continue;
		query->attempt.target = image->upstreams[upstream];
		query->hop = nexthop_get(&path->hops[upstream]);
		return query->hop.state == NEXTHOP_RESOLVED;
	}
	return false;
}

static bool is_same_family(const struct ip *a, const struct ip *b)
{
	return ip_is_v4(a) == ip_is_v4(b);
}

// One of the route's addresses of the target's family, each equally likely. NULL: none, or no random number.
static const struct image_outbound *choose_source(
	const struct path *path, const struct query *query)
{
	const struct image *image = path->image;
	const struct image_route *route = &image->routes[query->route];
	const uint32_t *sources = &image->sources[route->source_first];
	const struct ip *target = &query->attempt.target.ip;
	uint32_t count = 0, drawn;

	for (unsigned i = 0; i < route->source_count; i++)
		count += is_same_family(&image->outbound[sources[i]].ip, target);
	if (count == 0 || !chance_below(path->chance, count, &drawn))
		return NULL;
	for (;; sources++)
		if (is_same_family(&image->outbound[*sources].ip, target) && drawn-- == 0)
			return &image->outbound[*sources];
}

// A port of this address, each equally likely: one that a device lists as open, else any of this worker's, so that whoever receives
// the reply knows whose it is. A device that lists ports has one worker.
static bool draw_port(struct path *path, const struct image_outbound *outbound, be16_t *port)
{
	const struct port_sources *sources = &path->sources[outbound - path->image->outbound];
	uint32_t open = atomic_load_explicit(&sources->count, memory_order_relaxed);
	uint32_t count = open ? open
			      : owner_port_count(outbound->port_first, outbound->port_last,
					path->worker, path->worker_count);
	uint32_t drawn;

	if (count == 0 || !chance_below(path->chance, count, &drawn))
		return false;
	// Who listed a port has opened it before.
	*port = be16_of(
		open ? atomic_load_explicit(&sources->ports[drawn], memory_order_acquire)
		     : owner_port(outbound->port_first, path->worker, path->worker_count, drawn));
	return true;
}

// A source address, port and ID under which nothing waits (RFC 5452, 9.2).
static bool draw_attempt(struct path *path, struct query *query)
{
	const struct image_outbound *outbound = choose_source(path, query);
	struct attempt *attempt = &query->attempt;
	uint32_t id;

	if (!outbound)
		return false;
	attempt->ours = outbound->ip;
	for (unsigned i = 0; i < DRAWS; i++) {
		if (!draw_port(path, outbound, &attempt->port) || !chance_draw(path->chance, &id))
			return false;
		attempt->id = (uint16_t)id;
		if (!inflight_find(path->inflight, &attempt->ours, attempt->port, attempt->id))
			return true;
	}
	return false;
}

static bool take_slot(struct path *path, struct query *query)
{
	const struct msg *msg = &query->msg;
	struct inflight_slot *slot = inflight_take(path->inflight, &query->attempt,
		path->now_us + path->image->header->query_timeout_us);

	if (!slot)
		return false;
	slot->asker = query->asker;
	slot->is_signed = msg->is_signed;
	slot->question_len = msg_question_len(msg);
	memcpy(slot->question, msg_name(msg), slot->question_len);
	return true;
}

// Header, question, our own OPT: what was parsed is what is sent. A signed query keeps all but its ID, as its
// signature covers the rest (RFC 8945, 5.5).
static void write_query(struct query *query)
{
	const struct msg *msg = &query->msg;
	struct msg_header *header = (struct msg_header *)query->message;
	uint16_t question_end = (uint16_t)(MSG_HEADER_LEN + msg_question_len(msg));

	header->id = be16_of(query->attempt.id);
	if (msg->is_signed) {
		query->message_len = msg->len;
		return;
	}
	header->flags = be16_of(MSG_RD | MSG_AD | (msg->flags & MSG_CD));
	header->additional_count = be16_of(1);
	query->message_len = (uint16_t)(question_end +
		msg_build_opt(query->message + question_end, MSG_SIZE_MAX, 0, msg->edns.is_do));
}

static void forward(struct path *path, struct query *query)
{
	if (!(query->msg.flags & MSG_RD)) {
		path_decide(path, query, RCODE_REFUSED, EDE_NOT_SUPPORTED,
			"nothing is asked upstream for a query without RD");
		return;
	}
	if (!choose_target(path, query)) {
		path_decide(path, query, RCODE_SERVFAIL, EDE_NETWORK_ERROR,
			"no route to the rule's target");
		return;
	}
	if (!draw_attempt(path, query) || !take_slot(path, query)) {
		path_decide(path, query, RCODE_SERVFAIL, EDE_OTHER, "no room for another query");
		return;
	}
	write_query(query);
	query->is_for_client = false;
	path_move(path, query, STEP_tx);
}

void path_forward(struct path *path)
{
	struct room *room = &path->rooms[STEP_forward];

	for (unsigned i = 0; i < room->count; i++)
		forward(path, room->queries[i]);
}
