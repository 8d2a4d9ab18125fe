// SPDX-License-Identifier: BSD-3-Clause
// Endings that many names share: a set that is asked for the longest one of a name.
#include "control/compile/ending.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void ending_init(struct ending_set *set)
{
	*set = (struct ending_set){0};
	ending_add(set, (const uint8_t *)"", 1);
}

bool ending_is_full(const struct ending_set *set)
{
	return set->count == IMAGE_ENDINGS_MAX;
}

// Where the ending stands in the table, or could.
static uint16_t *find_place(struct ending_set *set, const uint8_t *wire, unsigned len)
{
	for (size_t at = XXH3_64bits(wire, len);; at++) {
		uint16_t *place = &set->table[at % ENDING_TABLE_SIZE];
		const struct image_ending *ending;

		if (*place == 0)
			return place;
		ending = &set->endings[*place - 1];
		if (ending->len == len && memcmp(ending->bytes, wire, len) == 0)
			return place;
	}
}

void ending_add(struct ending_set *set, const uint8_t *wire, unsigned len)
{
	struct image_ending *ending = &set->endings[set->count];
	uint16_t *place;

	if (len > IMAGE_ENDING_LEN_MAX || ending_is_full(set))
		return;
	place = find_place(set, wire, len);
	if (*place != 0)
		return;
	ending->len = (uint8_t)len;
	memcpy(ending->bytes, wire, len);
	*place = (uint16_t)++set->count;
}

uint8_t ending_find(
	const struct ending_set *set, const uint8_t *name, unsigned len, uint8_t *own_len)
{
	unsigned at = name[0] ? 1u + name[0] : 0;

	for (;; at += 1u + name[at]) {
		uint16_t place = 0;

		if (len - at <= IMAGE_ENDING_LEN_MAX)
			place = *find_place((struct ending_set *)set, name + at, len - at);
		if (place != 0) {
			*own_len = (uint8_t)at;
			return (uint8_t)(place - 1);
		}
	}
}
