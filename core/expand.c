// SPDX-License-Identifier: BSD-3-Clause
// A message's records, names in them uncompressed.
#include "core/expand.h"

#include <string.h>

enum { POINTER_BITS = 0xc0 };

// Types with names in their data that a server may compress (RFC 1035, 4.1.4; RFC 3597, 4): what stands before them, and how
// many there are.
static const struct {
	uint16_t type;
	uint8_t name_off;
	uint8_t name_count;
} named[] = {
	{TYPE_NS, 0, 1},
	{TYPE_CNAME, 0, 1},
	{TYPE_SOA, 0, 2},
	{TYPE_PTR, 0, 1},
	{TYPE_MX, 2, 1},
	{17, 0, 2}, // RP
	{18, 2, 1}, // AFSDB
	{21, 2, 1}, // RT
	{33, 6, 1}, // SRV
	{36, 2, 1}, // KX
	{TYPE_DNAME, 0, 1},
};

// A name, wherever its pointers lead; each leads to before the piece that it ends, so there is an end. Gives its length; 0, and
// the reader is bad: it can't be read.
static unsigned expand_name(struct bytes *r, uint8_t out[static NAME_LEN_MAX])
{
	struct bytes piece = *r;
	size_t start = bytes_off(r);
	unsigned len = 0;
	bool is_first = true;

	while (!piece.is_bad) {
		uint8_t label = bytes_u8(&piece);
		const uint8_t *text;

		if ((label & POINTER_BITS) == POINTER_BITS) {
			size_t target = (size_t)(label & ~POINTER_BITS) << 8 | bytes_u8(&piece);

			if (is_first)
				r->at = piece.at;
			is_first = false;
			if (target < MSG_HEADER_LEN || target >= start)
				break;
			start = target;
			piece.at = piece.start + target;
			continue;
		}
		text = bytes_skip(&piece, label);
		if (!text || label > LABEL_LEN_MAX || len + 1 + label > NAME_LEN_MAX)
			break;
		out[len] = label;
		memcpy(out + len + 1, text, label);
		len += 1u + label;
		if (label == 0) {
			if (is_first)
				r->at = piece.at;
			return len;
		}
	}
	r->is_bad = true;
	return 0;
}

static void append(struct expand_record *record, const uint8_t *data, size_t len, struct bytes *r)
{
	if (!data || len > sizeof(record->data) - record->data_len) {
		r->is_bad = true;
		return;
	}
	memcpy(record->data + record->data_len, data, len);
	record->data_len = (uint16_t)(record->data_len + len);
}

static void append_names(
	struct expand_record *record, unsigned name_off, unsigned name_count, struct bytes *r)
{
	uint8_t name[NAME_LEN_MAX];

	append(record, bytes_skip(r, name_off), name_off, r);
	for (unsigned i = 0; i < name_count && !r->is_bad; i++)
		append(record, name, expand_name(r, name), r);
}

// The data ends where it says: a name in it may not run past that.
static void expand_data(struct expand_record *record, struct bytes *r, uint16_t len)
{
	const uint8_t *end = bytes_skip(r, len);
	struct bytes data = *r;

	record->data_len = 0;
	if (!end)
		return;
	data.at = end;
	data.end = end + len;
	for (unsigned i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (named[i].type == record->type && len > 0)
			append_names(record, named[i].name_off, named[i].name_count, &data);
	if (!data.is_bad)
		append(record, data.at, bytes_left(&data), &data);
	r->is_bad |= data.is_bad;
}

void expand_init(struct expand *expand, const struct msg *msg)
{
	const struct msg_header *header = (const struct msg_header *)msg->bytes;

	*expand = (struct expand){
		.reader = bytes_init(msg->bytes, msg->len),
		.left = {be16_get(header->answer_count), be16_get(header->authority_count),
			be16_get(header->additional_count)},
	};
	bytes_skip(&expand->reader, MSG_HEADER_LEN + msg_question_len(msg));
}

bool expand_next(struct expand *expand, struct expand_record *record)
{
	struct bytes *r = &expand->reader;
	unsigned section = 0;
	uint16_t len;

	while (section < EXPAND_SECTION_COUNT && expand->left[section] == 0)
		section++;
	if (section == EXPAND_SECTION_COUNT || expand->is_bad)
		return false;
	expand->left[section]--;
	record->section = (enum expand_section)section;
	(void)expand_name(r, record->owner);
	record->type = bytes_be16(r);
	record->class = bytes_be16(r);
	record->ttl = bytes_be32(r);
	len = bytes_be16(r);
	if (!r->is_bad)
		expand_data(record, r, len);
	expand->is_bad = r->is_bad;
	return !r->is_bad;
}
