// SPDX-License-Identifier: BSD-3-Clause
// shuntctl reload: read the files again.

#include <stdio.h>

#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

static const struct option options[] = {
	{"force", NULL, OPTION_FLAG, false, false,
		"publish even if the dataplane serves a newer generation"},
	OPTION_IF_GENERATION,
	{0},
};

static void print(const json_t *result, const struct call *call)
{
	const json_t *changes = json_object_get(result, "changes");
	json_t *change;
	size_t i;

	(void)call;
	json_array_foreach(changes, i, change) {
		char text[2048];

		snprintf(text, sizeof(text), "%s: %s", table_text(change, "object"),
			table_text(change, "what"));
		table_fact(i ? "" : "changed", text);
	}
	if (json_array_size(changes) == 0)
		table_fact("changed", "nothing in the files");
	print_generation(result);
}

static const struct verb verbs[] = {
	{.method = "reload",
		.options = options,
		.summary = "Read the config files again",
		.note = "What changed in the files since they were last read replaces what runs;\n"
			"all else keeps the changes made at run time.",
		.print = print},
};

const struct noun noun_reload = {"reload", "Read the config files again", verbs, 1};
