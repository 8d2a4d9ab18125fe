// SPDX-License-Identifier: BSD-3-Clause
// A list of what is wrong in files, by place: `file:line:column: message`.
#include "control/config/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	MESSAGE_LEN = 768,
};

void errors_fini(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		free(errors->items[i].file);
		free(errors->items[i].message);
	}
	free(errors->items);
	memset(errors, 0, sizeof(*errors));
}

// A copy that is safe on a terminal and in a log: what is not printable ASCII becomes \DDD.
static char *copy_printable(const char *text)
{
	char *copy = malloc(4 * strlen(text) + 1);
	char *out = copy;

	if (!copy)
		return NULL;
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x20 && byte < 0x7f)
			*out++ = (char)byte;
		else
			out += sprintf(out, "\\%03u", byte);
	}
	*out = '\0';
	return copy;
}

static struct config_error *grow(struct config_errors *errors)
{
	size_t capacity = errors->capacity ? 2 * errors->capacity : 16;
	struct config_error *items;

	if (errors->count < errors->capacity)
		return &errors->items[errors->count];
	items = reallocarray(errors->items, capacity, sizeof(*items));
	if (!items)
		return NULL;
	errors->items = items;
	errors->capacity = capacity;
	return &items[errors->count];
}

void errors_add(struct config_errors *errors, const char *file, unsigned line, unsigned column,
	const char *format, ...)
{
	bool is_full = errors->limit > 0 && errors->count >= errors->limit;
	struct config_error *error = is_full ? NULL : grow(errors);
	char text[MESSAGE_LEN];
	va_list args;

	if (!error) {
		errors->left_off++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error->line = line;
	error->column = column;
	error->file = copy_printable(file);
	error->message = copy_printable(text);
	if (error->file && error->message) {
		errors->count++;
		return;
	}
	free(error->file);
	free(error->message);
	errors->left_off++;
}

static int compare(const void *a, const void *b)
{
	const struct config_error *x = a;
	const struct config_error *y = b;
	int by_file = strcmp(x->file, y->file);

	if (by_file)
		return by_file;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->message, y->message);
}

void errors_sort(struct config_errors *errors)
{
	if (errors->count > 1)
		qsort(errors->items, errors->count, sizeof(*errors->items), compare);
}

void errors_format(const struct config_error *error, char *out, size_t size)
{
	if (error->line == 0)
		snprintf(out, size, "%s: %s", error->file, error->message);
	else
		snprintf(out, size, "%s:%u:%u: %s", error->file, error->line, error->column,
			error->message);
}

void errors_print(const struct config_errors *errors, FILE *stream)
{
	char line[MESSAGE_LEN + 512];

	for (size_t i = 0; i < errors->count; i++) {
		errors_format(&errors->items[i], line, sizeof(line));
		fprintf(stream, "%s\n", line);
	}
	if (errors->left_off > 0)
		fprintf(stream, "and %zu more errors\n", errors->left_off);
}
