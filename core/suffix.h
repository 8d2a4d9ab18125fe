// SPDX-License-Identifier: BSD-3-Clause
// The compiled suffix automaton, read side: which rule covers a name.
//
// States are the label paths of the rules, read from the right; a state's identity is the keyed hash of
// its path, from a start state that is its ruleset's. A transition hashes one more folded label in and looks the
// result up in one flat table of 64-byte buckets, so the addresses of all depths are known at once.
//
//   www.azure.contoso.com.      start ─com─▶ ○ ─contoso─▶ ◎ ─azure─▶ ◎ ─www─▶ (missing)
//                                                         └ accepts    └ accepts: the longest, it wins
//
// The walk ends at the first missing transition. The accepted suffix is compared byte for byte: a hash never
// decides a route. Building the table is control/compile/suffix.c.
#pragma once

#include <stdint.h>

#include "core/image.h"

struct suffix_query {
	const uint8_t *name; // in wire form, well-formed (name_check()), any case
	uint32_t network;    // index into the image's networks
	uint16_t
		type; // DS is asked of the parent: a rule's own domain does not cover it (RFC 4035, 3.1.4.1)
};

// The rule that covers a name, with how many labels of it the rule's domain has.
struct suffix_match {
	uint32_t rule; // IMAGE_NONE: none
	uint32_t label_count;
};

// The winning rule of each of `count` queries. Longest domain first; at equal length the higher rank; then the
// earlier link.
void suffix_match(const struct image *, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count);

// The pieces that the compiler of the table shares with the walk.

// The state that one more label leads to. `label` is folded; `len` 1 to 63.
[[nodiscard]] uint64_t suffix_step(
	const uint8_t key[static IMAGE_KEY_LEN], uint64_t state, const uint8_t *label, uint8_t len);
// The start state of ruleset number `start`.
[[nodiscard]] uint64_t suffix_start(const uint8_t key[static IMAGE_KEY_LEN], uint32_t start);
// A state's home bucket in a table of `bucket_count`; a full bucket continues in the next, round the end.
[[nodiscard]] uint32_t suffix_bucket(uint64_t state, uint32_t bucket_count);
// Never 0.
[[nodiscard]] uint32_t suffix_fingerprint(uint64_t state);
