// SPDX-License-Identifier: BSD-3-Clause
// Waiting for another's answer, and getting it: with one's own ID, letter case and EDNS, as rewrite gives them.
#include "dataplane/path/share.h"

#include "dataplane/path/compose.h"

static bool has_flag(const struct asker *asker, enum msg_flag flag)
{
	return asker->flags & flag;
}

static struct leaders_key key_of(const struct path *path, const struct query *query)
{
	return (struct leaders_key){
		.generation = path->image->header->generation,
		.network = query->network,
		.route = query->route,
		.question = msg_name(&query->msg),
		.question_len = msg_question_len(&query->msg),
		.options = query->options,
		.options_len = query->options_len,
		.is_do = query->asker.is_do,
		.is_cd = has_flag(&query->asker, MSG_CD),
	};
}

// A signed question is answered to its own client only (RFC 8945, 5.5), and so is one with options of the client.
static bool may_share(const struct query *query)
{
	return !query->msg.is_signed && query->passes == 0;
}

static void fill_slot(
	const struct path *path, struct inflight_slot *slot, const struct query *query)
{
	const struct msg *msg = &query->msg;

	slot->chain = query->chain ? chains_index(path->chains, query->chain) : LIST_END;
	slot->asker = query->asker;
	slot->may_share = may_share(query);
	slot->question_len = msg_question_len(msg);
	memcpy(slot->question, msg_name(msg), slot->question_len);
	compose_keep(query, slot);
	slot->name_hash = inflight_hash_name(slot->question, msg->name_len);
}

static enum obstacle wait_for(
	struct path *path, const struct query *query, struct inflight_slot *leader)
{
	struct inflight_slot *slot;

	if (leader->waiter_count + 1 >= path->image->header->max_waiters)
		return WAITERS_FULL;
	if (inflight_load(path->inflight, leader->upstream) >= leader->upstream_max)
		return UPSTREAM_FULL;
	slot = inflight_join(path->inflight, leader);
	if (!slot)
		return NO_ROOM;
	fill_slot(path, slot, query);
	path_count(path, COUNT_shared);
	return SHARED;
}

static bool is_loopback(const struct ip *ip)
{
	static const struct ip v6 = {{[15] = 1}};

	return ip_is_v4(ip) ? ip->b[12] == 127 : ip_equal(ip, &v6);
}

// Is one of the question's targets, that it was sent to, at this address?
static bool is_asked_of(
	const struct path *path, const struct inflight_slot *slot, const struct ip *ip)
{
	const struct image *image = path->image;
	const struct image_route *route = &image->routes[slot->route];
	uint64_t asked = slot->asked.low | slot->asked.high;

	for (; asked; asked &= asked - 1) {
		unsigned target = (unsigned)__builtin_ctzll(asked);
		const struct image_upstream *upstream =
			&image->upstreams[image->targets[route->target_first + target]];

		if (upstream->flags & IMAGE_CHECKS_LOOPS && ip_equal(&upstream->endpoint.ip, ip))
			return true;
	}
	return false;
}

// Who asks is being asked the very question, in whatever network and by whatever rule.
static bool is_loop(const struct path *path, const struct query *query,
	const struct leaders_key *key, uint32_t hash)
{
	const struct ip *ip = &query->asker.client.ip;
	const struct inflight_slot *slot = NULL;

	if (is_loopback(ip))
		return false;
	while ((slot = inflight_next_leader(path->inflight, key, hash, slot)))
		if (is_asked_of(path, slot, ip))
			return true;
	return false;
}

enum obstacle share_find(struct path *path, struct query *query, uint32_t *hash)
{
	const struct leaders_key key = key_of(path, query);
	uint64_t deadline_us = query->chain ? query->chain->deadline_us
					    : path->now_us + path->image->header->query_timeout_us;
	struct inflight_slot *leader;
	unsigned count;

	leader = inflight_leader(path->inflight, &key, hash, &count);
	if (query->slot) // it asks on, whoever else does
		return SENT;
	if (is_loop(path, query, &key, *hash))
		return LOOP;
	if (leader && may_share(query))
		return wait_for(path, query, leader);
	if (count + (leader != NULL) >= LEADERS_OF_A_NAME)
		return NAME_FULL;
	query->slot = inflight_take(path->inflight, deadline_us);
	if (!query->slot)
		return NO_ROOM;
	fill_slot(path, query->slot, query);
	return SENT;
}

// What is too long to be anybody's answer over UDP is kept as what it will be: the question, and that there is more.
static void keep(struct path_kept *kept, const struct query *reply)
{
	struct msg_header *header = (struct msg_header *)kept->bytes;
	struct msg *msg = &kept->msg;

	*msg = reply->msg;
	if (msg->len > sizeof(kept->bytes)) {
		msg->len = (uint16_t)(MSG_HEADER_LEN + msg_question_len(msg));
		msg->opt_off = 0;
		msg->flags |= MSG_TC;
	}
	memcpy(kept->bytes, reply->message, msg->len);
	if (msg->flags & MSG_TC)
		header->answer_count = header->authority_count = header->additional_count =
			be16_of(0);
}

bool share_keep(struct path *path, const struct query *reply, struct inflight_slot *slot)
{
	if (slot->waiter_count == 0 || reply->msg.name_len == 0)
		return true;
	if (path->kept_free == LIST_END)
		return false;
	slot->kept = path->kept_free;
	path->kept_free = path->kept[slot->kept].next_free;
	keep(&path->kept[slot->kept], reply);
	return true;
}

static void let_go(struct path *path, struct inflight_slot *leader)
{
	if (leader->kept == LIST_END)
		return;
	path->kept[leader->kept].next_free = path->kept_free;
	path->kept_free = leader->kept;
	leader->kept = LIST_END;
}

// The same answer as the leader's, for this client.
static void answer(struct path *path, struct query *query, const struct inflight_slot *leader)
{
	const struct path_kept *kept;

	if (leader->kept == LIST_END) {
		path_decide(path, query, leader->verdict.rcode, leader->verdict.ede_code,
			leader->verdict.ede_text);
		return;
	}
	kept = &path->kept[leader->kept];
	memcpy(query->message, kept->bytes, kept->msg.len);
	query->msg = kept->msg;
	query->msg.bytes = query->message;
	query->verdict = leader->verdict;
	path_move(path, query, path_is_chased(query) ? STEP_chase : STEP_rewrite);
}

// The client's question walks as if it had just come.
static void walk_again(struct path *path, struct query *query)
{
	query->asker = query->slot->asker;
	path_forget_chain(path, query);
	path_put_question(query, query->slot);
	query->msg.flags = query->asker.flags;
	query->slot = NULL;
	path_move(path, query, STEP_view);
}

void share_deliver(struct path *path)
{
	struct inflight_slot *leader, *slot;

	while (path_has_blank(path) && (leader = inflight_ended(path->inflight))) {
		answer(path, path_enter_blank(path, inflight_pop_waiter(path->inflight, leader)),
			leader);
		if (leader->waiter_count == 0)
			let_go(path, leader);
	}
	while (path->image && path_has_blank(path) && (slot = inflight_pop_again(path->inflight)))
		walk_again(path, path_enter_blank(path, slot));
}
