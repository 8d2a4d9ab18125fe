// SPDX-License-Identifier: BSD-3-Clause
// shuntctl status: what runs.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/noun.h"
#include "ctl/table.h"

static void print_dataplane(const json_t *dataplane)
{
	char *ports = table_join(json_object_get(dataplane, "ports"));
	char text[512];

	table_fact("dataplane", table_text(dataplane, "state"));
	if (json_object_get(dataplane, "pid")) {
		snprintf(text, sizeof(text),
			"version %s, pid %" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT
			" workers, since %s",
			table_text(dataplane, "version"), table_number(dataplane, "pid"),
			table_number(dataplane, "workers"),
			table_text(dataplane, "connected_since"));
		table_fact("", text);
		snprintf(text, sizeof(text), "serves generation %" JSON_INTEGER_FORMAT,
			table_number(dataplane, "generation"));
		table_fact("", text);
		table_fact("ports", ports);
	}
	free(ports);
}

static void print_config(const json_t *result)
{
	json_t *image = json_object_get(result, "image");
	char text[256];

	snprintf(text, sizeof(text),
		"%" JSON_INTEGER_FORMAT " rules (%" JSON_INTEGER_FORMAT
		" disabled) in %" JSON_INTEGER_FORMAT " rulesets, %" JSON_INTEGER_FORMAT
		" networks",
		table_number(result, "rules"), table_number(result, "disabled_rules"),
		table_number(result, "rulesets"), table_number(result, "networks"));
	table_fact("serving", text);
	snprintf(text, sizeof(text),
		"%" JSON_INTEGER_FORMAT " bytes, compiled in %" JSON_INTEGER_FORMAT " us",
		table_number(image, "bytes"), table_number(image, "compile_us"));
	table_fact("image", text);
	table_fact("config file", table_text(result, "config_file"));
	table_fact("state folder", table_text(result, "state_dir"));
}

static void print(const json_t *result, const struct call *call)
{
	json_t *refusal = json_object_get(result, "last_refusal");
	char text[512];

	(void)call;
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, table_number(result, "generation"));
	table_fact("generation", text);
	snprintf(text, sizeof(text), "version %s, pid %" JSON_INTEGER_FORMAT,
		table_text(result, "version"), table_number(result, "pid"));
	table_fact("control", text);
	print_dataplane(json_object_get(result, "dataplane"));
	print_config(result);
	if (json_is_object(refusal)) {
		snprintf(text, sizeof(text), "generation %" JSON_INTEGER_FORMAT ": %s",
			table_number(refusal, "generation"), table_text(refusal, "reason"));
		table_fact("last refusal", text);
	}
	table_fact("attention", json_string_value(json_object_get(result, "attention")));
}

static const struct verb verbs[] = {
	{.method = "status", .summary = "Show what runs", .print = print},
};

const struct noun noun_status = {"status", "What runs", verbs, 1};
