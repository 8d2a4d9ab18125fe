// SPDX-License-Identifier: BSD-3-Clause
// shuntctl zone: private zones, which we answer ourselves.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

static const struct option set_options[] = {
	{"domain", "D.", OPTION_TEXT, false, false, "its DNS name, if not the name"},
	{"record", "LINE", OPTION_LIST, false, false, "OWNER [TTL] TYPE DATA"},
	{"ttl", "S", OPTION_TEXT, false, false, "of records without one (300)"},
	{"reverse", "R", OPTION_TEXT, false, false, "auto: addresses have their PTR; or off"},
	{"on-nxdomain", "A", OPTION_TEXT, false, false, "forward: on to the rules; or nxdomain"},
	{"zone-file", "FILE", OPTION_TEXT, false, false, "more records, as control finds it"},
	{"hosts", "FILE", OPTION_TEXT, false, false, "names like those of /etc/hosts"},
	OPTION_IF_GENERATION,
	{0},
};

static const struct option delete_options[] = {OPTION_IF_GENERATION, {0}};

static void print_zone(const json_t *zone)
{
	json_t *line;
	size_t i;

	table_fact("name", table_text(zone, "name"));
	table_fact("domain", json_string_value(json_object_get(zone, "domain")));
	table_fact("reverse", table_text(zone, "reverse"));
	table_fact("on-nxdomain", table_text(zone, "on-nxdomain"));
	table_fact("file", json_string_value(json_object_get(zone, "file")));
	table_fact("hosts", json_string_value(json_object_get(zone, "hosts")));
	json_array_foreach(json_object_get(zone, "records"), i, line)
		table_fact(i ? "" : "records", json_string_value(line));
}

static void print_one(const json_t *result, const struct call *call)
{
	(void)call;
	print_zone(json_object_get(result, "zone"));
	print_generation(result);
}

static void print_deleted(const json_t *result, const struct call *call)
{
	(void)call;
	print_zone(json_object_get(result, "zone"));
	puts("deleted");
	print_generation(result);
}

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {"NAME", "DOMAIN", "#RECORDS", "FILE", "HOSTS", NULL};
	struct table table;
	json_t *zone;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "zones"), i, zone) {
		table_add(&table, table_text(zone, "name"));
		table_add(&table, table_text(zone, "domain"));
		table_add_number(
			&table, (json_int_t)json_array_size(json_object_get(zone, "records")));
		table_add(&table, table_text(zone, "file"));
		table_add(&table, table_text(zone, "hosts"));
	}
	table_print(&table);
}

#define NAMED(verb, takes, prints, ...)                                                         \
	{                                                                                       \
		.name = verb, .positional = "NAME", .method = "zone." verb, .options = (takes), \
		.print = (prints), __VA_ARGS__                                                  \
	}

static const struct verb verbs[] = {
	NAMED("create", set_options, print_one, .summary = "Make a private zone"),
	NAMED("update", set_options, print_one, .summary = "Change what is given of a zone",
		.note = "Records given replace all that were there: see `shuntctl record`."),
	NAMED("delete", delete_options, print_deleted, .summary = "Remove a zone with its records",
		.note = "One that a network uses is not removed."),
	NAMED("show", NULL, print_one, .summary = "Show a zone and its records"),
	{.name = "list", .method = "zone.list", .summary = "List zones", .print = print_list},
};

const struct noun noun_zone = {"zone", "Private zones", verbs, sizeof(verbs) / sizeof(verbs[0])};
