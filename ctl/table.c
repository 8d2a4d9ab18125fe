// SPDX-License-Identifier: BSD-3-Clause
// Aligned columns of text on stdout, escaped.

#include "ctl/table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACT_WIDTH = 14 };

// Without memory a command line tool has nothing left to say.
static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

// The length of the printable UTF-8 character at `at`; 0: it is none (RFC 3629, 4; C0, DEL and C1
// don't print).
static size_t printable_len(const unsigned char *at)
{
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

	if (len == 1)
		return at[0] >= 0x20 && at[0] != 0x7f;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return at[0] == 0xc2 && at[1] < 0xa0 ? 0 : len;
}

char *table_escape(const char *text)
{
	char *out = need(malloc(4 * strlen(text) + 1));
	char *to = out;

	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t len = printable_len(at);

		if (len) {
			memcpy(to, at, len);
			to += len;
			at += len;
		} else {
			to += sprintf(to, "\\x%02x", *at++);
		}
	}
	*to = '\0';
	return out;
}

// Columns that a text takes: characters, not bytes.
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void add_owned(struct table *table, char *cell)
{
	if (table->capacity == 0 || table->cell_count == table->capacity) {
		table->capacity = table->capacity ? 2 * table->capacity : 256;
		table->cells =
			need(realloc(table->cells, table->capacity * sizeof(table->cells[0])));
	}
	table->cells[table->cell_count++] = cell;
}

void table_init(struct table *table, const char *const *headings)
{
	*table = (struct table){0};
	for (; headings[table->column_count]; table->column_count++) {
		const char *heading = headings[table->column_count];

		assert(table->column_count < TABLE_COLUMNS_MAX);
		table->is_right[table->column_count] = heading[0] == '#';
		add_owned(table, need(strdup(heading + (heading[0] == '#'))));
	}
}

void table_add(struct table *table, const char *text)
{
	add_owned(table, table_escape(text[0] ? text : "-"));
}

void table_add_number(struct table *table, json_int_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);
	add_owned(table, need(strdup(text)));
}

// Pads `cell` to `width`; the last column has nothing to its right and gets no trailing blanks.
static void print_cell(const char *cell, size_t width, bool is_right, bool is_last)
{
	size_t pad = width - width_of(cell);

	printf("%*s%s%*s", is_right ? (int)pad : 0, "", cell, is_right || is_last ? 0 : (int)pad,
		"");
	fputs(is_last ? "\n" : "  ", stdout);
}

void table_print(struct table *table)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	size_t columns = table->column_count;

	assert(table->cell_count % columns == 0);
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t width = width_of(table->cells[i]);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % columns;

		print_cell(table->cells[i], widths[column], table->is_right[column],
			column + 1 == columns);
		free(table->cells[i]);
	}
	free(table->cells);
	*table = (struct table){0};
}

void table_fact(const char *name, const char *text)
{
	char *shown;

	if (!text)
		return;
	shown = table_escape(text);
	printf("%-*s%s\n", FACT_WIDTH, name, shown);
	free(shown);
}

const char *table_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t table_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

char *table_join(const json_t *list)
{
	char *text = NULL;
	size_t size;
	FILE *stream = need(open_memstream(&text, &size));
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		fprintf(stream, "%s%s", i ? ", " : "",
			json_string_value(item) ? json_string_value(item) : "");
	if (json_array_size(list) == 0)
		fputc('-', stream);
	fclose(stream);
	return need(text);
}
