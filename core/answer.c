// SPDX-License-Identifier: BSD-3-Clause
// An answer being written behind its question, names compressed.
#include "core/answer.h"

#include <string.h>

#include "core/bytes.h"
#include "core/msg.h"

enum {
	POINTER = 0xc0,
	POINTER_OFF_MAX = 0x3fff,
};

// Types whose data may hold compressed names: those of RFC 1035 alone (RFC 3597, 4).
static const struct {
	uint16_t type;
	uint8_t name_off;
	uint8_t name_count;
} compressed[] = {
	{TYPE_NS, 0, 1},
	{TYPE_CNAME, 0, 1},
	{TYPE_SOA, 0, 2},
	{TYPE_PTR, 0, 1},
	{TYPE_MX, 2, 1},
};

// Labels that begin at `off` of the message can be pointed to.
static void note_label(struct answer *answer, size_t off)
{
	if (answer->label_count < ANSWER_LABELS_MAX && off <= POINTER_OFF_MAX)
		answer->labels[answer->label_count++] = (uint16_t)off;
}

void answer_init(struct answer *answer, uint8_t *message, size_t end, size_t limit)
{
	*answer = (struct answer){.message = message, .at = end, .limit = limit};
	for (size_t off = MSG_HEADER_LEN; off < end && message[off] != 0; off += 1u + message[off])
		note_label(answer, off);
}

// Is the name in the message at `off`, pointers followed, equal to `name`? All pointers there are our own.
static bool is_name_at(const struct answer *answer, size_t off, const uint8_t *name)
{
	const uint8_t *message = answer->message;

	for (;;) {
		while ((message[off] & POINTER) == POINTER)
			off = (size_t)(message[off] & ~POINTER) << 8 | message[off + 1];
		if (message[off] != name[0] ||
			!name_equal_folded(message + off + 1, name + 1, name[0]))
			return false;
		if (name[0] == 0)
			return true;
		off += 1u + name[0];
		name += 1u + name[0];
	}
}

// Where the message has this name already; 0: nowhere.
static size_t find_name(const struct answer *answer, const uint8_t *name)
{
	for (unsigned i = 0; i < answer->label_count; i++)
		if (is_name_at(answer, answer->labels[i], name))
			return answer->labels[i];
	return 0;
}

static void put(struct answer *answer, const void *data, size_t len)
{
	if (answer->is_full || answer->limit - answer->at < len) {
		answer->is_full = true;
		return;
	}
	memcpy(answer->message + answer->at, data, len);
	answer->at += len;
}

static void put_be16(struct answer *answer, uint16_t value)
{
	be16_t wire = be16_of(value);

	put(answer, &wire, sizeof(wire));
}

static void put_be32(struct answer *answer, uint32_t value)
{
	be32_t wire = be32_of(value);

	put(answer, &wire, sizeof(wire));
}

// Labels up to the longest ending that the message has already, then a pointer to that. What is new can be pointed to once
// the whole name stands.
static void put_name(struct answer *answer, const uint8_t *name)
{
	size_t start = answer->at, found = 0;
	const uint8_t *label = name;

	while (label[0] != 0 && !(found = find_name(answer, label)))
		label += 1u + label[0];
	put(answer, name, (size_t)(label - name));
	if (found)
		put_be16(answer, (uint16_t)(POINTER << 8 | found));
	else
		put(answer, label, 1);
	for (; name < label && !answer->is_full; name += 1u + name[0]) {
		note_label(answer, start);
		start += 1u + name[0];
	}
}

static void put_data(struct answer *answer, const struct answer_record *record)
{
	const uint8_t *data = record->data;
	size_t left = record->data_len;

	for (unsigned i = 0; i < sizeof(compressed) / sizeof(compressed[0]); i++) {
		if (compressed[i].type != record->type || left < compressed[i].name_off)
			continue;
		put(answer, data, compressed[i].name_off);
		data += compressed[i].name_off;
		left -= compressed[i].name_off;
		for (unsigned n = 0; n < compressed[i].name_count; n++) {
			unsigned len = name_check(data, left);

			if (len > 0)
				put_name(answer, data);
			data += len;
			left -= len;
		}
	}
	put(answer, data, left);
}

void answer_add(
	struct answer *answer, enum answer_section section, const struct answer_record *record)
{
	size_t start = answer->at, data;
	uint8_t label_count = answer->label_count;

	put_name(answer, record->owner);
	put_be16(answer, record->type);
	put_be16(answer, CLASS_IN);
	put_be32(answer, record->ttl);
	put_be16(answer, 0);
	data = answer->at;
	put_data(answer, record);
	if (answer->is_full) {
		answer->at = start;
		answer->label_count = label_count;
		return;
	}
	answer->message[data - 2] = (uint8_t)((answer->at - data) >> 8);
	answer->message[data - 1] = (uint8_t)(answer->at - data);
	answer->counts[section]++;
}

unsigned answer_build_soa(uint8_t out[static ANSWER_SOA_MAX], const uint8_t *zone, uint32_t serial)
{
	static const uint8_t hostmaster[] = "\12hostmaster";
	const uint32_t numbers[] = {serial, 3600, 300, 2419200, ANSWER_NEGATIVE_TTL};
	unsigned zone_len = name_check(zone, NAME_LEN_MAX), len = zone_len;

	memcpy(out, zone, zone_len);
	if (zone_len + sizeof(hostmaster) - 1 <= NAME_LEN_MAX) {
		memcpy(out + len, hostmaster, sizeof(hostmaster) - 1);
		len += (unsigned)sizeof(hostmaster) - 1;
	}
	memcpy(out + len, zone, zone_len);
	len += zone_len;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		be32_t wire = be32_of(numbers[i]);

		memcpy(out + len, &wire, sizeof(wire));
		len += (unsigned)sizeof(wire);
	}
	return len;
}
