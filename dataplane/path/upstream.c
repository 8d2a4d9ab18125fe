// SPDX-License-Identifier: BSD-3-Clause
// A reply meets its query, if it agrees with it in everything that was sent; then time-outs. A datagram that does not
// agree never ends a wait (RFC 5452, 9.1). One that another worker's queue should have got goes over to that worker.
#include "dataplane/path/path.h"
#include "dataplane/state/owner.h"

// A server that can't read a question may leave it out (RFC 1035, 4.1.1): these codes then speak for it.
static bool is_failure(uint16_t flags)
{
	uint16_t rcode = flags & MSG_RCODE;

	return rcode == RCODE_FORMERR || rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP ||
		rcode == RCODE_REFUSED;
}

static bool is_same_question(const struct msg *reply, const struct inflight_slot *slot)
{
	return msg_question_len(reply) == slot->question_len &&
		name_equal_folded(msg_name(reply), slot->question, reply->name_len) &&
		memcmp(msg_name(reply) + reply->name_len, slot->question + reply->name_len, 4) == 0;
}

// By which exit the reply leaves; EXIT_accepted: it answers query->slot.
static enum path_counter judge(struct path *path, struct query *query)
{
	struct msg *msg = &query->msg;
	struct inflight_slot *slot;

	if (msg_parse_reply(msg, query->message, query->message_len) != MSG_OK)
		return EXIT_upstream_bad_header;
	slot = inflight_find(path->inflight, &query->to.ip, query->to.port, msg->id);
	if (!slot)
		return EXIT_upstream_unknown;
	if (!endpoint_equal(&query->from, &slot->attempt.target))
		return EXIT_upstream_bad_source;
	if (msg->name_len == 0 ? !is_failure(msg->flags) : !is_same_question(msg, slot))
		return EXIT_upstream_bad_question;
	if (!msg_walk_reply(msg, query->message_len))
		return EXIT_upstream_malformed;
	query->slot = slot;
	return EXIT_accepted;
}

static void take_reply(struct path *path, struct query *query)
{
	enum path_counter found = judge(path, query);
	const struct msg *msg = &query->msg;
	uint16_t rcode;

	if (found != EXIT_accepted) {
		path_exit(path, query, found);
		return;
	}
	path_count(path, EXIT_accepted);
	inflight_release(path->inflight, query->slot);
	query->asker = query->slot->asker;
	rcode = (uint16_t)(msg->edns.rcode_high << 4 | (msg->flags & MSG_RCODE));
	if (msg->name_len == 0) {
		path_decide(path, query, rcode, EDE_OTHER, NULL);
		return;
	}
	query->verdict = (struct verdict){.rcode = rcode};
	query->is_verbatim = query->slot->is_signed;
	path_move(path, query, STEP_rewrite);
}

// Goes over to the worker whose port it came to, unless it is junk whoever asked.
static void hand_over(struct path *path, struct query *query, unsigned owner)
{
	const struct handover_reply reply = {
		query->from, query->to, query->message, query->message_len};

	if (msg_parse_reply(&query->msg, query->message, query->message_len) != MSG_OK)
		path_exit(path, query, EXIT_upstream_bad_header);
	else if (!msg_walk_reply(&query->msg, query->message_len))
		path_exit(path, query, EXIT_upstream_malformed);
	else if (reply.len > PORT_BLANK_SIZE || !handover_put(path->outboxes[owner], &reply))
		path_exit(path, query, EXIT_upstream_not_handed);
	else
		path_exit(path, query, EXIT_handed_over);
}

// What waits in an inbox comes into this room, as far as there are blank packets for it.
static void take_over(struct path *path, struct handover *inbox)
{
	struct handover_reply reply;

	while (path->blank_count > 0 && path->query_count < PATH_ROOM &&
		handover_take(inbox, &reply)) {
		struct query *query = path_enter(path, &path->blanks[--path->blank_count]);

		query->from = reply.from;
		query->to = reply.to;
		query->message = query->packet.data;
		query->message_len = reply.len;
		memcpy(query->message, reply.message, reply.len);
		path_count(path, COUNT_taken_over);
		path_move(path, query, STEP_upstream);
	}
	handover_release(inbox);
}

// Another inbox is the first each time, so that none starves.
static void take_over_all(struct path *path)
{
	for (unsigned i = 0; i < path->worker_count; i++) {
		unsigned from = (path->inbox_first + i) % path->worker_count;

		if (path->inboxes[from])
			take_over(path, path->inboxes[from]);
	}
	path->inbox_first = (path->inbox_first + 1) % path->worker_count;
}

static void publish_all(struct path *path)
{
	for (unsigned i = 0; i < path->worker_count; i++)
		if (path->outboxes[i])
			handover_publish(path->outboxes[i]);
}

// The client gets SERVFAIL, not silence. Without a blank packet or room the query waits for the next pass.
static void take_timeouts(struct path *path)
{
	while (path->blank_count > 0 && path->query_count < PATH_ROOM) {
		struct inflight_slot *slot = inflight_expired(path->inflight, path->now_us);
		struct query *query;

		if (!slot)
			return;
		inflight_release(path->inflight, slot);
		query = path_enter(path, &path->blanks[--path->blank_count]);
		query->slot = slot;
		query->asker = slot->asker;
		query->message = query->packet.data + PORT_HEADROOM;
		path_decide(path, query, RCODE_SERVFAIL, EDE_NO_REACHABLE_AUTHORITY,
			"no reply from the rule's target");
	}
}

void path_upstream(struct path *path)
{
	struct room *room = &path->rooms[STEP_upstream];

	take_over_all(path);
	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];
		unsigned owner = owner_of(be16_get(query->to.port), path->worker_count);

		if (owner == path->worker)
			take_reply(path, query);
		else
			hand_over(path, query, owner);
	}
	publish_all(path);
	take_timeouts(path);
}
