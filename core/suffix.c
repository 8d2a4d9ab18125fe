// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, read side: which way to walk, and what the compiler of the table shares with it.
#include "core/suffix.h"

#include <string.h>

#include "core/aes.h"
#include "core/cpu.h"
#include "core/name.h"
#include "core/suffix_way.h"

// By the level of CPU that each needs, which rises.
static const struct {
	enum cpu_level level;
	const struct suffix_way *way;
} ways[] = {
	{CPU_ANY, &suffix_plain},
#ifdef __x86_64__
	{CPU_AVX2, &suffix_avx2},
	{CPU_AVX512, &suffix_avx512},
#endif
};

const struct suffix_way *suffix_way(unsigned index)
{
	if (index >= sizeof(ways) / sizeof(ways[0]) || ways[index].level > cpu_level())
		return NULL;
	return ways[index].way;
}

const struct suffix_way *suffix_way_best(void)
{
	const struct suffix_way *best = ways[0].way;

	for (unsigned i = 1; suffix_way(i); i++)
		best = suffix_way(i);
	return best;
}

void suffix_match(const struct image *image, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	if (count > 0) // else there may be no image yet
		image->way->match(image, queries, matches, count);
}

void suffix_start(const uint8_t key[static IMAGE_KEY_LEN], uint32_t start,
	uint8_t state[static IMAGE_STATE_LEN])
{
	struct aes_block block = {0}, keys[2];

	memcpy(block.b, &start, sizeof(start));
	memcpy(keys, key, sizeof(keys));
	block = aes_round(aes_round(block, keys[0]), keys[1]);
	memcpy(state, block.b, IMAGE_STATE_LEN);
}

// The accept of a state; IMAGE_LEADS_ON: none, or there is no such state.
static uint32_t find_state(const struct image *image, uint64_t state)
{
	uint32_t fingerprint = suffix_fingerprint(state);
	uint32_t home = suffix_home(state, image->buckets_count);

	for (unsigned turn = 0; turn < IMAGE_RUN_MAX; turn++) {
		const struct image_bucket *bucket =
			&image->buckets[suffix_bucket(home, turn, fingerprint)];

		for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++)
			if (bucket->fingerprints[i] == fingerprint)
				return bucket->accepts[i] & IMAGE_LEADS_ON;
		if (!(bucket->accepts[suffix_filter_bit(fingerprint)] & IMAGE_FILTER_BIT))
			break;
	}
	return IMAGE_LEADS_ON;
}

unsigned suffix_accept_name(
	const struct image *image, uint32_t accept, uint8_t name[static NAME_LEN_MAX])
{
	const struct image_ending *ending;
	const uint8_t *at = image->accepts + accept;
	struct image_rule rule;

	do {
		memcpy(&rule, at, sizeof(rule));
		at += sizeof(rule);
	} while (!rule.is_last);
	ending = &image->endings[at[1]];
	memcpy(name, at + 2, at[0]);
	memcpy(name + at[0], ending->bytes, ending->len);
	return at[0] + ending->len;
}

uint32_t suffix_find(const struct image *image, uint32_t start, const uint8_t *name)
{
	const struct image_start *from = &image->starts[start];
	uint64_t states[NAME_LABELS_MAX];
	unsigned len = name_check(name, NAME_LEN_MAX);
	unsigned count = image->way->states(image->header->key, from->state, name, states);
	uint32_t accept = count ? find_state(image, states[count - 1]) : from->accept;
	uint8_t path[NAME_LEN_MAX];

	if (accept == IMAGE_LEADS_ON || accept - from->accept_first >= from->accept_len)
		return IMAGE_NONE;
	if (suffix_accept_name(image, accept, path) != len || memcmp(path, name, len) != 0)
		return IMAGE_NONE;
	return accept;
}
