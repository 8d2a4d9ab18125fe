// SPDX-License-Identifier: BSD-3-Clause
// shuntctl upstream: the servers that rules send to, and how they do.

#include <stdio.h>

#include "ctl/noun.h"
#include "ctl/print.h"
#include "ctl/table.h"

enum { TEXT_LEN = 64, MICROSECONDS_IN_MS = 1000 };

// "12.3 ms"; "-" where there is none.
static void format_ms(char *out, const json_t *upstream, const char *key)
{
	json_int_t us = table_number(upstream, key);

	if (json_is_integer(json_object_get(upstream, key)))
		snprintf(out, TEXT_LEN, "%.1f ms", (double)us / MICROSECONDS_IN_MS);
	else
		snprintf(out, TEXT_LEN, "-");
}

static void print_list(const json_t *result, const struct call *call)
{
	static const char *const headings[] = {
		"ADDRESS", "STATE", "#RTT", "#REST", "#SENT", "#ANSWERED", "#MISSED", NULL};
	struct table table;
	json_t *upstream;
	size_t i;

	(void)call;
	table_init(&table, headings);
	json_array_foreach(json_object_get(result, "upstreams"), i, upstream) {
		char rtt[TEXT_LEN], rest[TEXT_LEN];

		format_ms(rtt, upstream, "rtt_us");
		format_ms(rest, upstream, "rest_us");
		table_add(&table, table_text(upstream, "address"));
		table_add(&table, table_text(upstream, "state"));
		table_add(&table, rtt);
		table_add(&table, rest);
		table_add_number(&table, table_number(upstream, "sent"));
		table_add_number(&table, table_number(upstream, "answered"));
		table_add_number(&table, table_number(upstream, "missed"));
	}
	table_print(&table);
}

static void print_count(const json_t *upstream, const char *key)
{
	char text[TEXT_LEN];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, table_number(upstream, key));
	table_fact(key, text);
}

static void print_one(const json_t *result, const struct call *call)
{
	const json_t *upstream = json_object_get(result, "upstream");
	char text[TEXT_LEN];

	(void)call;
	table_fact("address", table_text(upstream, "address"));
	table_fact("state", table_text(upstream, "state"));
	format_ms(text, upstream, "rtt_us");
	table_fact("rtt", text);
	format_ms(text, upstream, "rest_us");
	table_fact("rest", text);
	table_fact("0x20", table_text(upstream, "case_randomisation"));
	print_count(upstream, "sent");
	print_count(upstream, "answered");
	print_count(upstream, "missed");
	print_generation(result);
}

static const struct verb verbs[] = {
	{.name = "list",
		.method = "upstream.list",
		.summary = "List the servers that rules send to",
		.print = print_list},
	{.name = "show",
		.positional = "ADDRESS",
		.method = "upstream.show",
		.summary = "Show how a server does",
		.note = "ADDRESS is IP (then the port is 53), IP:PORT or [IP]:PORT. REST is how long a\n"
			"server rests that did not answer; the first question after it goes there again.\n"
			"0x20 is on, off (by the configuration), or suspended for an hour as replies did\n"
			"not bring the letter case of questions back.",
		.print = print_one},
	{.name = "drain",
		.positional = "ADDRESS",
		.method = "upstream.drain",
		.summary = "Send no more questions to a server",
		.note = "Until it is enabled, or the dataplane starts anew. What was sent may still be\n"
			"answered.",
		.print = print_one},
	{.name = "enable",
		.positional = "ADDRESS",
		.method = "upstream.enable",
		.summary = "Send questions to a drained server again",
		.print = print_one},
	{.name = "reset",
		.positional = "ADDRESS",
		.method = "upstream.reset",
		.summary = "Forget what was measured of a server, and end its rest",
		.print = print_one},
};

const struct noun noun_upstream = {
	"upstream", "Servers that rules send to", verbs, sizeof(verbs) / sizeof(verbs[0])};
