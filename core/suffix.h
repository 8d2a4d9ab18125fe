// SPDX-License-Identifier: BSD-3-Clause
// The compiled suffix automaton, read side: which rule covers a name.
//
// States are the label paths of the rules, read from the right; a state's identity is the keyed hash of its path, from a
// start state that is its ruleset's. A transition hashes one more folded label in and looks the result up in one flat
// table of 64-byte buckets, so the addresses of all depths are known at once.
//
//   www.azure.contoso.com.      start ─com─▶ ○ ─contoso─▶ ◎ ─azure─▶ ◎ ─www─▶ (missing)
//                                                         └ accepts    └ accepts: the longest, it wins
//
// A state that is there has all states before it there too, so that not all need looking up. The accepted suffix is
// compared byte for byte, and where it differs those before it are: a hash never decides a route. Building the table is control/compile/suffix.c.
//
// The hash is two rounds of AES for each 16 bytes of a label, its length byte first, zeros after its end:
//
//   state' = round(round(state ^ block, key 0), key 1)
//
// Of its first 64 bits, bits 1 to 31 are the fingerprint, and the upper 32 choose the bucket.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/image.h"
#include "core/name.h"

struct suffix_query {
	const uint8_t *
		name; // in wire form, well-formed (name_check()), any case; no byte after it is read
	uint32_t network; // index into the image's networks
	uint16_t
		type; // DS is asked of the parent: a rule's own domain does not cover it (RFC 4035, 3.1.4.1)
	uint8_t name_len; // the root label included; 0: it is to be counted
};

// The rule that covers a name, with how many labels of it the rule's domain has.
struct suffix_match {
	uint32_t rule; // for image_rule(); IMAGE_NONE: none
	uint16_t label_count;
	bool has_regex; // regex rules come before this one: ask suffix_match_scanned()
};

// The winning rule of each of `count` queries. Longest domain first; at equal length the higher rank; then the
// earlier link. Regex rules are left out, as who has no scanner can't tell: `has_regex` says where they matter.
void suffix_match(const struct image *, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count);

// Looks for patterns: by Hyperscan, elsewhere.
struct suffix_scanner {
	// Of the image's regexes[index], the number of the first pattern that is found in `text`; IMAGE_NONE: none is.
	// SUFFIX_SCAN_SLACK zeros follow the text.
	uint32_t (*scan)(struct suffix_scanner *, uint32_t index, const char *text, unsigned len);
};

enum { SUFFIX_SCAN_SLACK = 64 }; // Hyperscan 5.4.0 reads past the end of its input

// Likewise for one query, regex rules included: in the name without its final dot, folded, any byte but letters, digits,
// `-` and `_` as \DDD.
void suffix_match_scanned(const struct image *, const struct suffix_query *,
	struct suffix_scanner *, struct suffix_match *);

// Likewise, but for rules whose domain has more labels than `label_max`, and those of as many whose rank is `rank` or above.
void suffix_match_below(const struct image *, const struct suffix_query *, struct suffix_scanner *,
	unsigned label_max, unsigned rank, struct suffix_match *);

// The first rule of the state that the whole of a folded name leads to from start number `start`; IMAGE_NONE: there is none.
[[nodiscard]] uint32_t suffix_find(const struct image *, uint32_t start, const uint8_t *name);

// The name of an accept, in wire form, folded; gives its length.
unsigned suffix_accept_name(
	const struct image *, uint32_t accept, uint8_t name[static NAME_LEN_MAX]);

// A way to walk: the same walk, compiled for a level of CPU. All give the same.
struct suffix_way {
	const char *name;
	void (*match)(const struct image *, const struct suffix_query *, struct suffix_match *,
		unsigned count);
	// The first 64 bits of the states that the labels of a folded name lead to, from the right. Gives their number.
	unsigned (*states)(const uint8_t key[static IMAGE_KEY_LEN],
		const uint8_t start[static IMAGE_STATE_LEN], const uint8_t *name, uint64_t *states);
};

// The ways that this CPU has, plain C first; NULL: there is none of that index.
[[nodiscard]] const struct suffix_way *suffix_way(unsigned index);
[[nodiscard]] const struct suffix_way *suffix_way_best(void);

// The pieces that the compiler of the table shares with the walk.

// The start state of ruleset number `start`.
void suffix_start(const uint8_t key[static IMAGE_KEY_LEN], uint32_t start,
	uint8_t state[static IMAGE_STATE_LEN]);
[[nodiscard]] static inline uint32_t suffix_home(uint64_t state, uint32_t bucket_count)
{
	return (uint32_t)((state >> 32) * bucket_count >> 32);
}
// Whether a rule of this rank covers a name that is its domain (`is_whole`) or below that. A pattern decides by itself.
[[nodiscard]] static inline bool suffix_covers(unsigned rank, bool is_whole)
{
	const unsigned both = 1u << IMAGE_RANK_SUFFIX | 1u << IMAGE_RANK_ZONE;
	const unsigned whole = both | 1u << IMAGE_RANK_EXACT | 1u << IMAGE_RANK_HOST;
	const unsigned below = both | 1u << IMAGE_RANK_SUBDOMAINS;

	return (is_whole ? whole : below) >> rank & 1;
}
// Odd, so never 0.
[[nodiscard]] static inline uint32_t suffix_fingerprint(uint64_t state)
{
	return (uint32_t)state | 1;
}
[[nodiscard]] static inline uint32_t suffix_filter_bit(uint32_t fingerprint)
{
	return fingerprint >> 1 & (IMAGE_BUCKET_SLOTS - 1);
}
// The bucket that a look-up visits after `turn` others: its home first, then others of the group, by steps that differ
// from state to state, so that no crowd forms.
[[nodiscard]] static inline uint32_t suffix_bucket(
	uint32_t home, unsigned turn, uint32_t fingerprint)
{
	uint32_t step = fingerprint >> 4 | 1;
	uint32_t group = IMAGE_GROUP_BUCKETS - 1;

	return (home & ~group) | ((home + turn * step) & group);
}
