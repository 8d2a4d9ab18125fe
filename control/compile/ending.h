// SPDX-License-Identifier: BSD-3-Clause
// Endings that many names share, each stored once: `com.`, `co.uk.`, a provider's domain.
#pragma once

#include <stdbool.h>

#include "control/compile/assembly.h"

enum { ENDING_TABLE_SIZE = 1024 };

struct ending_set {
	uint32_t count;
	struct image_ending endings[IMAGE_ENDINGS_MAX];
	uint16_t table[ENDING_TABLE_SIZE]; // open addressing by hash; index + 1, 0: free
};

// With the root's ending, which every name has.
void ending_init(struct ending_set *);
// Adds an ending in wire form; nothing happens if it is there, too long, or the set is full.
void ending_add(struct ending_set *, const uint8_t *wire, unsigned len);
[[nodiscard]] bool ending_is_full(const struct ending_set *);

// The longest ending of a name, below the whole of it unless that is the root. `own_len` is what stands before it.
[[nodiscard]] uint8_t ending_find(
	const struct ending_set *, const uint8_t *name, unsigned len, uint8_t *own_len);
