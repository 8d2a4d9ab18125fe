// SPDX-License-Identifier: BSD-3-Clause
// What shuntctl ruleset prints of a ruleset's past and of its would-be future.

#include "ctl/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/table.h"

enum { TEXT_LEN = 2048 };

// The names that a rule stands for.
static void format_names(char out[static TEXT_LEN], const json_t *rule)
{
	static const struct {
		const char *match;
		const char *before, *after;
	} words[] = {
		{"suffix", "", " and below"},
		{"exact", "", ""},
		{"subdomains", "below ", ""},
		{"regex", "", " and below, where it matches"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(table_text(rule, "match"), words[i].match) == 0)
			snprintf(out, TEXT_LEN, "%s%s%s", words[i].before,
				table_text(rule, "domain"), words[i].after);
}

// "10.0.0.1, 10.0.0.2 (rule a)"; "-": nobody of this ruleset.
static void format_answering(char out[static TEXT_LEN], const json_t *rule)
{
	const json_t *targets = json_object_get(rule, "targets");
	bool is_forward = strcmp(table_text(rule, "action"), "forward") == 0;
	char *joined = is_forward ? table_join(targets) : NULL;

	if (json_is_object(rule))
		snprintf(out, TEXT_LEN, "%s (%s)", joined ? joined : table_text(rule, "action"),
			table_text(rule, "name"));
	else
		strcpy(out, "-");
	free(joined);
}

// With what changed of a rule that is on both sides.
static void format_change(char out[static TEXT_LEN], const json_t *item)
{
	const json_t *keys = json_object_get(item, "keys");
	char *joined = keys ? table_join(keys) : NULL;

	snprintf(out, TEXT_LEN, "%s%s%s", table_text(item, "change"), joined ? ": " : "",
		joined ? joined : "");
	free(joined);
}

void versions_print_diff(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {"RULE", "CHANGE", "NAMES", "WAS", "WILL BE", NULL};
	const json_t *changes = json_object_get(result, "changes");
	char text[TEXT_LEN];
	struct table table;
	json_t *item;
	size_t i;

	(void)call;
	if (json_array_size(changes) == 0) {
		puts("nothing would change");
		return;
	}
	table_init(&table, headings);
	json_array_foreach(changes, i, item) {
		table_add(&table, table_text(item, "name"));
		format_change(text, item);
		table_add(&table, text);
		format_names(text, item);
		table_add(&table, text);
		format_answering(text, json_object_get(item, "was"));
		table_add(&table, text);
		format_answering(text, json_object_get(item, "will"));
		table_add(&table, text);
	}
	table_print(&table);
}

void versions_print_history(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {
		"#GENERATION", "STORED", "#RULES", "#ADDED", "#REMOVED", "#CHANGED", NULL};
	struct table table;
	json_t *item;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "history"), i, item) {
		table_add_number(&table, table_number(item, "generation"));
		table_add(&table, table_text(item, "stored"));
		table_add_number(&table, table_number(item, "rules"));
		table_add_number(&table, table_number(item, "added"));
		table_add_number(&table, table_number(item, "removed"));
		table_add_number(&table, table_number(item, "changed"));
	}
	table_print(&table);
}

// The file as it is: whatever could reach a terminal's controls was escaped by who made it.
void versions_print_export(const json_t *result, const struct call *call)
{
	(void)call;
	fputs(table_text(result, "yaml"), stdout);
}
