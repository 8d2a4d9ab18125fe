// SPDX-License-Identifier: BSD-3-Clause
// Queries made from the list, and answers held against them.
#include "bench/load/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/reply.h"
#include "core/msg.h"
#include "dataplane/path/frame.h"

enum {
	// IDs are strewn by a multiplication that can be undone.
	ID_FACTOR = 0x9e35,
	ID_INVERSE = 0x441d,
	SLOT_BITS_IN_PORT = CLIENT_SLOTS_LOG2 - 16,
	PORT_FIRST = 1024, // a multiple of 1 << SLOT_BITS_IN_PORT
	PORT_BITS = 15,
	LABEL_RANDOM = 8, // letters of a label of its own
};
static_assert((uint16_t)(ID_FACTOR * ID_INVERSE) == 1, "undone");

static const char *const fault_names[] = {
#define CLIENT_FAULT_NAME(name, what) #name,
	CLIENT_FAULTS(CLIENT_FAULT_NAME)
#undef CLIENT_FAULT_NAME
};

const char *client_fault_name(enum client_fault fault)
{
	return fault_names[fault];
}

// What the number says of who asks.
struct identity {
	uint8_t address[4];
	uint16_t port, id;
};

static uint32_t mix(uint32_t number)
{
	number = (number ^ number >> 16) * 0x7feb352d;
	number = (number ^ number >> 15) * 0x846ca68b;
	return number ^ number >> 16;
}

static struct identity identity_of(const struct client *client, uint32_t number)
{
	uint32_t strewn = mix(number);
	uint32_t in_port = number >> 16 & ((1 << SLOT_BITS_IN_PORT) - 1);
	struct identity who = {
		.id = (uint16_t)(number * ID_FACTOR),
		.port = (uint16_t)(PORT_FIRST +
			(((strewn << SLOT_BITS_IN_PORT) & ((1 << PORT_BITS) - 1)) | in_port)),
	};
	uint32_t host = strewn >> (32 - CLIENT_ADDRESSES_LOG2);

	memcpy(who.address, client->setup.address, 4);
	who.address[2] = (uint8_t)(who.address[2] + (host >> 8));
	who.address[3] = (uint8_t)host;
	return who;
}

static uint32_t slot_of(uint16_t port, uint16_t id)
{
	uint32_t in_port = (port - PORT_FIRST) & ((1 << SLOT_BITS_IN_PORT) - 1);

	return (uint16_t)(id * ID_INVERSE) | in_port << 16;
}

int client_init(struct client *client, const struct client_setup *setup)
{
	memset(client, 0, sizeof(*client));
	client->setup = *setup;
	client->waits = calloc(CLIENT_SLOTS, sizeof(*client->waits));
	return client->waits ? 0 : -ENOMEM;
}

void client_fini(struct client *client)
{
	free(client->waits);
}

void client_reset(struct client *client)
{
	client->sent = client->answered = client->late = 0;
	memset(client->wrong, 0, sizeof(client->wrong));
	memset(&client->latency, 0, sizeof(client->latency));
	for (uint32_t i = 0; i < CLIENT_SLOTS; i++)
		client->waits[i].sent = 0;
}

static const struct question *question_of(const struct client *client, uint32_t number)
{
	const struct questions *questions = client->setup.questions;

	return &questions->list[number % questions->count];
}

// Its first label becomes the number, in letters; a shorter label stays as it is.
static void put_random_label(uint8_t *name, uint32_t number)
{
	uint32_t strewn = mix(number);

	for (unsigned i = 0; i < LABEL_RANDOM && i < name[0]; i++)
		name[1 + i] = (uint8_t)('a' + (strewn >> 4 * i & 15));
}

static uint16_t sum_to_field(uint64_t sum)
{
	uint16_t folded = (uint16_t)~frame_fold(sum);

	return folded ? folded : 0xffff;
}

static void put_sum(be16_t *field, uint64_t sum)
{
	uint16_t folded = sum_to_field(sum);

	memcpy(field, &folded, sizeof(folded)); // summed in the order of the host
}

unsigned client_ask(struct client *client, uint8_t frame[static CLIENT_FRAME_MAX], uint64_t now)
{
	const struct client_setup *setup = &client->setup;
	uint32_t number = client->next++;
	const struct question *question = question_of(client, number);
	struct identity who = identity_of(client, number);
	struct ethernet_header *ethernet = (struct ethernet_header *)frame;
	struct ipv4_header *ip = (struct ipv4_header *)(ethernet + 1);
	struct udp_header *udp = (struct udp_header *)(ip + 1);
	struct msg_header *header = (struct msg_header *)(udp + 1);
	uint16_t udp_len = (uint16_t)(sizeof(*udp) + question->len);

	memcpy(ethernet->target, setup->server_mac, 6);
	memcpy(ethernet->source, setup->mac, 6);
	ethernet->type = be16_of(ETHERTYPE_V4);
	*ip = (struct ipv4_header){
		.version_and_len = IPV4_VERSION_AND_LEN,
		.total_len = be16_of((uint16_t)(sizeof(*ip) + udp_len)),
		.id = be16_of(who.id),
		.ttl = IP_HOPS,
		.protocol = IP_UDP,
	};
	memcpy(ip->source, who.address, 4);
	memcpy(ip->target, setup->server, 4);
	put_sum(&ip->checksum, frame_sum(ip, sizeof(*ip), 0));
	*udp = (struct udp_header){
		.source = be16_of(who.port),
		.target = be16_of(setup->server_port),
		.len = be16_of(udp_len),
	};
	memcpy(header, setup->questions->bytes + question->off, question->len);
	header->id = be16_of(who.id);
	if (setup->is_random)
		put_random_label((uint8_t *)(header + 1), number);
	put_sum(&udp->checksum, frame_udp_sum(frame_sum_v4(ip), udp, udp_len));
	client->waits[number % CLIENT_SLOTS] = (struct client_wait){now, number, 0};
	client->sent++;
	return (unsigned)(sizeof(*ethernet) + sizeof(*ip)) + udp_len;
}

void client_unsend(struct client *client)
{
	client->waits[--client->next % CLIENT_SLOTS].sent = 0;
	client->sent--;
}

// An answer, with its layers told apart.
struct answer {
	const struct ipv4_header *ip;
	const struct udp_header *udp;
	const struct msg_header *header;
	uint16_t len; // of the message
	uint32_t slot;
};

static enum client_fault read_frame(const struct client_frame *frame, struct answer *answer)
{
	const struct ethernet_header *ethernet = (const struct ethernet_header *)frame->bytes;
	uint32_t above = sizeof(*ethernet) + sizeof(*answer->ip) + sizeof(*answer->udp);
	uint16_t total_len;

	if (frame->len < above + MSG_HEADER_LEN || be16_get(ethernet->type) != ETHERTYPE_V4)
		return CLIENT_FAULT_frame;
	answer->ip = (const struct ipv4_header *)(ethernet + 1);
	answer->udp = (const struct udp_header *)(answer->ip + 1);
	answer->header = (const struct msg_header *)(answer->udp + 1);
	total_len = be16_get(answer->ip->total_len);
	if (answer->ip->version_and_len != IPV4_VERSION_AND_LEN || answer->ip->protocol != IP_UDP ||
		total_len > frame->len - sizeof(*ethernet) ||
		be16_get(answer->udp->len) != total_len - sizeof(*answer->ip))
		return CLIENT_FAULT_frame;
	answer->len = (uint16_t)(be16_get(answer->udp->len) - sizeof(*answer->udp));
	answer->slot = slot_of(be16_get(answer->udp->target), be16_get(answer->header->id));
	return CLIENT_RIGHT;
}

static enum client_fault check_sums(const struct answer *answer)
{
	if (frame_fold(frame_sum(answer->ip, sizeof(*answer->ip), 0)) != 0xffff)
		return CLIENT_FAULT_ip_sum;
	if (be16_get(answer->udp->checksum) == 0 ||
		frame_fold(frame_udp_sum(frame_sum_v4(answer->ip), answer->udp,
			be16_get(answer->udp->len))) != 0xffff)
		return CLIENT_FAULT_udp_sum;
	return CLIENT_RIGHT;
}

static bool is_whom(const struct identity *who, const struct answer *answer)
{
	return memcmp(answer->ip->target, who->address, 4) == 0 &&
		be16_get(answer->udp->target) == who->port &&
		be16_get(answer->header->id) == who->id;
}

// The question as it was sent, letter case included.
static bool is_same_question(
	const struct client *client, uint32_t number, const struct answer *answer)
{
	const struct question *question = question_of(client, number);
	const uint8_t *asked = client->setup.questions->bytes + question->off + MSG_HEADER_LEN;
	const uint8_t *said = (const uint8_t *)(answer->header + 1);
	uint8_t own[NAME_LEN_MAX];

	if (answer->len < MSG_HEADER_LEN + question->name_len + 4 ||
		be16_get(answer->header->question_count) != 1)
		return false;
	if (client->setup.is_random) {
		memcpy(own, asked, question->name_len);
		put_random_label(own, number);
		return memcmp(said, own, question->name_len) == 0;
	}
	return memcmp(said, asked, question->name_len + 4u) == 0;
}

// What must be said, by whom the question is answered (reply.h).
static enum client_fault check_said(
	const struct client *client, uint32_t number, const struct answer *answer)
{
	const struct question *question = question_of(client, number);
	const struct msg_header *header = answer->header;
	uint32_t hash = question->hash;
	bool is_truncated;
	uint16_t flags = be16_get(header->flags);

	if (client->setup.is_random)
		hash = question_hash(
			(const uint8_t *)(header + 1), question->name_len, question->type);
	is_truncated = (uint8_t)hash < client->setup.truncated;
	if ((flags & (MSG_QR | MSG_OPCODE | MSG_RD | MSG_RA | MSG_RCODE)) !=
			(MSG_QR | MSG_RD | MSG_RA | client->setup.rcode) ||
		!(flags & MSG_TC) != !is_truncated)
		return CLIENT_FAULT_rcode;
	if (be16_get(header->additional_count) != question->has_opt)
		return CLIENT_FAULT_record;
	if (client->setup.rcode != RCODE_NOERROR || is_truncated)
		return be16_get(header->answer_count) == 0 ? CLIENT_RIGHT : CLIENT_FAULT_record;
	return reply_is_right((const uint8_t *)header, answer->len, question->name_len,
		       question->type, hash)
		? CLIENT_RIGHT
		: CLIENT_FAULT_record;
}

static enum client_fault judge(const struct client *client, const struct answer *answer)
{
	const struct client_wait *wait = &client->waits[answer->slot];
	struct identity who = identity_of(client, wait->number);
	enum client_fault found = check_sums(answer);

	if (found != CLIENT_RIGHT)
		return found;
	if (!is_whom(&who, answer)) // asked before, and given up: the slot has another number now
		return CLIENT_LATE;
	if (memcmp(answer->ip->source, client->setup.server, 4) != 0 ||
		be16_get(answer->udp->source) != client->setup.server_port)
		return CLIENT_FAULT_source;
	if (!is_same_question(client, wait->number, answer))
		return CLIENT_FAULT_question;
	if (client->setup.is_echo)
		return wait->sent ? CLIENT_RIGHT : CLIENT_LATE;
	found = check_said(client, wait->number, answer);
	return found == CLIENT_RIGHT && !wait->sent ? CLIENT_LATE : found;
}

// A port and ID by which nobody of us can have asked.
static bool is_ours(const struct client *client, const struct answer *answer)
{
	uint16_t port = be16_get(answer->udp->target);

	return port >= PORT_FIRST && port < PORT_FIRST + (1 << PORT_BITS) &&
		memcmp(answer->ip->target, client->setup.address, 2) == 0;
}

static void count(
	struct client *client, const struct answer *answer, enum client_fault found, uint64_t now)
{
	struct client_wait *wait = &client->waits[answer->slot];

	if (found == CLIENT_RIGHT) {
		client->answered++;
		histogram_add(&client->latency, now - wait->sent);
		wait->sent = 0;
	} else if (found == CLIENT_LATE) {
		client->late++;
	} else {
		client->wrong[found]++;
	}
}

// What is to be read next is fetched for all before the first of them is looked at.
void client_take(struct client *client, const struct client_frame *frames, unsigned frame_count,
	uint64_t now)
{
	struct answer answers[CLIENT_BURST] __attribute__((uninitialized));
	unsigned good = 0;

	for (unsigned i = 0; i < frame_count; i++) {
		enum client_fault found = read_frame(&frames[i], &answers[good]);

		if (found == CLIENT_RIGHT && !is_ours(client, &answers[good]))
			found = CLIENT_FAULT_unasked;
		if (found != CLIENT_RIGHT) {
			client->wrong[found]++;
			continue;
		}
		__builtin_prefetch(&client->waits[answers[good++].slot]);
	}
	for (unsigned i = 0; i < good; i++)
		__builtin_prefetch(question_of(client, client->waits[answers[i].slot].number));
	for (unsigned i = 0; i < good; i++) {
		const struct question *question =
			question_of(client, client->waits[answers[i].slot].number);

		__builtin_prefetch(client->setup.questions->bytes + question->off);
	}
	for (unsigned i = 0; i < good; i++)
		count(client, &answers[i], judge(client, &answers[i]), now);
}

uint64_t client_wrong(const struct client *client)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CLIENT_FAULT_COUNT; i++)
		sum += client->wrong[i];
	return sum;
}
