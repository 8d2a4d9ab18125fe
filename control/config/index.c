// SPDX-License-Identifier: BSD-3-Clause
// A hash set of positions in a list that the caller keeps: finds what is there twice in O(n).
#include "control/config/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/name.h"

#define FNV_PRIME 0x100000001b3u

int index_init(struct index *index, size_t count)
{
	size_t slots = 16;

	while (slots < 2 * count)
		slots *= 2;
	index->mask = slots - 1;
	index->slots = calloc(slots, sizeof(*index->slots));
	return index->slots ? 0 : -ENOMEM;
}

void index_fini(struct index *index)
{
	free(index->slots);
	index->slots = NULL;
}

// FNV-1a leaves the low bits weak, which choose the slot.
static uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

size_t index_find(const struct index *index, uint64_t hash, index_equal_fn *equal, const void *list,
	const void *wanted)
{
	hash = mix(hash);
	for (size_t i = hash & index->mask; index->slots[i]; i = (i + 1) & index->mask) {
		uint64_t slot = index->slots[i];
		size_t position = (uint32_t)slot - 1;

		if (slot >> 32 == hash >> 32 && equal(list, position, wanted))
			return position;
	}
	return INDEX_NONE;
}

void index_put(struct index *index, uint64_t hash, size_t position)
{
	size_t i;

	hash = mix(hash);
	for (i = hash & index->mask; index->slots[i]; i = (i + 1) & index->mask)
		;
	index->slots[i] = hash >> 32 << 32 | (uint32_t)(position + 1);
}

uint64_t index_hash(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

uint64_t index_hash_folded(const char *text)
{
	uint64_t hash = INDEX_HASH_START;

	for (; *text; text++)
		hash = (hash ^ name_fold_byte((uint8_t)*text)) * FNV_PRIME;
	return hash;
}
