// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side: the table of buckets that the walk looks states up in.
#include <errno.h>
#include <stdlib.h>

#include "control/compile/suffix_table.h"

#define BUCKET_LOAD \
	6.5 // of 8 slots: one state in twenty finds its home full, and memory stays near 10 bytes a state

// Puts a state into a bucket. 0, -ENOSPC: it is full, or -EAGAIN: a state of this fingerprint is there.
static int put_state(struct image_bucket *bucket, const struct slot *slot)
{
	uint32_t fingerprint = suffix_fingerprint(slot->state);

	for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++) {
		if (bucket->fingerprints[i] == fingerprint)
			return -EAGAIN;
		if (bucket->fingerprints[i] == 0) {
			bucket->fingerprints[i] = fingerprint;
			bucket->accepts[i] |= slot->is_accept ? slot->draft : IMAGE_LEADS_ON;
			bucket->accepts[i] |= slot->below ? 0 : IMAGE_LEAF;
			return 0;
		}
	}
	return -ENOSPC;
}

// Puts a state into the first bucket of its look-up that has room, and its filter bit into those passed over.
static int put_beyond(struct image_bucket *buckets, uint32_t bucket_count, const struct slot *slot)
{
	uint32_t fingerprint = suffix_fingerprint(slot->state);
	uint32_t home = suffix_home(slot->state, bucket_count);

	for (unsigned turn = 0; turn < IMAGE_RUN_MAX; turn++) {
		struct image_bucket *bucket = &buckets[suffix_bucket(home, turn, fingerprint)];
		int err = put_state(bucket, slot);

		if (err != -ENOSPC)
			return err;
		bucket->accepts[suffix_filter_bit(fingerprint)] |= IMAGE_FILTER_BIT;
	}
	return -EAGAIN;
}

// First all that find room at home, so that few stand elsewhere and few look-ups go on. The slots lie in the order of
// their homes: memory is written from one end to the other.
static int place_states(
	const struct suffix_table *table, struct image_bucket *buckets, uint32_t bucket_count)
{
	uint32_t *homeless = malloc((table->used_count + 1ul) * sizeof(*homeless));
	uint32_t count = 0;
	int err = homeless ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < table->slot_count && !err; i++) {
		const struct slot *slot = &table->slots[i];

		if (slot->depth == 0)
			continue;
		err = put_state(&buckets[suffix_home(slot->state, bucket_count)], slot);
		if (err == -ENOSPC) {
			homeless[count++] = i;
			err = 0;
		}
	}
	for (uint32_t i = 0; i < count && !err; i++)
		err = put_beyond(buckets, bucket_count, &table->slots[homeless[i]]);
	free(homeless);
	return err;
}

int suffix_write_buckets(const struct suffix_table *table, struct assembly *assembly)
{
	uint32_t group_count =
		(uint32_t)(table->used_count / BUCKET_LOAD / IMAGE_GROUP_BUCKETS) + 1;
	uint32_t bucket_count = group_count * IMAGE_GROUP_BUCKETS;

	assembly_add(assembly, IMAGE_buckets, NULL, bucket_count);
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	return place_states(table, assembly_at(assembly, IMAGE_buckets, 0), bucket_count);
}
