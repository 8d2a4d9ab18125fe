// SPDX-License-Identifier: BSD-3-Clause
// shuntctl path: the dataplane's steps with live counts, as the counters' own directory lists them.

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/noun.h"
#include "ctl/table.h"

// Kinds of counters as control names them, in the order of the drawing.
static const struct {
	const char *kind;
	const char *title;
	const char *mark; // before each
} groups[] = {
	{"received", "queries come in", "  ▶ "},
	{"replies", NULL, "  ▶ "},
	{"taken-over", NULL, "  ▶ "},
	{"step", "steps", "  │ "},
	{"answered", "queries end", "  ◀ "},
	{"waiting", NULL, "  ~ "},
	{"exit", NULL, "  × "},
	{"accepted", "replies end", "  ◀ "},
	{"handed-over", NULL, "  ▶ "},
	{"refusal", NULL, "  × "},
	{"port", "ports", "    "},
	{"worker", "workers", "    "},
	{"burst", "profile, bursts of so many packets", "  ≥ "},
};

// What the counter of this kind and name says.
static json_int_t find_total(const json_t *counters, const char *kind, const char *name)
{
	json_t *counter;
	size_t i;

	json_array_foreach(counters, i, counter)
		if (strcmp(table_text(counter, "kind"), kind) == 0 &&
			strcmp(table_text(counter, "name"), name) == 0)
			return table_number(counter, "total");
	return 0;
}

// Ticks of a build with profile: those of ports are divided among what the steps beside them took.
static void print_cycles(const json_t *counters)
{
	bool has_title = false;
	json_t *counter;
	size_t i;

	json_array_foreach(counters, i, counter) {
		const char *name = table_text(counter, "name");
		const char *step = strncmp(name, "cycles.", 7) == 0 ? name + 7 : name;
		const char *whose = strcmp(step, "receive") == 0 ? "rx"
			: strcmp(step, "send") == 0              ? "tx"
								 : step;
		json_int_t walked;

		if (strcmp(table_text(counter, "kind"), "cycles") != 0)
			continue;
		if (!has_title)
			printf("\nprofile, TSC ticks %19s %14s\n", "a query", "in all");
		has_title = true;
		walked = find_total(counters, "step", whose);
		printf("  %-19s %17.1f %14" JSON_INTEGER_FORMAT "\n", step,
			walked ? (double)table_number(counter, "total") / (double)walked : 0,
			table_number(counter, "total"));
	}
}

static void print_group(const json_t *counters, size_t group)
{
	json_t *counter;
	size_t i;

	const char *title = groups[group].title;

	json_array_foreach(counters, i, counter) {
		if (strcmp(table_text(counter, "kind"), groups[group].kind) != 0)
			continue;
		if (title)
			printf("%s%s\n", group ? "\n" : "", title);
		title = NULL;
		printf("%s%-32s %14" JSON_INTEGER_FORMAT "\n", groups[group].mark,
			table_text(counter, "name"), table_number(counter, "total"));
	}
}

static void print(const json_t *result, const struct call *call)
{
	const json_t *counters = json_object_get(result, "counters");

	(void)call;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		print_group(counters, i);
	print_cycles(counters);
	printf("\n%" JSON_INTEGER_FORMAT " workers; -o json shows each\n",
		table_number(result, "workers"));
}

static const struct verb verbs[] = {
	{.method = "path.show",
		.summary = "Show a query's way through the dataplane, with live counts",
		.print = print},
};

const struct noun noun_path = {"path", "A query's way", verbs, 1};
