// SPDX-License-Identifier: BSD-3-Clause
// The query that goes upstream. It is written anew each time: header, question, our OPT, in it what passes of the client's
// options. A signed query keeps all but its ID, as its signature covers the rest (RFC 8945, 5.5).
#include "dataplane/path/compose.h"

#include "core/edns.h"

static const unsigned client_kinds[] = {
	[EDNS_SUBNET_STRIP] = EDNS_OTHER | EDNS_EDE,
	[EDNS_SUBNET_PASS] = EDNS_OTHER | EDNS_EDE | EDNS_ECS,
	[EDNS_SUBNET_ADD] = EDNS_OTHER | EDNS_EDE,
};

// In the query as it is sent, behind the question and the fixed part of an OPT. What the client sent lies there or behind.
static uint8_t *place_of_options(const struct query *query, uint16_t question_len)
{
	return query->message + MSG_HEADER_LEN + question_len + MSG_OPT_LEN;
}

void compose_options(struct query *query, const struct image_route *route)
{
	const struct msg *msg = &query->msg;
	const uint8_t *given = msg->bytes + msg->opt_off + MSG_OPT_LEN;
	unsigned given_len = msg->edns.options_len;
	unsigned kinds = client_kinds[route->subnet];
	bool adds = route->subnet == EDNS_SUBNET_ADD;
	uint8_t *out = place_of_options(query, msg_question_len(msg));

	query->options = out;
	query->options_len = 0;
	query->passes = 0;
	if (msg->is_signed)
		return;
	if (adds && edns_hides_subnet(given, given_len)) {
		adds = false;
		kinds |= EDNS_ECS;
	}
	query->passes = (uint8_t)(edns_kinds(given, given_len) & kinds);
	query->options_len = (uint16_t)edns_copy(out, given_len, given, given_len, kinds);
	// Nothing but options that fill the whole packet can leave too little room.
	if (adds &&
		path_room_at(query) >=
			(size_t)(out + query->options_len - query->message) + EDNS_ECS_LEN_MAX)
		query->options_len +=
			(uint16_t)edns_build_ecs(out + query->options_len, &query->asker.client.ip);
}

void compose_keep(const struct query *query, struct inflight_slot *slot)
{
	slot->is_signed = query->msg.is_signed;
	slot->has_long_options = query->options_len > inflight_options_max(slot);
	slot->is_once = slot->has_long_options;
	slot->passes = query->passes;
	slot->options_len = query->options_len;
	if (!slot->has_long_options)
		memcpy(inflight_options(slot), query->options, query->options_len);
}

// Our own OPT is left out for a target that does not bear it. The client's goes on in any case: the target is to say what
// becomes of it (RFC 6891, 6.2.2).
static bool has_opt(const struct path *path, const struct query *query)
{
	const struct upstream *upstream = &path->health.upstreams[query->attempt.upstream];

	return query->slot->asker.has_edns ||
		(!(query->without & WITHOUT_OPT) && manner_bears_opt(upstream, path->now_us));
}

static bool has_case(const struct path *path, const struct query *query, uint32_t flags)
{
	const struct upstream *upstream = &path->health.upstreams[query->attempt.upstream];

	return (flags & IMAGE_RANDOMISES_CASE) && !query->slot->has_long_options &&
		!(query->without & WITHOUT_CASE) && manner_bears_case(upstream, path->now_us);
}

bool compose_manner(struct path *path, struct query *query, const struct image_upstream *target)
{
	struct attempt *attempt = &query->attempt;
	bool is_ours = !query->slot->is_signed;

	attempt->case_bits = 0;
	attempt->has_opt = is_ours && has_opt(path, query);
	attempt->is_opt_left = (query->without & WITHOUT_OPT) != 0;
	attempt->has_case = is_ours && has_case(path, query, target->flags);
	attempt->is_ad_trusted = (target->flags & IMAGE_TRUSTS_AD) != 0;
	return !attempt->has_case || chance_draw(path->chance, &attempt->case_bits);
}

// The client's question, in the letter case of this attempt.
static void put_question(uint8_t *out, const struct query *query)
{
	const struct inflight_slot *slot = query->slot;

	memcpy(out, slot->question, slot->question_len);
	if (query->attempt.has_case)
		name_set_case(out, out, slot->question_len - 4u, query->attempt.case_bits);
}

void compose_query(struct query *query)
{
	struct inflight_slot *slot = query->slot;
	const struct attempt *attempt = &query->attempt;
	struct msg_header *header = (struct msg_header *)query->message;
	uint8_t *options = place_of_options(query, slot->question_len);

	if (slot->is_signed) {
		header->id = be16_of(attempt->id);
		query->message_len = query->msg.len;
		return;
	}
	*header = (struct msg_header){
		.id = be16_of(attempt->id),
		.flags = be16_of(MSG_RD | MSG_AD | (slot->asker.flags & MSG_CD)),
		.question_count = be16_of(1),
		.additional_count = be16_of(attempt->has_opt),
	};
	put_question(query->message + MSG_HEADER_LEN, query);
	query->message_len = (uint16_t)(MSG_HEADER_LEN + slot->question_len);
	if (!attempt->has_opt)
		return;
	if (!slot->has_long_options)
		memcpy(options, inflight_options(slot), slot->options_len);
	query->message_len += (uint16_t)msg_build_opt(
		options - MSG_OPT_LEN, MSG_SIZE_MAX, 0, slot->asker.is_do, slot->options_len);
}
