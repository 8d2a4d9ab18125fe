// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, read side.
//
// Each name is walked from the right, once from each start state of its network. Every accepting state on the way is
// considered; the deepest whose path agrees byte for byte with the name wins.
#include "core/suffix.h"

#include <string.h>

#include "core/msg.h"
#include "core/name.h"

// 64 x 64 -> 128 bits, both halves folded into one: every bit of each factor reaches every bit of the result.
static uint64_t fold_product(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t read_word(const uint8_t *bytes, unsigned len)
{
	uint64_t word = 0;

	memcpy(&word, bytes, len);
	return word;
}

uint64_t suffix_step(
	const uint8_t key[static IMAGE_KEY_LEN], uint64_t state, const uint8_t *label, uint8_t len)
{
	uint64_t low = read_word(key, 8) | 1;
	uint64_t high = read_word(key + 8, 8) | 1;
	uint64_t hash = fold_product(state ^ high, low + len);

	for (unsigned at = 0; at < len; at += 8) {
		unsigned rest = len - at < 8 ? len - at : 8;

		hash = fold_product(hash ^ low, read_word(label + at, rest) ^ high) + hash;
	}
	return fold_product(hash ^ high, low ^ len);
}

uint64_t suffix_start(const uint8_t key[static IMAGE_KEY_LEN], uint32_t start)
{
	return fold_product(read_word(key, 8) ^ start, read_word(key + 8, 8) | 1) ^ start;
}

uint32_t suffix_bucket(uint64_t state, uint32_t bucket_count)
{
	return (uint32_t)((state >> 32) * bucket_count >> 32);
}

uint32_t suffix_fingerprint(uint64_t state)
{
	uint32_t low = (uint32_t)state;

	return low ? low : 1;
}

// Gives the state's accept, IMAGE_NONE if it only leads on. False: there is no such state. Ends, as the image
// was checked to have a free slot.
static bool find_state(const struct image *image, uint64_t state, uint32_t *accept)
{
	uint32_t fingerprint = suffix_fingerprint(state);
	uint32_t at = suffix_bucket(state, image->buckets_count);

	for (;;) {
		const struct image_bucket *bucket = &image->buckets[at];

		for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++) {
			if (bucket->fingerprints[i] == fingerprint) {
				*accept = bucket->accepts[i];
				return true;
			}
			if (bucket->fingerprints[i] == 0)
				return false;
		}
		at = at + 1 == image->buckets_count ? 0 : at + 1;
	}
}

// A name laid out for walking from the right.
//
//   folded   3 w w w 5 a z u r e 3 c o m 0
//   labels   0       4           10      14: the root label
struct walker {
	uint8_t folded[NAME_LEN_MAX];
	uint8_t labels[NAME_LABELS_MAX + 1];
	unsigned len;
	unsigned label_count;
};

static void lay_out(struct walker *walker, const uint8_t *name)
{
	walker->len = name_check(name, NAME_LEN_MAX);
	name_fold(walker->folded, name, walker->len);
	walker->label_count = name_labels(walker->folded, walker->labels);
	walker->labels[walker->label_count] = (uint8_t)(walker->len - 1);
}

// Is the accept's path the name's last `depth` labels, byte for byte?
static bool is_path(const struct image *image, const struct image_accept *accept,
	const struct walker *walker, unsigned depth)
{
	unsigned off = walker->labels[walker->label_count - depth];
	const uint8_t *path = image->names + accept->name_off;

	return memcmp(path, walker->folded + off, walker->len - off) == 0;
}

// Takes the state's rule for this name if it beats what was found before: a longer domain, else a
// match of higher rank; on a full tie the earlier link stays.
static void consider(const struct image *image, uint32_t index, uint32_t start,
	const struct walker *walker, unsigned depth, struct suffix_match *best)
{
	const struct image_accept *accept = &image->accepts[index];
	uint32_t rule = depth == walker->label_count ? accept->rule_at : accept->rule_below;

	if (rule == IMAGE_NONE || accept->start != start)
		return;
	if (best->rule != IMAGE_NONE && depth <= best->label_count) {
		if (depth < best->label_count ||
			image->rules[rule].rank <= image->rules[best->rule].rank)
			return;
	}
	if (is_path(image, accept, walker, depth))
		*best = (struct suffix_match){.rule = rule, .label_count = depth};
}

static void walk(const struct image *image, uint32_t start, const struct walker *walker,
	struct suffix_match *best)
{
	uint64_t state = image->starts[start];

	for (unsigned depth = 0;; depth++) {
		const uint8_t *label;
		uint32_t accept;

		if (!find_state(image, state, &accept))
			return;
		if (accept != IMAGE_NONE)
			consider(image, accept, start, walker, depth, best);
		if (depth == walker->label_count)
			return;
		label = walker->folded + walker->labels[walker->label_count - depth - 1];
		state = suffix_step(image->header->key, state, label + 1, label[0]);
	}
}

static struct suffix_match match_name(
	const struct image *image, const uint8_t *name, uint32_t index)
{
	const struct image_network *network = &image->networks[index];
	struct suffix_match best = {.rule = IMAGE_NONE};
	struct walker walker;

	lay_out(&walker, name);
	for (uint32_t i = 0; i < network->link_count; i++)
		walk(image, image->links[network->link_first + i], &walker, &best);
	return best;
}

static bool is_whole_name(const struct suffix_match *match, const uint8_t *name)
{
	uint8_t labels[NAME_LABELS_MAX];

	return match->rule != IMAGE_NONE && match->label_count == name_labels(name, labels);
}

void suffix_match(const struct image *image, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *name = queries[i].name;

		matches[i] = match_name(image, name, queries[i].network);
		if (queries[i].type == TYPE_DS && name[0] != 0 && is_whole_name(&matches[i], name))
			matches[i] = match_name(image, name + 1 + name[0], queries[i].network);
	}
}
