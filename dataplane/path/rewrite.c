// SPDX-License-Identifier: BSD-3-Clause
// An answer is made the client's own: its ID, its letter case, its EDNS, and no more bytes than it takes.
#include "core/edns.h"
#include "dataplane/path/path.h"

// What the client takes over UDP (RFC 6891, 6.2.3 and 6.2.5), and what fits the buffer.
static size_t answer_limit(const struct query *query)
{
	const struct asker *asker = &query->asker;
	size_t limit = asker->has_edns && asker->size > MSG_SIZE_MIN ? asker->size : MSG_SIZE_MIN;
	size_t room = path_room_at(query);

	if (limit > MSG_SIZE_MAX)
		limit = MSG_SIZE_MAX;
	return limit < room ? limit : room;
}

// The OPT record is hop by hop: the upstream's goes, its options are looked at once more, and with it the additional records behind it, which
// could point past it; an answer need not have them (RFC 2181, 9).
static void cut_opt(struct query *query)
{
	struct msg *msg = &query->msg;
	struct msg_header *header = (struct msg_header *)query->message;

	if (msg->opt_off == 0)
		return;
	msg->len = msg->opt_off;
	header->additional_count = be16_of(msg->before_opt);
}

// Keeps the question only and says that there is more (RFC 2181, 9).
static void truncate_answer(struct query *query)
{
	struct msg_header *header = (struct msg_header *)query->message;

	header->answer_count = header->authority_count = header->additional_count = be16_of(0);
	query->msg.len = (uint16_t)(MSG_HEADER_LEN + msg_question_len(&query->msg));
	query->msg.flags |= MSG_TC;
}

// The letter case of this client (RFC 4343, 3; RFC 1035, 4.1.2).
static void restore_question(struct query *query, const struct chain *chain)
{
	const struct inflight_slot *slot = query->slot;

	if (chain)
		memcpy(query->message + MSG_HEADER_LEN, chain->question, chain->question_len);
	else if (slot)
		memcpy(query->message + MSG_HEADER_LEN, slot->question, slot->question_len);
}

// An extended RCODE needs an OPT: a client without one is told SERVFAIL (RFC 6891, 6.1.3).
static uint16_t answer_rcode(const struct query *query)
{
	if (query->verdict.rcode > MSG_RCODE && !query->asker.has_edns)
		return RCODE_SERVFAIL;
	return query->verdict.rcode;
}

static void write_header(struct query *query)
{
	struct msg_header *header = (struct msg_header *)query->message;
	const struct asker *asker = &query->asker;
	uint16_t kept = asker->flags & (MSG_OPCODE | MSG_RD | MSG_CD);
	uint16_t found = query->msg.flags & (MSG_AA | MSG_TC);

	// RFC 6840, 5.8: AD means something to those alone who asked for it.
	if ((asker->flags & MSG_AD) || asker->is_do)
		found |= query->msg.flags & MSG_AD;
	header->id = be16_of(asker->id);
	header->flags = be16_of(MSG_QR | MSG_RA | kept | found | (answer_rcode(query) & MSG_RCODE));
}

// What of the upstream's options comes back: its extended error, and for a client that sent options their like. The error goes
// first where there is too little room (RFC 8914, 3); `out` lies in front of them.
static uint16_t pass_options(const struct query *query, uint8_t *out, size_t room)
{
	const struct msg *msg = &query->msg;
	const uint8_t *given = query->message + msg->opt_off + MSG_OPT_LEN;
	unsigned kinds = EDNS_EDE | (query->slot ? query->slot->passes : 0);
	unsigned len = msg->opt_off ? msg->edns.options_len : 0;

	if (edns_len(given, len, kinds) > room)
		kinds &= ~(unsigned)EDNS_EDE;
	return (uint16_t)edns_copy(out, (unsigned)room, given, len, kinds);
}

// Our own OPT for a client that sent one, with the reason if we refused and there is room (RFC 8914, 3).
static void append_opt(struct query *query, size_t limit)
{
	struct msg_header *header = (struct msg_header *)query->message;
	const struct verdict *verdict = &query->verdict;
	uint8_t *opt = query->message + query->msg.len;
	uint16_t options_len;

	options_len = pass_options(query, opt + MSG_OPT_LEN, limit - query->msg.len - MSG_OPT_LEN);
	query->msg.len += msg_build_opt(opt, MSG_SIZE_MAX, (uint8_t)(answer_rcode(query) >> 4),
		query->asker.is_do, options_len);
	header->additional_count = be16_of((uint16_t)(be16_get(header->additional_count) + 1));
	if (verdict->ede_text) // then no upstream said anything
		query->msg.len += msg_build_ede(
			opt, limit - query->msg.len, verdict->ede_code, verdict->ede_text);
}

static void rewrite(struct query *query, const struct chain *chain)
{
	size_t limit = answer_limit(query);
	size_t opt_len = query->asker.has_edns ? MSG_OPT_LEN : 0;

	cut_opt(query);
	restore_question(query, chain);
	if (query->msg.len + opt_len > limit)
		truncate_answer(query);
	write_header(query);
	if (opt_len > 0)
		append_opt(query, limit);
}

void path_rewrite(struct path *path)
{
	struct room *room = &path->rooms[STEP_rewrite];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (query->is_verbatim) // a signature covers the rest (RFC 8945, 5.5)
			((struct msg_header *)query->message)->id = be16_of(query->asker.id);
		else
			rewrite(query, path_chain(path, query));
		path_end_chain(path, query);
		query->message_len = query->msg.len;
		query->is_for_client = true;
		path_move(path, query, STEP_tx);
	}
}
