// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side.
//
// While rules are added, their states stand in a hash table by 64 bits of their hash, in the order of the buckets that
// they will have; rules and names wait in lists:
//
//   slot ─▶ draft (the state's best rule) ─▶ draft ─▶ …        draft ─▶ name
//
// Freezing writes the accepts of one ruleset after the other, and then puts each state into its home bucket or, where
// that is full, into another of its group, with 32 bits of its hash as its fingerprint. Two states of one fingerprint on one look-up's
// way could not be told apart: that, or two names with equal states, asks for another key.
#include "control/compile/suffix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile/ending.h"
#include "core/name.h"
#include "core/suffix.h"

enum {
	BATCH = 32,
	AHEAD = 16, // how far memory is asked for ahead of its use
	SLOTS_AT_FIRST = 1024,
	ENDING_SHARE = 20000, // an ending is one if it is that of a name in so many
	CANDIDATES_MAX = 65536,
};

#define NONE UINT32_MAX
#define BUCKET_LOAD \
	6.5 // of 8 slots: one state in twenty finds its home full, and memory stays near 10 bytes a state
#define BELOW_MAX ((1u << 24) - 1)

struct draft {
	struct image_rule rule;
	uint32_t name_off;
	uint32_t start;
	uint32_t next; // of the same state, of lower rank
};

// A state.
struct slot {
	uint64_t state;
	uint32_t draft;      // its best rule, or a rule on whose path it lies
	uint32_t below : 24; // rules on whose paths it lies
	uint32_t depth : 7;  // labels; 0: the slot is free
	uint32_t is_accept : 1;
};

struct start {
	uint8_t state[IMAGE_STATE_LEN];
	uint32_t draft; // the best rule for the root; NONE: there is none
};

struct suffix_table {
	const uint8_t *key;
	const struct suffix_way *way;
	struct slot *slots;
	uint32_t slot_count;
	uint32_t used_count;
	struct draft *drafts;
	uint32_t draft_count, draft_capacity;
	uint8_t *names;
	size_t names_len, names_size;
	struct start *starts;
	uint32_t start_count;
	uint32_t accept_count;
	uint32_t batch_count; // of the last drafts, not yet in slots
	uint8_t batch_depths[BATCH];
	uint64_t batch_states[BATCH][NAME_LABELS_MAX];
};

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

static const uint8_t *name_of(const struct suffix_table *table, uint32_t draft)
{
	return table->names + table->drafts[draft].name_off;
}

// Puts a rule into the chain of its state: higher rank first, regex rules in their order.
static int chain(struct suffix_table *table, uint32_t *head, uint32_t draft)
{
	struct draft *drafts = table->drafts;
	unsigned rank = drafts[draft].rule.rank;
	uint32_t *place = head;

	while (*place != NONE && drafts[*place].rule.rank > rank)
		place = &drafts[*place].next;
	while (rank == IMAGE_RANK_REGEX && *place != NONE && drafts[*place].rule.rank == rank)
		place = &drafts[*place].next;
	if (*place != NONE && drafts[*place].rule.rank == rank)
		return -EEXIST;
	drafts[draft].next = *place;
	*place = draft;
	return 0;
}

static bool is_same_name(const struct suffix_table *table, uint32_t a, uint32_t b)
{
	const uint8_t *name_a = name_of(table, a), *name_b = name_of(table, b);
	unsigned len = name_check(name_a, NAME_LEN_MAX);

	return table->drafts[a].start == table->drafts[b].start &&
		len == name_check(name_b, NAME_LEN_MAX) && memcmp(name_a, name_b, len) == 0;
}

static int accept_rule(struct suffix_table *table, struct slot *slot, uint32_t draft)
{
	uint32_t head = slot->is_accept ? slot->draft : NONE;
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
		if (i + 1 < depth && slot->below < BELOW_MAX)
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
		starts[capacity].draft = NONE;
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
		.next = NONE};
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
		err = reserve_slots(table, BATCH * NAME_LABELS_MAX);
	if (!err)
		err = add_draft(table, start, name, rule);
	if (err)
		return err;
	depth = table->way->states(table->key, table->starts[start].state, name, states);
	for (unsigned i = 0; i < depth; i++)
		__builtin_prefetch(&table->slots[first_slot(table, states[i])], 1);
	table->batch_depths[table->batch_count++] = (uint8_t)depth;
	return table->batch_count == BATCH ? flush(table) : 0;
}

// An ending that may be worth storing.
struct candidate {
	uint64_t saving; // bytes
	const uint8_t *wire;
	unsigned len;
};

static struct candidate make_candidate(const struct suffix_table *table, const struct slot *slot)
{
	const uint8_t *name = name_of(table, slot->draft);
	uint8_t labels[NAME_LABELS_MAX];
	unsigned count = name_labels(name, labels);
	unsigned off = labels[count - slot->depth];
	unsigned len = name_check(name + off, NAME_LEN_MAX);

	return (struct candidate){(uint64_t)slot->below * (len - 1), name + off, len};
}

static int compare_savings(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return a->saving > b->saving ? -1 : a->saving < b->saving;
}

// Those that save the most bytes, each taken for itself.
static int choose_endings(const struct suffix_table *table, struct ending_set *set)
{
	uint32_t least = table->draft_count / ENDING_SHARE + 3;
	struct candidate *candidates = calloc(CANDIDATES_MAX, sizeof(*candidates));
	size_t count = 0;

	if (!candidates)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->slot_count && count < CANDIDATES_MAX; i++)
		if (table->slots[i].depth && table->slots[i].below >= least)
			candidates[count++] = make_candidate(table, &table->slots[i]);
	qsort(candidates, count, sizeof(*candidates), compare_savings);
	ending_init(set);
	for (size_t i = 0; i < count && !ending_is_full(set); i++)
		if (candidates[i].saving > sizeof(struct image_ending))
			ending_add(set, candidates[i].wire, candidates[i].len);
	free(candidates);
	return 0;
}

// Writes an accept with the rules of the chain and gives where it lies.
static uint32_t write_accept(const struct suffix_table *table, struct assembly *assembly,
	const struct ending_set *endings, uint32_t head)
{
	const uint8_t *name = name_of(table, head);
	uint32_t at = assembly_count(assembly, IMAGE_accepts);
	struct image_regex regex = {0};
	uint8_t tail[2];

	for (uint32_t i = head; i != NONE; i = table->drafts[i].next) {
		struct image_rule rule = table->drafts[i].rule;

		rule.is_last = table->drafts[i].next == NONE;
		if (rule.rank == IMAGE_RANK_REGEX && regex.rule_count++ == 0)
			regex.rule = assembly_count(assembly, IMAGE_accepts);
		assembly_add(assembly, IMAGE_accepts, &rule, sizeof(rule));
	}
	if (regex.rule_count > 0)
		assembly_add(assembly, IMAGE_regexes, &regex, 1);
	tail[1] = ending_find(endings, name, name_check(name, NAME_LEN_MAX), &tail[0]);
	assembly_add(assembly, IMAGE_accepts, tail, sizeof(tail));
	assembly_add(assembly, IMAGE_accepts, name, tail[0]);
	return at;
}

// The slots that accept, ruleset by ruleset, each in the order of the table. free() it; NULL: no memory.
static uint32_t *sort_accepts(const struct suffix_table *table, uint32_t *ends)
{
	uint32_t *sorted = malloc((table->accept_count + 1ul) * sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (uint32_t i = 0; i < table->slot_count; i++)
		if (table->slots[i].is_accept)
			ends[table->drafts[table->slots[i].draft].start + 1]++;
	for (uint32_t i = 1; i <= table->start_count; i++)
		ends[i] += ends[i - 1];
	for (uint32_t i = 0; i < table->slot_count; i++)
		if (table->slots[i].is_accept)
			sorted[ends[table->drafts[table->slots[i].draft].start]++] = i;
	return sorted;
}

static void prefetch_draft(const struct suffix_table *table, const uint32_t *sorted, uint32_t i)
{
	if (i + AHEAD < table->accept_count)
		__builtin_prefetch(&table->drafts[table->slots[sorted[i + AHEAD]].draft]);
	if (i + AHEAD / 2 < table->accept_count)
		__builtin_prefetch(name_of(table, table->slots[sorted[i + AHEAD / 2]].draft));
}

// The slots' drafts become the places of their accepts.
static void write_starts(struct suffix_table *table, struct assembly *assembly,
	const struct ending_set *endings, const uint32_t *sorted, const uint32_t *ends)
{
	uint32_t i = 0;

	for (uint32_t s = 0; s < table->start_count; s++) {
		struct start *from = &table->starts[s];
		struct image_start start = {
			.accept = IMAGE_LEADS_ON,
			.accept_first = assembly_count(assembly, IMAGE_accepts),
		};

		memcpy(start.state, from->state, sizeof(start.state));
		if (from->draft != NONE)
			start.accept = write_accept(table, assembly, endings, from->draft);
		for (; i < ends[s]; i++) {
			struct slot *slot = &table->slots[sorted[i]];

			prefetch_draft(table, sorted, i);
			slot->draft = write_accept(table, assembly, endings, slot->draft);
		}
		start.accept_len = assembly_count(assembly, IMAGE_accepts) - start.accept_first;
		assembly_add(assembly, IMAGE_starts, &start, 1);
	}
	assembly_add(assembly, IMAGE_accepts, NULL, IMAGE_SLACK);
}

static int write_accepts(struct suffix_table *table, struct assembly *assembly)
{
	struct ending_set endings;
	uint32_t *ends = calloc(table->start_count + 1ul, sizeof(*ends));
	uint32_t *sorted = ends ? sort_accepts(table, ends) : NULL;
	int err = sorted ? choose_endings(table, &endings) : -ENOMEM;

	if (!err) {
		assembly_add(assembly, IMAGE_endings, endings.endings, endings.count);
		write_starts(table, assembly, &endings, sorted, ends);
		if (assembly_count(assembly, IMAGE_accepts) >= IMAGE_LEADS_ON)
			err = -E2BIG;
	}
	free(sorted);
	free(ends);
	return err;
}

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

static int write_buckets(const struct suffix_table *table, struct assembly *assembly)
{
	uint32_t group_count =
		(uint32_t)(table->used_count / BUCKET_LOAD / IMAGE_GROUP_BUCKETS) + 1;
	uint32_t bucket_count = group_count * IMAGE_GROUP_BUCKETS;

	assembly_add(assembly, IMAGE_buckets, NULL, bucket_count);
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	return place_states(table, assembly_at(assembly, IMAGE_buckets, 0), bucket_count);
}

int suffix_table_freeze(struct suffix_table *table, struct assembly *assembly, uint32_t start_count)
{
	int err = flush(table);

	if (!err && start_count > 0)
		err = add_start(table, start_count - 1);
	if (!err)
		err = write_accepts(table, assembly);
	if (!err)
		err = write_buckets(table, assembly);
	return err;
}
