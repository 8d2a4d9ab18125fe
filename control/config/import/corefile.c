// SPDX-License-Identifier: BSD-3-Clause
// corefile: the forward plugins of CoreDNS.
//
//   corp.example lan.example:53 {
//       forward . 10.0.0.1 10.0.0.2:5353 {
//           policy sequential
//       }
//   }
#include <stdio.h>
#include <string.h>

#include "control/config/import/lexer.h"

enum { ZONES_MAX = 64, TARGETS_MAX = 64, WORD_LEN = 300 };

struct server {
	char zones[ZONES_MAX][WORD_LEN];
	size_t zone_count;
};

struct forward {
	struct import_place place;
	char from[WORD_LEN];
	char targets[TARGETS_MAX][IMPORT_TARGET_MAX];
	size_t target_count;
	const char *policy;
};

// A zone of a server block: without scheme and port. False: it is not of plain DNS, which is noted.
static bool read_zone(struct import *import, const struct lexer *lexer, char zone[static WORD_LEN])
{
	const char *text = lexer->text, *scheme = strstr(text, "://");
	size_t len;

	if (scheme && strncmp(text, "dns://", 6) != 0) {
		import_drop(import, lexer->place, "%.80s: only plain DNS is answered", text);
		return false;
	}
	text = scheme ? scheme + 3 : text;
	len = strcspn(text, ":,");
	if (len >= WORD_LEN) {
		import_drop(import, lexer->place, "%.60s...: is no zone", text);
		return false;
	}
	memcpy(zone, text, len);
	zone[len] = '\0';
	return true;
}

static void read_target(struct import *import, const struct lexer *lexer, struct forward *forward)
{
	const char *text = lexer->text;

	if (strncmp(text, "dns://", 6) == 0)
		text += 6;
	if (strstr(text, "://"))
		import_drop(import, lexer->place, "%.80s: we ask over plain DNS alone", text);
	else if (text[0] == '/')
		import_drop(import, lexer->place,
			"%.80s: a server is named by its address: write those of that file", text);
	else if (forward->target_count == TARGETS_MAX ||
		snprintf(forward->targets[forward->target_count], IMPORT_TARGET_MAX, "%s", text) >=
			IMPORT_TARGET_MAX)
		import_drop(import, lexer->place, "%.60s: is no server, or one too many", text);
	else
		forward->target_count++;
}

// The policies of CoreDNS, of which random is what it does unasked.
static const char *policy_of(const char *text)
{
	if (strcmp(text, "round_robin") == 0)
		return "round-robin";
	return strcmp(text, "sequential") == 0 ? "ordered" : "random";
}

static void skip_line(struct lexer *lexer)
{
	while (lexer->token != LEXER_NEWLINE && lexer->token != LEXER_END &&
		lexer->token != LEXER_CLOSE) {
		if (lexer->token == LEXER_OPEN)
			lexer_skip_block(lexer);
		lexer_next(lexer);
	}
}

static void read_option(struct import *import, struct lexer *lexer, struct forward *forward)
{
	struct import_place place = lexer->place;

	if (lexer_is(lexer, "policy")) {
		if (lexer_next(lexer) == LEXER_WORD)
			forward->policy = policy_of(lexer->text);
	} else if (lexer_is(lexer, "except")) {
		while (lexer_next(lexer) == LEXER_WORD)
			import_drop(import, lexer->place,
				"except %.80s: make a rule for it that says where it goes",
				lexer->text);
	} else if (!lexer_is(lexer, "max_concurrent") && !lexer_is(lexer, "health_check") &&
		!lexer_is(lexer, "max_fails") && !lexer_is(lexer, "prefer_udp") &&
		!lexer_is(lexer, "expire")) {
		import_drop(import, place, "%.60s: has no meaning for rules", lexer->text);
	}
	skip_line(lexer);
}

static bool lies_below(const char *name, const char *zone)
{
	size_t name_len = strlen(name), zone_len = strlen(zone);

	while (zone_len > 0 && zone[zone_len - 1] == '.')
		zone_len--;
	while (name_len > 0 && name[name_len - 1] == '.')
		name_len--;
	if (zone_len == 0)
		return true;
	return name_len >= zone_len && strncmp(name + name_len - zone_len, zone, zone_len) == 0 &&
		(name_len == zone_len || name[name_len - zone_len - 1] == '.');
}

// A rule for each zone of the server, or for what is forwarded of it.
static void make_rules(
	struct import *import, const struct server *server, const struct forward *forward)
{
	const char *targets[TARGETS_MAX];

	for (size_t i = 0; i < forward->target_count; i++)
		targets[i] = forward->targets[i];
	for (size_t i = 0; i < server->zone_count; i++) {
		const char *zone = server->zones[i];
		bool is_all = lies_below(zone, forward->from);

		if (!is_all && !lies_below(forward->from, zone))
			continue;
		import_rule(import,
			&(struct import_rule){.place = forward->place,
				.domain = is_all ? zone : forward->from,
				.targets = targets,
				.target_count = forward->target_count,
				.policy = forward->target_count > 1 ? forward->policy : NULL,
				.joins = true});
	}
}

// `forward FROM TO... [{ options }]`
static void read_forward(struct import *import, struct lexer *lexer, const struct server *server)
{
	struct forward forward = {.place = lexer->place, .policy = "random"};

	if (lexer_next(lexer) == LEXER_WORD)
		lexer_copy(lexer, forward.from, sizeof(forward.from));
	while (lexer_next(lexer) == LEXER_WORD)
		read_target(import, lexer, &forward);
	if (lexer->token == LEXER_OPEN)
		while (lexer_next(lexer) != LEXER_CLOSE && lexer->token != LEXER_END)
			if (lexer->token == LEXER_WORD)
				read_option(import, lexer, &forward);
	make_rules(import, server, &forward);
}

// Plugins that change no answer.
static bool is_silent(const struct lexer *lexer)
{
	static const char *const silent[] = {"errors", "log", "health", "ready", "prometheus",
		"cache", "loop", "reload", "loadbalance", "debug", "pprof", "trace", "bind",
		"bufsize", "metadata", "whoami", "nsid", "chaos", "dnstap"};

	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (lexer_is(lexer, silent[i]))
			return true;
	return false;
}

static void read_plugins(struct import *import, struct lexer *lexer, const struct server *server)
{
	while (lexer_next(lexer) != LEXER_CLOSE && lexer->token != LEXER_END) {
		if (lexer_is(lexer, "forward")) {
			read_forward(import, lexer, server);
			continue;
		}
		if (lexer->token == LEXER_WORD && !is_silent(lexer))
			import_drop(import, lexer->place, "%.60s: has no meaning for rules",
				lexer->text);
		skip_line(lexer);
		if (lexer->token == LEXER_CLOSE)
			return;
	}
}

// A snippet is used by name, which is reported where it is.
static bool is_snippet(const struct lexer *lexer)
{
	return lexer->text[0] == '(';
}

void import_corefile(struct import *import, const struct load_file *file)
{
	struct lexer lexer = {.has_lines = true};
	struct server server;

	lexer_init(&lexer, file);
	server.zone_count = 0;
	while (lexer_next(&lexer) != LEXER_END) {
		if (lexer.token == LEXER_OPEN) {
			read_plugins(import, &lexer, &server);
			server.zone_count = 0;
		} else if (lexer.token == LEXER_WORD && is_snippet(&lexer)) {
			import_drop(
				import, lexer.place, "%.60s: write the snippet out", lexer.text);
			if (lexer_next(&lexer) == LEXER_OPEN)
				lexer_skip_block(&lexer);
		} else if (lexer.token == LEXER_WORD && server.zone_count < ZONES_MAX) {
			server.zone_count +=
				read_zone(import, &lexer, server.zones[server.zone_count]);
		}
	}
}
