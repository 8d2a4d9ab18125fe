// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, write side: the accepts of one ruleset after the other, with the endings that names share.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile/ending.h"
#include "control/compile/lines.h"
#include "control/compile/suffix_table.h"

enum {
	AHEAD = 16,           // how far memory is asked for ahead of its use
	ENDING_SHARE = 20000, // an ending is one if it is that of a name in so many
	CANDIDATES_MAX = 65536,
};

// An ending that may be worth storing.
struct candidate {
	uint64_t saving; // bytes
	const uint8_t *wire;
	unsigned len;
};

static struct candidate make_candidate(const struct suffix_table *table, const struct slot *slot)
{
	const uint8_t *name = suffix_table_name(table, slot->draft);
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

// The rules of the chain, behind each other; those with a pattern are noted.
static void write_rules(
	const struct suffix_table *table, struct assembly *assembly, uint32_t head, uint32_t at)
{
	struct image_regex regex = {0};

	for (uint32_t i = head; i != SUFFIX_NONE; i = table->drafts[i].next) {
		struct image_rule rule = table->drafts[i].rule;

		rule.is_last = table->drafts[i].next == SUFFIX_NONE;
		if (rule.rank == IMAGE_RANK_REGEX && regex.rule_count++ == 0)
			regex.rule = at;
		memcpy(assembly_at(assembly, IMAGE_accepts, at), &rule, sizeof(rule));
		at += (uint32_t)sizeof(rule);
	}
	if (regex.rule_count > 0)
		assembly_add(assembly, IMAGE_regexes, &regex, 1);
}

// Writes an accept with the rules of the chain and gives where it lies.
static uint32_t write_accept(const struct suffix_table *table, struct assembly *assembly,
	const struct ending_set *endings, struct lines *lines, uint32_t head)
{
	const uint8_t *name = suffix_table_name(table, head);
	uint32_t at, rules_len = 0;
	uint8_t own_len, ending, *to;

	for (uint32_t i = head; i != SUFFIX_NONE; i = table->drafts[i].next)
		rules_len += (uint32_t)sizeof(struct image_rule);
	ending = ending_find(endings, name, name_check(name, NAME_LEN_MAX), &own_len);
	at = lines_take(lines, assembly, 2u + own_len + rules_len);
	if (assembly->is_out_of_memory)
		return IMAGE_LEADS_ON;
	to = assembly_at(assembly, IMAGE_accepts, at);
	to[0] = own_len;
	to[1] = ending;
	memcpy(to + 2, name, own_len);
	write_rules(table, assembly, head, at + 2u + own_len);
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
		__builtin_prefetch(
			suffix_table_name(table, table->slots[sorted[i + AHEAD / 2]].draft));
}

static void write_starts(struct suffix_table *table, struct assembly *assembly,
	const struct ending_set *endings, const uint32_t *sorted, const uint32_t *ends)
{
	struct lines lines;
	uint32_t i = 0;

	for (uint32_t s = 0; s < table->start_count; s++) {
		struct start *from = &table->starts[s];
		struct image_start start = {
			.accept = IMAGE_LEADS_ON,
			.accept_first = assembly_count(assembly, IMAGE_accepts),
			.depth_max = from->depth_max,
		};

		lines_init(&lines);
		memcpy(start.state, from->state, sizeof(start.state));
		if (from->draft != SUFFIX_NONE)
			start.accept = write_accept(table, assembly, endings, &lines, from->draft);
		for (; i < ends[s]; i++) {
			struct slot *slot = &table->slots[sorted[i]];

			prefetch_draft(table, sorted, i);
			slot->draft = write_accept(table, assembly, endings, &lines, slot->draft);
		}
		start.accept_len = assembly_count(assembly, IMAGE_accepts) - start.accept_first;
		assembly_add(assembly, IMAGE_starts, &start, 1);
	}
	assembly_add(assembly, IMAGE_accepts, NULL, IMAGE_SLACK);
}

static int compare_regexes(const void *left, const void *right)
{
	const struct image_regex *a = left, *b = right;

	return (a->rule > b->rule) - (a->rule < b->rule);
}

// By where their rules lie, which is not the order in which they were written.
static void sort_regexes(struct assembly *assembly)
{
	uint32_t count = assembly_count(assembly, IMAGE_regexes);

	if (count > 0)
		qsort(assembly_at(assembly, IMAGE_regexes, 0), count, sizeof(struct image_regex),
			compare_regexes);
}

int suffix_write_accepts(struct suffix_table *table, struct assembly *assembly)
{
	struct ending_set endings;
	uint32_t *ends = calloc(table->start_count + 1ul, sizeof(*ends));
	uint32_t *sorted = ends ? sort_accepts(table, ends) : NULL;
	int err = sorted ? choose_endings(table, &endings) : -ENOMEM;

	if (!err) {
		assembly_add(assembly, IMAGE_endings, endings.endings, endings.count);
		write_starts(table, assembly, &endings, sorted, ends);
		sort_regexes(assembly);
		if (assembly_count(assembly, IMAGE_accepts) >= IMAGE_LEADS_ON)
			err = -E2BIG;
	}
	free(sorted);
	free(ends);
	return err;
}
