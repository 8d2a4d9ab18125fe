// SPDX-License-Identifier: BSD-3-Clause
// Pieces of results that several nouns print.

#include "ctl/print.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/table.h"

void print_joined(const char *name, const json_t *list)
{
	char *text;

	if (json_array_size(list) == 0)
		return;
	text = table_join(list);
	table_fact(name, text);
	free(text);
}

void print_rule(const json_t *rule)
{
	table_fact("name", table_text(rule, "name"));
	table_fact("ruleset", table_text(rule, "ruleset"));
	table_fact("domain", table_text(rule, "domain"));
	table_fact("match", table_text(rule, "match"));
	table_fact("pattern", json_string_value(json_object_get(rule, "pattern")));
	table_fact("action", table_text(rule, "action"));
	table_fact("state", table_text(rule, "state"));
	print_joined("targets", json_object_get(rule, "targets"));
	print_joined("addresses", json_object_get(rule, "addresses"));
	if (json_object_get(rule, "ttl")) {
		char text[32];

		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, table_number(rule, "ttl"));
		table_fact("ttl", text);
	}
	print_joined("metadata", json_object_get(rule, "metadata"));
}

void print_generation(const json_t *result)
{
	char text[32];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, table_number(result, "generation"));
	table_fact("generation", text);
	table_fact("dataplane", json_string_value(json_object_get(result, "dataplane")));
}
