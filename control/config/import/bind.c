// SPDX-License-Identifier: BSD-3-Clause
// bind: zones of type forward, and the forwarders of options, of named.conf.
//
//   options { forwarders { 10.0.0.1; }; };                                all other names
//   zone "corp.example" { type forward; forwarders { 10.0.0.1 port 5353; }; };
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/config/import/lexer.h"

enum { TARGETS_MAX = 64, WORD_LEN = 300 };

// What a block says of forwarding.
struct block {
	struct import_place place;
	char name[WORD_LEN];
	char type[WORD_LEN];
	char targets[TARGETS_MAX][IMPORT_TARGET_MAX];
	size_t target_count;
	bool has_forwarders;
};

// To the end of a statement, whatever blocks are in it.
static void skip_statement(struct lexer *lexer)
{
	while (lexer->token != LEXER_STOP && lexer->token != LEXER_END &&
		lexer->token != LEXER_CLOSE) {
		if (lexer->token == LEXER_OPEN)
			lexer_skip_block(lexer);
		lexer_next(lexer);
	}
}

// ADDRESS [port N]; ... up to the closing brace. `default_port`: of the list, or empty.
static void read_servers(
	struct import *import, struct lexer *lexer, struct block *block, const char *default_port)
{
	while (lexer_next(lexer) == LEXER_WORD || lexer->token == LEXER_STOP) {
		struct import_place place = lexer->place;
		char address[WORD_LEN], port[WORD_LEN] = "";

		if (lexer->token == LEXER_STOP)
			continue;
		lexer_copy(lexer, address, sizeof(address));
		snprintf(port, sizeof(port), "%s", default_port);
		while (lexer_next(lexer) == LEXER_WORD) {
			bool is_port = lexer_is(lexer, "port");

			if (!is_port)
				import_drop(import, lexer->place,
					"%.60s: we ask over plain DNS alone", lexer->text);
			if (lexer_next(lexer) == LEXER_WORD && is_port)
				lexer_copy(lexer, port, sizeof(port));
		}
		if (block->target_count == TARGETS_MAX ||
			!import_target(block->targets[block->target_count], address,
				port[0] ? port : NULL))
			import_drop(import, place, "%.60s: is no server, or one too many", address);
		else
			block->target_count++;
	}
}

// `forwarders [port N] { ... };`
static void read_forwarders(struct import *import, struct lexer *lexer, struct block *block)
{
	char port[WORD_LEN] = "";

	while (lexer_next(lexer) == LEXER_WORD)
		if (!lexer_is(lexer, "port"))
			lexer_copy(lexer, port, sizeof(port));
	block->has_forwarders = true;
	if (lexer->token == LEXER_OPEN)
		read_servers(import, lexer, block, port);
	lexer_next(lexer);
	skip_statement(lexer);
}

// The statements of a block whose brace was read, to its end.
static void read_block(struct import *import, struct lexer *lexer, struct block *block)
{
	while (lexer_next(lexer) != LEXER_CLOSE && lexer->token != LEXER_END) {
		if (lexer_is(lexer, "forwarders") || lexer_is(lexer, "server-addresses")) {
			read_forwarders(import, lexer, block);
			continue;
		}
		if (lexer_is(lexer, "type") && lexer_next(lexer) == LEXER_WORD)
			lexer_copy(lexer, block->type, sizeof(block->type));
		skip_statement(lexer);
		if (lexer->token == LEXER_CLOSE)
			return;
	}
}

static void make_rule(struct import *import, const struct block *block)
{
	const char *targets[TARGETS_MAX];
	struct import_rule rule = {
		.place = block->place,
		.domain = block->name,
		.targets = targets,
		.target_count = block->target_count,
	};

	for (size_t i = 0; i < block->target_count; i++)
		targets[i] = block->targets[i];
	// An empty list takes the zone out of a longer forward: asked as all else.
	if (block->has_forwarders && block->target_count == 0)
		rule.action = "default";
	import_rule(import, &rule);
}

// `zone NAME [CLASS] { ... };`
static void read_zone(struct import *import, struct lexer *lexer)
{
	struct block block = {.place = lexer->place};

	if (lexer_next(lexer) != LEXER_WORD)
		return;
	lexer_copy(lexer, block.name, sizeof(block.name));
	while (lexer_next(lexer) == LEXER_WORD)
		;
	if (lexer->token == LEXER_OPEN)
		read_block(import, lexer, &block);
	if (strcasecmp(block.type, "forward") == 0 || strcasecmp(block.type, "static-stub") == 0)
		make_rule(import, &block);
	else
		import_drop(import, block.place,
			"zone %.80s is of type %.40s: its data stays where it is, or goes into a "
			"private zone by file:",
			block.name, block.type[0] ? block.type : "none");
}

static void read_options(struct import *import, struct lexer *lexer)
{
	struct block block = {.place = lexer->place, .name = "."};

	if (lexer_next(lexer) == LEXER_OPEN)
		read_block(import, lexer, &block);
	if (block.target_count > 0)
		make_rule(import, &block);
}

// Statements of a file or of a view, to its end.
static void read_statements(struct import *import, struct lexer *lexer, bool is_view)
{
	while (lexer_next(lexer) != LEXER_END && lexer->token != LEXER_CLOSE) {
		struct import_place place = lexer->place;

		if (lexer_is(lexer, "zone")) {
			read_zone(import, lexer);
		} else if (lexer_is(lexer, "options")) {
			read_options(import, lexer);
		} else if (lexer_is(lexer, "view") && !is_view) {
			import_drop(import, place,
				"view: whom it is for is said by virtual networks; its zones are "
				"kept");
			while (lexer_next(lexer) == LEXER_WORD)
				;
			if (lexer->token == LEXER_OPEN)
				read_statements(import, lexer, true);
		} else if (lexer->token == LEXER_WORD) {
			import_drop(import, place, "%.60s: has no meaning for rules", lexer->text);
			skip_statement(lexer);
		}
	}
}

void import_bind(struct import *import, const struct load_file *file)
{
	struct lexer lexer = {.has_stops = true, .has_slashes = true};

	lexer_init(&lexer, file);
	while (lexer.at < lexer.end)
		read_statements(import, &lexer, false);
}
