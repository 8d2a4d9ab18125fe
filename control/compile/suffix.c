// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side: rules are gathered, then frozen by suffix_accepts.c and suffix_buckets.c.
//
// Two names with equal states ask for another key, as do two states that no look-up could tell apart.
#include "control/compile/suffix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile/suffix_table.h"

enum { SLOTS_AT_FIRST = 1024 };

struct suffix_table *suffix_table_new(const uint8_t key[static IMAGE_KEY_LEN], size_t rule_count)
{
	struct suffix_table *table = calloc(1, sizeof(*table));

	if (!table || rule_count > UINT32_MAX / 4)
		goto err;
	table->key = key;
	table->way = suffix_way_best();
	table->slot_count = (uint32_t)(rule_count * 2 + SLOTS_AT_FIRST);
	table->slots = calloc(table->slot_count, sizeof(*table->slots));
	if (!table->slots)
		goto err;
	return table;

err:
	free(table);
	return NULL;
}

void suffix_table_free(struct suffix_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table->drafts);
	free(table->names);
	free(table->starts);
	free(table);
}

static uint32_t first_slot(const struct suffix_table *table, uint64_t state)
{
	return (uint32_t)((state >> 32) * table->slot_count >> 32);
}

// The slot of a state, or the free one where it belongs.
static struct slot *find_slot(const struct suffix_table *table, uint64_t state)
{
	for (uint32_t at = first_slot(table, state);;
		at = at + 1 == table->slot_count ? 0 : at + 1) {
		struct slot *slot = &table->slots[at];

		if (slot->depth == 0 || slot->state == state)
			return slot;
	}
}

// Room for `more` states, a quarter of the slots staying free.
static int reserve_slots(struct suffix_table *table, uint32_t more)
{
	struct slot *old = table->slots;
	uint32_t old_count = table->slot_count;

	if ((uint64_t)table->used_count + more <= old_count / 4 * 3)
		return 0;
	if (old_count > UINT32_MAX / 4)
		return -E2BIG;
	table->slot_count = old_count * 2;
	table->slots = calloc(table->slot_count, sizeof(*table->slots));
	if (!table->slots) {
		table->slots = old;
		table->slot_count = old_count;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i].depth)
			*find_slot(table, old[i].state) = old[i];
	free(old);
	return 0;
}

// Puts a rule into the chain of its state: higher rank first, regex rules in their order.
static int chain(struct suffix_table *table, uint32_t *head, uint32_t draft)
{
	struct draft *drafts = table->drafts;
	unsigned rank = drafts[draft].rule.rank;
	uint32_t *place = head;

	while (*place != SUFFIX_NONE && drafts[*place].rule.rank > rank)
		place = &drafts[*place].next;
	while (rank == IMAGE_RANK_REGEX && *place != SUFFIX_NONE &&
		drafts[*place].rule.rank == rank)
		place = &drafts[*place].next;
	if (*place != SUFFIX_NONE && drafts[*place].rule.rank == rank)
		return -EEXIST;
	drafts[draft].next = *place;
	*place = draft;
	return 0;
}

static bool is_same_name(const struct suffix_table *table, uint32_t a, uint32_t b)
{
	const uint8_t *name_a = suffix_table_name(table, a), *name_b = suffix_table_name(table, b);
	unsigned len = name_check(name_a, NAME_LEN_MAX);

	return table->drafts[a].start == table->drafts[b].start &&
		len == name_check(name_b, NAME_LEN_MAX) && memcmp(name_a, name_b, len) == 0;
}

static int accept_rule(struct suffix_table *table, struct slot *slot, uint32_t draft)
{
	uint32_t head = slot->is_accept ? slot->draft : SUFFIX_NONE;
	int err;

	if (slot->is_accept && !is_same_name(table, head, draft))
		return -EAGAIN;
	table->accept_count += !slot->is_accept;
	err = chain(table, &head, draft);
	slot->draft = head;
	slot->is_accept = true;
	return err;
}

// The states on the way to a rule, all of which are made, and the rule.
static int add_path(
	struct suffix_table *table, const uint64_t *states, unsigned depth, uint32_t draft)
{
	struct slot *slot = NULL;

	if (depth == 0)
		return chain(table, &table->starts[table->drafts[draft].start].draft, draft);
	for (unsigned i = 0; i < depth; i++) {
		slot = find_slot(table, states[i]);
		if (slot->depth == 0) {
			*slot = (struct slot){
				.state = states[i], .draft = draft, .depth = (i + 1) & 0x7f};
			table->used_count++;
		}
		if (i + 1 < depth && slot->below < SUFFIX_BELOW_MAX)
			slot->below++;
	}
	return accept_rule(table, slot, draft);
}

// Puts the batch into slots. Their memory was asked for when it was filled.
static int flush(struct suffix_table *table)
{
	uint32_t first = table->draft_count - table->batch_count;
	int err = 0;

	for (uint32_t i = 0; i < table->batch_count && !err; i++)
		err = add_path(table, table->batch_states[i], table->batch_depths[i], first + i);
	table->batch_count = 0;
	return err;
}

// A list with room for `more` elements behind `count`; NULL: no memory, and the old one stays.
static void *grow(void *list, size_t element, size_t count, size_t more, size_t *capacity)
{
	size_t wanted = *capacity + *capacity / 2 + more;

	if (*capacity - count >= more)
		return list;
	list = reallocarray(list, wanted, element);
	if (list)
		*capacity = wanted;
	return list;
}

static int add_start(struct suffix_table *table, uint32_t start)
{
	while (table->start_count <= start) {
		size_t capacity = table->start_count;
		struct start *starts = table->starts;

		// Powers of 2 are where it is full.
		if ((capacity & (capacity - 1)) == 0)
			starts = reallocarray(starts, capacity * 2 + 1, sizeof(*starts));
		if (!starts)
			return -ENOMEM;
		table->starts = starts;
		suffix_start(table->key, table->start_count, starts[capacity].state);
		starts[capacity].draft = SUFFIX_NONE;
		starts[capacity].depth_max = 0;
		table->start_count++;
	}
	return 0;
}

static int add_draft(struct suffix_table *table, uint32_t start, const uint8_t *name,
	const struct image_rule *rule)
{
	size_t len = name_check(name, NAME_LEN_MAX), capacity = table->draft_capacity;
	struct draft *drafts =
		grow(table->drafts, sizeof(*drafts), table->draft_count, 1, &capacity);
	uint8_t *names;

	if (!drafts)
		return -ENOMEM;
	table->drafts = drafts;
	table->draft_capacity = (uint32_t)capacity;
	names = grow(table->names, 1, table->names_len, len, &table->names_size);
	if (!names)
		return -ENOMEM;
	table->names = names;
	if (table->names_len + len > UINT32_MAX)
		return -E2BIG;
	drafts[table->draft_count++] = (struct draft){.rule = *rule,
		.name_off = (uint32_t)table->names_len,
		.start = start,
		.next = SUFFIX_NONE};
	memcpy(names + table->names_len, name, len);
	table->names_len += len;
	return 0;
}

int suffix_table_add(struct suffix_table *table, uint32_t start, const uint8_t *name,
	const struct image_rule *rule)
{
	uint64_t *states = table->batch_states[table->batch_count];
	int err = add_start(table, start);
	unsigned depth;

	// Before anything is asked for: slots must not move until the batch is in them.
	if (!err && table->batch_count == 0)
		err = reserve_slots(table, SUFFIX_BATCH * NAME_LABELS_MAX);
	if (!err)
		err = add_draft(table, start, name, rule);
	if (err)
		return err;
	depth = table->way->states(table->key, table->starts[start].state, name, states);
	if (depth > table->starts[start].depth_max)
		table->starts[start].depth_max = depth;
	for (unsigned i = 0; i < depth; i++)
		__builtin_prefetch(&table->slots[first_slot(table, states[i])], 1);
	table->batch_depths[table->batch_count++] = (uint8_t)depth;
	return table->batch_count == SUFFIX_BATCH ? flush(table) : 0;
}

int suffix_table_freeze(struct suffix_table *table, struct assembly *assembly, uint32_t start_count)
{
	int err = flush(table);

	if (!err && start_count > 0)
		err = add_start(table, start_count - 1);
	if (!err)
		err = suffix_write_accepts(table, assembly);
	if (!err)
		err = suffix_write_buckets(table, assembly);
	return err;
}
