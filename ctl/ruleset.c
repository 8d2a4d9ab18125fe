// SPDX-License-Identifier: BSD-3-Clause
// shuntctl ruleset: whole sets of rules.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/automaton.h"
#include "ctl/file.h"
#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"
#include "ctl/versions.h"

static const struct option apply_options[] = {
	{"file", "FILE", OPTION_TEXT, true, false, "the rules; `-` is standard input"},
	{"target", "IP[:PORT]", OPTION_LIST, false, false,
		"FILE is a list of bare domains, which all go here"},
	{"create", NULL, OPTION_FLAG, false, false, "make the ruleset if it is not there"},
	{"outbound-endpoint", "E", OPTION_LIST, false, false, "of the ruleset, with --create"},
	{"confirm-timeout", "S", OPTION_NUMBER, false, false,
		"go back in S seconds unless it is confirmed"},
	OPTION_IF_GENERATION,
	{0},
};

static const struct option diff_options[] = {
	{"file", "FILE", OPTION_TEXT, false, false, "as for apply"},
	{"target", "IP[:PORT]", OPTION_LIST, false, false, "as for apply"},
	{"create", NULL, OPTION_FLAG, false, false, "as for apply"},
	{"outbound-endpoint", "E", OPTION_LIST, false, false, "as for apply"},
	{"generation", "N", OPTION_NUMBER, false, false, "in place of a file: as it was then"},
	{0},
};

static const struct option export_options[] = {
	{"generation", "N", OPTION_NUMBER, false, false, "as it was then"},
	{0},
};

static const struct option rollback_options[] = {
	{"generation", "N", OPTION_NUMBER, false, false,
		"which; if not given the last in which it was another"},
	OPTION_IF_GENERATION,
	{0},
};

static const struct option change_options[] = {OPTION_IF_GENERATION, {0}};

static const struct option from_options[] = {
	{"outbound-endpoint", "E", OPTION_LIST, true, false, "whose addresses it asks from"},
	OPTION_IF_GENERATION,
	{0},
};

static const struct option dump_options[] = {
	{"automaton", NULL, OPTION_FLAG, true, false, "its states and transitions"},
	{"dot", NULL, OPTION_FLAG, false, false, "as a graph for dot(1), if it is small"},
	{0},
};

static int open_file_if_given(struct call *call)
{
	if (json_object_get(call->params, "file"))
		return file_open(call);
	if (json_object_get(call->params, "generation"))
		return EXIT_DONE;
	fputs("shuntctl: missing: --file or --generation; see 'shuntctl ruleset diff --help'\n",
		stderr);
	return EXIT_USAGE;
}

static void print_head(const json_t *ruleset)
{
	char *endpoints = table_join(json_object_get(ruleset, "outbound-endpoints"));
	char count[32];

	snprintf(count, sizeof(count), "%" JSON_INTEGER_FORMAT,
		json_object_get(ruleset, "rules")
			? (json_int_t)json_array_size(json_object_get(ruleset, "rules"))
			: table_number(ruleset, "rule-count"));
	table_fact("name", table_text(ruleset, "name"));
	table_fact("from", endpoints);
	table_fact("rules", count);
	free(endpoints);
}

static void print_applied(const json_t *result, const struct call *call)
{
	const json_t *waiting = json_object_get(result, "waiting");
	char text[64];

	(void)call;
	if (json_is_object(json_object_get(result, "ruleset")))
		print_head(json_object_get(result, "ruleset"));
	else
		puts("removed");
	if (waiting) {
		snprintf(text, sizeof(text), "back in %" JSON_INTEGER_FORMAT " s unless confirmed",
			table_number(waiting, "seconds_left"));
		table_fact("waiting", text);
	}
	if (json_object_get(result, "back_to")) {
		snprintf(text, sizeof(text), "generation %" JSON_INTEGER_FORMAT,
			table_number(result, "back_to"));
		table_fact("as in", text);
	}
	print_generation(result);
}

static void print_ruleset(const json_t *result, const struct call *call)
{
	print_applied(result, call);
	printf("\nIts rules: shuntctl rule list --ruleset %s\n",
		table_text(json_object_get(result, "ruleset"), "name"));
}

static void print_deleted(const json_t *result, const struct call *call)
{
	(void)call;
	print_head(json_object_get(result, "ruleset"));
	puts("deleted");
	print_generation(result);
}

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {"NAME", "#RULES", "FROM", NULL};
	struct table table;
	json_t *ruleset;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "rulesets"), i, ruleset) {
		char *endpoints = table_join(json_object_get(ruleset, "outbound-endpoints"));

		table_add(&table, table_text(ruleset, "name"));
		table_add_number(&table, table_number(ruleset, "rule-count"));
		table_add(&table, endpoints);
		free(endpoints);
	}
	table_print(&table);
}

static const struct verb verbs[] = {
	{.name = "apply",
		.positional = "NAME",
		.method = "ruleset.apply",
		.options = apply_options,
		.summary = "Replace all rules of a ruleset by those of a file",
		.note = "All of it is compiled and adopted, or nothing changes. FILE is YAML, either\n"
			"`rules:` alone or a document with `rulesets:`; with --target it is a list of\n"
			"domains, one a line. With --confirm-timeout the ruleset goes back to how it\n"
			"was unless `ruleset confirm` comes in time.",
		.prepare = file_open,
		.print = print_applied},
	{.name = "diff",
		.positional = "NAME",
		.method = "ruleset.diff",
		.options = diff_options,
		.summary = "Show what applying a file, or going back, would change",
		.note = "A line a rule: the names it stands for, and who answers them before and after;\n"
			"`-` is no rule of this ruleset.",
		.prepare = open_file_if_given,
		.print = versions_print_diff},
	{.name = "confirm",
		.positional = "NAME",
		.method = "ruleset.confirm",
		.options = change_options,
		.summary = "Keep what was applied with --confirm-timeout",
		.print = print_applied},
	{.name = "rollback",
		.positional = "NAME",
		.method = "ruleset.rollback",
		.options = rollback_options,
		.summary = "Make a ruleset as it was",
		.note = "The result is a new generation. What waits for its confirmation goes back to\n"
			"how it was before.",
		.print = print_applied},
	{.name = "history",
		.positional = "NAME",
		.method = "ruleset.history",
		.summary = "List the generations that are kept",
		.print = versions_print_history},
	{.name = "export",
		.positional = "NAME",
		.method = "ruleset.export",
		.options = export_options,
		.summary = "Print a ruleset as YAML, as apply takes it",
		.print = versions_print_export},
	{.name = "create",
		.positional = "NAME",
		.method = "ruleset.create",
		.options = from_options,
		.summary = "Make a ruleset without rules",
		.print = print_applied},
	{.name = "update",
		.positional = "NAME",
		.method = "ruleset.update",
		.options = from_options,
		.summary = "Change the endpoints of a ruleset",
		.print = print_applied},
	{.name = "delete",
		.positional = "NAME",
		.method = "ruleset.delete",
		.options = change_options,
		.summary = "Remove a ruleset with its rules",
		.note = "One that a network uses is not removed.",
		.print = print_deleted},
	{.name = "show",
		.positional = "NAME",
		.method = "ruleset.show",
		.summary = "Show a ruleset",
		.print = print_ruleset},
	{.name = "list", .method = "ruleset.list", .summary = "List rulesets", .print = print_list},
	{.name = "dump",
		.positional = "NAME",
		.method = "ruleset.dump",
		.options = dump_options,
		.summary = "Show what a ruleset was compiled to",
		.note = "A line a state: the state it comes from, the label that leads to it, the domain\n"
			"that it stands for, and the rules that it accepts, the best first.",
		.print = automaton_print},
	{.name = "stats",
		.positional = "NAME",
		.method = "ruleset.stats",
		.summary = "Show how large a compiled ruleset is",
		.print = automaton_print_stats},
};

const struct noun noun_ruleset = {
	"ruleset", "Whole sets of rules", verbs, sizeof(verbs) / sizeof(verbs[0])};
