// SPDX-License-Identifier: BSD-3-Clause
// shuntctl network: virtual networks, by which clients are told apart.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

static const struct option set_options[] = {
	{"prefix", "ADDR/BITS", OPTION_LIST, false, false, "its clients; none given: all"},
	{"inbound-endpoint", "E", OPTION_LIST, false, false, "only what is asked there"},
	{"ruleset", "R", OPTION_LIST, false, false, "linked, the first one first"},
	{"private-zone", "Z", OPTION_LIST, false, false, "linked"},
	{"default", "D", OPTION_TEXT, false, false, "of names without a rule: refuse or forward"},
	{"default-target", "IP[:PORT]", OPTION_LIST, false, false, "where forward goes"},
	{"default-outbound-endpoint", "E", OPTION_LIST, false, false, "from where"},
	OPTION_IF_GENERATION,
	{0},
};

static const struct option delete_options[] = {OPTION_IF_GENERATION, {0}};

static void print_network(const json_t *network)
{
	table_fact("name", table_text(network, "name"));
	print_joined("prefixes", json_object_get(network, "prefixes"));
	print_joined("inbound", json_object_get(network, "inbound-endpoints"));
	print_joined("rulesets", json_object_get(network, "rulesets"));
	print_joined("private zones", json_object_get(network, "private-zones"));
	table_fact("default", table_text(network, "default"));
	print_joined("", json_object_get(network, "default-targets"));
	print_joined("from", json_object_get(network, "default-outbound-endpoints"));
}

static void print_one(const json_t *result, const struct call *call)
{
	(void)call;
	print_network(json_object_get(result, "network"));
	print_generation(result);
}

static void print_deleted(const json_t *result, const struct call *call)
{
	(void)call;
	print_network(json_object_get(result, "network"));
	puts("deleted");
	print_generation(result);
}

static void add_joined(struct table *table, const json_t *list)
{
	char *text = table_join(list);

	table_add(table, text);
	free(text);
}

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {
		"NAME", "PREFIXES", "INBOUND", "RULESETS", "ZONES", "DEFAULT", NULL};
	struct table table;
	json_t *network;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "networks"), i, network) {
		table_add(&table, table_text(network, "name"));
		add_joined(&table, json_object_get(network, "prefixes"));
		add_joined(&table, json_object_get(network, "inbound-endpoints"));
		add_joined(&table, json_object_get(network, "rulesets"));
		add_joined(&table, json_object_get(network, "private-zones"));
		table_add(&table, table_text(network, "default"));
	}
	table_print(&table);
}

#define NAMED(verb, takes, prints, ...)                                                            \
	{                                                                                          \
		.name = verb, .positional = "NAME", .method = "network." verb, .options = (takes), \
		.print = (prints), __VA_ARGS__                                                     \
	}

static const struct verb verbs[] = {
	NAMED("create", set_options, print_one, .summary = "Make a virtual network"),
	NAMED("update", set_options, print_one, .summary = "Change what is given of a network",
		.note = "A list given replaces all that was there; an empty text takes it away."),
	NAMED("delete", delete_options, print_deleted, .summary = "Remove a network"),
	NAMED("show", NULL, print_one, .summary = "Show a network"),
	{.name = "list", .method = "network.list", .summary = "List networks", .print = print_list},
};

const struct noun noun_network = {
	"network", "Virtual networks, the client's", verbs, sizeof(verbs) / sizeof(verbs[0])};
