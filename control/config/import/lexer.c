// SPDX-License-Identifier: BSD-3-Clause
// The words of configuration files, with their places.
#include "control/config/import/lexer.h"

#include <string.h>
#include <strings.h>

void lexer_init(struct lexer *lexer, const struct load_file *file)
{
	lexer->at = lexer->line_start = file->data;
	lexer->end = file->data + file->len;
	lexer->line = 1;
}

static bool looking_at(const struct lexer *lexer, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(lexer->end - lexer->at) >= len && memcmp(lexer->at, text, len) == 0;
}

static void step(struct lexer *lexer)
{
	if (*lexer->at++ == '\n') {
		lexer->line++;
		lexer->line_start = lexer->at;
	}
}

// Behind a comment that begins here; false: none does.
static bool skip_comment(struct lexer *lexer)
{
	if (lexer->has_slashes && looking_at(lexer, "/*")) {
		while (lexer->at < lexer->end && !looking_at(lexer, "*/"))
			step(lexer);
		for (int i = 0; i < 2 && lexer->at < lexer->end; i++)
			step(lexer);
		return true;
	}
	if (!looking_at(lexer, "#") && !(lexer->has_slashes && looking_at(lexer, "//")))
		return false;
	while (lexer->at < lexer->end && *lexer->at != '\n')
		step(lexer);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static void skip_space(struct lexer *lexer)
{
	while (lexer->at < lexer->end) {
		if (lexer->has_lines && *lexer->at == '\n')
			return;
		if (is_space(*lexer->at))
			step(lexer);
		else if (!skip_comment(lexer))
			return;
	}
}

static bool is_stop(const struct lexer *lexer, char c)
{
	return lexer->has_stops && strchr("{};", c);
}

static void put(struct lexer *lexer, size_t *len, char c)
{
	if (*len < LEXER_TEXT_MAX - 1)
		lexer->text[(*len)++] = c;
}

// In quotes of one kind; a backslash takes the next byte as it is.
static void take_quoted(struct lexer *lexer, size_t *len)
{
	char quote = *lexer->at;

	step(lexer);
	while (lexer->at < lexer->end && *lexer->at != quote) {
		if (*lexer->at == '\\' && lexer->at + 1 < lexer->end && lexer->at[1] == quote)
			step(lexer);
		put(lexer, len, *lexer->at);
		step(lexer);
	}
	if (lexer->at < lexer->end)
		step(lexer);
}

static void take_word(struct lexer *lexer)
{
	size_t len = 0;

	while (lexer->at < lexer->end && !is_space(*lexer->at) && !is_stop(lexer, *lexer->at)) {
		if (len == 0 && (*lexer->at == '"' || *lexer->at == '\'')) {
			take_quoted(lexer, &len);
			break;
		}
		put(lexer, &len, *lexer->at);
		step(lexer);
	}
	lexer->text[len] = '\0';
}

static enum lexer_token classify(struct lexer *lexer, char first)
{
	if (is_stop(lexer, first)) {
		step(lexer);
		return first == '{' ? LEXER_OPEN : first == '}' ? LEXER_CLOSE : LEXER_STOP;
	}
	take_word(lexer);
	if (first != '"' && strcmp(lexer->text, "{") == 0)
		return LEXER_OPEN;
	if (first != '"' && strcmp(lexer->text, "}") == 0)
		return LEXER_CLOSE;
	return LEXER_WORD;
}

enum lexer_token lexer_next(struct lexer *lexer)
{
	skip_space(lexer);
	lexer->text[0] = '\0';
	lexer->place =
		(struct import_place){lexer->line, (unsigned)(lexer->at - lexer->line_start) + 1};
	if (lexer->at >= lexer->end) {
		lexer->token = LEXER_END;
	} else if (*lexer->at == '\n') {
		step(lexer);
		lexer->token = LEXER_NEWLINE;
	} else {
		lexer->token = classify(lexer, *lexer->at);
	}
	return lexer->token;
}

void lexer_skip_block(struct lexer *lexer)
{
	unsigned depth = 1;

	while (depth > 0 && lexer_next(lexer) != LEXER_END) {
		depth += lexer->token == LEXER_OPEN;
		depth -= lexer->token == LEXER_CLOSE;
	}
}

bool lexer_is(const struct lexer *lexer, const char *word)
{
	return lexer->token == LEXER_WORD && strcasecmp(lexer->text, word) == 0;
}

void lexer_copy(const struct lexer *lexer, char *out, size_t size)
{
	size_t len = strnlen(lexer->text, size - 1);

	memcpy(out, lexer->text, len);
	out[len] = '\0';
}
