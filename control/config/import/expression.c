// SPDX-License-Identifier: BSD-3-Clause
// The expressions of ARM templates, as far as names and addresses are made with them.
//
//   [concat(parameters('ruleset'), '/contoso')]
//
// A text that begins with `[` is one; `[[` is a bracket. What is not understood can't be told.
#include "control/config/import/expression.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, ARGUMENTS_MAX = 16, WORD_LEN = 64 };

struct cursor {
	const struct import_source *source;
	const char *at;
	unsigned depth;
};

static bool evaluate(struct cursor *cursor, char out[static IMPORT_SOURCE_LEN]);

static bool is_expression(const char *text)
{
	return text[0] == '[' && text[1] != '[';
}

static bool read_text(const struct import_source *source, int node, unsigned depth,
	char out[static IMPORT_SOURCE_LEN])
{
	const char *text = import_text(source->tree, node);
	struct cursor cursor = {source, text ? text + 1 : NULL, depth};

	if (!text || depth > DEPTH_MAX)
		return false;
	if (is_expression(text))
		return evaluate(&cursor, out) && strcmp(cursor.at, "]") == 0;
	return snprintf(out, IMPORT_SOURCE_LEN, "%s", text + (text[0] == '[')) < IMPORT_SOURCE_LEN;
}

// What a parameter or variable of that name stands for; 0: there is none.
static int find_value(const struct import_source *source, const char *function, const char *name)
{
	int root = tree_root(source->tree);
	int found;

	if (strcmp(function, "variables") == 0)
		return tree_find(source->tree, tree_find(source->tree, root, "variables"), name);
	if (strcmp(function, "parameters") != 0)
		return 0;
	found = tree_find(source->tree, tree_find(source->tree, root, "parameters"), name);
	return tree_find(source->tree, found, "defaultValue");
}

static void skip_space(struct cursor *cursor)
{
	while (isspace((unsigned char)*cursor->at))
		cursor->at++;
}

// 'text', a quote within it doubled.
static bool take_quoted(struct cursor *cursor, char out[static IMPORT_SOURCE_LEN])
{
	size_t len = 0;

	for (cursor->at++; *cursor->at; cursor->at++) {
		if (*cursor->at == '\'' && cursor->at[1] != '\'')
			break;
		cursor->at += *cursor->at == '\'';
		if (len == IMPORT_SOURCE_LEN - 1)
			return false;
		out[len++] = *cursor->at;
	}
	out[len] = '\0';
	return *cursor->at++ == '\'';
}

// {0} and the like stand for the arguments behind the first.
static bool call_format(
	char (*arguments)[IMPORT_SOURCE_LEN], size_t count, char out[static IMPORT_SOURCE_LEN])
{
	size_t len = 0;

	for (const char *at = arguments[0]; *at;) {
		char *end;
		unsigned long i = *at == '{' ? strtoul(at + 1, &end, 10) : ARGUMENTS_MAX;
		bool is_hole = *at == '{' && *end == '}' && i + 1 < count;
		const char *piece = is_hole ? arguments[i + 1] : at;
		size_t piece_len = is_hole ? strlen(piece) : 1;

		if (len + piece_len >= IMPORT_SOURCE_LEN)
			return false;
		memcpy(out + len, piece, piece_len);
		len += piece_len;
		at = is_hole ? end + 1 : at + 1;
	}
	out[len] = '\0';
	return true;
}

static bool call(struct cursor *cursor, const char *function, char (*arguments)[IMPORT_SOURCE_LEN],
	size_t count, char out[static IMPORT_SOURCE_LEN])
{
	size_t len = 0;

	if (strcmp(function, "format") == 0 && count > 0)
		return call_format(arguments, count, out);
	if (strcmp(function, "concat") != 0)
		return count == 1 &&
			read_text(cursor->source,
				find_value(cursor->source, function, arguments[0]),
				cursor->depth + 1, out);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (len + strlen(arguments[i]) >= IMPORT_SOURCE_LEN)
			return false;
		len += (size_t)sprintf(out + len, "%s", arguments[i]);
	}
	return true;
}

// The arguments, with their parentheses; their count, or -1.
static int take_arguments(struct cursor *cursor, char (*arguments)[IMPORT_SOURCE_LEN])
{
	int count = 0;

	cursor->at++;
	skip_space(cursor);
	while (*cursor->at != ')') {
		if (count == ARGUMENTS_MAX || !evaluate(cursor, arguments[count++]))
			return -1;
		skip_space(cursor);
		if (*cursor->at == ',')
			cursor->at++;
		else if (*cursor->at != ')')
			return -1;
		skip_space(cursor);
	}
	cursor->at++;
	return count;
}

static bool take_call(struct cursor *cursor, char out[static IMPORT_SOURCE_LEN])
{
	char(*arguments)[IMPORT_SOURCE_LEN];
	char function[WORD_LEN];
	size_t len = strspn(cursor->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	int count;
	bool is_good = false;

	if (len == 0 || len >= sizeof(function) || cursor->at[len] != '(')
		return false;
	snprintf(function, sizeof(function), "%.*s", (int)len, cursor->at);
	cursor->at += len;
	arguments = calloc(ARGUMENTS_MAX, sizeof(*arguments));
	count = arguments ? take_arguments(cursor, arguments) : -1;
	if (count >= 0)
		is_good = call(cursor, function, arguments, (size_t)count, out);
	free(arguments);
	return is_good;
}

static bool evaluate(struct cursor *cursor, char out[static IMPORT_SOURCE_LEN])
{
	bool is_good;

	if (++cursor->depth > DEPTH_MAX)
		return false;
	skip_space(cursor);
	is_good = *cursor->at == '\'' ? take_quoted(cursor, out) : take_call(cursor, out);
	skip_space(cursor);
	cursor->depth--;
	return is_good;
}

bool expression_text(
	const struct import_source *source, int node, char out[static IMPORT_SOURCE_LEN])
{
	return read_text(source, node, 0, out);
}

// A parameter or variable as a whole may be a list.
int expression_node(const struct import_source *source, int node)
{
	const char *text = import_text(source->tree, node);
	char function[WORD_LEN], name[IMPORT_SOURCE_LEN];
	int found = 0, len = 0;

	if (text && is_expression(text) &&
		sscanf(text, "[%63[a-z]('%1000[^']')]%n", function, name, &len) == 2 && len > 0 &&
		text[len] == '\0')
		found = find_value(source, function, name);
	return found ? found : node;
}
