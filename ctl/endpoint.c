// SPDX-License-Identifier: BSD-3-Clause
// shuntctl endpoint: addresses that we answer on, and those that we ask from.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

#define KIND(is_required)                                                           \
	{                                                                           \
		"kind", "K", OPTION_TEXT, is_required, false, "inbound or outbound" \
	}
#define ADDRESS(is_required)                                                   \
	{                                                                      \
		"address", "ADDR", OPTION_LIST, is_required, false,            \
			"of this host; inbound also ADDR:PORT and [ADDR]:PORT" \
	}
#define PORTS                                                                               \
	{                                                                                   \
		"ports", "FIRST-LAST", OPTION_TEXT, false, false, "that outbound asks from" \
	}
#define REPLIES                                                               \
	{                                                                     \
		"replies", "R", OPTION_TEXT, false, false, "of outbound: any" \
	}

static const struct option create_options[] = {
	KIND(true), ADDRESS(true), PORTS, REPLIES, OPTION_IF_GENERATION, {0}};
static const struct option update_options[] = {
	KIND(false), ADDRESS(false), PORTS, REPLIES, OPTION_IF_GENERATION, {0}};
static const struct option delete_options[] = {KIND(false), OPTION_IF_GENERATION, {0}};
static const struct option show_options[] = {KIND(false), {0}};

static void print_endpoint(const json_t *endpoint)
{
	table_fact("name", table_text(endpoint, "name"));
	table_fact("kind", table_text(endpoint, "kind"));
	print_joined("addresses", json_object_get(endpoint, "addresses"));
	table_fact("ports", json_string_value(json_object_get(endpoint, "ports")));
}

static void print_one(const json_t *result, const struct call *call)
{
	(void)call;
	print_endpoint(json_object_get(result, "endpoint"));
	print_generation(result);
}

static void print_deleted(const json_t *result, const struct call *call)
{
	(void)call;
	print_endpoint(json_object_get(result, "endpoint"));
	puts("deleted");
	print_generation(result);
}

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {"KIND", "NAME", "ADDRESSES", "PORTS", NULL};
	struct table table;
	json_t *endpoint;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "endpoints"), i, endpoint) {
		char *addresses = table_join(json_object_get(endpoint, "addresses"));

		table_add(&table, table_text(endpoint, "kind"));
		table_add(&table, table_text(endpoint, "name"));
		table_add(&table, addresses);
		table_add(&table, table_text(endpoint, "ports"));
		free(addresses);
	}
	table_print(&table);
}

#define NAMED(verb, takes, prints, ...)                                         \
	{                                                                       \
		.name = verb, .positional = "NAME", .method = "endpoint." verb, \
		.options = (takes), .print = (prints), __VA_ARGS__              \
	}

static const struct verb verbs[] = {
	NAMED("create", create_options, print_one, .summary = "Make an endpoint"),
	NAMED("update", update_options, print_one, .summary = "Change what is given of an endpoint",
		.note = "Addresses given replace all that were there. --kind is needed only where an\n"
			"inbound and an outbound endpoint have the same name."),
	NAMED("delete", delete_options, print_deleted, .summary = "Remove an endpoint",
		.note = "One that a ruleset or a network uses is not removed."),
	NAMED("show", show_options, print_one, .summary = "Show an endpoint"),
	{.name = "list",
		.method = "endpoint.list",
		.options = show_options,
		.summary = "List endpoints",
		.print = print_list},
};

const struct noun noun_endpoint = {"endpoint", "Addresses that we answer on or ask from", verbs,
	sizeof(verbs) / sizeof(verbs[0])};
