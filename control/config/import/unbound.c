// SPDX-License-Identifier: BSD-3-Clause
// unbound: forward-zone and stub-zone clauses, local-zone and local-data of unbound.conf.
//
//   forward-zone:                        a rule; so is a stub-zone
//       name: "corp.example."
//       forward-addr: 10.0.0.1@5353#tls.name
//   server:
//       local-zone: "ads.example." always_nxdomain        a rule
//       local-zone: "lan.example." static                 a private zone
//       local-data: "nas.lan.example. 3600 IN A 10.0.0.9"  a record of the zone that covers it
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/import/lexer.h"

enum { TARGETS_MAX = 64, ZONES_MAX = 4096 };

// A local-zone that holds records.
struct local_zone {
	char *name; // without its final dot
	bool passes;
	bool redirects; // names below have the zone's own records
};

struct reader {
	struct import *import;
	struct lexer *lexer;
	char key[64]; // of the line, without its colon
	struct import_place place;
	// The clause that is being read.
	enum { CLAUSE_OTHER, CLAUSE_ZONE } clause;
	struct import_place zone_place;
	char name[LEXER_TEXT_MAX];
	bool is_barred; // something in it keeps it from being kept
	char targets[TARGETS_MAX][IMPORT_TARGET_MAX];
	size_t target_count;
	struct local_zone zones[ZONES_MAX];
	size_t zone_count;
};

static void end_clause(struct reader *reader)
{
	const char *targets[TARGETS_MAX];
	struct import_rule rule = {
		.place = reader->zone_place,
		.domain = reader->name,
		.targets = targets,
		.target_count = reader->target_count,
	};

	for (size_t i = 0; i < reader->target_count; i++)
		targets[i] = reader->targets[i];
	if (reader->clause == CLAUSE_ZONE && !reader->is_barred)
		import_rule(reader->import, &rule);
	reader->clause = CLAUSE_OTHER;
	reader->name[0] = '\0';
	reader->target_count = 0;
	reader->is_barred = false;
}

static void begin_clause(struct reader *reader)
{
	end_clause(reader);
	if (strcmp(reader->key, "forward-zone") != 0 && strcmp(reader->key, "stub-zone") != 0)
		return;
	reader->clause = CLAUSE_ZONE;
	reader->zone_place = reader->place;
}

// ADDR[@PORT][#NAME]: the name is for TLS alone.
static void read_target(struct reader *reader)
{
	char *text = reader->lexer->text;
	char *port = strchr(text, '@');
	char *name = strchr(text, '#');

	if (name)
		*name = '\0';
	if (port)
		*port++ = '\0';
	if (reader->target_count == TARGETS_MAX)
		import_drop(reader->import, reader->lexer->place,
			"one server too many: a rule has %d", TARGETS_MAX);
	else if (!import_target(reader->targets[reader->target_count], text, port))
		import_drop(
			reader->import, reader->lexer->place, "\"%.60s...\" is no server", text);
	else
		reader->target_count++;
}

static bool is_yes(const struct reader *reader)
{
	return strcmp(reader->lexer->text, "yes") == 0;
}

static void read_zone_key(struct reader *reader)
{
	const char *key = reader->key, *value = reader->lexer->text;

	if (strcmp(key, "name") == 0) {
		snprintf(reader->name, sizeof(reader->name), "%s", value);
	} else if (strcmp(key, "forward-addr") == 0 || strcmp(key, "stub-addr") == 0) {
		read_target(reader);
	} else if (strstr(key, "tls-upstream") || strstr(key, "ssl-upstream")) {
		reader->is_barred = is_yes(reader);
		if (reader->is_barred)
			import_drop(reader->import, reader->place,
				"%s: we ask over plain DNS alone, so all of %.80s is left out", key,
				reader->name);
	} else if (strstr(key, "-host")) {
		import_drop(reader->import, reader->place,
			"%s: %.80s: a server is named by its address here", key, value);
	} else if (strstr(key, "-first") && is_yes(reader)) {
		import_drop(reader->import, reader->place,
			"%s: nothing is resolved from the root here: the servers of the rule are all",
			key);
	} else if (!strstr(key, "-first") && !strstr(key, "no-cache")) {
		import_drop(reader->import, reader->place, "%s: has no meaning for rules", key);
	}
}

// Types that answer the same for all names below, without records.
static const char *action_of(const char *type)
{
	static const char *const actions[][2] = {
		{"always_nxdomain", "nxdomain"},
		{"always_nodata", "nodata"},
		{"always_refuse", "refuse"},
		{"refuse", "refuse"},
		{"always_deny", "drop"},
		{"deny", "drop"},
		{"always_transparent", "default"},
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(type, actions[i][0]) == 0)
			return actions[i][1];
	return NULL;
}

static void add_zone(struct reader *reader, const char *name, const char *type)
{
	struct local_zone *zone = &reader->zones[reader->zone_count];
	size_t len = strlen(name);

	if (reader->zone_count == ZONES_MAX) {
		import_drop(reader->import, reader->place, "one local-zone too many");
		return;
	}
	while (len > 0 && name[len - 1] == '.')
		len--;
	zone->name = strndup(name, len);
	zone->passes = strstr(type, "transparent") != NULL;
	zone->redirects = strcmp(type, "redirect") == 0;
	reader->zone_count += zone->name != NULL;
	if (!zone->name)
		import_fail(reader->import);
}

// local-zone: NAME TYPE
static void read_local_zone(struct reader *reader)
{
	char name[LEXER_TEXT_MAX];
	const char *type, *action;

	snprintf(name, sizeof(name), "%s", reader->lexer->text);
	if (lexer_next(reader->lexer) != LEXER_WORD)
		return;
	type = reader->lexer->text;
	action = action_of(type);
	if (action)
		import_rule(reader->import,
			&(struct import_rule){
				.place = reader->place, .domain = name, .action = action});
	else if (strcmp(type, "always_null") == 0)
		import_rule(reader->import,
			&(struct import_rule){.place = reader->place,
				.domain = name,
				.action = "addresses",
				.addresses = (const char *const[]){"0.0.0.0", "::"},
				.address_count = 2});
	else if (strcmp(type, "nodefault") != 0)
		add_zone(reader, name, type);
}

// The longest local-zone that covers the name; NULL: none.
static const struct local_zone *find_zone(const struct reader *reader, const char *name, size_t len)
{
	const struct local_zone *best = NULL;

	for (size_t i = 0; i < reader->zone_count; i++) {
		const struct local_zone *zone = &reader->zones[i];
		size_t zone_len = strlen(zone->name);

		if (zone_len <= len &&
			strncasecmp(name + len - zone_len, zone->name, zone_len) == 0 &&
			(zone_len == len || zone_len == 0 || name[len - zone_len - 1] == '.') &&
			(!best || zone_len > strlen(best->name)))
			best = zone;
	}
	return best;
}

// Of a zone that redirects, addresses are a rule; other records can't be those of all names below.
static void add_redirect(struct reader *reader, const struct local_zone *zone, const char *rest)
{
	const char *at = rest + strspn(rest, "0123456789 \t");
	const char *address = at + strcspn(at, " \t");

	address += strspn(address, " \t");
	if (strncasecmp(at, "A", 1) != 0 || !strchr(" \tAa", at[1]))
		import_drop(reader->import, reader->place,
			"%.60s: below a zone of type redirect only addresses are kept", rest);
	else
		import_rule(reader->import,
			&(struct import_rule){.place = reader->place,
				.domain = zone->name,
				.action = "addresses",
				.addresses = &address,
				.address_count = 1,
				.joins = true});
}

// A name without local-zone is a zone of its own, as unbound has it.
static void add_record(struct reader *reader, const char *name, const char *rest)
{
	size_t len = strlen(name);
	const struct local_zone *zone;
	char owner[LEXER_TEXT_MAX + 2], record[2 * LEXER_TEXT_MAX + 8];
	size_t zone_len;

	while (len > 0 && name[len - 1] == '.')
		len--;
	zone = find_zone(reader, name, len);
	if (zone && zone->redirects) {
		add_redirect(reader, zone, rest);
		return;
	}
	zone_len = zone ? strlen(zone->name) : len;
	if (zone_len == len)
		strcpy(owner, "@");
	else
		snprintf(
			owner, sizeof(owner), "%.*s", (int)(len - zone_len - (zone_len > 0)), name);
	snprintf(record, sizeof(record), "%s %s", owner, rest);
	if (zone) {
		import_record(reader->import, reader->place, zone->name, record);
		if (zone->passes)
			import_zone_passes(reader->import, zone->name);
		return;
	}
	snprintf(owner, sizeof(owner), "%.*s", (int)len, name);
	import_record(reader->import, reader->place, owner, record);
	import_zone_passes(reader->import, owner);
}

// Without the class, which is IN: `records` do without.
static const char *skip_class(char *rest)
{
	size_t digits = strspn(rest, "0123456789");
	char *at = digits ? rest + digits : rest;

	at += strspn(at, " \t");
	if (strncasecmp(at, "IN", 2) == 0 && (at[2] == ' ' || at[2] == '\t'))
		memmove(at, at + 3, strlen(at + 3) + 1);
	return rest;
}

// local-data: "NAME [TTL] [IN] TYPE DATA"
static void read_local_data(struct reader *reader)
{
	char *text = reader->lexer->text;
	size_t name_len = strcspn(text, " \t");
	char *rest = text + name_len + strspn(text + name_len, " \t");
	char name[LEXER_TEXT_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)name_len, text);
	if (rest[0] == '\0')
		import_drop(reader->import, reader->place, "local-data without a record");
	else
		add_record(reader, name, skip_class(rest));
}

// `key:` and its value; a key without value begins a clause.
static void read_pair(struct reader *reader)
{
	struct lexer *lexer = reader->lexer;
	size_t len = strlen(lexer->text);

	reader->place = lexer->place;
	if (len == 0 || lexer->text[len - 1] != ':') {
		import_drop(reader->import, lexer->place, "\"%.60s\": expected a key and its colon",
			lexer->text);
		return;
	}
	snprintf(reader->key, sizeof(reader->key), "%.*s", (int)len - 1, lexer->text);
	if (lexer_next(lexer) != LEXER_WORD) {
		begin_clause(reader);
		return;
	}
	if (reader->clause == CLAUSE_ZONE)
		read_zone_key(reader);
	else if (strcmp(reader->key, "local-zone") == 0)
		read_local_zone(reader);
	else if (strcmp(reader->key, "local-data") == 0)
		read_local_data(reader);
	else
		import_drop(
			reader->import, reader->place, "%s: has no meaning for rules", reader->key);
}

void import_unbound(struct import *import, const struct load_file *file)
{
	struct lexer lexer = {.has_lines = true};
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		import_fail(import);
		return;
	}
	reader->import = import;
	reader->lexer = &lexer;
	lexer_init(&lexer, file);
	while (lexer_next(&lexer) != LEXER_END) {
		if (lexer.token == LEXER_WORD)
			read_pair(reader);
		while (lexer.token != LEXER_NEWLINE && lexer.token != LEXER_END)
			lexer_next(&lexer);
	}
	end_clause(reader);
	for (size_t i = 0; i < reader->zone_count; i++)
		free(reader->zones[i].name);
	free(reader);
}
