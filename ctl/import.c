// SPDX-License-Identifier: BSD-3-Clause
// shuntctl import: files of other name servers and clouds.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/file.h"
#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

static const struct option options[] = {
	{"from", "FORMAT", OPTION_TEXT, true, false,
		"azure, arm, private-endpoint, private-dns, aws, dnsmasq, unbound, bind, corefile or "
		"hosts"},
	{"apply", NULL, OPTION_FLAG, false, false, "load it, in place of printing it"},
	{"network", "N", OPTION_TEXT, false, false, "links what is made"},
	{"ruleset", "R", OPTION_TEXT, false, false, "what the ruleset is called"},
	{"outbound-endpoint", "E", OPTION_LIST, false, false,
		"that it asks from; not needed if there is only one"},
	{"default", "IP", OPTION_TEXT, false, false,
		"of azure and arm: where names without a rule go (168.63.129.16)"},
	OPTION_IF_GENERATION,
	{0},
};

// To stderr: stdout is for the YAML.
static void complain(const json_t *lines)
{
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		char *shown = table_escape(json_string_value(line) ? json_string_value(line) : "");

		fprintf(stderr, "%s\n", shown);
		free(shown);
	}
}

static void print(const json_t *result, const struct call *call)
{
	complain(json_object_get(result, "dropped"));
	complain(json_object_get(result, "notes"));
	fprintf(stderr,
		"%" JSON_INTEGER_FORMAT " rules and %" JSON_INTEGER_FORMAT
		" records kept, %zu left out\n",
		table_number(result, "rules"), table_number(result, "records"),
		json_array_size(json_object_get(result, "dropped")));
	if (json_object_get(call->params, "apply"))
		print_generation(result);
	else
		fputs(table_text(result, "yaml"), stdout);
}

static const struct verb verbs[] = {
	{.positional = "FILE",
		.method = "import",
		.options = options,
		.summary = "Make rules and zones of another server's file",
		.note = "Prints YAML; what can't be kept goes to standard error, a line each with its\n"
			"place and the reason. FILE `-` is standard input. With --apply a ruleset or\n"
			"zone takes the place of one of the same name.",
		.prepare = file_open,
		.print = print},
};

const struct noun noun_import = {
	"import", "Make rules and zones of another server's file", verbs, 1};
