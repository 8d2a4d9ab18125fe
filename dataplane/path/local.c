// SPDX-License-Identifier: BSD-3-Clause
// We answer ourselves: header, question and what a rule says, and the verdict for rewrite to put in.
#include "core/answer.h"
#include "dataplane/path/path.h"

// The slot's question, which takes its place in the message, or else the one there, if it could be read.
static uint16_t place_question(const struct query *query)
{
	const struct inflight_slot *slot = query->slot;

	if (!slot)
		return msg_question_len(&query->msg);
	memcpy(query->message + MSG_HEADER_LEN, slot->question, slot->question_len);
	return slot->question_len;
}

// The addresses of the type that was asked for.
static void add_addresses(
	const struct image *image, const struct query *query, uint16_t type, struct answer *answer)
{
	const struct image_local *local = query->local;
	struct answer_record record = {
		.owner = query->message + MSG_HEADER_LEN, .type = type, .ttl = local->ttl};

	for (uint32_t i = 0; i < local->address_count; i++) {
		const struct ip *ip = &image->addresses[local->address_first + i];

		if (type != (ip_is_v4(ip) ? TYPE_A : TYPE_AAAA))
			continue;
		record.data = ip_is_v4(ip) ? ip->b + 12 : ip->b;
		record.data_len = ip_is_v4(ip) ? 4 : 16;
		answer_add(answer, ANSWER_ANSWER, &record);
	}
}

// RFC 8482, 4.2.
static void add_any(const struct query *query, struct answer *answer)
{
	static const uint8_t hinfo[] = "\7RFC8482";

	answer_add(answer, ANSWER_ANSWER,
		&(struct answer_record){.owner = query->message + MSG_HEADER_LEN,
			.type = TYPE_HINFO,
			.ttl = query->local->ttl,
			.data = hinfo,
			.data_len = sizeof(hinfo)});
}

// How long the negative answer may be remembered (RFC 2308, 5): as if the rule's domain were a zone.
static void add_soa(const struct path *path, const struct query *query, struct answer *answer)
{
	const uint8_t *name = query->message + MSG_HEADER_LEN;
	uint8_t labels[NAME_LABELS_MAX + 1], data[ANSWER_SOA_MAX];
	unsigned count = name_labels(name, labels);
	const uint8_t *zone = name;

	while (count-- > query->label_count)
		zone += 1u + zone[0];
	answer_add(answer, ANSWER_AUTHORITY,
		&(struct answer_record){.owner = zone,
			.type = TYPE_SOA,
			.ttl = ANSWER_NEGATIVE_TTL,
			.data = data,
			.data_len = (uint16_t)answer_build_soa(
				data, zone, (uint32_t)path->image->header->generation)});
}

static void add_records(
	const struct path *path, const struct query *query, uint16_t type, struct answer *answer)
{
	bool has_addresses = path->image->routes[query->route].action == IMAGE_ACTION_ADDRESSES;

	if (query->verdict.rcode == RCODE_REFUSED)
		return;
	if (has_addresses && type == TYPE_ANY)
		add_any(query, answer);
	else if (has_addresses)
		add_addresses(path->image, query, type, answer);
	if (answer->counts[ANSWER_ANSWER] == 0 && !answer->is_full)
		add_soa(path, query, answer);
}

static uint16_t answer_room(const struct query *query)
{
	size_t room = path_room_at(query);

	return (uint16_t)(room < MSG_SIZE_MAX ? room : MSG_SIZE_MAX);
}

// Of a question of `len` bytes.
static void answer(const struct path *path, struct query *query, uint16_t len)
{
	uint16_t type = (uint16_t)(query->message[MSG_HEADER_LEN + len - 4] << 8 |
		query->message[MSG_HEADER_LEN + len - 3]);
	struct msg_header *header = (struct msg_header *)query->message;
	struct answer answer;

	answer_init(&answer, query->message, MSG_HEADER_LEN + len, answer_room(query));
	add_records(path, query, type, &answer);
	if (query->verdict.rcode != RCODE_REFUSED)
		query->msg.flags |= MSG_AA;
	if (answer.is_full) { // RFC 2181, 9
		query->msg.flags |= MSG_TC;
		return;
	}
	header->answer_count = be16_of(answer.counts[ANSWER_ANSWER]);
	header->authority_count = be16_of(answer.counts[ANSWER_AUTHORITY]);
	query->msg.len = (uint16_t)answer.at;
}

void path_local(struct path *path)
{
	struct room *room = &path->rooms[STEP_local];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];
		uint16_t len = place_question(query);
		struct msg_header header = {.question_count = be16_of(len > 0)};

		memcpy(query->message, &header, sizeof(header));
		query->msg = (struct msg){
			.bytes = query->message,
			.len = (uint16_t)(MSG_HEADER_LEN + len),
			.name_len = len ? (uint8_t)(len - 4) : 0,
		};
		if (query->local)
			answer(path, query, len);
		path_move(path, query, STEP_rewrite);
	}
}
