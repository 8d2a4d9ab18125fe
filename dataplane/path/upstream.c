// SPDX-License-Identifier: BSD-3-Clause
// A reply meets its question, if it agrees with it in everything that was sent. A datagram that does not agree never
// ends a wait (RFC 5452, 9.1). One that another worker's queue should have got goes over to that worker. Then the
// questions whose time has come go on: to the next target, or back to the client with SERVFAIL.
#include "dataplane/path/pairs.h"
#include "dataplane/path/share.h"

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

// A reply whose question is over does nothing but tell how its target does: the name's hash will do.
static bool is_for(
	const struct msg *reply, const struct inflight_send *send, const struct inflight_slot *slot)
{
	if (reply->name_len == 0)
		return is_failure(reply->flags);
	if (slot)
		return is_same_question(reply, slot);
	return inflight_hash_name(msg_name(reply), reply->name_len) == send->name_hash;
}

// The letter case that was sent is part of what must come back (0x20).
static bool has_kept_case(
	const struct msg *reply, const struct inflight_send *send, const struct inflight_slot *slot)
{
	uint8_t sent[NAME_LEN_MAX];

	if (!send->has_case || reply->name_len == 0 || !slot)
		return true;
	name_set_case(sent, slot->question, reply->name_len, send->case_bits);
	return memcmp(sent, msg_name(reply), reply->name_len) == 0;
}

// By which exit a reply to this send leaves; EXIT_accepted, EXIT_upstream_late and EXIT_upstream_wrong_case: it answers it.
static enum path_counter judge(
	const struct path *path, struct query *query, const struct inflight_send *send)
{
	const struct msg *msg = &query->msg;

	if (!endpoint_equal(&query->from, &path->health.upstreams[send->upstream].endpoint))
		return EXIT_upstream_bad_source;
	query->slot = inflight_slot_of(path->inflight, send);
	if (!is_for(msg, send, query->slot))
		return EXIT_upstream_bad_question;
	if (!msg_walk_reply(&query->msg, query->message_len))
		return EXIT_upstream_malformed;
	if (!has_kept_case(msg, send, query->slot))
		return EXIT_upstream_wrong_case;
	return query->slot ? EXIT_accepted : EXIT_upstream_late;
}

static uint16_t rcode_of(const struct msg *reply)
{
	return (uint16_t)(reply->edns.rcode_high << 4 | (reply->flags & MSG_RCODE));
}

// The answer is that the target can't answer. Another may: unless all have said so, this reply does not count.
static bool is_another_to_be_asked(
	struct inflight_slot *slot, const struct msg *reply, uint8_t target)
{
	struct inflight_asked *asked = &slot->asked;
	uint16_t rcode = rcode_of(reply);
	uint64_t all = UINT64_MAX >> (INFLIGHT_TARGETS_MAX - slot->target_count);

	if (rcode != RCODE_SERVFAIL && rcode != RCODE_REFUSED && reply->name_len > 0)
		return false;
	slot->rcode = rcode;
	if (target < slot->target_count)
		asked->failed |= UINT64_C(1) << target;
	return !slot->is_signed && !slot->is_once && asked->failed != all;
}

// The question walks again, in this packet: to its targets, or, if these are of another image, to those of its name now.
static void ask_again(struct path *path, struct query *query)
{
	struct inflight_slot *slot = query->slot;

	query->asker = slot->asker;
	query->route = slot->route;
	if (slot->generation == path->image->header->generation) {
		path_move(path, query, STEP_forward);
		return;
	}
	inflight_disband(path->inflight, query->slot);
	path_forget_chain(path, query);
	path_put_question(query, slot);
	path_move(path, query, STEP_view);
}

// The answer that all waited for.
static void accept_reply(struct path *path, struct query *query)
{
	struct inflight_slot *slot = query->slot;
	uint16_t rcode = rcode_of(&query->msg);

	path_count(path, EXIT_accepted);
	query->asker = slot->asker;
	if (query->msg.name_len == 0) {
		path_decide(path, query, rcode, EDE_OTHER, NULL);
		return;
	}
	query->verdict = (struct verdict){.rcode = rcode};
	path_settle(path, query);
	query->is_verbatim = slot->is_signed;
	path_move(path, query, path_is_chased(query) ? STEP_chase : STEP_rewrite);
}

// The same target is asked again at once, without what it did not bear; this reply is neither an answer nor a miss.
static void repeat(struct path *path, struct query *query, struct inflight_send *send,
	enum path_without without)
{
	query->repeated = send->target;
	query->without = without;
	inflight_drop(path->inflight, send);
	ask_again(path, query);
}

// A server that knows no EDNS, and none but us wanted it (RFC 6891, 7): it is asked again without.
static bool is_opt_refused(
	const struct inflight_send *send, const struct inflight_slot *slot, const struct msg *reply)
{
	uint16_t rcode = rcode_of(reply);

	return send->has_opt && !slot->asker.has_edns &&
		(rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP || rcode == RCODE_BADVERS);
}

// What a valid reply shows of the target's manner.
static void learn_manner(
	struct path *path, const struct inflight_send *send, const struct msg *reply)
{
	struct upstream *upstream = &path->health.upstreams[send->upstream];
	uint16_t rcode = rcode_of(reply);

	if (send->has_case && reply->name_len > 0)
		manner_case_kept(upstream);
	if (send->is_opt_left && rcode != RCODE_FORMERR && rcode != RCODE_NOTIMP)
		manner_opt_lost(upstream, path->now_us);
}

static void take_reply(struct path *path, struct query *query, struct inflight_send *send)
{
	enum path_counter found = judge(path, query, send);
	uint8_t target;

	if (found == EXIT_upstream_wrong_case) {
		path_count(path, found);
		manner_case_lost(&path->health.upstreams[send->upstream], path->now_us);
		repeat(path, query, send, WITHOUT_CASE);
		return;
	}
	if (found != EXIT_accepted && found != EXIT_upstream_late) {
		path_exit(path, query, found);
		return;
	}
	health_answered(&path->health, send->upstream, path->now_us - send->sent_us);
	if (!send->is_ad_trusted)
		query->msg.flags &= (uint16_t)~MSG_AD;
	if (found == EXIT_accepted) {
		learn_manner(path, send, &query->msg);
		if (is_opt_refused(send, query->slot, &query->msg)) {
			path_count(path, EXIT_upstream_no_edns);
			query->slot->rcode = rcode_of(&query->msg);
			repeat(path, query, send, WITHOUT_OPT);
			return;
		}
	}
	target = send->target;
	if (found == EXIT_upstream_late) {
		inflight_drop(path->inflight, send);
		path_exit(path, query, found);
	} else if (is_another_to_be_asked(query->slot, &query->msg, target)) {
		inflight_drop(path->inflight, send);
		path_count(path, EXIT_upstream_failed);
		ask_again(path, query);
	} else if (!share_keep(path, query, query->slot)) {
		path_exit(path, query, EXIT_upstream_not_kept);
	} else {
		inflight_drop(path->inflight, send);
		accept_reply(path, query);
	}
}

// Goes over to the worker whose it may be, unless it is junk whoever asked.
static void hand_over(struct path *path, struct query *query, unsigned owner)
{
	const struct handover_reply reply = {.from = query->from,
		.to = query->to,
		.message = query->message,
		.len = query->message_len,
		.reading = query->reading};

	if (!msg_walk_reply(&query->msg, query->message_len))
		path_exit(path, query, EXIT_upstream_malformed);
	else if (reply.len > PORT_BLANK_SIZE || !handover_put(path->outboxes[owner], &reply))
		path_exit(path, query, EXIT_upstream_not_handed);
	else
		path_exit(path, query, EXIT_handed_over);
}

// Its port and ID can be read in several ways for a while after keys or ranges have changed: the first that leads to another worker
// goes there, and on from there if that worker waits for no such reply.
static void find_asker(struct path *path, struct query *query, struct owner owner)
{
	bool has_owner = query->reading == 0 ? owner.worker < path->worker_count
					     : pairs_read(path, query, query->reading, &owner);

	for (;;) {
		struct inflight_send *send;

		if (has_owner && owner.worker != path->worker) {
			hand_over(path, query, owner.worker);
			return;
		}
		send = has_owner ? inflight_find(path->inflight, owner.send, &query->to.ip,
					   query->to.port, query->msg.id)
				 : NULL;
		if (send) {
			take_reply(path, query, send);
			return;
		}
		if (++query->reading >= PAIRS_READINGS)
			break;
		has_owner = pairs_read(path, query, query->reading, &owner);
	}
	path_exit(path, query, EXIT_upstream_unknown);
}

// What can't be read as a reply leaves. Gives how many are left.
static unsigned read_headers(
	struct path *path, const struct room *room, struct query *replies[static PATH_ROOM])
{
	unsigned count = 0;

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (msg_parse_reply(&query->msg, query->message, query->message_len) == MSG_OK)
			replies[count++] = query;
		else
			path_exit(path, query, EXIT_upstream_bad_header);
	}
	return count;
}

static void take_replies(struct path *path, const struct room *room)
{
	struct query *replies[PATH_ROOM] = {NULL};
	struct owner owners[PATH_ROOM] __attribute__((uninitialized));
	unsigned count = read_headers(path, room, replies);

	pairs_own(path, replies, owners, count);
	for (unsigned i = 0; i < count; i++)
		find_asker(path, replies[i], owners[i]);
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
		query->reading = reply.reading;
		(void)pairs_find_sources(path, query); // none any more: nobody waits for it
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

// Targets that missed their time are charged with it, unless we may have been the ones who were late.
static void take_misses(struct path *path)
{
	struct inflight_send *send;

	while ((send = inflight_missed(path->inflight, path->now_us))) {
		const struct health_miss miss = {
			send->upstream, send->name_hash, send->sent_us, send->is_probe};

		if (path->now_us >= path->lenient_until_us)
			health_missed(&path->health, &miss, path->now_us);
		else if (send->is_probe)
			health_forgive(&path->health, send->upstream);
	}
}

// The client gets SERVFAIL, not silence.
static void take_expired(struct path *path)
{
	struct inflight_slot *slot;

	while (path_has_blank(path) && (slot = inflight_expired(path->inflight, path->now_us)))
		path_decide(path, path_enter_blank(path, slot), RCODE_SERVFAIL,
			EDE_NO_REACHABLE_AUTHORITY, "no reply from the rule's target");
}

// The next target is asked.
static void take_paused(struct path *path)
{
	struct inflight_slot *slot;

	while (path->image && path_has_blank(path) &&
		(slot = inflight_paused(path->inflight, path->now_us)))
		ask_again(path, path_enter_blank(path, slot));
}

void path_upstream(struct path *path)
{
	struct room *room = &path->rooms[STEP_upstream];

	take_over_all(path);
	take_replies(path, room);
	publish_all(path);
	take_misses(path);
	take_expired(path);
	take_paused(path);
	share_deliver(path);
}
