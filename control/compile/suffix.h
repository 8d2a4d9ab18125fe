// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side: from rules to the frozen table that core/suffix walks.
#pragma once

#include "control/compile/assembly.h"

struct suffix_table;

// `key` must stay.
[[nodiscard]] struct suffix_table *suffix_table_new(const uint8_t key[static IMAGE_KEY_LEN]);
void suffix_table_free(struct suffix_table *);

// Adds a rule: `name` in wire form, folded, under start state number `start`; `rule` is its index in the image. 0;
// -EEXIST: that domain and match are there already; -EAGAIN: two names met in one hash, so everything must be compiled
// again under another key; -ENOMEM.
[[nodiscard]] int suffix_table_add(struct suffix_table *, struct assembly *, uint32_t start,
	const uint8_t *name, enum image_rank rank, uint32_t rule);

// Writes starts and buckets. 0, -EAGAIN as above, or -ENOMEM.
[[nodiscard]] int suffix_table_freeze(
	struct suffix_table *, struct assembly *, uint32_t start_count);
