// SPDX-License-Identifier: BSD-3-Clause
// Numbers for byte strings: an open-addressing table of hashes over one growing buffer of bytes.
#include "control/compile/intern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SLOTS_AT_FIRST = 64 };

struct slot {
	uint64_t hash;
	size_t off; // into bytes
	size_t len;
	uint32_t number;
	bool is_used;
};

struct intern {
	struct slot *slots;
	size_t slot_count; // a power of 2, at least twice the used ones
	size_t used_count;
	uint8_t *bytes;
	size_t bytes_len;
	size_t bytes_size;
};

struct intern *intern_new(void)
{
	struct intern *intern = calloc(1, sizeof(*intern));

	if (!intern)
		return NULL;
	intern->slot_count = SLOTS_AT_FIRST;
	intern->slots = calloc(intern->slot_count, sizeof(*intern->slots));
	if (!intern->slots) {
		free(intern);
		return NULL;
	}
	return intern;
}

void intern_free(struct intern *intern)
{
	if (!intern)
		return;
	free(intern->slots);
	free(intern->bytes);
	free(intern);
}

static struct slot *find_slot(
	const struct intern *intern, uint64_t hash, const void *bytes, size_t len)
{
	for (size_t at = hash;; at++) {
		struct slot *slot = &intern->slots[at & (intern->slot_count - 1)];

		if (!slot->is_used)
			return slot;
		if (slot->hash == hash && slot->len == len &&
			memcmp(intern->bytes + slot->off, bytes, len) == 0)
			return slot;
	}
}

static int grow_slots(struct intern *intern)
{
	struct slot *old = intern->slots;
	size_t old_count = intern->slot_count;
	struct slot *slots = calloc(old_count * 2, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	intern->slots = slots;
	intern->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].is_used)
			*find_slot(intern, old[i].hash, intern->bytes + old[i].off, old[i].len) =
				old[i];
	free(old);
	return 0;
}

static int keep_bytes(struct intern *intern, const void *bytes, size_t len)
{
	if (intern->bytes_size - intern->bytes_len < len) {
		size_t size = intern->bytes_size * 2 + len + 1024;
		uint8_t *grown = realloc(intern->bytes, size);

		if (!grown)
			return -ENOMEM;
		intern->bytes = grown;
		intern->bytes_size = size;
	}
	memcpy(intern->bytes + intern->bytes_len, bytes, len);
	intern->bytes_len += len;
	return 0;
}

int intern_add(
	struct intern *intern, const void *bytes, size_t len, uint32_t number, uint32_t *found)
{
	uint64_t hash = XXH3_64bits(bytes, len);
	struct slot *slot;

	if (intern->used_count * 2 >= intern->slot_count && grow_slots(intern) != 0)
		return -ENOMEM;
	slot = find_slot(intern, hash, bytes, len);
	if (!slot->is_used) {
		size_t off = intern->bytes_len;

		if (keep_bytes(intern, bytes, len) != 0)
			return -ENOMEM;
		*slot = (struct slot){
			.hash = hash, .off = off, .len = len, .number = number, .is_used = true};
		intern->used_count++;
		*found = number;
		return 1;
	}
	*found = slot->number;
	return 0;
}
