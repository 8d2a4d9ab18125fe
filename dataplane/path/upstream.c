// SPDX-License-Identifier: BSD-3-Clause
// A reply meets its query, if it agrees with it in everything that was sent; then time-outs. A datagram that does not
// agree never ends a wait (RFC 5452, 9.1).
#include "dataplane/path/path.h"

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
	path_move(path, query, STEP_rewrite);
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

	for (unsigned i = 0; i < room->count; i++)
		take_reply(path, room->queries[i]);
	take_timeouts(path);
}
