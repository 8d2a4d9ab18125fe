// SPDX-License-Identifier: BSD-3-Clause
// shuntctl record: records of private zones.

#include <stdio.h>

#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

#define ZONE(is_required)                                                    \
	{                                                                    \
		"zone", "Z", OPTION_TEXT, is_required, false, "of this zone" \
	}
#define TYPE(is_required)                                                                   \
	{                                                                                   \
		"type", "T", OPTION_TEXT, is_required, false, "such as A, AAAA, CNAME, TXT" \
	}

static const struct option set_options[] = {
	ZONE(true),
	TYPE(true),
	{"data", "DATA", OPTION_LIST, true, false, "as zone files have it"},
	{"ttl", "S", OPTION_TEXT, false, false, "if not the zone's"},
	OPTION_IF_GENERATION,
	{0},
};
static const struct option delete_options[] = {ZONE(true), TYPE(false), OPTION_IF_GENERATION, {0}};
static const struct option show_options[] = {ZONE(true), TYPE(false), {0}};
static const struct option list_options[] = {ZONE(false), {0}};

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {"ZONE", "NAME", "#TTL", "TYPE", "DATA", NULL};
	struct table table;
	json_t *record;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "records"), i, record) {
		table_add(&table, table_text(record, "zone"));
		table_add(&table, table_text(record, "name"));
		table_add_number(&table, table_number(record, "ttl"));
		table_add(&table, table_text(record, "type"));
		table_add(&table, table_text(record, "data"));
	}
	table_print(&table);
}

static void print_changed(const json_t *result, const struct call *call)
{
	print_list(result, call);
	print_generation(result);
}

#define NAMED(verb, takes, prints, ...)                                                           \
	{                                                                                         \
		.name = verb, .positional = "NAME", .method = "record." verb, .options = (takes), \
		.print = (prints), __VA_ARGS__                                                    \
	}

static const struct verb verbs[] = {
	NAMED("create", set_options, print_changed, .summary = "Add records",
		.note = "NAME is relative to the zone, `@` the zone itself, unless it ends in a dot."),
	NAMED("update", set_options, print_changed,
		.summary = "Put records in the place of those of the name and type"),
	NAMED("delete", delete_options, print_changed,
		.summary = "Remove the records of a name, of one type or all"),
	NAMED("show", show_options, print_list, .summary = "Show the records of a name"),
	{.name = "list",
		.method = "record.list",
		.options = list_options,
		.summary = "List records",
		.print = print_list},
};

const struct noun noun_record = {
	"record", "Records of private zones", verbs, sizeof(verbs) / sizeof(verbs[0])};
