// SPDX-License-Identifier: BSD-3-Clause
// A list of what is wrong in files, by place: `file:line:column: message`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config_error {
	char *file;
	unsigned line; // from 1; 0: the file as a whole
	unsigned column;
	char *message;
};

// All zero: empty, without limit.
struct config_errors {
	struct config_error *items;
	size_t count;
	size_t capacity;
	size_t limit;    // items kept, 0: all
	size_t left_off; // what the limit, or a lack of memory, kept out
};

void errors_fini(struct config_errors *errors);
void errors_add(struct config_errors *errors, const char *file, unsigned line, unsigned column,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
// By file name, line and column.
void errors_sort(struct config_errors *errors);
// One error as `file:line:column: message`, cut to `size`.
void errors_format(const struct config_error *error, char *out, size_t size);
// All of them, one a line, and how many were left off.
void errors_print(const struct config_errors *errors, FILE *stream);
