// SPDX-License-Identifier: BSD-3-Clause
// The TTLs of an answer. Its records were walked before, so each step here stays within the message.
#include "core/ttl.h"

enum {
	POINTER_BITS = 0xc0,
	FIXED_LEN = 10, // type, class, TTL, length
	TTL_OFF = 4,    // in those
	SECTIONS = 3,
	ANSWER_SECTION = 0,
	AUTHORITY_SECTION = 1,
};

static uint16_t be16_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

// RFC 2181, 8.
static uint32_t ttl_at(const uint8_t *bytes)
{
	uint32_t ttl = (uint32_t)be16_at(bytes) << 16 | be16_at(bytes + 2);

	return ttl > INT32_MAX ? 0 : ttl;
}

static void put_ttl(uint8_t *bytes, uint32_t ttl)
{
	be32_t wire = be32_of(ttl);

	memcpy(bytes, &wire, sizeof(wire));
}

static const uint8_t *skip_owner(const uint8_t *at)
{
	while (*at != 0 && (*at & POINTER_BITS) != POINTER_BITS)
		at += 1 + *at;
	return at + (*at == 0 ? 1 : 2);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

// RFC 2308, 5: the smaller of the SOA's own TTL and its last field.
static void take_soa(struct ttls *ttls, const uint8_t *fixed, uint16_t data_len)
{
	uint32_t minimum = data_len < 4 ? 0 : ttl_at(fixed + FIXED_LEN + data_len - 4);

	ttls->has_soa = true;
	ttls->negative_sec = least(least(minimum, ttl_at(fixed + TTL_OFF)), TTL_NEGATIVE_MAX_SEC);
}

// Gives where the next record begins; NULL: this is the OPT record, and nothing after it counts.
static const uint8_t *take_record(
	struct ttls *ttls, const struct msg *reply, unsigned section, const uint8_t *at)
{
	const uint8_t *fixed = skip_owner(at);
	uint16_t type = be16_at(fixed), data_len = be16_at(fixed + FIXED_LEN - 2);

	if (type == TYPE_OPT)
		return NULL;
	ttls->offs[ttls->count++] = (uint16_t)(fixed + TTL_OFF - reply->bytes);
	ttls->counts[section]++;
	ttls->least_sec = least(ttls->least_sec, ttl_at(fixed + TTL_OFF));
	if (section == ANSWER_SECTION && (type == reply->type || reply->type == TYPE_ANY))
		ttls->is_negative = false;
	if (section == AUTHORITY_SECTION && type == TYPE_SOA)
		take_soa(ttls, fixed, data_len);
	return fixed + FIXED_LEN + data_len;
}

bool ttl_find(struct ttls *ttls, const struct msg *reply)
{
	const struct msg_header *header = (const struct msg_header *)reply->bytes;
	const uint8_t *at = reply->bytes + MSG_HEADER_LEN + msg_question_len(reply);

	ttls->count = 0;
	memset(ttls->counts, 0, sizeof(ttls->counts));
	ttls->has_soa = false;
	ttls->is_negative = true;
	ttls->negative_sec = 0;
	ttls->least_sec = UINT32_MAX;
	for (unsigned section = 0; section < SECTIONS; section++) {
		uint16_t count = be16_get((&header->answer_count)[section]);

		for (uint16_t i = 0; i < count && at; i++) {
			if (ttls->count == TTL_RECORDS_MAX)
				return false;
			at = take_record(ttls, reply, section, at);
		}
	}
	ttls->is_nxdomain = (reply->flags & MSG_RCODE) == RCODE_NXDOMAIN;
	ttls->is_negative |= ttls->is_nxdomain;
	return true;
}

static uint32_t clamp(const struct ttls *ttls, uint32_t ttl_sec, uint32_t min_sec, uint32_t max_sec)
{
	if (ttls->is_negative && ttls->has_soa)
		return least(least(ttl_sec, ttls->negative_sec), max_sec);
	return least(ttl_sec > min_sec ? ttl_sec : min_sec, max_sec);
}

// Nothing says how long there is nothing. An alias without its end is something (RFC 2308, 5).
static bool is_endless(const struct ttls *ttls)
{
	return ttls->is_negative && !ttls->has_soa &&
		(ttls->is_nxdomain || ttls->counts[ANSWER_SECTION] == 0);
}

uint32_t ttl_life(const struct ttls *ttls, uint32_t min_sec, uint32_t max_sec)
{
	if (is_endless(ttls))
		return 0;
	return clamp(ttls, ttls->least_sec, min_sec, max_sec);
}

void ttl_settle(const struct ttls *ttls, uint8_t *bytes, uint32_t min_sec, uint32_t max_sec)
{
	for (unsigned i = 0; i < ttls->count; i++) {
		uint8_t *at = bytes + ttls->offs[i];

		put_ttl(at, clamp(ttls, ttl_at(at), min_sec, max_sec));
	}
}
