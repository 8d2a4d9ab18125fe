// SPDX-License-Identifier: BSD-3-Clause
// shuntctl stats: how many queries, where they ended, and by which rules.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/noun.h"
#include "ctl/table.h"

enum { RULES_SHOWN = 20 };

static const struct option options[] = {
	{"all", NULL, OPTION_FLAG, false, true, "every rule, also those that answered nothing"},
	{"limit", "N", OPTION_NUMBER, false, true, "so many rules (20)"},
	{0},
};

static int by_queries(const void *a, const void *b)
{
	json_int_t queries_a = table_number(*(json_t *const *)a, "queries");
	json_int_t queries_b = table_number(*(json_t *const *)b, "queries");

	return (queries_a < queries_b) - (queries_a > queries_b);
}

static void print_count(const char *name, json_int_t count)
{
	printf("  %12" JSON_INTEGER_FORMAT "  %s\n", count, name);
}

// Names with counts, those that counted nothing left out.
static void print_counts(const char *before, json_t *counts)
{
	const char *name;
	json_t *count;

	json_object_foreach(counts, name, count) {
		char text[128];

		snprintf(text, sizeof(text), "%s: %s", before, name);
		if (json_integer_value(count) != 0)
			print_count(text, json_integer_value(count));
	}
}

static void print_path(const json_t *path)
{
	json_t *replies = json_object_get(path, "replies");

	puts("queries");
	print_count("received", table_number(path, "received"));
	print_count("answered", table_number(path, "answered"));
	print_count("in flight", table_number(path, "in_flight"));
	print_counts("ended", json_object_get(path, "exits"));
	puts("\nreplies of upstreams");
	print_count("received", table_number(replies, "received"));
	print_count("accepted", table_number(replies, "accepted"));
	print_counts("refused", json_object_get(replies, "refused"));
	if (table_number(replies, "handed_over") != 0)
		print_count("handed over between workers", table_number(replies, "handed_over"));
}

// Rules with queries, most first; gives how many there are.
static size_t sort_rules(const json_t *rules, json_t **sorted, bool is_all)
{
	size_t count = 0, i;
	json_t *rule;

	json_array_foreach(rules, i, rule)
		if (is_all || table_number(rule, "queries") != 0)
			sorted[count++] = rule;
	qsort(sorted, count, sizeof(sorted[0]), by_queries);
	return count;
}

static void print_rules(const json_t *rules, bool is_all, size_t limit)
{
	static const char *const headings[] = {"#QUERIES", "#LOOPS", "RULESET", "RULE", NULL};
	json_t **sorted = calloc(json_array_size(rules) + 1, sizeof(json_t *));
	size_t count = sorted ? sort_rules(rules, sorted, is_all) : 0;
	struct table table;

	puts("");
	table_init(&table, headings);
	for (size_t i = 0; i < count && i < limit; i++) {
		table_add_number(&table, table_number(sorted[i], "queries"));
		table_add_number(&table, table_number(sorted[i], "loops"));
		table_add(&table, table_text(sorted[i], "ruleset"));
		table_add(&table, table_text(sorted[i], "name"));
	}
	table_print(&table);
	if (count > limit)
		printf("(the %zu busiest of %zu; --all shows every rule, --limit N so many)\n",
			limit, count);
	else if (!is_all)
		printf("(%zu of %zu rules answered queries; --all shows every rule)\n", count,
			json_array_size(rules));
	free(sorted);
}

static void print(const json_t *result, const struct call *call)
{
	bool is_all = json_object_get(call->local, "all") != NULL;
	size_t limit = is_all ? SIZE_MAX : RULES_SHOWN;

	if (json_object_get(call->local, "limit"))
		limit = (size_t)table_number(call->local, "limit");
	print_path(json_object_get(result, "path"));
	print_rules(json_object_get(result, "rules"), is_all, limit);
}

static const struct verb verbs[] = {
	{.method = "stats.show",
		.options = options,
		.summary = "Count queries, where they ended, and by which rules",
		.print = print},
};

const struct noun noun_stats = {"stats", "Counts of queries", verbs, 1};
