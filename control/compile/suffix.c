// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side.
//
// While rules are added the states stand in a plain hash table, by their full 64 bits. Freezing puts each into the
// first bucket from its home on that has a free slot, with 32 of those bits as its fingerprint. Two states of one
// fingerprint on one run of buckets could not be told apart: that, or two names with equal states, asks for another key.
#include "control/compile/suffix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/name.h"
#include "core/suffix.h"

enum {
	SLOTS_AT_FIRST = 1024,
	SLOTS_FILLED =
		6, // of a bucket's 8, on average: runs stay short, memory stays near 11 bytes a state
};

struct slot {
	uint64_t state;
	uint32_t accept;
	bool is_used;
};

struct suffix_table {
	const uint8_t *key;
	struct slot *slots;
	size_t slot_count; // a power of 2
	size_t used_count;
};

struct suffix_table *suffix_table_new(const uint8_t key[static IMAGE_KEY_LEN])
{
	struct suffix_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->key = key;
	table->slot_count = SLOTS_AT_FIRST;
	table->slots = calloc(table->slot_count, sizeof(*table->slots));
	if (!table->slots) {
		free(table);
		return NULL;
	}
	return table;
}

void suffix_table_free(struct suffix_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table);
}

static struct slot *find_slot(const struct suffix_table *table, uint64_t state)
{
	for (size_t at = state;; at++) {
		struct slot *slot = &table->slots[at & (table->slot_count - 1)];

		if (!slot->is_used || slot->state == state)
			return slot;
	}
}

static int grow(struct suffix_table *table)
{
	struct slot *old = table->slots;
	size_t old_count = table->slot_count;
	struct slot *slots = calloc(old_count * 2, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	table->slots = slots;
	table->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].is_used)
			*find_slot(table, old[i].state) = old[i];
	free(old);
	return 0;
}

// The slot of a state, which is made if it is new. NULL: no memory.
static struct slot *add_state(struct suffix_table *table, uint64_t state)
{
	struct slot *slot;

	if (table->used_count * 2 >= table->slot_count && grow(table) != 0)
		return NULL;
	slot = find_slot(table, state);
	if (!slot->is_used) {
		*slot = (struct slot){.state = state, .accept = IMAGE_NONE, .is_used = true};
		table->used_count++;
	}
	return slot;
}

// The slot of the state that the whole name leads to; all states on the way are made.
static struct slot *add_path(struct suffix_table *table, uint32_t start, const uint8_t *name)
{
	uint8_t labels[NAME_LABELS_MAX];
	unsigned count = name_labels(name, labels);
	uint64_t state = suffix_start(table->key, start);
	struct slot *slot = add_state(table, state);

	while (slot && count > 0) {
		const uint8_t *label = name + labels[--count];

		state = suffix_step(table->key, state, label + 1, label[0]);
		slot = add_state(table, state);
	}
	return slot;
}

static uint32_t add_accept(struct assembly *assembly, uint32_t start, const uint8_t *name)
{
	struct image_accept accept = {
		.name_off =
			assembly_add(assembly, IMAGE_names, name, name_check(name, NAME_LEN_MAX)),
		.start = start,
		.rule_at = IMAGE_NONE,
		.rule_below = IMAGE_NONE,
	};

	return assembly_add(assembly, IMAGE_accepts, &accept, 1);
}

static bool is_same_name(const uint8_t *a, const uint8_t *b)
{
	unsigned len = name_check(a, NAME_LEN_MAX);

	return len == name_check(b, NAME_LEN_MAX) && memcmp(a, b, len) == 0;
}

// A rule takes a place of a state if nobody has it or its rank is higher.
static int take_place(
	struct assembly *assembly, uint32_t *place, enum image_rank rank, uint32_t rule)
{
	const struct image_rule *holder;

	if (*place != IMAGE_NONE) {
		holder = assembly_at(assembly, IMAGE_rules, *place);
		if (holder->rank == rank)
			return -EEXIST;
		if (holder->rank > rank)
			return 0;
	}
	*place = rule;
	return 0;
}

int suffix_table_add(struct suffix_table *table, struct assembly *assembly, uint32_t start,
	const uint8_t *name, enum image_rank rank, uint32_t rule)
{
	struct slot *slot = add_path(table, start, name);
	struct image_accept *accept;
	int err = 0;

	if (!slot)
		return -ENOMEM;
	if (slot->accept == IMAGE_NONE)
		slot->accept = add_accept(assembly, start, name);
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	accept = assembly_at(assembly, IMAGE_accepts, slot->accept);
	if (accept->start != start ||
		!is_same_name(assembly_at(assembly, IMAGE_names, accept->name_off), name))
		return -EAGAIN;
	if (rank != IMAGE_RANK_SUBDOMAINS)
		err = take_place(assembly, &accept->rule_at, rank, rule);
	if (!err && rank != IMAGE_RANK_EXACT)
		err = take_place(assembly, &accept->rule_below, rank, rule);
	return err;
}

static int place_state(struct assembly *assembly, const struct slot *slot)
{
	uint32_t bucket_count = assembly_count(assembly, IMAGE_buckets);
	uint32_t fingerprint = suffix_fingerprint(slot->state);
	uint32_t at = suffix_bucket(slot->state, bucket_count);

	for (;; at = at + 1 == bucket_count ? 0 : at + 1) {
		struct image_bucket *bucket = assembly_at(assembly, IMAGE_buckets, at);

		for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++) {
			if (bucket->fingerprints[i] == fingerprint)
				return -EAGAIN;
			if (bucket->fingerprints[i] == 0) {
				bucket->fingerprints[i] = fingerprint;
				bucket->accepts[i] = slot->accept;
				return 0;
			}
		}
	}
}

int suffix_table_freeze(struct suffix_table *table, struct assembly *assembly, uint32_t start_count)
{
	int err = 0;

	for (uint32_t i = 0; i < start_count; i++) {
		uint64_t state = suffix_start(table->key, i);

		assembly_add(assembly, IMAGE_starts, &state, 1);
	}
	assembly_add(
		assembly, IMAGE_names, NULL, NAME_LEN_MAX); // the walk may read past the last name
	assembly_add(assembly, IMAGE_buckets, NULL, table->used_count / SLOTS_FILLED + 1);
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	for (size_t i = 0; i < table->slot_count && !err; i++)
		if (table->slots[i].is_used)
			err = place_state(assembly, &table->slots[i]);
	return err;
}
