// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side: from rules to the frozen table that core/suffix walks.
#pragma once

#include "control/compile/assembly.h"

struct suffix_table;

// For about `rule_count` rules. `key` must stay. NULL: no memory.
[[nodiscard]] struct suffix_table *suffix_table_new(
	const uint8_t key[static IMAGE_KEY_LEN], size_t rule_count);
void suffix_table_free(struct suffix_table *);

// Adds a rule: `name` in wire form, folded, under start state number `start`. Rules are taken in batches, so what is
// wrong may be told of a later one. 0; -EEXIST: a domain and match are there twice; -EAGAIN: two names met in one hash,
// so everything must be compiled again under another key; -ENOMEM; -E2BIG.
[[nodiscard]] int suffix_table_add(
	struct suffix_table *, uint32_t start, const uint8_t *name, const struct image_rule *rule);

// Writes starts, endings, accepts, buckets, and the regexes without their databases. 0, or as above.
[[nodiscard]] int suffix_table_freeze(
	struct suffix_table *, struct assembly *, uint32_t start_count);
