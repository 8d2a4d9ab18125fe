// SPDX-License-Identifier: BSD-3-Clause
// The floor plan of a query's way: one table of steps, doors and exits, and the query that walks.
//
// Each step is path_<name>() in path/<name>.c. It takes the queries that stand in its room and moves every one of
// them through a door to another room, or out by an exit. Steps run in the order of the table, once a pass, and
// every door leads on in that order. Each frame ends in exactly one exit or answer, and each of those has exactly
// one counter, so that two laws hold whenever nobody is in a room, for each worker and so for their sum:
//
//   received = answered + exits + waiting        replies + taken over = accepted + refusals + handed over
//
// A reply that came in by another worker's queue goes over to the worker that its port and ID belong to, and enters
// there at upstream. In sum, what was handed over was taken over, but for what lies in a ring.
//
// There are no errors on the path, only verdicts. Nothing here calls malloc, a clock, a lock or the system.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/chance.h"
#include "core/counters.h"
#include "core/image.h"
#include "core/msg.h"
#include "core/route.h"
#include "dataplane/path/profile.h"
#include "dataplane/port/port.h"
#include "dataplane/state/chains.h"
#include "dataplane/state/handover.h"
#include "dataplane/state/health.h"
#include "dataplane/state/inflight.h"
#include "dataplane/state/keyring.h"
#include "dataplane/state/leaders.h"
#include "dataplane/state/manner.h"
#include "dataplane/state/nexthop.h"
#include "dataplane/state/owner.h"

// name, what happens there
#define PATH_STEPS(STEP)                                                                     \
	STEP(rx, "frames are checked, and sorted by whom they are addressed to")             \
	STEP(upstream, "a reply meets its question; whose time has come goes on")            \
	STEP(parse, "the query is read")                                                     \
	STEP(view, "the client's virtual network is found")                                  \
	STEP(match, "the longest rule that covers the name is found")                        \
	STEP(chase, "a chain of CNAMEs is cut where another rule begins, and goes on there") \
	STEP(forward, "the question is sent to the next target, and waits")                  \
	STEP(local, "we answer ourselves")                                                   \
	STEP(rewrite, "the answer is made the client's own")                                 \
	STEP(tx, "frames are made and leave")

// from, to
#define PATH_DOORS(DOOR)        \
	DOOR(rx, upstream)      \
	DOOR(rx, parse)         \
	DOOR(upstream, view)    \
	DOOR(upstream, chase)   \
	DOOR(upstream, forward) \
	DOOR(upstream, local)   \
	DOOR(upstream, rewrite) \
	DOOR(parse, view)       \
	DOOR(parse, local)      \
	DOOR(view, match)       \
	DOOR(view, local)       \
	DOOR(match, chase)      \
	DOOR(match, forward)    \
	DOOR(match, local)      \
	DOOR(chase, forward)    \
	DOOR(chase, local)      \
	DOOR(chase, rewrite)    \
	DOOR(forward, tx)       \
	DOOR(forward, local)    \
	DOOR(local, rewrite)    \
	DOOR(rewrite, tx)

// name, kind (core/counters.h), why
#define PATH_EXITS(EXIT)                                                                        \
	EXIT(answered, COUNTER_ANSWERED, "an answer left")                                      \
	EXIT(rx_not_ours, COUNTER_EXIT, "not UDP to an endpoint of ours")                       \
	EXIT(rx_fragment, COUNTER_EXIT, "a fragment")                                           \
	EXIT(rx_bad_length, COUNTER_EXIT, "lengths of frame, IP and UDP contradict each other") \
	EXIT(rx_bad_ip_csum, COUNTER_EXIT, "wrong IPv4 header checksum")                        \
	EXIT(rx_bad_udp_csum, COUNTER_EXIT, "wrong UDP checksum")                               \
	EXIT(rx_bad_source, COUNTER_EXIT,                                                       \
		"from an address or port that can't be answered, or our own")                   \
	EXIT(parse_short, COUNTER_EXIT, "under 12 bytes: nobody to answer")                     \
	EXIT(parse_is_reply, COUNTER_EXIT, "a reply sent to where queries go")                  \
	EXIT(match_dropped, COUNTER_EXIT, "a rule says to drop it")                             \
	EXIT(accepted, COUNTER_ACCEPTED, "a reply answered its query")                          \
	EXIT(handed_over, COUNTER_HANDED_OVER, "a reply went over to the worker it belongs to") \
	EXIT(upstream_bad_header, COUNTER_REFUSAL,                                              \
		"a reply too short, no reply, or with two questions")                           \
	EXIT(upstream_unknown, COUNTER_REFUSAL, "no query waits at this port with this ID")     \
	EXIT(upstream_bad_source, COUNTER_REFUSAL,                                              \
		"not from the address and port that were asked")                                \
	EXIT(upstream_bad_question, COUNTER_REFUSAL, "answers another question, or none")       \
	EXIT(upstream_wrong_case, COUNTER_REFUSAL,                                              \
		"right in all but letter case: asked again without 0x20")                       \
	EXIT(upstream_no_edns, COUNTER_REFUSAL,                                                 \
		"our OPT record is not understood: asked again without")                        \
	EXIT(upstream_failed, COUNTER_REFUSAL, "a failure: the next target is asked")           \
	EXIT(upstream_late, COUNTER_REFUSAL, "right, but the question is over")                 \
	EXIT(upstream_malformed, COUNTER_REFUSAL, "records that can't be read")                 \
	EXIT(upstream_not_kept, COUNTER_REFUSAL,                                                \
		"many wait for it, and there is no room to keep it")                            \
	EXIT(upstream_not_handed, COUNTER_REFUSAL, "another worker's, and its ring has no room")

// What is counted on the way without ending anything.
#define PATH_COUNTS(COUNT)                                                                \
	COUNT(received, COUNTER_RECEIVED, "frames, replies to us not counted")            \
	COUNT(replies, COUNTER_REPLIES, "frames to our outbound ports")                   \
	COUNT(taken_over, COUNTER_TAKEN_OVER, "replies that other workers handed over")   \
	COUNT(waiting, COUNTER_WAITING, "queries that wait for an upstream now")          \
	COUNT(shared, COUNTER_WORKER, "questions that waited for another's answer")       \
	COUNT(shed_drained, COUNTER_WORKER, "SERVFAIL: every target is drained")          \
	COUNT(shed_no_route, COUNTER_WORKER, "SERVFAIL: no route to the target")          \
	COUNT(shed_no_room, COUNTER_WORKER, "SERVFAIL: no room for another question")     \
	COUNT(shed_upstream, COUNTER_WORKER,                                              \
		"SERVFAIL: the target has all that may be outstanding there")             \
	COUNT(shed_waiters, COUNTER_WORKER, "SERVFAIL: max-waiters wait for that answer") \
	COUNT(shed_loop, COUNTER_WORKER,                                                  \
		"SERVFAIL: the question came back from whom it is asked of")              \
	COUNT(shed_name, COUNTER_WORKER,                                                  \
		"SERVFAIL: 8 questions for that name and type are outstanding")

enum path_step {
#define PATH_STEP_ID(name, what) STEP_##name,
	PATH_STEPS(PATH_STEP_ID)
#undef PATH_STEP_ID
		STEP_COUNT
};

// Indexes into a worker's block of counters: the steps first, then these.
enum path_counter {
	PATH_COUNTER_FIRST = STEP_COUNT - 1,
#define PATH_EXIT_ID(name, kind, why) EXIT_##name,
	PATH_EXITS(PATH_EXIT_ID)
#undef PATH_EXIT_ID
#define PATH_COUNT_ID(name, kind, why) COUNT_##name,
		PATH_COUNTS(PATH_COUNT_ID)
#undef PATH_COUNT_ID
			PROFILE_STEPS,
	PROFILE_BEFORE = PROFILE_STEPS - 1,
#define PATH_CYCLES_ID(name, what) CYCLES_##name,
	PROFILE_CYCLES(PATH_CYCLES_ID, PATH_STEPS)
#undef PATH_CYCLES_ID
#define PATH_BURST_ID(size) BURST_##size,
		PROFILE_BURSTS(PATH_BURST_ID)
#undef PATH_BURST_ID
			PATH_COUNTER_COUNT,
	// What others than steps take. Only where there is a profile is anything there.
	PROFILE_RECEIVE = PROFILE_STEPS + STEP_COUNT,
	PROFILE_SEND,
	PROFILE_BURST,
};

enum {
	PATH_ROOM = 64,   // queries that a room holds, and a pass
	PATH_BLANKS = 64, // packets kept ready for what we originate, and for what we take over
	PATH_WORKERS_MAX = 64,
	PATH_TURNS = 1024,
	PATH_TEXT_LEN = 160,
	PATH_KEPT = 256,      // answers that clients wait for at a time
	PATH_KEPT_LEN = 1400, // no client gets a longer one
};

// What walks: a frame with what is known of it. Never outlives its pass.
struct query {
	struct packet packet;
	uint8_t *message; // in packet.data
	uint16_t message_len;
	bool is_for_client;   // tx: an answer to `asker`, else a query to `attempt`
	bool is_verbatim;     // rewrite: signed by the upstream, nothing but the ID may change
	struct endpoint from; // rx: who sent the frame
	struct endpoint to;   // rx: which endpoint of ours it is for
	struct asker asker;
	struct msg msg;
	uint32_t network;         // view: index in the image
	uint32_t route;           // match: index in the image
	struct route_found found; // match: which rule or zone that is of
	bool has_local;           // match: local answers what was found
	struct verdict verdict;   // local
	const uint8_t *options;   // forward: of a new query, those that go on
	uint16_t options_len;
	uint8_t passes;             // enum edns_kind: which of the client's are among them
	struct inflight_slot *slot; // of the question that waits, once it does
	struct chain *chain;        // chase: what it is part of; else its slot says so
	uint8_t repeated; // forward: the target that is asked again at once; INFLIGHT_NO_TARGET: the next one is
	uint8_t without;                     // enum path_without
	struct attempt attempt;              // forward: what is sent
	struct inflight_send *send;          // forward: likewise
	const struct image_outbound *source; // forward: where from; rx: which range a reply came to
	const struct image_outbound
		*source_before; // rx: likewise, in the image before; NULL: it is the same
	uint8_t reading;        // upstream: the first that may say whose a reply is
	struct nexthop hop;     // forward: and by which way
};

// What a repeated send leaves out, as the target did not bear it.
enum path_without {
	WITHOUT_CASE = 1, // the client's letter case in place of one that was drawn
	WITHOUT_OPT = 2,  // unless the client sent one
};

// An answer that several clients wait for.
struct path_kept {
	struct msg msg;
	uint32_t next_free;
	uint8_t bytes[PATH_KEPT_LEN];
};

struct suffix_scanner; // core/suffix.h

struct room {
	unsigned count;
	struct query *queries[PATH_ROOM];
};

// One worker's path. The worker owns all it points to.
struct path {
	uint64_t now_us;                           // read once a loop
	const struct image *image;                 // of this loop; NULL: none adopted yet
	const struct image_outbound *before;       // the ranges of the image before
	const struct port_sources *sources_before; // one each
	uint32_t before_count;
	struct suffix_scanner *scanner;     // searches for the image's patterns
	const struct nexthop_line *hops;    // one an upstream of the image
	const struct port_sources *sources; // one an outbound address of the image
	const uint32_t *upstreams;          // one an upstream of the image: its place in `health`
	struct health health;
	uint64_t lenient_until_us;  // after a gap of the loop nobody is charged with a miss
	uint32_t turns[PATH_TURNS]; // questions by route; routes that share a number share turns
	struct inflight *inflight;
	uint32_t upstream_max; // load of an upstream of which the image says nothing
	struct path_kept *kept;
	uint32_t kept_free; // the first that is free; LIST_END: none
	struct chains *chains;
	struct chance *chance;
	counter_t *counters;                  // STEP_, EXIT_, COUNT_
	counter_t *rule_counters;             // by the rule's counter number
	counter_t *loop_counters;             // likewise
	char texts[PATH_ROOM][PATH_TEXT_LEN]; // of a verdict that names a rule, one a query
	const port_mac_t *port_macs;          // by port index; main writes
	unsigned worker;                      // whose path this is
	unsigned worker_count;
	struct owner_crowd crowd;                   // that draws source ports and IDs
	const struct keyring *keyring;              // by which keys; main writes
	struct keyring_view keys;                   // of this pass
	unsigned inbox_first;                       // looked into first by the next pass
	struct handover *inboxes[PATH_WORKERS_MAX]; // from each other worker; our own place is NULL
	struct handover *outboxes[PATH_WORKERS_MAX]; // to each other worker
	unsigned query_count;
	unsigned out_count;
	unsigned released_count;
	unsigned blank_count;
	struct packet blanks[PATH_BLANKS]; // the worker refills them between passes
	struct packet out[PATH_ROOM];      // tx: to be sent, each by its packet.port
	struct packet released[PATH_ROOM]; // exits: to be given back to their pools
	struct room rooms[STEP_COUNT];
	struct query queries[PATH_ROOM];
};

#define PATH_STEP_PROTOTYPE(name, what) void path_##name(struct path *path);
PATH_STEPS(PATH_STEP_PROTOTYPE)
#undef PATH_STEP_PROTOTYPE

// One pass: `count` frames, PATH_ROOM at most, walk until each left or waits. What must be sent and released lies in
// out and released afterwards.
void path_pass(struct path *path, const struct packet *packets, unsigned count);

// The names of the table, by enum path_step and path_counter, and the kind of each counter.
const char *path_counter_name(unsigned counter);
enum counter_kind path_counter_kind(unsigned counter);

// A query at the start of its walk, with this packet. Never more than PATH_ROOM a pass.
static inline struct query *path_enter(struct path *path, const struct packet *packet)
{
	struct query *query = &path->queries[path->query_count++];

	query->packet = *packet;
	query->slot = NULL;
	query->chain = NULL;
	query->repeated = INFLIGHT_NO_TARGET;
	query->without = 0;
	query->options = query->packet.data;
	query->options_len = 0;
	query->passes = 0;
	query->reading = 0;
	query->is_verbatim = false;
	query->has_local = false;
	return query;
}

static inline void path_move(struct path *path, struct query *query, enum path_step step)
{
	struct room *room = &path->rooms[step];

	room->queries[room->count++] = query;
}

static inline void path_count(struct path *path, enum path_counter counter)
{
	counter_add(&path->counters[counter], 1);
}

// Ends a walk: counted, its packet released.
static inline void path_exit(struct path *path, struct query *query, enum path_counter counter)
{
	path_count(path, counter);
	path->released[path->released_count++] = query->packet;
}

// Ends a walk whose frame was counted before: its packet is released.
static inline void path_drop(struct path *path, struct query *query)
{
	path->released[path->released_count++] = query->packet;
}

// Bytes that a message may have where it stands, without growing out of its packet.
static inline size_t path_room_at(const struct query *query)
{
	const struct packet *packet = &query->packet;

	return (size_t)(packet->data + packet->len + packet->tail - query->message);
}

// The question is over, for all who wait for its answer.
static inline void path_settle(struct path *path, const struct query *query)
{
	query->slot->verdict = query->verdict;
	inflight_release(path->inflight, query->slot);
}

// Is there a packet for what we originate, and room for it in this pass?
static inline bool path_has_blank(const struct path *path)
{
	return path->blank_count > 0 && path->query_count < PATH_ROOM;
}

// A packet of our own for the question of a slot.
static inline struct query *path_enter_blank(struct path *path, struct inflight_slot *slot)
{
	struct query *query = path_enter(path, &path->blanks[--path->blank_count]);

	query->slot = slot;
	query->asker = slot->asker;
	query->message = query->packet.data + PORT_HEADROOM;
	return query;
}

// The slot's question becomes that of the query.
static inline void path_put_question(struct query *query, const struct inflight_slot *slot)
{
	const uint8_t *type = slot->question + slot->question_len - 4;

	memcpy(query->message + MSG_HEADER_LEN, slot->question, slot->question_len);
	query->msg = (struct msg){
		.bytes = query->message,
		.name_len = (uint8_t)(slot->question_len - 4),
		.type = (uint16_t)(type[0] << 8 | type[1]),
		.class = CLASS_IN,
	};
}

// The chain of CNAMEs that the query is part of; NULL: none.
static inline struct chain *path_chain(const struct path *path, const struct query *query)
{
	if (query->chain || !query->slot)
		return query->chain;
	return chains_get(path->chains, query->slot->chain);
}

// Once the client's answer is made of it, or there will be none.
static inline void path_end_chain(struct path *path, struct query *query)
{
	struct chain *chain = path_chain(path, query);

	if (chain)
		chains_release(path->chains, chain);
	query->chain = NULL;
	if (query->slot)
		query->slot->chain = LIST_END;
}

// What the image before led to may be elsewhere now: the client's own question is the slot's again.
static inline void path_forget_chain(struct path *path, struct query *query)
{
	const struct chain *chain = path_chain(path, query);
	struct inflight_slot *slot = query->slot;

	if (!chain)
		return;
	slot->question_len = chain->question_len;
	memcpy(slot->question, chain->question, chain->question_len);
	slot->name_hash = inflight_hash_name(slot->question, slot->question_len - 4u);
	path_end_chain(path, query);
}

// Is the reply part of a chain, or has it a CNAME that was not asked for, which may lead to where another rule or zone is at home?
static inline bool path_is_chased(const struct query *query)
{
	const struct msg *msg = &query->msg;

	return query->slot->chain != LIST_END ||
		(msg->has_cname && !query->slot->is_signed && msg->type != TYPE_CNAME &&
			msg->type != TYPE_ANY);
}

// Where query->found leads: to forward, chase or local, or out. path/follow.c.
void path_follow(struct path *path, struct query *query);
// Counts the rule that query->found is of. A question that waits was counted when it was asked; zones have no counters.
void path_count_rule(struct path *path, const struct query *query);

// Ends a search for an answer: we give it ourselves, and nothing waits any more.
static inline void path_decide(struct path *path, struct query *query, uint16_t rcode,
	uint16_t ede_code, const char *ede_text)
{
	query->verdict = (struct verdict){rcode, ede_code, ede_text};
	if (query->slot && query->slot->is_waiting)
		path_settle(path, query);
	path_move(path, query, STEP_local);
}
