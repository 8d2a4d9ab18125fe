// SPDX-License-Identifier: BSD-3-Clause
// shuntctl rule: one rule at a time.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/table.h"

#define RULESET                                                                \
	{                                                                      \
		"ruleset", "R", OPTION_TEXT, true, false, "the rule's ruleset" \
	}
#define TARGET                                                              \
	{                                                                   \
		"target", "IP[:PORT]", OPTION_LIST, false, false,           \
			"where to forward to, in order; [IP]:PORT for IPv6" \
	}
#define MATCH                                                                  \
	{                                                                      \
		"match", "M", OPTION_TEXT, false, false,                       \
			"suffix (as if not given), exact, subdomains or regex" \
	}
#define ACTION                                                                                  \
	{                                                                                       \
		"action", "A", OPTION_TEXT, false, false,                                       \
			"forward (as if not given), nxdomain, nodata, refuse, drop, addresses " \
			"or default"                                                            \
	}
#define ADDRESS                                                                             \
	{                                                                                   \
		"address", "IP", OPTION_LIST, false, false, "what action addresses answers" \
	}
#define TTL                                                                           \
	{                                                                             \
		"ttl", "SECONDS", OPTION_TEXT, false, false, "of those answers (300)" \
	}
#define PATTERN                                                                     \
	{                                                                           \
		"pattern", "P", OPTION_TEXT, false, false,                          \
			"what names below the domain are searched for: match regex" \
	}
#define STATE                                                                  \
	{                                                                      \
		"state", "S", OPTION_TEXT, false, false, "enabled or disabled" \
	}
#define POLICY                                                           \
	{                                                                \
		"policy", "P", OPTION_TEXT, false, false,                \
			"ordered, round-robin, lowest-latency or random" \
	}
#define METADATA                                                                                \
	{                                                                                       \
		"metadata", "KEY=VALUE", OPTION_LIST, false, false, "a note kept with the rule" \
	}

static const struct option create_options[] = {
	RULESET,
	{"domain", "D.", OPTION_TEXT, true, false, "with its final dot; `.` is every name"},
	TARGET,
	ACTION,
	ADDRESS,
	TTL,
	MATCH,
	PATTERN,
	STATE,
	POLICY,
	METADATA,
	OPTION_IF_GENERATION,
	{0},
};

static const struct option update_options[] = {
	RULESET,
	TARGET,
	ACTION,
	ADDRESS,
	TTL,
	MATCH,
	PATTERN,
	STATE,
	POLICY,
	METADATA,
	OPTION_IF_GENERATION,
	{0},
};

static const struct option change_options[] = {RULESET, OPTION_IF_GENERATION, {0}};
static const struct option show_options[] = {RULESET, {0}};

static const struct option list_options[] = {
	{"ruleset", "R", OPTION_TEXT, false, false, "only of this ruleset"},
	{0},
};

static const struct option test_options[] = {
	{"type", "T", OPTION_TEXT, false, false, "record type (A)"},
	{"client", "ADDR", OPTION_TEXT, false, false, "asked by a client of this address"},
	{"inbound", "ADDR", OPTION_TEXT, false, false, "asked at this address of ours"},
	{"follow", NULL, OPTION_FLAG, false, false, "follow CNAMEs: not built yet"},
	{0},
};

static void print_one(const json_t *result, const struct call *call)
{
	(void)call;
	print_rule(json_object_get(result, "rule"));
	print_generation(result);
}

static void print_deleted(const json_t *result, const struct call *call)
{
	(void)call;
	print_rule(json_object_get(result, "rule"));
	puts("deleted");
	print_generation(result);
}

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {
		"RULESET", "NAME", "DOMAIN", "MATCH", "ACTION", "STATE", "TARGETS", NULL};
	struct table table;
	json_t *rule;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "rules"), i, rule) {
		char *targets = table_join(json_object_get(rule, "targets"));

		table_add(&table, table_text(rule, "ruleset"));
		table_add(&table, table_text(rule, "name"));
		table_add(&table, table_text(rule, "domain"));
		table_add(&table, table_text(rule, "match"));
		table_add(&table, table_text(rule, "action"));
		table_add(&table, table_text(rule, "state"));
		table_add(&table, targets);
		free(targets);
	}
	table_print(&table);
}

static void print_winner(const json_t *winner)
{
	char text[2048];

	if (strcmp(table_text(winner, "kind"), "rule") == 0)
		snprintf(text, sizeof(text), "rule %s of ruleset %s (%s, %s): %s",
			table_text(winner, "name"), table_text(winner, "ruleset"),
			table_text(winner, "domain"), table_text(winner, "match"),
			table_text(winner, "action"));
	else if (strcmp(table_text(winner, "kind"), "zone") == 0)
		snprintf(text, sizeof(text), "private zone %s", table_text(winner, "name"));
	else
		snprintf(text, sizeof(text), "none; the network's default: %s",
			table_text(winner, "action"));
	table_fact("winner", text);
}

static void print_targets(const json_t *targets)
{
	json_t *target;
	size_t i;

	json_array_foreach(targets, i, target) {
		char text[256];

		snprintf(text, sizeof(text), "%s %s", table_text(target, "address"),
			table_text(target, "state"));
		table_fact(i ? "" : "targets", text);
	}
}

static void print_test(const json_t *result, const struct call *call)
{
	const char *network;
	json_t *beaten;
	size_t i;

	(void)call;
	table_fact("name", table_text(result, "name"));
	table_fact("type", table_text(result, "type"));
	table_fact("client", json_string_value(json_object_get(result, "client")));
	network = json_string_value(json_object_get(result, "network"));
	table_fact("network", network ? network : "none");
	print_winner(json_object_get(result, "winner"));
	print_targets(json_object_get(result, "targets"));
	json_array_foreach(json_object_get(result, "beaten"), i, beaten) {
		char text[2048];

		snprintf(text, sizeof(text), "rule %s of ruleset %s (%s): %s",
			table_text(beaten, "name"), table_text(beaten, "ruleset"),
			table_text(beaten, "domain"), table_text(beaten, "reason"));
		table_fact(i ? "" : "beaten", text);
	}
	print_generation(result);
}

// A verb for the rule NAME of a ruleset.
#define NAMED(verb, takes, prints, ...)                                                         \
	{                                                                                       \
		.name = verb, .positional = "NAME", .method = "rule." verb, .options = (takes), \
		.print = (prints), __VA_ARGS__                                                  \
	}

static const struct verb verbs[] = {
	NAMED("create", create_options, print_one, .summary = "Make a rule"),
	NAMED("update", update_options, print_one, .summary = "Change what is given of a rule",
		.note = "Targets and metadata given replace all that were there. The domain can't be\n"
			"changed: delete the rule and create it anew."),
	NAMED("delete", change_options, print_deleted, .summary = "Remove a rule"),
	NAMED("enable", change_options, print_one, .summary = "Let a rule answer again"),
	NAMED("disable", change_options, print_one, .summary = "Keep a rule but ignore it"),
	NAMED("show", show_options, print_one, .summary = "Show a rule"),
	{.name = "list",
		.method = "rule.list",
		.options = list_options,
		.summary = "List rules",
		.print = print_list},
	NAMED("test", test_options, print_test, .summary = "Say which rule answers a name, and why",
		.note = "Answers from the image that is published. NAME may lack its final dot.\n"
			"--client may be left out if there is only one network."),
};

const struct noun noun_rule = {
	"rule", "One rule at a time", verbs, sizeof(verbs) / sizeof(verbs[0])};
