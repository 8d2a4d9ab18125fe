// SPDX-License-Identifier: BSD-3-Clause
// The question is sent to the next target that may answer it, from a port and with an ID that nobody can guess, and
// waits.
#include "dataplane/path/compose.h"
#include "dataplane/path/pairs.h"
#include "dataplane/path/share.h"

enum {
	MISS_MIN_US = INFLIGHT_MISS_FIRST_US,
	PAUSE_MAX_US = INFLIGHT_PAUSE_LAST_US,
};

static_assert((int)IMAGE_TARGETS_MAX == (int)INFLIGHT_TARGETS_MAX, "a bit a target");

// What a client is told of an obstacle, and where that is counted.
static const struct {
	struct verdict verdict;
	enum path_counter count;
} obstacles[] = {
	[NO_TARGET] = {{RCODE_SERVFAIL, EDE_NO_REACHABLE_AUTHORITY,
			       "every target of the rule is drained"},
		COUNT_shed_drained},
	[NO_ROUTE] = {{RCODE_SERVFAIL, EDE_NETWORK_ERROR, "no route to the rule's target"},
		COUNT_shed_no_route},
	[NO_ROOM] = {{RCODE_SERVFAIL, EDE_OTHER, "no room for another query"}, COUNT_shed_no_room},
	[UPSTREAM_FULL] = {{RCODE_SERVFAIL, EDE_NETWORK_ERROR,
				   "too many questions are outstanding at the rule's target"},
		COUNT_shed_upstream},
	[WAITERS_FULL] = {{RCODE_SERVFAIL, EDE_OTHER, "max-waiters clients wait for this answer"},
		COUNT_shed_waiters},
	[LOOP] = {{RCODE_SERVFAIL, EDE_OTHER, NULL}, COUNT_shed_loop},
	[NAME_FULL] = {{RCODE_SERVFAIL, EDE_OTHER,
			       "8 questions for this name and type are outstanding: a loop?"},
		COUNT_shed_name},
};

// A text with the domain of the rule that sends the question round, which counts it.
static const char *name_loop(struct path *path, const struct query *query)
{
	static const char begin[] = "a loop: you are being asked this by the rule for ";
	const struct suffix_match *match = &query->found.winner;
	char *text = path->texts[query - path->queries];
	uint8_t offsets[NAME_LABELS_MAX];
	char domain[NAME_TEXT_MAX];
	uint8_t name[NAME_LEN_MAX];
	unsigned count = name_labels(msg_name(&query->msg), offsets), at, len;

	if (match->rule == IMAGE_NONE)
		return "a loop: you are being asked this by the network's default";
	counter_add(&path->loop_counters[image_rule(path->image, match->rule).counter], 1);
	name_fold(name, msg_name(&query->msg), query->msg.name_len);
	at = query->msg.name_len - 1u; // the root
	if (match->label_count > 0 && match->label_count <= count)
		at = offsets[count - match->label_count];
	len = name_format(name + at, domain);
	if (len > PATH_TEXT_LEN - sizeof(begin))
		len = PATH_TEXT_LEN - sizeof(begin);
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + sizeof(begin) - 1, domain, len);
	text[sizeof(begin) - 1 + len] = '\0';
	return text;
}

static void shed(struct path *path, struct query *query, enum obstacle obstacle)
{
	const struct verdict *why = &obstacles[obstacle].verdict;

	path_count(path, obstacles[obstacle].count);
	path_decide(path, query, why->rcode, why->ede_code,
		obstacle == LOOP ? name_loop(path, query) : why->ede_text);
}

// A route's targets, as places in the worker's health.
struct targets {
	const struct image_route *route;
	uint64_t all; // a bit each
	uint32_t upstreams[INFLIGHT_TARGETS_MAX];
};

static void find_targets(const struct path *path, uint32_t index, struct targets *targets)
{
	const struct image_route *route = &path->image->routes[index];

	targets->route = route;
	targets->all = UINT64_MAX >> (INFLIGHT_TARGETS_MAX - route->target_count);
	for (unsigned i = 0; i < route->target_count; i++)
		targets->upstreams[i] =
			path->upstreams[path->image->targets[route->target_first + i]];
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

// Where the question leaves from. Port and ID are drawn for the whole room, once it is known what is sent.
static bool find_source(struct path *path, struct query *query)
{
	query->source = choose_source(path, query);
	if (!query->source)
		return false;
	query->attempt.ours = query->source->ip;
	return true;
}

static unsigned sends_to(const struct inflight_asked *asked, unsigned target)
{
	return (unsigned)((asked->low >> target & 1) | (asked->high >> target & 1) << 1);
}

static void note_send(struct inflight_asked *asked, unsigned target)
{
	uint64_t bit = UINT64_C(1) << target;

	asked->high |= asked->low & bit;
	asked->low ^= bit;
}

// How long this target is given before the next is asked: its time for an answer, doubled with each send to it.
static uint64_t pause_of(const struct path *path, const struct inflight_slot *slot,
	const struct targets *targets, unsigned target)
{
	uint64_t rto_us = health_rto_us(&path->health, targets->upstreams[target]);

	rto_us <<= sends_to(&slot->asked, target) - 1;
	return rto_us < PAUSE_MAX_US ? rto_us : PAUSE_MAX_US;
}

// What this worker may have outstanding at an upstream: so much as leaves room for others, unless the config says.
static uint32_t load_max_of(const struct path *path, const struct image_upstream *upstream)
{
	return upstream->max_inflight ? upstream->max_inflight : path->upstream_max;
}

static enum obstacle send_to(struct path *path, struct query *query, const struct targets *targets,
	unsigned target, bool is_probe)
{
	uint32_t upstream = targets->upstreams[target];
	uint32_t index = path->image->targets[targets->route->target_first + target];
	const struct image_upstream *to = &path->image->upstreams[index];
	uint32_t load_max = load_max_of(path, to);
	struct inflight_slot *slot = query->slot;
	struct inflight_send *send;

	query->attempt.target = to->endpoint;
	query->attempt.upstream = upstream;
	query->hop = nexthop_get(&path->hops[index]);
	if (query->hop.state != NEXTHOP_RESOLVED)
		return NO_ROUTE;
	if (inflight_load(path->inflight, upstream) >= load_max)
		return UPSTREAM_FULL;
	if (!find_source(path, query) || !compose_manner(path, query, to))
		return NO_ROOM;
	send = query->send =
		inflight_send(path->inflight, slot, &query->attempt, (uint8_t)target, path->now_us);
	if (!send)
		return NO_ROOM;
	if (sends_to(&slot->asked, target) == 0) { // a question can be missed once
		uint64_t rto_us = health_rto_us(&path->health, upstream);

		inflight_expect(path->inflight, send, rto_us > MISS_MIN_US ? rto_us : MISS_MIN_US);
		send->is_probe = is_probe;
	}
	slot->upstream = upstream;
	slot->upstream_max = load_max;
	note_send(&slot->asked, target);
	health_sent(&path->health, upstream);
	query->is_for_client = false;
	path_move(path, query, STEP_tx);
	return SENT;
}

// Likewise; where the target's rest is over, and nobody else asks, this is the probe.
static enum obstacle send_or_probe(
	struct path *path, struct query *query, const struct targets *targets, unsigned target)
{
	uint32_t upstream = targets->upstreams[target];
	bool is_probe = health_take_probe(&path->health, upstream, path->now_us);
	enum obstacle met = send_to(path, query, targets, target, is_probe);

	if (is_probe && met != SENT)
		health_forgive(&path->health, upstream);
	return met;
}

// By the route's policy. Without a random number nothing is sent, so the choice is no matter then.
static int pick(const struct path *path, const struct inflight_slot *slot,
	const struct targets *targets, uint64_t mask)
{
	struct health_order order = {
		.policy = targets->route->policy,
		.count = targets->route->target_count,
		.turn = slot->turn,
	};

	if (order.policy == IMAGE_POLICY_RANDOM && !chance_draw(path->chance, &order.chance))
		order.chance = 0;
	return (int)health_pick(&path->health, targets->upstreams, mask, &order);
}

// The target to ask next among those in `mask`: of those that are up, one that was asked least. All rest: the one that has
// rested longest, once. -1: none.
static int choose_target(const struct path *path, struct inflight_slot *slot,
	const struct targets *targets, uint64_t mask)
{
	const struct inflight_asked *asked = &slot->asked;
	const uint64_t by_sends[INFLIGHT_SENDS_MAX] = {
		~asked->high & ~asked->low, ~asked->high & asked->low, asked->high & ~asked->low};
	uint64_t up = health_up(&path->health, targets->upstreams, mask & ~asked->failed);

	for (unsigned i = 0; i < INFLIGHT_SENDS_MAX; i++)
		if (up & by_sends[i])
			return pick(path, slot, targets, up & by_sends[i]);
	if (asked->low || asked->high)
		return -1;
	slot->is_once = true;
	return health_longest_rested(&path->health, targets->upstreams, mask);
}

static enum obstacle ask_next(
	struct path *path, struct query *query, const struct targets *targets, int *target)
{
	enum obstacle found = NO_TARGET;
	uint64_t mask = targets->all;

	for (;;) {
		enum obstacle met;

		*target = choose_target(path, query->slot, targets, mask);
		if (*target < 0)
			return found;
		met = send_or_probe(path, query, targets, (unsigned)*target);
		if (met == SENT)
			return SENT;
		found = met;
		mask &= ~(UINT64_C(1) << *target);
	}
}

// The target that did not bear how it was asked is asked otherwise, unless it was often enough: then it is another's turn.
static enum obstacle ask(
	struct path *path, struct query *query, const struct targets *targets, int *target)
{
	*target = query->repeated;
	if (query->repeated >= targets->route->target_count ||
		sends_to(&query->slot->asked, query->repeated) == INFLIGHT_SENDS_MAX)
		return ask_next(path, query, targets, target);
	return send_to(path, query, targets, query->repeated, false);
}

// Targets whose rest is over get the question too: who answers it is back.
static void probe(struct path *path, struct inflight_slot *slot, const struct targets *targets)
{
	for (unsigned i = 0; i < targets->route->target_count; i++) {
		struct query *query;

		if (path->blank_count == 0 || path->query_count >= PATH_ROOM || slot->is_signed ||
			slot->has_long_options)
			return;
		if (sends_to(&slot->asked, i) > 0 ||
			!health_is_probe_due(&path->health, targets->upstreams[i], path->now_us))
			continue;
		query = path_enter(path, &path->blanks[--path->blank_count]);
		query->slot = slot;
		query->route = slot->route;
		query->message = query->packet.data + PORT_HEADROOM;
		if (send_or_probe(path, query, targets, i) != SENT)
			path_drop(path, query);
	}
}

// The question has these targets from now on. What was sent to any of them before counts.
static void give_targets(struct path *path, struct inflight_slot *slot, uint32_t route,
	const struct targets *targets)
{
	struct inflight_send *send = inflight_first(path->inflight, slot);

	slot->generation = path->image->header->generation;
	slot->route = route;
	slot->turn = path->turns[route % PATH_TURNS]++;
	slot->target_count = (uint8_t)targets->route->target_count;
	slot->asked = (struct inflight_asked){0};
	for (; send; send = inflight_next(path->inflight, send)) {
		send->target = INFLIGHT_NO_TARGET;
		for (unsigned i = 0; i < slot->target_count; i++)
			if (targets->upstreams[i] == send->upstream) {
				send->target = i & INFLIGHT_NO_TARGET;
				note_send(&slot->asked, i);
				break;
			}
	}
}

static bool is_any_send_left(const struct inflight_slot *slot, const struct targets *targets)
{
	const struct inflight_asked *asked = &slot->asked;

	return (targets->all & ~asked->failed & ~(asked->high & asked->low)) != 0;
}

// Nothing could be sent now. What was sent before may still be answered; else the client hears what the last target said, or
// why there was nothing to send.
static void stop(struct path *path, struct query *query, const struct targets *targets,
	enum obstacle obstacle)
{
	struct inflight_slot *slot = query->slot;

	if (inflight_first(path->inflight, slot)) {
		if (is_any_send_left(slot, targets))
			inflight_pause(path->inflight, slot, PAUSE_MAX_US, path->now_us);
		path_drop(path, query);
	} else if (slot->rcode) {
		path_decide(path, query, slot->rcode, EDE_OTHER, NULL);
	} else {
		shed(path, query, obstacle);
	}
}

// A question that is new, or of another image, gets its targets, unless it is not to be asked.
static enum obstacle place(struct path *path, struct query *query, const struct targets *targets)
{
	uint64_t generation = path->image->header->generation;
	enum obstacle met;
	uint32_t hash;

	if (query->slot && query->slot->generation == generation)
		return SENT;
	met = share_find(path, query, &hash);
	if (met != SENT)
		return met;
	give_targets(path, query->slot, query->route, targets);
	query->repeated = INFLIGHT_NO_TARGET;
	inflight_lead(path->inflight, query->slot, query->network, hash);
	return SENT;
}

static void forward(struct path *path, struct query *query)
{
	bool is_new = !query->slot;
	struct targets targets;
	enum obstacle obstacle;
	int target;

	if (is_new && !(query->msg.flags & MSG_RD)) {
		path_decide(path, query, RCODE_REFUSED, EDE_NOT_SUPPORTED,
			"nothing is asked upstream for a query without RD");
		return;
	}
	if (is_new)
		compose_options(query, &path->image->routes[query->route]);
	find_targets(path, query->route, &targets);
	obstacle = place(path, query, &targets);
	if (obstacle == SHARED) {
		path_drop(path, query);
		return;
	}
	if (obstacle != SENT) {
		shed(path, query, obstacle);
		return;
	}
	obstacle = ask(path, query, &targets, &target);
	if (obstacle != SENT) {
		stop(path, query, &targets, obstacle);
		return;
	}
	if (!query->slot->is_signed && !query->slot->is_once)
		inflight_pause(path->inflight, query->slot,
			pause_of(path, query->slot, &targets, (unsigned)target), path->now_us);
	if (is_new)
		probe(path, query->slot, &targets);
}

void path_forward(struct path *path)
{
	struct room *room = &path->rooms[STEP_forward];
	struct room *sent = &path->rooms[STEP_tx];

	for (unsigned i = 0; i < room->count; i++)
		forward(path, room->queries[i]);
	// Nobody else has moved there yet.
	pairs_draw(path, sent->queries, sent->count);
	for (unsigned i = 0; i < sent->count; i++)
		compose_query(sent->queries[i]);
}
