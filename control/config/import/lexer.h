// SPDX-License-Identifier: BSD-3-Clause
// The words of configuration files, with their places.
#pragma once

#include <stdbool.h>

#include "control/config/import/reader.h"

enum { LEXER_TEXT_MAX = 4096 };

enum lexer_token {
	LEXER_END,
	LEXER_WORD,    // also one in quotes
	LEXER_OPEN,    // {
	LEXER_CLOSE,   // }
	LEXER_STOP,    // ;
	LEXER_NEWLINE, // where lines count
};

struct lexer {
	const char *at;
	const char *end;
	const char *line_start;
	unsigned line;
	bool has_lines;   // a newline is a token
	bool has_stops;   // `{`, `}` and `;` stand for themselves wherever they are
	bool has_slashes; // comments of C and C++
	enum lexer_token token;
	struct import_place place;
	char text[LEXER_TEXT_MAX]; // of a word, cut
};

void lexer_init(struct lexer *lexer, const struct load_file *file);
enum lexer_token lexer_next(struct lexer *lexer);
// To the end of the block whose opening brace was read; blocks within it too.
void lexer_skip_block(struct lexer *lexer);
bool lexer_is(const struct lexer *lexer, const char *word);
// The word, cut to `size`.
void lexer_copy(const struct lexer *lexer, char *out, size_t size);
