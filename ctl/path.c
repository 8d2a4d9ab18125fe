// SPDX-License-Identifier: BSD-3-Clause
// shuntctl path: the dataplane's steps with live counts, as the counters' own directory lists them.

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
};

static void print_group(const json_t *counters, size_t group)
{
	json_t *counter;
	size_t i;

	if (groups[group].title)
		printf("%s%s\n", group ? "\n" : "", groups[group].title);
	json_array_foreach(counters, i, counter)
		if (strcmp(table_text(counter, "kind"), groups[group].kind) == 0)
			printf("%s%-32s %14" JSON_INTEGER_FORMAT "\n", groups[group].mark,
				table_text(counter, "name"), table_number(counter, "total"));
}

static void print(const json_t *result, const struct call *call)
{
	const json_t *counters = json_object_get(result, "counters");

	(void)call;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		print_group(counters, i);
	printf("\n%" JSON_INTEGER_FORMAT " workers; -o json shows each\n",
		table_number(result, "workers"));
}

static const struct verb verbs[] = {
	{.method = "path.show",
		.summary = "Show a query's way through the dataplane, with live counts",
		.print = print},
};

const struct noun noun_path = {"path", "A query's way", verbs, 1};
