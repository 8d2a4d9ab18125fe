// SPDX-License-Identifier: BSD-3-Clause
// Aligned columns of text on stdout. Whatever comes from elsewhere is escaped before it meets a
// terminal.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 12 };

// Rows are kept until table_print(), which needs all of them to know the widths.
struct table {
	size_t column_count;
	size_t cell_count; // those of the heading included
	size_t capacity;
	char **cells;                     // row by row, owned
	bool is_right[TABLE_COLUMNS_MAX]; // numbers: to the right
};

// Columns are headed by `headings`, ended by NULL; one that begins with `#` is a column of numbers.
void table_init(struct table *table, const char *const *headings);
// One more cell, escaped; cells fill rows from the left.
void table_add(struct table *table, const char *text);
void table_add_number(struct table *table, json_int_t number);
// Prints, and lets the rows go.
void table_print(struct table *table);

// "name     text": one line of a list of facts. Escaped. A NULL text prints nothing.
void table_fact(const char *name, const char *text);

// The text with control characters, and all that is not UTF-8, as \xNN. The caller frees it. Never
// NULL.
[[nodiscard]] char *table_escape(const char *text);

// Members of results, never NULL: "" where there is no such text, 0 where there is no such number.
const char *table_text(const json_t *object, const char *key);
json_int_t table_number(const json_t *object, const char *key);
// A list of texts as "a, b, c"; "-" when it is empty. The caller frees it.
[[nodiscard]] char *table_join(const json_t *list);
