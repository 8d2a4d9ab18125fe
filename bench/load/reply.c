// SPDX-License-Identifier: BSD-3-Clause
// Answers made in place of their queries.
#include "bench/load/reply.h"

#include <string.h>

#include "core/msg.h"
#include "dataplane/path/frame.h"

enum { TTL_SEC = 300, RECORD_HEAD = 12 };

// A record's beginning: the question's name by pointer (RFC 1035, 4.1.4).
struct record {
	be16_t name;
	be16_t type;
	be16_t class;
	be32_t ttl;
	be16_t len;
};
static_assert(sizeof(struct record) == RECORD_HEAD, "on the wire");

// The root's SOA, as a name that does not exist is answered with one (RFC 2308, 3).
static const uint8_t soa[] = {0, 0, TYPE_SOA, 0, CLASS_IN, 0, 0, 1, 44, 0, 22, 0,
	0, // both names: the root
	0, 0, 0, 1, 0, 0, 7, 8, 0, 0, 3, 132, 0, 9, 58, 128, 0, 0, 1, 44};

void replier_init(struct replier *replier, const struct reply_setup *setup)
{
	*replier = (struct replier){.setup = *setup, .chance = 0x853c49e6748fea9b};
}

static uint8_t draw(struct replier *replier)
{
	uint64_t chance = replier->chance;

	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	replier->chance = chance;
	return (uint8_t)(chance >> 56);
}

enum reply_plan reply_plan(struct replier *replier)
{
	const struct reply_setup *setup = &replier->setup;

	if (setup->dropped && draw(replier) < setup->dropped) {
		replier->dropped++;
		return REPLY_NOTHING;
	}
	return setup->lied && draw(replier) < setup->lied ? REPLY_LIE_FIRST : REPLY_TRUTH;
}

static unsigned data_len(uint16_t type)
{
	return type == TYPE_A ? 4 : type == TYPE_AAAA ? 16 : 0;
}

static void fill_data(uint8_t data[static 16], uint32_t hash)
{
	for (unsigned i = 0; i < 16; i += 4)
		memcpy(data + i, &hash, 4);
}

static unsigned put_address(uint8_t *at, uint16_t type, uint32_t hash)
{
	struct record record = {
		.name = {{0xc0, MSG_HEADER_LEN}},
		.type = be16_of(type),
		.class = be16_of(CLASS_IN),
		.ttl = be32_of(TTL_SEC),
		.len = be16_of((uint16_t)data_len(type)),
	};
	uint8_t data[16];

	fill_data(data, hash);
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), data, data_len(type));
	return (unsigned)sizeof(record) + data_len(type);
}

// Records and OPT behind the question; gives the message's length.
static unsigned put_records(
	const struct replier *replier, uint8_t *message, unsigned name_len, uint32_t hash)
{
	struct msg_header *header = (struct msg_header *)message;
	uint8_t *at = message + MSG_HEADER_LEN + name_len;
	uint16_t type = (uint16_t)(at[0] << 8 | at[1]);
	bool has_opt = be16_get(header->additional_count) > 0;
	bool is_truncated = (uint8_t)hash < replier->setup.truncated;
	uint16_t flags = MSG_QR | MSG_RA | (be16_get(header->flags) & (MSG_RD | MSG_CD));

	at += 4;
	if (is_truncated) {
		flags |= MSG_TC;
	} else if (replier->setup.is_nxdomain) {
		flags |= RCODE_NXDOMAIN;
		header->authority_count = be16_of(1);
		memcpy(at, soa, sizeof(soa));
		at += sizeof(soa);
	} else if (data_len(type) > 0) {
		header->answer_count = be16_of(1);
		at += put_address(at, type, hash);
	}
	header->flags = be16_of(flags);
	if (has_opt)
		at += msg_build_opt(at, MSG_SIZE_MAX, 0, false, 0);
	return (unsigned)(at - message);
}

static void exchange(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[6];

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

static void put_sum(be16_t *field, uint64_t sum)
{
	uint16_t folded = (uint16_t)~frame_fold(sum);

	if (folded == 0)
		folded = 0xffff;
	memcpy(field, &folded, sizeof(folded));
}

static void put_sums(struct ipv4_header *ip, struct udp_header *udp)
{
	ip->checksum = udp->checksum = be16_of(0);
	put_sum(&ip->checksum, frame_sum(ip, sizeof(*ip), 0));
	put_sum(&udp->checksum, frame_udp_sum(frame_sum_v4(ip), udp, be16_get(udp->len)));
}

// The length of its name; 0: this is no query.
static unsigned read_query(const uint8_t *frame, unsigned len)
{
	const struct ethernet_header *ethernet = (const struct ethernet_header *)frame;
	const struct ipv4_header *ip = (const struct ipv4_header *)(ethernet + 1);
	const struct msg_header *header =
		(const struct msg_header *)((const uint8_t *)(ip + 1) + sizeof(struct udp_header));
	unsigned above = (unsigned)((const uint8_t *)(header + 1) - frame), name_len;

	if (len < above || be16_get(ethernet->type) != ETHERTYPE_V4 ||
		ip->version_and_len != IPV4_VERSION_AND_LEN || ip->protocol != IP_UDP ||
		(be16_get(header->flags) & MSG_QR) || be16_get(header->question_count) != 1)
		return 0;
	name_len = name_check(frame + above, len - above);
	return name_len > 0 && len - above >= name_len + 4 ? name_len : 0;
}

unsigned reply_make(struct replier *replier, uint8_t *frame, unsigned len)
{
	struct ethernet_header *ethernet = (struct ethernet_header *)frame;
	struct ipv4_header *ip = (struct ipv4_header *)(ethernet + 1);
	struct udp_header *udp = (struct udp_header *)(ip + 1);
	uint8_t *message = (uint8_t *)(udp + 1);
	unsigned name_len = read_query(frame, len), message_len, udp_len;
	const uint8_t *type = message + MSG_HEADER_LEN + name_len;

	if (memcmp(ip->target, replier->setup.silent, 4) == 0)
		return 0;
	if (name_len == 0) {
		replier->unreadable++;
		return 0;
	}
	message_len = put_records(replier, message, name_len,
		question_hash(
			message + MSG_HEADER_LEN, name_len, (uint16_t)(type[0] << 8 | type[1])));
	udp_len = message_len + (unsigned)sizeof(*udp);
	udp->len = be16_of((uint16_t)udp_len);
	ip->total_len = be16_of((uint16_t)(udp_len + sizeof(*ip)));
	exchange(ethernet->target, ethernet->source, 6);
	exchange(ip->source, ip->target, 4);
	exchange(udp->source.b, udp->target.b, 2);
	put_sums(ip, udp);
	replier->answered++;
	return (unsigned)(message - frame) + message_len;
}

// Each time another part of what must agree is wrong.
void reply_falsify(struct replier *replier, uint8_t *frame)
{
	struct ipv4_header *ip = (struct ipv4_header *)(frame + sizeof(struct ethernet_header));
	struct udp_header *udp = (struct udp_header *)(ip + 1);
	struct msg_header *header = (struct msg_header *)(udp + 1);
	uint8_t *name = (uint8_t *)(header + 1);

	switch (replier->lied++ % 4) {
	case 0: header->id.b[1] ^= 0x55; break;
	case 1: name[1] = name[1] == 'z' ? 'y' : 'z'; break;
	case 2: udp->source.b[0] ^= 0x14; break;
	case 3: ip->source[3] ^= 0x80; break;
	}
	put_sums(ip, udp);
}

bool reply_is_right(
	const uint8_t *message, unsigned len, unsigned name_len, uint16_t type, uint32_t hash)
{
	const struct msg_header *header = (const struct msg_header *)message;
	unsigned at = MSG_HEADER_LEN + name_len + 4, wanted = data_len(type);
	const struct record *record = (const struct record *)(message + at);
	uint8_t data[16];

	if (be16_get(header->answer_count) != (wanted > 0))
		return false;
	if (wanted == 0)
		return true;
	fill_data(data, hash);
	return len >= at + sizeof(*record) + wanted && record->name.b[0] == 0xc0 &&
		record->name.b[1] == MSG_HEADER_LEN && be16_get(record->type) == type &&
		be16_get(record->len) == wanted &&
		memcmp(message + at + sizeof(*record), data, wanted) == 0;
}
