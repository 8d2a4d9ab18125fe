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
//   lay out ─▶ hash some labels ─▶ look the deepest up ─┬─▶ compare its accept ─▶ rule
//              └ prefetch its bucket   └ prefetch accept
//                    ◀── while name and automaton go on ─┘
//
// A state that is there has all states above it there too, so that only the deepest of a round is looked up. Most rules
// have two labels and are leaves: then one bucket and one accept are all that a name needs. Where it is missing, the
// deepest that is there is found by halves.
#pragma once

#include <string.h>

#include "core/msg.h"
#include "core/name.h"
#include "core/suffix.h"

enum {
	BURST = 32,
	STRIDE_MAX = 8,      // labels a round
	LABELS_AT_FIRST = 5, // labels laid out at once
	LABELS_MORE = 16,
	ABREAST = 4, // names laid out together
	FOLD_SLACK = 64,
};

#define MISSING UINT32_MAX // in place of what a bucket says of a state

// A name on its way through the automaton.
//
//   folded   3 w w w 5 a z u r e 3 c o m 0 0 0 …
//   labels   0       4           10      14: the root label
struct lane {
	const struct image_start *start; // NULL: this walk is not for it
	block state;                     // after the labels hashed so far
	uint32_t label_count;
	uint32_t len;
	uint32_t laid;    // bytes of the name laid out so far
	uint32_t limit;   // labels that the name has, and a path of the ruleset may have
	uint32_t hashed;  // depth
	uint32_t found;   // the deepest state that is known to be there
	uint32_t missing; // the highest that is known not to be
	uint32_t accept;  // of the one found
	uint64_t states[NAME_LABELS_MAX + 1]; // first 64 bits, by depth
	uint16_t labels[NAME_LABELS_MAX + LABELS_MORE + 1];
	uint8_t before[FOLD_SLACK];
	uint8_t folded[NAME_LEN_MAX + FOLD_SLACK];
};

// What all lanes share.
struct walk {
	const struct image *image;
	block keys[2];
	unsigned active_count;
	unsigned torn_count;
	struct lane *active[BURST + ABREAST];
	struct lane *torn[BURST +
		1]; // some state between the one found and the one missing is not known yet
	struct lane lanes[BURST];
};

// Some more labels of names side by side: one alone would wait for each of its length bytes. Behind a name's end lie
// zeros, so no branch depends on the number of its labels: what is laid out too much is not counted.
static inline void lay_out_some(struct lane *const *lanes, const unsigned stride)
{
	const uint8_t *names[ABREAST];
	uint16_t *labels[ABREAST];
	uint32_t at[ABREAST];

	for (unsigned k = 0; k < ABREAST; k++) {
		names[k] = lanes[k]->folded;
		labels[k] = lanes[k]->labels + lanes[k]->label_count;
		at[k] = lanes[k]->laid;
	}
	for (unsigned i = 0; i < stride; i++)
		for (unsigned k = 0; k < ABREAST; k++) {
			labels[k][i] = (uint16_t)at[k];
			at[k] += 1u + names[k][at[k]];
		}
	for (unsigned k = 0; k < ABREAST; k++) {
		uint16_t root = (uint16_t)(lanes[k]->len - 1), count = 0;

		labels[k][stride] = (uint16_t)at[k];
		for (unsigned i = 0; i < stride; i++)
			count += labels[k][i] < root;
		// The same lane may stand there twice.
		lanes[k]->label_count = (uint32_t)(labels[k] - lanes[k]->labels) + count;
		lanes[k]->laid = at[k];
	}
}

// Lays out some labels of those that are active; those that have more stay so.
static inline void lay_out_round(struct walk *walk, const unsigned stride)
{
	unsigned count = walk->active_count, still = 0;

	for (unsigned k = 0; k < ABREAST; k++) // the last group has no gaps
		walk->active[count + k] = walk->active[count - 1];
	for (unsigned i = 0; i < count; i += ABREAST)
		lay_out_some(walk->active + i, stride);
	for (unsigned i = 0; i < count; i++) {
		struct lane *lane = walk->active[i];

		walk->active[still] = lane;
		still += lane->laid < lane->len - 1;
	}
	walk->active_count = still;
}

static inline void lay_out(struct walk *walk, const struct suffix_query *queries, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct lane *lane = &walk->lanes[i];
		const struct suffix_query *query = &queries[i];

		lane->len =
			query->name_len ? query->name_len : name_check(query->name, NAME_LEN_MAX);
		lane->laid = lane->label_count = 0;
		fold(lane->folded, query->name, lane->len);
		memset(lane->folded + lane->len, 0, LABELS_MORE);
		walk->active[i] = lane;
	}
	walk->active_count = count;
	lay_out_round(walk, LABELS_AT_FIRST);
	while (walk->active_count > 0)
		lay_out_round(walk, LABELS_MORE);
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

static inline const struct image_bucket *home_of(const struct image *image, uint64_t state)
{
	return &image->buckets[suffix_home(state, image->buckets_count)];
}

// Some labels further.
static inline void hash_some(const struct walk *walk, struct lane *lane, const uint32_t stride)
{
	uint32_t left = lane->limit - lane->hashed, depth = lane->hashed;
	uint32_t end = depth + (left < stride ? left : stride);
	const uint16_t *label = lane->labels + lane->label_count - depth;
	block state = lane->state;

	while (depth < end) {
		state = add_label(state, lane->folded + *--label, walk->keys);
		lane->states[++depth] = block_low(state);
	}
	lane->state = state;
	lane->hashed = depth;
	__builtin_prefetch(home_of(walk->image, lane->states[depth]));
}

// What the buckets after its home say of a state, as long as their filter sends on.
static uint32_t look_beyond(const struct image *image, uint64_t state)
{
	uint32_t home = suffix_home(state, image->buckets_count);
	uint32_t fingerprint = suffix_fingerprint(state);

	for (unsigned turn = 1; turn < IMAGE_RUN_MAX; turn++) {
		const struct image_bucket *bucket =
			&image->buckets[suffix_bucket(home, turn, fingerprint)];
		unsigned slots = bucket_hits(bucket, fingerprint);

		if (slots != 0)
			return bucket->accepts[__builtin_ctz(slots)] & ~IMAGE_FILTER_BIT;
		if (!(bucket_filter(bucket) >> suffix_filter_bit(fingerprint) & 1))
			break;
	}
	return MISSING;
}

// Does its home bucket send a state that is not there on?
static inline bool is_beyond(const struct image_bucket *home, uint64_t state)
{
	return bucket_filter(home) >> suffix_filter_bit(suffix_fingerprint(state)) & 1;
}

// What the automaton says of a state: leaf and accept, or MISSING.
static inline uint32_t look_up(const struct image *image, uint64_t state)
{
	const struct image_bucket *bucket = home_of(image, state);
	unsigned slots = bucket_hits(bucket, suffix_fingerprint(state));

	if (slots != 0)
		return bucket->accepts[__builtin_ctz(slots)] & ~IMAGE_FILTER_BIT;
	return is_beyond(bucket, state) ? look_beyond(image, state) : MISSING;
}

// Nearly all accepts lie in one line. For none at all the first is asked for, which is near: an address outside would
// have the page tables searched.
static inline void prefetch_accept(const struct walk *walk, uint32_t accept)
{
	__builtin_prefetch(walk->image->accepts + (accept == IMAGE_LEADS_ON ? 0 : accept));
}

// The deepest state of the round is there, and a bucket says this of it. True: the lane goes on.
static inline bool step(const struct walk *walk, struct lane *lane, uint32_t word)
{
	uint32_t is_inner = (word / IMAGE_LEAF & 1) ^ 1;

	lane->found = lane->hashed;
	lane->accept = word & IMAGE_LEADS_ON;
	prefetch_accept(walk, lane->accept);
	return is_inner & (lane->hashed < lane->limit);
}

// The deepest state of the round is not there.
static inline void tear(struct walk *walk, struct lane *lane)
{
	lane->missing = lane->hashed;
	if (lane->missing - lane->found == 2) {
		lane->found++;
		lane->accept = look_up(walk->image, lane->states[lane->found]) & IMAGE_LEADS_ON;
	}
	prefetch_accept(walk, lane->accept);
	walk->torn[walk->torn_count] = lane;
	walk->torn_count += lane->missing - lane->found > 1;
}

static inline void prefetch_beyond(const struct image *image, uint64_t state)
{
	uint32_t home = suffix_home(state, image->buckets_count);

	__builtin_prefetch(&image->buckets[suffix_bucket(home, 1, suffix_fingerprint(state))]);
}

// One round over the lanes that are active.
static inline void walk_round(struct walk *walk, const uint32_t stride)
{
	const struct image *image = walk->image;
	unsigned count = walk->active_count, still = 0, far_count = 0;
	struct lane *far[BURST];

	for (unsigned i = 0; i < count; i++)
		hash_some(walk, walk->active[i], stride);
	for (unsigned i = 0; i < count; i++) {
		struct lane *lane = walk->active[i];
		uint64_t state = lane->states[lane->hashed];
		const struct image_bucket *bucket = home_of(image, state);
		unsigned slots = bucket_hits(bucket, suffix_fingerprint(state));

		walk->active[still] = lane;
		if (slots != 0) {
			still += step(walk, lane, bucket->accepts[__builtin_ctz(slots)]);
		} else if (is_beyond(bucket, state)) {
			prefetch_beyond(image, state);
			far[far_count++] = lane;
		} else {
			tear(walk, lane);
		}
	}
	for (unsigned i = 0; i < far_count; i++) {
		struct lane *lane = far[i];
		uint32_t word = look_beyond(image, lane->states[lane->hashed]);

		walk->active[still] = lane;
		if (word != MISSING)
			still += step(walk, lane, word);
		else
			tear(walk, lane);
	}
	walk->active_count = still;
}

static inline uint32_t middle_of(const struct lane *lane)
{
	return (lane->found + lane->missing) / 2;
}

// Halves what is not known of the torn lanes, until the state after the one found is the one missing.
static inline void mend(struct walk *walk)
{
	const struct image *image = walk->image;

	while (walk->torn_count > 0) {
		unsigned count = walk->torn_count;

		for (unsigned i = 0; i < count; i++)
			__builtin_prefetch(
				home_of(image, walk->torn[i]->states[middle_of(walk->torn[i])]));
		walk->torn_count = 0;
		for (unsigned i = 0; i < count; i++) {
			struct lane *lane = walk->torn[i];
			uint32_t middle = middle_of(lane);
			uint32_t word = look_up(image, lane->states[middle]);
			bool is_there = word != MISSING;

			lane->found = is_there ? middle : lane->found;
			lane->missing = is_there ? lane->missing : middle;
			lane->accept = is_there ? word & IMAGE_LEADS_ON : lane->accept;
			prefetch_accept(walk, lane->accept);
			walk->torn[walk->torn_count] = lane;
			walk->torn_count += lane->missing - lane->found > 1;
		}
	}
}

// Is the accept's name the last `depth` labels, byte for byte, and of the walk's ruleset?
static inline bool is_path(
	const struct image *image, const struct lane *lane, uint32_t accept, uint32_t depth)
{
	const uint32_t off = lane->labels[lane->label_count - depth];
	const uint8_t *path = lane->folded + off;
	const struct image_ending *ending;
	const uint8_t *name;
	uint32_t own_len;

	if (accept - lane->start->accept_first >= lane->start->accept_len)
		return false; // IMAGE_LEADS_ON too
	name = image->accepts + accept;
	own_len = name[0];
	ending = &image->endings[name[1]];
	return off + own_len + ending->len == lane->len && is_same(name + 2, path, own_len) &&
		is_ending(ending, path + own_len);
}

// The first of an accept's rules, from `at` on, that covers names below it or, `is_whole`, its own. Regex rules before it are noted.
static inline uint32_t pick_rule(
	const struct image *image, uint32_t at, bool is_whole, bool *has_regex)
{
	for (;; at += (uint32_t)sizeof(struct image_rule)) {
		struct image_rule rule = image_rule(image, at);

		if (suffix_covers(rule.rank, is_whole))
			return at;
		*has_regex |= rule.rank == IMAGE_RANK_REGEX;
		if (rule.is_last)
			return IMAGE_NONE;
	}
}

// Beats the match so far: a longer domain, else a higher rank; on a full tie the earlier link stays.
static inline bool is_better(
	const struct image *image, uint32_t rule, uint32_t depth, const struct suffix_match *match)
{
	if (match->rule == IMAGE_NONE || depth != match->label_count)
		return match->rule == IMAGE_NONE || depth > match->label_count;
	return image_rule(image, rule).rank > image_rule(image, match->rule).rank;
}

// Where the state found has no rule, those above it are looked at: all are asked for at once.
static inline void prefetch_above(const struct image *image, const struct lane *lane)
{
	if (lane->accept != IMAGE_LEADS_ON)
		return;
	for (uint32_t depth = lane->found; depth > 1; depth--)
		__builtin_prefetch(home_of(image, lane->states[depth - 1]));
}

// The deepest state above this depth that has rules: its depth, 0 for the start.
static inline uint32_t climb(
	const struct image *image, const struct lane *lane, uint32_t depth, uint32_t *accept)
{
	while (--depth > 0) {
		*accept = look_up(image, lane->states[depth]) & IMAGE_LEADS_ON;
		if (*accept != IMAGE_LEADS_ON)
			return depth;
	}
	*accept = lane->start->accept;
	return 0;
}

// Takes the rule of the deepest accept that covers the name, if it beats the match so far. That of the state found, else
// of one above it: each is compared for itself, whatever the hashes say.
static inline void choose(
	const struct image *image, const struct lane *lane, struct suffix_match *match)
{
	uint32_t depth = lane->found, accept = lane->accept, rule = IMAGE_NONE;

	for (;;) {
		if (is_path(image, lane, accept, depth))
			rule = pick_rule(image, image_accept_rules(image, accept),
				depth == lane->label_count, &match->has_regex);
		if (rule != IMAGE_NONE || depth == 0)
			break;
		depth = climb(image, lane, depth, &accept);
	}
	if (rule != IMAGE_NONE && is_better(image, rule, depth, match)) {
		match->rule = rule;
		match->label_count = (uint16_t)depth;
	}
}

// Readies those lanes whose network has a link number `link`. Gives how many there are.
static inline unsigned begin_link(
	struct walk *walk, const struct suffix_query *queries, unsigned count, uint32_t link)
{
	const struct image *image = walk->image;
	unsigned chosen = 0;

	walk->active_count = walk->torn_count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct image_network *network = &image->networks[queries[i].network];
		struct lane *lane = &walk->lanes[i];
		const struct image_start *start;

		lane->start = NULL;
		if (link >= network->link_count)
			continue;
		start = &image->starts[image->links[network->link_first + link]];
		lane->start = start;
		lane->state = block_load(start->state);
		lane->limit =
			lane->label_count < start->depth_max ? lane->label_count : start->depth_max;
		lane->hashed = lane->found = lane->missing = 0;
		lane->accept = start->accept;
		walk->active[walk->active_count] = lane;
		walk->active_count += lane->limit > 0;
		chosen++;
	}
	return chosen;
}

// Walks those lanes whose network has a link number `link`. False: none has.
static inline bool walk_link(struct walk *walk, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count, uint32_t link)
{
	if (begin_link(walk, queries, count, link) == 0)
		return false;
	walk_round(walk, 2);
	walk_round(walk, 1);
	walk_round(walk, 2);
	while (walk->active_count > 0)
		walk_round(walk, STRIDE_MAX);
	mend(walk);
	for (unsigned i = 0; i < count; i++)
		if (walk->lanes[i].start)
			prefetch_above(walk->image, &walk->lanes[i]);
	for (unsigned i = 0; i < count; i++)
		if (walk->lanes[i].start)
			choose(walk->image, &walk->lanes[i], &matches[i]);
	return true;
}

static inline void set_keys(block keys[static 2], const uint8_t key[static IMAGE_KEY_LEN])
{
	keys[0] = block_load(key);
	keys[1] = block_load(key + 16);
}

static inline void match_burst(struct walk *walk, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		matches[i] = (struct suffix_match){.rule = IMAGE_NONE};
	lay_out(walk, queries, count);
	for (uint32_t link = 0; walk_link(walk, queries, matches, count, link); link++)
		;
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
	parent.name_len -= parent.name_len ? 1 + parent.name[0] : 0;
	parent.name += 1u + parent.name[0];
	match_burst(walk, &parent, match, 1);
}

static void match_names(const struct image *image, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	struct walk walk;

	walk.image = image;
	set_keys(walk.keys, image->header->key);
	for (unsigned done = 0; done < count; done += BURST) {
		unsigned some = count - done < BURST ? count - done : BURST;

		match_burst(&walk, queries + done, matches + done, some);
		for (unsigned i = done; i < done + some; i++)
			if (queries[i].type == TYPE_DS)
				match_parent(&walk, &queries[i], &matches[i]);
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
