// SPDX-License-Identifier: BSD-3-Clause
// DNS messages read in place: header, question, and one bounded walk over the records.
#include "core/msg.h"

enum section { ANSWER, AUTHORITY, ADDITIONAL, SECTION_COUNT };

enum {
	POINTER_BITS = 0xc0,
	POINTERS_MAX = 16, // of one name: servers write 1 or 2, and each costs a step
	OPT_DO = 0x8000,
	EDNS_VERSION = 0,
	OPTION_EDE = 15,
	OPTION_HEADER_LEN = 4,
};

static void read_header(struct msg *msg)
{
	const struct msg_header *header = (const struct msg_header *)msg->bytes;

	msg->id = be16_get(header->id);
	msg->flags = be16_get(header->flags);
}

static uint16_t section_count(const struct msg *msg, enum section section)
{
	const struct msg_header *header = (const struct msg_header *)msg->bytes;

	return be16_get((&header->answer_count)[section]);
}

static uint16_t question_count(const struct msg *msg)
{
	return be16_get(((const struct msg_header *)msg->bytes)->question_count);
}

// The question's name stands uncompressed, as nothing lies before it that a pointer could mean
// (RFC 1035, 4.1.4; RFC 9267, 2).
static bool read_question(struct msg *msg, struct bytes *r)
{
	unsigned name_len = name_check(r->at, bytes_left(r));

	if (name_len == 0)
		return false;
	bytes_skip(r, name_len);
	msg->type = bytes_be16(r);
	msg->class = bytes_be16(r);
	if (r->is_bad)
		return false;
	msg->name_len = (uint8_t)name_len;
	return true;
}

// Reads labels up to the root or a pointer, adding their bytes to `*name_len`. True: a pointer ended them,
// and `*target` is where it leads.
static bool read_labels(struct bytes *r, unsigned *name_len, size_t *target)
{
	for (;;) {
		uint8_t len = bytes_u8(r);

		if ((len & POINTER_BITS) == POINTER_BITS) {
			*target = (size_t)(len & ~POINTER_BITS) << 8 | bytes_u8(r);
			return !r->is_bad;
		}
		*name_len += 1u + len;
		if (len > LABEL_LEN_MAX || *name_len > NAME_LEN_MAX)
			r->is_bad = true;
		bytes_skip(r, len);
		if (r->is_bad || len == 0)
			return false;
	}
}

// Steps over a record's owner. A pointer means a prior occurrence: what it leads to must begin and end before the piece
// of the name that it ends, so no chain of them has a loop; nor is one long (RFC 1035, 4.1.4; RFC 9267, 2).
static void skip_owner(struct bytes *r)
{
	struct bytes piece = *r;
	size_t start = bytes_off(r);
	unsigned name_len = 0;
	unsigned pointers = 0;
	size_t target;

	if (bytes_left(r) > 0 && *r->at == 0) { // the root, as every OPT has it
		r->at++;
		return;
	}
	while (read_labels(&piece, &name_len, &target)) {
		if (pointers++ == 0)
			r->at = piece.at;
		if (target < MSG_HEADER_LEN || target >= start || pointers > POINTERS_MAX) {
			r->is_bad = true;
			return;
		}
		piece.at = piece.start + target;
		piece.end = piece.start + start;
		start = target;
	}
	if (pointers == 0)
		r->at = piece.at;
	r->is_bad |= piece.is_bad;
}

// RFC 6891, 6.1.2: options are {code, length, data}, up to the end of the record.
static bool are_options_whole(const uint8_t *data, uint16_t len)
{
	struct bytes r = bytes_init(data, len);

	while (bytes_left(&r) > 0 && !r.is_bad) {
		bytes_be16(&r);
		bytes_skip(&r, bytes_be16(&r));
	}
	return !r.is_bad;
}

// What follows a record's owner (RFC 1035, 4.1.3).
struct record_head {
	be16_t type;
	be16_t class;
	be32_t ttl;
	be16_t data_len;
};

struct record {
	uint16_t off;
	bool has_root_owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	uint16_t data_len;
	const uint8_t *data;
};

static struct record read_record(struct bytes *r)
{
	struct record record = {.off = (uint16_t)bytes_off(r)};
	const struct record_head *head;

	skip_owner(r);
	record.has_root_owner = bytes_off(r) == record.off + 1u;
	head = (const struct record_head *)bytes_skip(r, sizeof(*head));
	if (!head)
		return record;
	record.type = be16_get(head->type);
	record.class = be16_get(head->class);
	record.ttl = be32_get(head->ttl);
	record.data_len = be16_get(head->data_len);
	record.data = bytes_skip(r, record.data_len);
	return record;
}

// One OPT at most, in the additional section, at the root (RFC 6891, 6.1.1).
static bool take_opt(
	struct msg *msg, const struct record *opt, enum section section, uint16_t index)
{
	if (section != ADDITIONAL || !opt->has_root_owner || msg->edns.is_present)
		return false;
	if (!are_options_whole(opt->data, opt->data_len))
		return false;
	msg->opt_off = opt->off;
	msg->before_opt = index;
	msg->edns = (struct msg_edns){
		.is_present = true,
		.is_do = (opt->ttl & OPT_DO) != 0,
		.version = (uint8_t)(opt->ttl >> 16),
		.rcode_high = (uint8_t)(opt->ttl >> 24),
		.size = opt->class,
		.options_len = opt->data_len,
	};
	return true;
}

// A signature is the last record of all; SIG(0) covers type 0 (RFC 2931, 3), TSIG has class ANY.
static bool is_signature(const struct record *record)
{
	if (record->type == TYPE_TSIG)
		return true;
	return record->type == TYPE_SIG && record->data_len >= 2 && record->data[0] == 0 &&
		record->data[1] == 0;
}

static bool walk_records(struct msg *msg, struct bytes *r)
{
	for (enum section section = ANSWER; section < SECTION_COUNT; section++) {
		uint16_t count = section_count(msg, section);

		for (uint16_t i = 0; i < count; i++) {
			struct record record = read_record(r);

			if (r->is_bad)
				return false;
			msg->has_cname |= section == ANSWER && record.type == TYPE_CNAME;
			msg->is_signed = section == ADDITIONAL && is_signature(&record);
			if (record.type == TYPE_OPT && !take_opt(msg, &record, section, i))
				return false;
		}
	}
	msg->len = (uint16_t)bytes_off(r);
	return true;
}

enum msg_verdict msg_parse_query(struct msg *msg, const uint8_t *bytes, uint16_t len)
{
	struct bytes r = bytes_init(bytes, len);

	*msg = (struct msg){.bytes = bytes, .len = len};
	if (!bytes_skip(&r, MSG_HEADER_LEN))
		return MSG_SHORT;
	read_header(msg);
	if (msg->flags & MSG_QR)
		return MSG_IS_REPLY;
	if (msg->flags & MSG_OPCODE)
		return MSG_NOT_IMPLEMENTED;
	// RFC 9619, 4: one question. A truncated query, or one that brings answers, is no query.
	if (question_count(msg) != 1 || !read_question(msg, &r))
		return MSG_MALFORMED;
	if ((msg->flags & MSG_TC) || section_count(msg, ANSWER) || section_count(msg, AUTHORITY))
		return MSG_MALFORMED;
	if (!walk_records(msg, &r))
		return MSG_MALFORMED;
	if (msg->edns.is_present && msg->edns.version != EDNS_VERSION)
		return MSG_BAD_VERSION;
	return MSG_OK;
}

enum msg_verdict msg_parse_reply(struct msg *msg, const uint8_t *bytes, uint16_t len)
{
	struct bytes r = bytes_init(bytes, len);

	*msg = (struct msg){.bytes = bytes, .len = len};
	if (!bytes_skip(&r, MSG_HEADER_LEN))
		return MSG_SHORT;
	read_header(msg);
	if (!(msg->flags & MSG_QR) || (msg->flags & MSG_OPCODE) || question_count(msg) > 1)
		return MSG_MALFORMED;
	if (question_count(msg) == 1 && !read_question(msg, &r))
		return MSG_MALFORMED;
	return MSG_OK;
}

bool msg_walk_reply(struct msg *msg, uint16_t len)
{
	struct bytes r = bytes_init(msg->bytes, len);

	bytes_skip(&r, MSG_HEADER_LEN + msg_question_len(msg));
	return !r.is_bad && walk_records(msg, &r);
}

unsigned msg_build_opt(uint8_t out[static MSG_OPT_LEN], uint16_t size, uint8_t rcode_high,
	bool is_do, uint16_t options_len)
{
	uint8_t opt[MSG_OPT_LEN] = {0};

	opt[2] = TYPE_OPT;
	opt[3] = (uint8_t)(size >> 8);
	opt[4] = (uint8_t)size;
	opt[5] = rcode_high;
	opt[7] = is_do ? OPT_DO >> 8 : 0;
	opt[9] = (uint8_t)(options_len >> 8);
	opt[10] = (uint8_t)options_len;
	memcpy(out, opt, sizeof(opt));
	return (unsigned)sizeof(opt) + options_len;
}

unsigned msg_build_ede(uint8_t *opt, size_t room, uint16_t code, const char *text)
{
	uint8_t *option = opt + MSG_OPT_LEN;
	size_t len = OPTION_HEADER_LEN + sizeof(code);

	if (room < len)
		return 0;
	for (; *text != '\0'; text++) {
		if (len == room)
			return 0;
		option[len++] = (uint8_t)*text;
	}
	opt[MSG_OPT_LEN - 2] = (uint8_t)(len >> 8); // RDLENGTH, which was 0
	opt[MSG_OPT_LEN - 1] = (uint8_t)len;
	option[0] = 0;
	option[1] = OPTION_EDE;
	option[2] = (uint8_t)((len - OPTION_HEADER_LEN) >> 8);
	option[3] = (uint8_t)(len - OPTION_HEADER_LEN);
	option[4] = (uint8_t)(code >> 8);
	option[5] = (uint8_t)code;
	return (unsigned)len;
}
