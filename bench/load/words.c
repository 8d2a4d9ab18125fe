// SPDX-License-Identifier: BSD-3-Clause
// A table of keys, searched for each argument.
#include "bench/load/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take_choice(const struct word *word, const char *value)
{
	for (int i = 0; word->choices[i]; i++)
		if (strcmp(word->choices[i], value) == 0) {
			*(int *)word->to = i;
			return 0;
		}
	return -1;
}

static int take(const struct word *word, const char *value)
{
	char *end = NULL;

	switch (word->kind) {
	case WORD_TEXT: *(const char **)word->to = value; return 0;
	case WORD_FLAG: *(bool *)word->to = strcmp(value, "0") != 0; return 0;
	case WORD_NUMBER: *(uint64_t *)word->to = strtoull(value, &end, 10); break;
	case WORD_DECIMAL: *(double *)word->to = strtod(value, &end); break;
	case WORD_CHOICE: return take_choice(word, value);
	case WORD_END: return -1;
	}
	return end != value && *end == '\0' ? 0 : -1;
}

static void say_keys(const struct word *table)
{
	fputs("there are:", stderr);
	for (; table->kind != WORD_END; table++)
		fprintf(stderr, " %s%s", table->key, table->kind == WORD_FLAG ? "" : "=");
	fputc('\n', stderr);
}

int words_read(const struct word *table, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t len = strcspn(argv[i], "=");
		const char *value = argv[i][len] ? argv[i] + len + 1 : "";
		const struct word *word = table;

		while (word->kind != WORD_END &&
			(strlen(word->key) != len || strncmp(word->key, argv[i], len) != 0))
			word++;
		if (take(word, value) == 0)
			continue;
		fprintf(stderr, "%s: %s: %s; ", argv[0], argv[i],
			word->kind == WORD_END ? "no such key" : "ill value");
		say_keys(table);
		return -1;
	}
	return 0;
}
