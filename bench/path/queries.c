// SPDX-License-Identifier: BSD-3-Clause
// Prints questions for a set of rules, a line `NAME TYPE` each, as dnsperf reads them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/words.h"
#include "bench/micro/names.h"
#include "bench/path/image.h"
#include "core/name.h"

static const char *const mixes[] = {"uniform", "zipf", "hot", "miss", "hostile", NULL};

// Names that all differ have their number in place of www: who asks what is being asked already is not forwarded.
static void print_question(const char *name, size_t number, bool is_numbered)
{
	const char *type = number % 8 == 7 ? "AAAA" : "A";

	if (is_numbered && strncmp(name, "www.", 4) == 0)
		printf("h%07zu%s %s\n", number, name + 3, type);
	else
		printf("%s %s\n", name, type);
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	uint64_t rules = 1000000, count = 1000000;
	int mix = TRAFFIC_UNIFORM;
	const struct word words[] = {
		{"rules-file", WORD_TEXT, &path, NULL},
		{"rules", WORD_NUMBER, &rules, NULL},
		{"mix", WORD_CHOICE, &mix, mixes},
		{"count", WORD_NUMBER, &count, NULL},
		{.kind = WORD_END},
	};
	struct names names = {0};
	struct queries queries;
	char text[NAME_TEXT_MAX];

	if (words_read(words, argc, argv) != 0)
		return 2;
	if (path && names_read(&names, path) != 0) {
		fprintf(stderr, "queries: %s can't be read\n", path);
		return 1;
	}
	if (!path && mix == TRAFFIC_HOSTILE)
		names_add_deep(&names, DEEP_RULES);
	else if (!path)
		names_make(&names, rules);
	queries_draw(&queries, &names, (enum traffic)mix, count);
	for (size_t i = 0; i < queries.count; i++) {
		name_format(queries.wire + queries.offs[i], text);
		print_question(text, i, mix == TRAFFIC_UNIFORM);
	}
	queries_fini(&queries);
	names_fini(&names);
	return 0;
}
