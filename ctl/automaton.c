// SPDX-License-Identifier: BSD-3-Clause
// Prints the automaton of a ruleset: a line a state, a graph for dot(1), or what it weighs.

#include "ctl/automaton.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/table.h"

enum { TEXT_LEN = 64 };

// "suffix contoso, exact www": the rules that a state accepts. The caller frees it.
static char *join_rules(const json_t *rules)
{
	json_t *texts = json_array(), *rule;
	char *joined;
	size_t i;

	json_array_foreach(rules, i, rule)
		json_array_append_new(texts,
			json_sprintf("%s %s", table_text(rule, "match"), table_text(rule, "name")));
	joined = table_join(texts);
	json_decref(texts);
	return joined;
}

static void add_number_or_dash(struct table *table, const json_t *number)
{
	if (json_is_integer(number))
		table_add_number(table, json_integer_value(number));
	else
		table_add(table, "-");
}

static void print_states(const json_t *states)
{
	static const char *const headings[] = {
		"#STATE", "#FROM", "BY LABEL", "DOMAIN", "ACCEPTS", NULL};
	struct table table;
	json_t *state;
	size_t i;

	table_init(&table, headings);
	json_array_foreach(states, i, state) {
		char *rules = join_rules(json_object_get(state, "rules"));

		table_add_number(&table, table_number(state, "state"));
		add_number_or_dash(&table, json_object_get(state, "from"));
		table_add(&table, i ? table_text(state, "label") : "-");
		table_add(&table, table_text(state, "domain"));
		table_add(&table, rules);
		free(rules);
	}
	table_print(&table);
}

// A text between quotes of dot's. Labels and names hold backslashes, which stand for themselves.
static void print_quoted(const char *text)
{
	char *shown = table_escape(text);

	putchar('"');
	for (const char *at = shown; *at; at++) {
		if (*at == '"' || *at == '\\')
			putchar('\\');
		putchar(*at);
	}
	putchar('"');
	free(shown);
}

static void print_dot(const json_t *result)
{
	json_t *state;
	size_t i;

	printf("digraph ");
	print_quoted(table_text(result, "ruleset"));
	puts(" {\n\trankdir=LR;\n\tnode [shape=circle];");
	json_array_foreach(json_object_get(result, "states"), i, state) {
		bool accepts = json_array_size(json_object_get(state, "rules")) > 0;
		char *rules = join_rules(json_object_get(state, "rules"));

		printf("\t%zu [label=", i);
		print_quoted(accepts ? rules : i ? "" : "start");
		puts(accepts ? ", shape=doublecircle];" : "];");
		if (i > 0) {
			printf("\t%lld -> %zu [label=", (long long)table_number(state, "from"), i);
			print_quoted(table_text(state, "label"));
			puts("];");
		}
		free(rules);
	}
	puts("}");
}

void automaton_print(const json_t *result, const struct call *call)
{
	if (json_is_true(json_object_get(call->params, "dot")))
		print_dot(result);
	else
		print_states(json_object_get(result, "states"));
}

static void print_count(const char *name, const json_t *result, const char *key)
{
	char text[TEXT_LEN];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, table_number(result, key));
	table_fact(name, text);
}

void automaton_print_stats(const json_t *result, const struct call *call)
{
	const json_t *depths = json_object_get(result, "depths");
	char text[TEXT_LEN];

	(void)call;
	table_fact("ruleset", table_text(result, "ruleset"));
	print_count("rules", result, "rules");
	print_count("states", result, "states");
	print_count("transitions", result, "transitions");
	print_count("accepting", result, "accepting");
	print_count("leaves", result, "leaves");
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " bytes, %.1f a rule of all rulesets",
		table_number(result, "image_bytes"),
		json_number_value(json_object_get(result, "image_bytes_per_rule")));
	table_fact("image", text);
	snprintf(text, sizeof(text), "%.3f s", (double)table_number(result, "compile_us") / 1e6);
	table_fact("compiled in", text);
	table_fact("walked by", table_text(result, "walk"));
	puts("\nstates by depth");
	for (size_t i = 0; i < json_array_size(depths); i++)
		printf("  %3zu  %12" JSON_INTEGER_FORMAT "\n", i,
			json_integer_value(json_array_get(depths, i)));
}
