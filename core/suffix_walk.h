// SPDX-License-Identifier: BSD-3-Clause
// The walk itself, compiled once for each level of CPU. The file that includes it defines what differs:
//
//   block                         16 bytes in a register
//   block_load(bytes)             16 bytes
//   block_load_some(bytes, len)   the first 16 of `len` bytes, 1 to 64, zeros after; may read FOLD_SLACK more
//   block_mix(block, block, k0, k1)  one into the other, and two rounds
//   block_low(block)              the first 64 bits
//   fold(out, in, len)            copies and folds; reads `len` bytes, may write FOLD_SLACK more
//   bucket_hits(bucket, fingerprint)  a bit a slot that has it
//   bucket_filter(bucket)         the 8 filter bits
//   is_same(a, b, len)            `len` bytes agree; reads only lines in which `a` has bytes, and FOLD_SLACK around `b`
//   is_ending(ending, bytes)      its bytes agree; may read 31 and, one before, 1
//
// A burst is walked in stages, so that the memory which one stage asks for is there when the next reads it:
//
//   lay out ─▶ hash 2 labels ─▶ look 2 buckets up ─┬─▶ compare the deepest accept ─▶ rule
//              └ prefetch buckets   └ prefetch accept
//                    ◀── while the walk goes on, the next 2 ──┘
//
// Most rules have two labels and are leaves, so that most walks end after one round without having asked for more memory
// than they needed, and without a branch that depends on the name's length.
#pragma once

#include <string.h>

#include "core/msg.h"
#include "core/name.h"
#include "core/suffix.h"

enum {
	BURST = 32,
	STRIDE = 2,          // depths a round at first
	STRIDE_MAX = 8,      // and in later rounds, which few names see
	SHORT_ROUNDS = 2,    // with the first stride
	LABELS_AT_FIRST = 5, // labels laid out at once
	LABELS_MORE = 16,
	FOLD_SLACK = 64,
};

// A name on its way through the automaton.
//
//   folded   3 w w w 5 a z u r e 3 c o m 0
//   labels   0       4           10      14: the root label
struct lane {
	const uint8_t *name;
	const struct image_start *start; // NULL: this walk is not for it
	block state;                     // after the labels hashed so far
	size_t label_count;
	size_t len;
	uint32_t depth;   // states that are there
	uint32_t deepest; // depth of the deepest accept so far
	uint32_t hashed;  // depth to which this round goes
	uint32_t word;    // what the bucket says of the last state
	uint32_t homes[STRIDE_MAX];
	uint32_t fingerprints[STRIDE_MAX];
	uint32_t accepts[1 + NAME_LABELS_MAX]; // by depth
	uint8_t labels[NAME_LABELS_MAX + 1];
	uint8_t before[FOLD_SLACK];
	uint8_t folded[NAME_LEN_MAX + FOLD_SLACK];
};

// What all lanes share.
struct walk {
	const struct image *image;
	block keys[2];
	unsigned active_count;
	struct lane *active[BURST];
	struct lane lanes[BURST];
};

// Some more labels; true: there are more. At the root label it stays, so no branch depends on their number.
static inline bool lay_out_some(struct lane *lane, const unsigned stride)
{
	const uint8_t *name = lane->name;
	uint8_t *label = lane->labels + lane->label_count;
	size_t at = lane->len;

	for (unsigned i = 0; i < stride; i++) {
		size_t len = name[at];
		size_t is_label = (len + LABEL_LEN_MAX) >> 6; // 0 or 1

		*label = (uint8_t)at;
		label += is_label;
		at += len + is_label;
	}
	*label = (uint8_t)at;
	lane->label_count = (size_t)(label - lane->labels);
	lane->len = at;
	return name[at] != 0;
}

// Names are walked turn by turn: one alone would wait for each of its length bytes.
static inline void lay_out(struct walk *walk, const struct suffix_query *queries, unsigned count)
{
	unsigned left = 0;

	for (unsigned i = 0; i < count; i++) {
		struct lane *lane = &walk->lanes[i];

		lane->name = queries[i].name;
		lane->len = lane->label_count = 0;
		walk->active[left] = lane;
		left += lay_out_some(lane, LABELS_AT_FIRST);
	}
	while (left > 0) {
		unsigned still = 0;

		for (unsigned i = 0; i < left; i++) {
			struct lane *lane = walk->active[i];

			walk->active[still] = lane;
			still += lay_out_some(lane, LABELS_MORE);
		}
		left = still;
	}
	for (unsigned i = 0; i < count; i++) {
		struct lane *lane = &walk->lanes[i];

		lane->len++;
		fold(lane->folded, lane->name, (unsigned)lane->len);
	}
}

// Length byte and label, 16 bytes at a time.
static inline block add_label(block state, const uint8_t *label, const block keys[static 2])
{
	size_t len = label[0] + (size_t)1;

	state = block_mix(state, block_load_some(label, (unsigned)len), keys[0], keys[1]);
	for (size_t at = 16; at < len; at += 16)
		state = block_mix(
			state, block_load_some(label + at, (unsigned)(len - at)), keys[0], keys[1]);
	return state;
}

// Where the next states would be, as many as the name has, `stride` at most.
static inline void hash_some(const struct walk *walk, struct lane *lane, const unsigned stride)
{
	const struct image_bucket *buckets = walk->image->buckets;
	const uint64_t bucket_count = walk->image->buckets_count;
	const size_t left = lane->label_count - lane->depth;
	const unsigned count = left < stride ? (unsigned)left : stride;
	const uint8_t *label = lane->labels + left;
	block state = lane->state;

	for (unsigned i = 0; i < count; i++) {
		uint64_t low, home;

		state = add_label(state, lane->folded + *--label, walk->keys);
		low = block_low(state);
		home = (low >> 32) * bucket_count >> 32;
		lane->homes[i] = (uint32_t)home;
		lane->fingerprints[i] = suffix_fingerprint(low);
		__builtin_prefetch(&buckets[home]);
	}
	lane->state = state;
	lane->hashed = lane->depth + count;
	lane->word = 0;
}

// The next state is there, and a bucket says this of it.
static inline void step(struct lane *lane, uint32_t word)
{
	uint32_t accept = word & IMAGE_LEADS_ON;

	lane->depth++;
	lane->word = word;
	lane->accepts[lane->depth] = accept;
	lane->deepest = accept != IMAGE_LEADS_ON ? lane->depth : lane->deepest;
}

// Looks the states of the round up, the first of which is of depth `first` + 1. True: the one that is missing may stand
// elsewhere than at home; nothing is below a leaf.
static inline bool look_up_some(const struct walk *walk, struct lane *lane, uint32_t first)
{
	const struct image_bucket *buckets = walk->image->buckets;

	while (lane->depth < lane->hashed) {
		const struct image_bucket *bucket = &buckets[lane->homes[lane->depth - first]];
		uint32_t fingerprint = lane->fingerprints[lane->depth - first];
		unsigned slots = bucket_hits(bucket, fingerprint);

		if (slots == 0)
			return !(lane->word & IMAGE_LEAF) &&
				(bucket_filter(bucket) >> suffix_filter_bit(fingerprint) & 1);
		step(lane, bucket->accepts[__builtin_ctz(slots)]);
	}
	return false;
}

// The buckets after the home of the state that is missing, as long as their filter says so. True: it is there.
static inline bool look_beyond(const struct walk *walk, struct lane *lane, uint32_t first)
{
	uint32_t home = lane->homes[lane->depth - first];
	uint32_t fingerprint = lane->fingerprints[lane->depth - first];

	for (unsigned turn = 1; turn < IMAGE_RUN_MAX; turn++) {
		const struct image_bucket *bucket =
			&walk->image->buckets[suffix_bucket(home, turn, fingerprint)];
		unsigned slots = bucket_hits(bucket, fingerprint);

		if (slots != 0) {
			step(lane, bucket->accepts[__builtin_ctz(slots)]);
			return true;
		}
		if (!(bucket_filter(bucket) >> suffix_filter_bit(fingerprint) & 1))
			return false;
	}
	return false;
}

static inline void prefetch_beyond(const struct walk *walk, const struct lane *lane, uint32_t first)
{
	uint32_t i = lane->depth - first;

	__builtin_prefetch(
		&walk->image->buckets[suffix_bucket(lane->homes[i], 1, lane->fingerprints[i])]);
}

// Nearly all accepts lie in one line. For none at all the first is asked for, which is near: an address outside would
// have the page tables searched.
static inline void prefetch_accept(const struct walk *walk, const struct lane *lane)
{
	uint32_t accept = lane->accepts[lane->deepest];

	__builtin_prefetch(walk->image->accepts + (accept == IMAGE_LEADS_ON ? 0 : accept));
}

// One round over the lanes that are active, which are all of depth `first`; those whose states are all there, and whose
// name and automaton go on, stay so.
static inline void walk_round(struct walk *walk, uint32_t first, const unsigned stride)
{
	struct lane *far[BURST];
	unsigned far_count = 0, still = 0;

	for (unsigned i = 0; i < walk->active_count; i++)
		hash_some(walk, walk->active[i], stride);
	for (unsigned i = 0; i < walk->active_count; i++) {
		struct lane *lane = walk->active[i];

		if (look_up_some(walk, lane, first)) {
			prefetch_beyond(walk, lane, first);
			far[far_count++] = lane;
		}
	}
	for (unsigned i = 0; i < far_count; i++)
		while (look_beyond(walk, far[i], first) && look_up_some(walk, far[i], first))
			;
	for (unsigned i = 0; i < walk->active_count; i++) {
		struct lane *lane = walk->active[i];

		prefetch_accept(walk, lane);
		walk->active[still] = lane;
		still += lane->depth == first + stride && lane->depth < lane->label_count &&
			!(lane->word & IMAGE_LEAF);
	}
	walk->active_count = still;
}

// Is the accept's name the last `depth` labels, byte for byte, and of the walk's ruleset?
static inline bool is_path(
	const struct image *image, const struct lane *lane, uint32_t accept, size_t depth)
{
	const size_t off = lane->labels[lane->label_count - depth];
	const uint8_t *path = lane->folded + off;
	const struct image_ending *ending;
	const uint8_t *name;
	size_t own_len;

	if (accept - lane->start->accept_first >= lane->start->accept_len)
		return false;
	name = image->accepts + accept;
	own_len = name[0];
	ending = &image->endings[name[1]];
	return off + own_len + ending->len == lane->len &&
		is_same(name + 2, path, (unsigned)own_len) && is_ending(ending, path + own_len);
}

// The first of an accept's rules, from `at` on, that covers names below it or, `is_whole`, its own. Regex rules before it are noted.
static inline uint32_t pick_rule(
	const struct image *image, uint32_t at, bool is_whole, bool *has_regex)
{
	for (;; at += (uint32_t)sizeof(struct image_rule)) {
		struct image_rule rule = image_rule(image, at);

		if (rule.rank == IMAGE_RANK_SUFFIX ||
			rule.rank == (is_whole ? IMAGE_RANK_EXACT : IMAGE_RANK_SUBDOMAINS))
			return at;
		*has_regex |= rule.rank == IMAGE_RANK_REGEX;
		if (rule.is_last)
			return IMAGE_NONE;
	}
}

// Beats the match so far: a longer domain, else a higher rank; on a full tie the earlier link stays.
static inline bool is_better(
	const struct image *image, uint32_t rule, size_t depth, const struct suffix_match *match)
{
	if (match->rule == IMAGE_NONE || depth != match->label_count)
		return match->rule == IMAGE_NONE || depth > match->label_count;
	return image_rule(image, rule).rank > image_rule(image, match->rule).rank;
}

// Takes the rule of the deepest accept that covers the name, if it beats the match so far.
static inline void choose(
	const struct image *image, const struct lane *lane, struct suffix_match *match)
{
	for (size_t depth = lane->deepest;; depth--) {
		uint32_t accept = lane->accepts[depth], rule = IMAGE_NONE;

		if (accept != IMAGE_LEADS_ON && is_path(image, lane, accept, depth))
			rule = pick_rule(image, image_accept_rules(image, accept),
				depth == lane->label_count, &match->has_regex);
		if (rule != IMAGE_NONE) {
			if (is_better(image, rule, depth, match)) {
				match->rule = rule;
				match->label_count = (uint16_t)depth;
			}
			return;
		}
		if (depth == 0)
			return;
	}
}

// Walks those lanes whose network has a link number `link`. False: none has.
static inline bool walk_link(struct walk *walk, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count, uint32_t link)
{
	const struct image *image = walk->image;
	unsigned chosen = 0;
	uint32_t depth = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct image_network *network = &image->networks[queries[i].network];
		struct lane *lane = &walk->lanes[i];

		lane->start = NULL;
		if (link >= network->link_count)
			continue;
		lane->start = &image->starts[image->links[network->link_first + link]];
		lane->state = block_load(lane->start->state);
		lane->depth = lane->deepest = 0;
		lane->accepts[0] = lane->start->accept;
		walk->active[chosen++] = lane;
	}
	walk->active_count = chosen;
	for (unsigned i = 0; i < SHORT_ROUNDS && walk->active_count > 0; i++, depth += STRIDE)
		walk_round(walk, depth, STRIDE);
	for (; walk->active_count > 0; depth += STRIDE_MAX)
		walk_round(walk, depth, STRIDE_MAX);
	for (unsigned i = 0; i < count; i++)
		if (walk->lanes[i].start)
			choose(image, &walk->lanes[i], &matches[i]);
	return chosen > 0;
}

static inline void set_keys(block keys[static 2], const uint8_t key[static IMAGE_KEY_LEN])
{
	keys[0] = block_load(key);
	keys[1] = block_load(key + 16);
}

// Which of the queries are for DS, a bit each.
static inline uint32_t match_burst(struct walk *walk, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	uint32_t delegated = 0;

	for (unsigned i = 0; i < count; i++) {
		matches[i] = (struct suffix_match){.rule = IMAGE_NONE};
		delegated |= (uint32_t)(queries[i].type == TYPE_DS) << i;
	}
	lay_out(walk, queries, count);
	for (uint32_t link = 0; walk_link(walk, queries, matches, count, link); link++)
		;
	return delegated;
}

// A DS record whose owner is a rule's own domain is asked of the parent (RFC 4035, 3.1.4.1).
static inline void match_parent(
	struct walk *walk, const struct suffix_query *query, struct suffix_match *match)
{
	struct suffix_query parent = *query;
	uint8_t labels[NAME_LABELS_MAX];

	if (match->rule == IMAGE_NONE || query->name[0] == 0 ||
		match->label_count != name_labels(query->name, labels))
		return;
	parent.name += 1u + parent.name[0];
	(void)match_burst(walk, &parent, match, 1);
}

static void match_names(const struct image *image, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	struct walk walk;

	walk.image = image;
	set_keys(walk.keys, image->header->key);
	for (unsigned done = 0; done < count; done += BURST) {
		unsigned some = count - done < BURST ? count - done : BURST;
		uint32_t delegated = match_burst(&walk, queries + done, matches + done, some);

		for (; delegated; delegated &= delegated - 1) {
			unsigned i = done + (unsigned)__builtin_ctz(delegated);

			match_parent(&walk, &queries[i], &matches[i]);
		}
	}
}

static unsigned hash_name(const uint8_t key[static IMAGE_KEY_LEN],
	const uint8_t start[static IMAGE_STATE_LEN], const uint8_t *name, uint64_t *states)
{
	struct suffix_query query = {.name = name};
	struct walk walk;
	struct lane *lane = &walk.lanes[0];
	block state = block_load(start);

	set_keys(walk.keys, key);
	lay_out(&walk, &query, 1);
	for (size_t i = lane->label_count; i > 0; i--) {
		state = add_label(state, lane->folded + lane->labels[i - 1], walk.keys);
		*states++ = block_low(state);
	}
	return (unsigned)lane->label_count;
}
