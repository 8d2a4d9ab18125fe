// SPDX-License-Identifier: BSD-3-Clause
// Shuntctl's command line, its escapes, and its man page, held by the table of nouns.
#include <stdio.h>
#include <stdlib.h>

#include "ctl/arguments.h"
#include "ctl/table.h"
#include "tests/unit/unit.h"

// Parses words; complaints go to stderr.
static int parse(struct arguments *arguments, const char *const *words)
{
	int count = 0;

	while (words[count])
		count++;
	return arguments_parse(arguments, count, (char *const *)words);
}

#define PARSE(arguments, ...) parse(arguments, (const char *const[]){"shuntctl", __VA_ARGS__, NULL})

static void options_become_parameters(void **state)
{
	struct arguments arguments;
	char *text;

	(void)state;
	assert_int_equal(PARSE(&arguments, "ruleset", "apply", "corp", "--file=f", "--target", "a",
				 "--create", "--target", "b", "--outbound-endpoint", "e",
				 "--if-generation", "3"),
		0);
	text = json_dumps(arguments.call.params, JSON_COMPACT);
	assert_string_equal(text,
		"{\"name\":\"corp\",\"file\":\"f\",\"target\":[\"a\",\"b\"],"
		"\"create\":true,\"outbound_endpoint\":[\"e\"],"
		"\"if_generation\":3}");
	assert_string_equal(arguments.verb->method, "ruleset.apply");
	free(text);
	arguments_fini(&arguments);
}

static void globals_stand_anywhere(void **state)
{
	struct arguments arguments;

	(void)state;
	assert_int_equal(PARSE(&arguments, "rule", "-s", "/s", "list", "-o", "json"), 0);
	assert_string_equal(arguments.socket, "/s");
	assert_true(arguments.is_json);
	arguments_fini(&arguments);
}

static void wrong_usage_is_told(void **state)
{
	static const char *const wrong[][8] = {
		{"shuntctl", "frob"},
		{"shuntctl", "rule"},
		{"shuntctl", "rule", "frob"},
		{"shuntctl", "rule", "show"},
		{"shuntctl", "rule", "show", "a"},
		{"shuntctl", "rule", "show", "a", "b", "--ruleset", "r"},
		{"shuntctl", "rule", "show", "a", "--ruleset"},
		{"shuntctl", "rule", "list", "--colour", "red"},
		{"shuntctl", "rule", "list", "--ruleset", "a", "--ruleset", "b"},
		{"shuntctl", "rule", "test", "a", "--follow=yes"},
		{"shuntctl", "reload", "--if-generation", "x"},
		{"shuntctl", "status", "-o", "xml"},
		{"shuntctl", "-x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct arguments arguments;

		assert_int_equal(parse(&arguments, wrong[i]), EXIT_USAGE);
		arguments_fini(&arguments);
	}
}

static void text_from_elsewhere_is_escaped(void **state)
{
	char *shown = table_escape("a\033[31m\r\n\x7f\xc2\x9b\xff\xc3\xa9");

	(void)state;
	assert_string_equal(shown, "a\\x1b[31m\\x0d\\x0a\\x7f\\xc2\\x9b\\xff\xc3\xa9");
	free(shown);
}

// Without the marks of scdoc, so that words are found as they are typed.
static char *read_man_page(void)
{
	FILE *file = fopen(MAN_PAGE, "r");
	char *text = calloc(1, 1 << 16);
	size_t len = 0;
	int c;

	assert_non_null(file);
	assert_non_null(text);
	while ((c = fgetc(file)) != EOF && len < (1 << 16) - 1)
		if (c != '*' && c != '_' && c != '\\')
			text[len++] = (char)c;
	fclose(file);
	return text;
}

static void the_man_page_names_every_command_and_option(void **state)
{
	char *page = read_man_page();

	(void)state;
	for (size_t n = 0; nouns[n]; n++)
		for (size_t v = 0; v < nouns[n]->verb_count; v++) {
			const struct verb *verb = &nouns[n]->verbs[v];
			char words[128];

			snprintf(words, sizeof(words), "\n%s%s%s", nouns[n]->name,
				verb->name ? " " : "", verb->name ? verb->name : "");
			if (!strstr(page, words))
				fail_msg("%s does not tell of%s", MAN_PAGE, words);
			for (const struct option *o = verb->options; o && o->name; o++) {
				snprintf(words, sizeof(words), "--%s", o->name);
				if (!strstr(page, words))
					fail_msg("%s does not tell of %s", MAN_PAGE, words);
			}
		}
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_parameters),
		cmocka_unit_test(globals_stand_anywhere),
		cmocka_unit_test(wrong_usage_is_told),
		cmocka_unit_test(text_from_elsewhere_is_escaped),
		cmocka_unit_test(the_man_page_names_every_command_and_option),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
