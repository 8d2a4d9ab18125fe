// SPDX-License-Identifier: BSD-3-Clause
// JSON as the YAML of the config files.
#include "control/config/yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_LEN = 200, INDENT = 2 };

// Texts that other readers of YAML take for something else.
static bool is_word(const char *text)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no", "y", "n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_plain_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c && strchr("._/-=", c));
}

// Whether it can stand without quotes, wherever it stands.
static bool is_plain(const char *text)
{
	size_t len = 0;

	while (is_plain_byte(text[len]))
		len++;
	return len > 0 && text[len] == '\0' && text[0] != '-' && text[0] != '=' &&
		strncmp(text, "...", 3) != 0 && !is_word(text);
}

static void print_quoted(FILE *out, const char *text)
{
	putc_unlocked('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else
			putc_unlocked(c, out);
	}
	putc_unlocked('"', out);
}

static void print_scalar(FILE *out, const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (!text)
		fputs(json_is_true(value) ? "on" : "off", out);
	else if (is_plain(text))
		fputs(text, out);
	else
		print_quoted(out, text);
}

static bool is_empty(const json_t *value)
{
	return json_is_array(value) && json_array_size(value) == 0;
}

// How long it is on one line, about; objects in lists are too long for any.
static size_t line_len(const json_t *value)
{
	size_t len = 2, i;
	const char *key;
	json_t *item;

	json_array_foreach(value, i, item) {
		if (json_is_object(item))
			return LINE_LEN;
		len += line_len(item) + 2;
	}
	json_object_foreach((json_t *)value, key, item)
		len += is_empty(item) ? 0 : strlen(key) + line_len(item) + 4;
	return len + json_string_length(value);
}

// `[a, b]` and `{key: value}`.
static void print_line(FILE *out, const json_t *value)
{
	const char *separator = "", *key;
	json_t *item;
	size_t i;

	if (!json_is_array(value) && !json_is_object(value)) {
		print_scalar(out, value);
		return;
	}
	putc_unlocked(json_is_array(value) ? '[' : '{', out);
	json_array_foreach(value, i, item) {
		fputs(separator, out);
		print_line(out, item);
		separator = ", ";
	}
	json_object_foreach((json_t *)value, key, item) {
		if (is_empty(item))
			continue;
		fprintf(out, "%s%s: ", separator, key);
		print_line(out, item);
		separator = ", ";
	}
	putc_unlocked(json_is_array(value) ? ']' : '}', out);
}

static void print_object(FILE *out, const json_t *object, int indent);

// Behind its key or its dash; objects in lists begin on the dash's line.
static void print_value(FILE *out, const json_t *value, int indent)
{
	json_t *item;
	size_t i;

	if (line_len(value) < LINE_LEN || (!json_is_array(value) && !json_is_object(value))) {
		putc_unlocked(' ', out);
		print_line(out, value);
		putc_unlocked('\n', out);
	} else if (json_is_object(value)) {
		putc_unlocked('\n', out);
		print_object(out, value, indent + INDENT);
	} else {
		putc_unlocked('\n', out);
		json_array_foreach(value, i, item) {
			fprintf(out, "%*s-", indent + INDENT, "");
			if (json_is_object(item) && line_len(item) >= LINE_LEN)
				print_object(out, item, -(indent + 2 * INDENT));
			else
				print_value(out, item, indent + INDENT);
		}
	}
}

// A negative indent: the first line stands behind a dash already.
static void print_object(FILE *out, const json_t *object, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (is_empty(value))
			continue;
		fprintf(out, "%*s%s:", indent < 0 ? 1 : indent, "", key);
		indent = indent < 0 ? -indent : indent;
		print_value(out, value, indent);
	}
}

char *yaml_print(const json_t *object, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	bool failed;

	if (!out)
		return NULL;
	print_object(out, object, 0);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}
