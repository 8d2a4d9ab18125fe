// SPDX-License-Identifier: BSD-3-Clause
// Inside of the suffix automaton's write side: what suffix.c gathers, and the other two files write.
//
// While rules are added, their states stand in a hash table by 64 bits of their hash, in the order of the buckets that
// they will have; rules and names wait in lists:
//
//   slot ─▶ draft (the state's best rule) ─▶ draft ─▶ …        draft ─▶ name
#pragma once

#include <stdbool.h>

#include "control/compile/suffix.h"
#include "core/name.h"
#include "core/suffix.h"

#define SUFFIX_NONE UINT32_MAX

enum { SUFFIX_BATCH = 32, SUFFIX_BELOW_MAX = (1 << 24) - 1 };

struct draft {
	struct image_rule rule;
	uint32_t name_off;
	uint32_t start;
	uint32_t next; // of the same state, of lower rank
};

// A state.
struct slot {
	uint64_t state;
	uint32_t draft;      // its best rule, or a rule on whose path it lies
	uint32_t below : 24; // rules on whose paths it lies
	uint32_t depth : 7;  // labels; 0: the slot is free
	uint32_t is_accept : 1;
};

struct start {
	uint8_t state[IMAGE_STATE_LEN];
	uint32_t draft; // the best rule for the root; SUFFIX_NONE: there is none
	uint32_t depth_max;
};

struct suffix_table {
	const uint8_t *key;
	const struct suffix_way *way;
	struct slot *slots;
	uint32_t slot_count;
	uint32_t used_count;
	struct draft *drafts;
	uint32_t draft_count, draft_capacity;
	uint8_t *names;
	size_t names_len, names_size;
	struct start *starts;
	uint32_t start_count;
	uint32_t accept_count;
	uint32_t batch_count; // of the last drafts, not yet in slots
	uint8_t batch_depths[SUFFIX_BATCH];
	uint64_t batch_states[SUFFIX_BATCH][NAME_LABELS_MAX];
};

[[nodiscard]] static inline const uint8_t *suffix_table_name(
	const struct suffix_table *table, uint32_t draft)
{
	return table->names + table->drafts[draft].name_off;
}

// Starts, endings, accepts, and the regexes without their databases. The slots' drafts become the places of their
// accepts. 0, -ENOMEM or -E2BIG.
[[nodiscard]] int suffix_write_accepts(struct suffix_table *, struct assembly *);

// Each state into its home bucket or, where that is full, into another of its group, with 32 bits of its hash as its
// fingerprint. Two states of one fingerprint on one look-up's way could not be told apart: -EAGAIN.
[[nodiscard]] int suffix_write_buckets(const struct suffix_table *, struct assembly *);
