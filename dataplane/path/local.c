// SPDX-License-Identifier: BSD-3-Clause
// We answer ourselves: header, question and what a rule or zone says, and the verdict for rewrite to put in.
#include "core/answer.h"
#include "dataplane/path/path.h"

// An answer on its way, and what it is made of.
struct draft {
	const struct image *image;
	const struct route_found *found;
	const struct image_route *route;
	const uint8_t *owner; // the name that is spoken of: the question's, or where CNAMEs led
	uint16_t type;
	bool is_chained; // part of it is not our own
	struct answer answer;
};

// The client's question, which takes its place in the message, or else the one there, if it could be read.
static uint16_t place_question(const struct query *query, const struct chain *chain)
{
	const struct inflight_slot *slot = query->slot;

	if (chain) {
		memcpy(query->message + MSG_HEADER_LEN, chain->question, chain->question_len);
		return chain->question_len;
	}
	if (!slot)
		return msg_question_len(&query->msg);
	memcpy(query->message + MSG_HEADER_LEN, slot->question, slot->question_len);
	return slot->question_len;
}

static void add(struct draft *draft, uint16_t type, uint32_t ttl, const uint8_t *data, size_t len)
{
	answer_add(&draft->answer, ANSWER_ANSWER,
		&(struct answer_record){draft->owner, type, (uint16_t)len, ttl, data});
}

// RFC 8482, 4.2.
static void add_any(struct draft *draft, uint32_t ttl)
{
	static const uint8_t hinfo[] = "\7RFC8482";

	add(draft, TYPE_HINFO, ttl, hinfo, sizeof(hinfo));
}

static void add_rrset(struct draft *draft, uint32_t index)
{
	const struct image_rrset *rrset = &draft->image->rrsets[index];
	const uint8_t *data = NULL;
	uint16_t len = 0;

	while ((data = zone_next_record(draft->image, rrset, data, &len)) && !draft->answer.is_full)
		add(draft, (uint16_t)rrset->type, rrset->ttl, data, len);
}

// The chain so far, which led from the question's name to that of which we answer.
static void add_chain(struct draft *draft, const struct chain *chain)
{
	struct chain_record record;
	size_t at = 0;

	while (chain_next(chain, &at, &record)) {
		draft->owner = record.owner;
		add(draft, record.type, record.ttl, record.data, record.data_len);
	}
	draft->owner = chain->name;
	draft->is_chained = true;
}

// The CNAMEs that were followed.
static void add_cnames(struct draft *draft)
{
	for (uint32_t i = 0; i < draft->found->cname_count; i++) {
		add_rrset(draft, draft->found->cnames[i]);
		draft->owner = zone_target(draft->image, draft->found->cnames[i]);
	}
}

// The addresses of the type that was asked for.
static void add_addresses(struct draft *draft, const struct image_local *local)
{
	for (uint32_t i = 0; i < local->address_count; i++) {
		const struct ip *ip = &draft->image->addresses[local->address_first + i];
		unsigned len = ip_is_v4(ip) ? 4 : 16;

		if (draft->type == (ip_is_v4(ip) ? TYPE_A : TYPE_AAAA))
			add(draft, draft->type, local->ttl, ip->b + 16 - len, len);
	}
}

// As if the rule's domain were a zone: it says how long the negative answer may be remembered (RFC 2308, 5).
static void make_soa(struct draft *draft)
{
	uint8_t labels[NAME_LABELS_MAX + 1], data[ANSWER_SOA_MAX];
	unsigned count = name_labels(draft->owner, labels);
	const uint8_t *zone = draft->owner;
	uint32_t serial = (uint32_t)draft->image->header->generation;

	while (count-- > draft->found->match.label_count)
		zone += 1u + zone[0];
	answer_add(&draft->answer, ANSWER_AUTHORITY,
		&(struct answer_record){zone, TYPE_SOA,
			(uint16_t)answer_build_soa(data, zone, serial), ANSWER_NEGATIVE_TTL, data});
}

// RFC 2308, 3: its TTL is that of the negative answer.
static void add_soa(struct draft *draft, const struct image_zone *zone)
{
	const struct image_node *apex = &draft->image->nodes[zone->apex];
	const struct image_rrset *rrset = &draft->image->rrsets[zone->soa];
	be32_t minimum;
	uint16_t len;
	const uint8_t *data = zone_next_record(draft->image, rrset, NULL, &len);

	memcpy(&minimum, data + len - sizeof(minimum), sizeof(minimum));
	answer_add(&draft->answer, ANSWER_AUTHORITY,
		&(struct answer_record){draft->image->records + apex->name_off, TYPE_SOA, len,
			rrset->ttl < be32_get(minimum) ? rrset->ttl : be32_get(minimum), data});
}

static void answer_zone(struct draft *draft)
{
	const struct image_zone *zone = &draft->image->zones[draft->route->local];
	const struct zone_found *found = &draft->found->zone;

	if (found->outcome == ZONE_ANY)
		add_any(draft, ANSWER_NEGATIVE_TTL);
	else if (found->outcome == ZONE_RECORDS || found->outcome == ZONE_CNAME)
		add_rrset(draft, found->rrset);
	else if (zone->soa != IMAGE_NONE)
		add_soa(draft, zone);
	else
		make_soa(draft);
}

static void answer_rule(struct draft *draft)
{
	const struct image_local *local = &draft->image->locals[draft->route->local];
	bool has_addresses = draft->route->action == IMAGE_ACTION_ADDRESSES;
	uint16_t before = draft->answer.counts[ANSWER_ANSWER];

	if (has_addresses && draft->type == TYPE_ANY)
		add_any(draft, local->ttl);
	else if (has_addresses)
		add_addresses(draft, local);
	if (draft->answer.counts[ANSWER_ANSWER] == before && !draft->answer.is_full)
		make_soa(draft);
}

static size_t answer_room(const struct query *query)
{
	size_t room = path_room_at(query);

	return room < MSG_SIZE_MAX ? room : MSG_SIZE_MAX;
}

// Of a question of `len` bytes.
static void answer(
	const struct path *path, struct query *query, const struct chain *chain, uint16_t len)
{
	const uint8_t *question = query->message + MSG_HEADER_LEN;
	struct msg_header *header = (struct msg_header *)query->message;
	struct draft draft = {
		.image = path->image,
		.found = &query->found,
		.route = &path->image->routes[query->found.route],
		.owner = question,
		.type = (uint16_t)(question[len - 4] << 8 | question[len - 3]),
	};

	if (query->verdict.rcode == RCODE_REFUSED)
		return;
	answer_init(&draft.answer, query->message, MSG_HEADER_LEN + len, answer_room(query));
	if (chain)
		add_chain(&draft, chain);
	add_cnames(&draft);
	if (draft.route->action == IMAGE_ACTION_ZONE)
		answer_zone(&draft);
	else if (draft.route->action != IMAGE_ACTION_FORWARD)
		answer_rule(&draft);
	query->msg.flags |= draft.is_chained ? 0 : MSG_AA;
	if (draft.answer.is_full) { // RFC 2181, 9
		query->msg.flags |= MSG_TC;
		return;
	}
	header->answer_count = be16_of(draft.answer.counts[ANSWER_ANSWER]);
	header->authority_count = be16_of(draft.answer.counts[ANSWER_AUTHORITY]);
	query->msg.len = (uint16_t)draft.answer.at;
}

void path_local(struct path *path)
{
	struct room *room = &path->rooms[STEP_local];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];
		const struct chain *chain = path_chain(path, query);
		uint16_t len = place_question(query, chain);
		struct msg_header header = {.question_count = be16_of(len > 0)};

		memcpy(query->message, &header, sizeof(header));
		query->msg = (struct msg){
			.bytes = query->message,
			.len = (uint16_t)(MSG_HEADER_LEN + len),
			.name_len = len ? (uint8_t)(len - 4) : 0,
		};
		if (query->has_local)
			answer(path, query, chain, len);
		path_move(path, query, STEP_rewrite);
	}
}
