// SPDX-License-Identifier: BSD-3-Clause
// EDNS options, one after the other: {code, length, data}.
#include "core/edns.h"

enum {
	OPTION_ECS = 8,
	OPTION_COOKIE = 10,
	OPTION_KEEPALIVE = 11,
	OPTION_PADDING = 12,
	OPTION_EDE = 15,
	OPTION_HEADER_LEN = 4,
	ECS_FIXED_LEN = 4, // family, source prefix, scope prefix
	ECS_BITS_OFF = 2,
	FAMILY_V4 = 1,
	FAMILY_V6 = 2,
	V4_BITS = 24,
	V6_BITS = 56,
};

struct option {
	const uint8_t *bytes; // its header
	unsigned len;         // header included
	uint16_t code;
};

// The next option; false: there is none.
static bool next_option(struct bytes *r, struct option *option)
{
	option->bytes = r->at;
	option->code = bytes_be16(r);
	bytes_skip(r, bytes_be16(r));
	option->len = (unsigned)(r->at - option->bytes);
	return !r->is_bad;
}

static unsigned kind_of(uint16_t code)
{
	switch (code) {
	case OPTION_ECS: return EDNS_ECS;
	case OPTION_EDE: return EDNS_EDE;
	case OPTION_COOKIE:
	case OPTION_KEEPALIVE:
	case OPTION_PADDING: return 0;
	default: return EDNS_OTHER;
	}
}

unsigned edns_kinds(const uint8_t *options, unsigned len)
{
	struct bytes r = bytes_init(options, len);
	struct option option;
	unsigned kinds = 0;

	while (next_option(&r, &option))
		kinds |= kind_of(option.code);
	return kinds;
}

unsigned edns_len(const uint8_t *options, unsigned len, unsigned kinds)
{
	struct bytes r = bytes_init(options, len);
	struct option option;
	unsigned sum = 0;

	while (next_option(&r, &option))
		sum += kind_of(option.code) & kinds ? option.len : 0;
	return sum;
}

unsigned edns_copy(
	uint8_t *out, unsigned room, const uint8_t *options, unsigned len, unsigned kinds)
{
	struct bytes r = bytes_init(options, len);
	struct option option;
	unsigned copied = 0;

	while (next_option(&r, &option)) {
		if (!(kind_of(option.code) & kinds) || option.len > room - copied)
			continue;
		memmove(out + copied, option.bytes, option.len);
		copied += option.len;
	}
	return copied;
}

bool edns_hides_subnet(const uint8_t *options, unsigned len)
{
	struct bytes r = bytes_init(options, len);
	struct option option;

	while (next_option(&r, &option))
		if (option.code == OPTION_ECS && option.len >= OPTION_HEADER_LEN + ECS_FIXED_LEN &&
			option.bytes[OPTION_HEADER_LEN + ECS_BITS_OFF] == 0)
			return true;
	return false;
}

unsigned edns_build_ecs(uint8_t out[static EDNS_ECS_LEN_MAX], const struct ip *client)
{
	bool is_v4 = ip_is_v4(client);
	uint8_t bits = is_v4 ? V4_BITS : V6_BITS;
	uint8_t prefix_len = bits / 8;
	const uint8_t header[] = {0, OPTION_ECS, 0, (uint8_t)(ECS_FIXED_LEN + prefix_len), 0,
		is_v4 ? FAMILY_V4 : FAMILY_V6, bits, 0};

	memcpy(out, header, sizeof(header));
	memcpy(out + sizeof(header), client->b + (is_v4 ? 12 : 0), prefix_len);
	return (unsigned)sizeof(header) + prefix_len;
}
