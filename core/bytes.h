// SPDX-License-Identifier: BSD-3-Clause
// Bytes as they are on the wire: big-endian integer types, and a bounded reader with a sticky error.
//
// A reader never passes its end. Once a read does not fit, the reader is bad for good, every further
// read gives zeros, and the caller asks once at the end. No memory is owned here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Network byte order in the type: an integer can't be taken for one by mistake. Alignment 1.
typedef struct {
	uint8_t b[2];
} be16_t;

typedef struct {
	uint8_t b[4];
} be32_t;

static inline uint16_t be16_get(be16_t v)
{
	return (uint16_t)(v.b[0] << 8 | v.b[1]);
}

static inline be16_t be16_of(uint16_t v)
{
	return (be16_t){{(uint8_t)(v >> 8), (uint8_t)v}};
}

static inline bool be16_equal(be16_t a, be16_t b)
{
	return a.b[0] == b.b[0] && a.b[1] == b.b[1];
}

static inline uint32_t be32_get(be32_t v)
{
	return (uint32_t)v.b[0] << 24 | (uint32_t)v.b[1] << 16 | (uint32_t)v.b[2] << 8 | v.b[3];
}

static inline be32_t be32_of(uint32_t v)
{
	return (be32_t){{(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}};
}

//   start        at                 end
//     | read ... | not yet read ... |
struct bytes {
	const uint8_t *start;
	const uint8_t *at;
	const uint8_t *end;
	bool is_bad;
};

static inline struct bytes bytes_init(const uint8_t *data, size_t len)
{
	return (struct bytes){.start = data, .at = data, .end = data + len};
}

static inline size_t bytes_left(const struct bytes *r)
{
	return (size_t)(r->end - r->at);
}

static inline size_t bytes_off(const struct bytes *r)
{
	return (size_t)(r->at - r->start);
}

// Steps over `len` bytes and gives where they begin; NULL, and bad from then on, if they are not there.
static inline const uint8_t *bytes_skip(struct bytes *r, size_t len)
{
	const uint8_t *at = r->at;

	if (r->is_bad || bytes_left(r) < len) {
		r->is_bad = true;
		return NULL;
	}
	r->at += len;
	return at;
}

static inline uint8_t bytes_u8(struct bytes *r)
{
	const uint8_t *at = bytes_skip(r, 1);

	return at ? at[0] : 0;
}

static inline uint16_t bytes_be16(struct bytes *r)
{
	const uint8_t *at = bytes_skip(r, 2);

	return at ? (uint16_t)(at[0] << 8 | at[1]) : 0;
}

static inline uint32_t bytes_be32(struct bytes *r)
{
	uint32_t high = bytes_be16(r);

	return high << 16 | bytes_be16(r);
}
