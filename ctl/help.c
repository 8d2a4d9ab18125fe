// SPDX-License-Identifier: BSD-3-Clause
// Help and hints, made from the table of nouns.

#include "ctl/help.h"

#include <stdio.h>
#include <string.h>

enum { USAGE_MAX = 512 };

// Appends to a text that is `size` long at most.
static void append(char *out, size_t size, const char *before, const char *text, const char *after)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s%s", before, text, after);
}

static void append_option(char *out, size_t size, const struct option *option)
{
	append(out, size, option->is_required ? " --" : " [--", option->name, "");
	if (option->value)
		append(out, size, " ", option->value, "");
	append(out, size, option->is_required ? "" : "]", option->kind == OPTION_LIST ? "…" : "",
		"");
}

void help_usage(char *out, size_t size, const struct noun *noun, const struct verb *verb)
{
	snprintf(out, size, "%s%s%s", noun->name, verb->name ? " " : "",
		verb->name ? verb->name : "");
	if (verb->positional)
		append(out, size, " ", verb->positional, "");
	for (const struct option *o = verb->options; o && o->name; o++)
		append_option(out, size, o);
}

static void print_globals(void)
{
	puts("  -s, --socket PATH          control's socket (/run/shunt/control.sock)\n"
	     "  -o, --output table|json    how to print the result (table)\n"
	     "  -h, --help                 this help, or that of a command");
}

static void print_verb(const struct noun *noun, const struct verb *verb)
{
	char usage[USAGE_MAX];

	help_usage(usage, sizeof(usage), noun, verb);
	printf("usage: shuntctl %s\n\n%s.\n", usage, verb->summary);
	if (verb->note)
		printf("%s\n", verb->note);
	puts("");
	for (const struct option *o = verb->options; o && o->name; o++) {
		char left[USAGE_MAX];

		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "",
			o->value ? o->value : "");
		printf("  %-26s %s%s\n", left, o->summary,
			o->kind == OPTION_LIST ? " (may be repeated)" : "");
	}
	print_globals();
}

static void print_noun(const struct noun *noun)
{
	for (size_t i = 0; i < noun->verb_count; i++) {
		char command[USAGE_MAX];
		const struct verb *verb = &noun->verbs[i];

		snprintf(command, sizeof(command), "%s%s%s%s%s", noun->name, verb->name ? " " : "",
			verb->name ? verb->name : "", verb->positional ? " " : "",
			verb->positional ? verb->positional : "");
		printf("  %-26s %s\n", command, verb->summary);
	}
}

void help_print(const struct noun *noun, const struct verb *verb)
{
	if (verb) {
		print_verb(noun, verb);
		return;
	}
	if (noun) {
		printf("usage: shuntctl %s VERB …\n\n%s.\n\n", noun->name, noun->summary);
		print_noun(noun);
		printf("\n`shuntctl %s VERB --help` lists a verb's options.\n", noun->name);
		return;
	}
	puts("usage: shuntctl [-s SOCKET] [-o table|json] COMMAND …\n");
	for (size_t i = 0; nouns[i]; i++)
		print_noun(nouns[i]);
	puts("");
	print_globals();
	puts("      --version              the version\n\n"
	     "`shuntctl COMMAND --help` lists a command's options.\n"
	     "Exit status: 0 done, 1 refused, 2 wrong usage, 3 control not reachable.");
}

void help_hint(const struct noun *noun, const struct verb *verb)
{
	fprintf(stderr, "see 'shuntctl %s%s%s%s--help'\n", noun ? noun->name : "", noun ? " " : "",
		verb && verb->name ? verb->name : "", verb && verb->name ? " " : "");
}
