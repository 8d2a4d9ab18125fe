// SPDX-License-Identifier: BSD-3-Clause
// A hash set of positions in a list that the caller keeps: finds what is there twice in O(n).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE SIZE_MAX

// Slots hold the upper half of a hash, and position + 1; 0 is empty. At most half are taken.
struct index {
	uint64_t *slots;
	size_t mask;
};

// Whether the item at `position` of the caller's list is the one looked for.
typedef bool index_equal_fn(const void *list, size_t position, const void *wanted);

// Room for `count` items. 0 or -ENOMEM.
[[nodiscard]] int index_init(struct index *index, size_t count);
void index_fini(struct index *index);

// The position of an item of this hash that is equal to `wanted`, or INDEX_NONE.
[[nodiscard]] size_t index_find(const struct index *index, uint64_t hash, index_equal_fn *equal,
	const void *list, const void *wanted);
// The caller has made sure that it is not there yet.
void index_put(struct index *index, uint64_t hash, size_t position);

// FNV-1a, mixed. Start with INDEX_HASH_START; the names are the operator's own, so no key.
#define INDEX_HASH_START 0xcbf29ce484222325u
[[nodiscard]] uint64_t index_hash(uint64_t hash, const void *data, size_t len);
// Of a text, the case of letters ignored.
[[nodiscard]] uint64_t index_hash_folded(const char *text);
