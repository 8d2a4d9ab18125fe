// SPDX-License-Identifier: BSD-3-Clause
// The command line against the table of nouns. Options may stand anywhere behind their noun and
// verb; `-s`, `-o` and `-h` anywhere at all; `--` ends options.

#include "ctl/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/help.h"
#include "ctl/table.h"

#define DEFAULT_SOCKET "/run/shunt/control.sock"

enum { PARAMETER_LEN_MAX = 64 };

// A reader of words.
struct words {
	char *const *at;
	char *const *end;
	bool only_positionals; // `--` was seen
};

static int complain(const struct arguments *arguments, const char *what, const char *which)
{
	char *shown = table_escape(which);

	fprintf(stderr, "shuntctl: %s '%s'; ", what, shown ? shown : "?");
	help_hint(arguments->noun, arguments->verb);
	free(shown);
	return EXIT_USAGE;
}

// The value of the option in `word`: behind its `=`, or the next word. NULL: there is none.
static const char *take_value(struct words *words, const char *word)
{
	const char *equals = strchr(word, '=');

	if (equals)
		return equals + 1;
	if (words->at == words->end)
		return NULL;
	return *words->at++;
}

static bool is_named(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && (word[len] == '\0' || word[len] == '=');
}

// `-s`, `-o`, `-h` and their long forms. 1: it was one; 0: it was not; -1: it lacks a good value.
static int take_global(struct arguments *arguments, struct words *words, const char *word)
{
	const char *value;

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
		arguments->is_help = true;
		return 1;
	}
	if (strcmp(word, "--version") == 0) {
		arguments->is_version = true;
		return 1;
	}
	if (strcmp(word, "-s") == 0 || is_named(word, "--socket")) {
		arguments->socket = take_value(words, word);
		return arguments->socket ? 1 : -1;
	}
	if (strcmp(word, "-o") == 0 || is_named(word, "--output")) {
		value = take_value(words, word);
		arguments->is_json = value && strcmp(value, "json") == 0;
		return value && (arguments->is_json || strcmp(value, "table") == 0) ? 1 : -1;
	}
	return 0;
}

static const struct option *find_option(const struct verb *verb, const char *word)
{
	for (const struct option *o = verb->options; o && o->name; o++)
		if (is_named(word + 2, o->name))
			return o;
	return NULL;
}

// `outbound-endpoint` is the parameter `outbound_endpoint`, the positional `NAME` is `name`.
static void parameter_name(char out[static PARAMETER_LEN_MAX], const char *name)
{
	size_t i = 0;

	for (; name[i] && i < PARAMETER_LEN_MAX - 1; i++)
		out[i] = name[i] == '-' ? '_' : (char)tolower((unsigned char)name[i]);
	out[i] = '\0';
}

static json_t *parse_number(const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || end == text || *end ? NULL : json_integer(number);
}

static int add_value(json_t *object, const char *key, const struct option *option, const char *text)
{
	json_t *list;

	switch (option->kind) {
	case OPTION_FLAG: return json_object_set_new(object, key, json_true());
	case OPTION_TEXT: return json_object_set_new(object, key, json_string(text));
	case OPTION_NUMBER: return json_object_set_new(object, key, parse_number(text));
	case OPTION_LIST: break;
	}
	list = json_object_get(object, key);
	if (!list && json_object_set_new(object, key, json_array()))
		return -1;
	return json_array_append_new(json_object_get(object, key), json_string(text));
}

static int take_option(struct arguments *arguments, struct words *words, const char *word)
{
	const struct option *option = find_option(arguments->verb, word);
	char key[PARAMETER_LEN_MAX];
	const char *value = NULL;
	json_t *object;

	if (!option)
		return complain(arguments, "unknown option", word);
	if (option->kind != OPTION_FLAG)
		value = take_value(words, word);
	else if (strchr(word, '='))
		return complain(arguments, "no value goes with option", word);
	if (option->kind != OPTION_FLAG && !value)
		return complain(arguments, "a value is missing for option", word);
	object = option->is_local ? arguments->call.local : arguments->call.params;
	parameter_name(key, option->name);
	if (option->kind != OPTION_LIST && json_object_get(object, key))
		return complain(arguments, "given twice: option", word);
	if (add_value(object, key, option, value))
		return complain(arguments,
			option->kind == OPTION_NUMBER ? "not a number:" : "not UTF-8 text:",
			value ? value : word);
	return 0;
}

static int take_positional(struct arguments *arguments, const char *word)
{
	const char *positional = arguments->verb->positional;
	char key[PARAMETER_LEN_MAX];

	if (!positional)
		return complain(arguments, "one word too many:", word);
	parameter_name(key, positional);
	if (json_object_get(arguments->call.params, key))
		return complain(arguments, "one word too many:", word);
	if (json_object_set_new(arguments->call.params, key, json_string(word)))
		return complain(arguments, "not UTF-8 text:", word);
	return 0;
}

// The first word is the noun, the second the verb; a noun that is a command by itself has one
// nameless verb.
static int take_command(struct arguments *arguments, const char *word)
{
	if (!arguments->noun) {
		arguments->noun = noun_find(word);
		if (!arguments->noun)
			return complain(arguments, "unknown command", word);
		if (!arguments->noun->verbs[0].name)
			arguments->verb = &arguments->noun->verbs[0];
		return 0;
	}
	arguments->verb = noun_find_verb(arguments->noun, word);
	return arguments->verb ? 0 : complain(arguments, "unknown verb", word);
}

static int take_word(struct arguments *arguments, struct words *words)
{
	const char *word = *words->at++;
	int is_global;

	if (words->only_positionals || word[0] != '-' || strcmp(word, "-") == 0) {
		if (arguments->verb)
			return take_positional(arguments, word);
		if (!arguments->noun && strcmp(word, "help") == 0) {
			arguments->is_help = true;
			return 0;
		}
		return take_command(arguments, word);
	}
	if (strcmp(word, "--") == 0) {
		words->only_positionals = true;
		return 0;
	}
	is_global = take_global(arguments, words, word);
	if (is_global < 0)
		return complain(arguments, "a good value is missing for option", word);
	if (is_global)
		return 0;
	if (!arguments->verb || word[1] != '-')
		return complain(arguments, "unknown option", word);
	return take_option(arguments, words, word);
}

static int check_required(const struct arguments *arguments)
{
	const struct verb *verb = arguments->verb;
	char key[PARAMETER_LEN_MAX];

	parameter_name(key, verb->positional ? verb->positional : "");
	if (verb->positional && !json_object_get(arguments->call.params, key))
		return complain(arguments, "missing:", verb->positional);
	for (const struct option *o = verb->options; o && o->name; o++) {
		parameter_name(key, o->name);
		if (o->is_required && !json_object_get(arguments->call.params, key))
			return complain(arguments, "missing: option", o->name);
	}
	return 0;
}

int arguments_parse(struct arguments *arguments, int argc, char *const *argv)
{
	struct words words = {.at = argv + 1, .end = argv + argc};
	int err = 0;

	*arguments = (struct arguments){.socket = DEFAULT_SOCKET};
	arguments->call = (struct call){.params = json_object(), .local = json_object(), .fd = -1};
	if (argc < 2)
		arguments->is_help = true;
	while (!err && words.at < words.end)
		err = take_word(arguments, &words);
	if (err || arguments->is_help || arguments->is_version)
		return err;
	if (!arguments->noun)
		return complain(arguments, "missing:", "command");
	if (!arguments->verb)
		return complain(arguments, "missing: a verb for", arguments->noun->name);
	return check_required(arguments);
}

void arguments_fini(struct arguments *arguments)
{
	json_decref(arguments->call.params);
	json_decref(arguments->call.local);
	if (arguments->call.fd >= 0)
		close(arguments->call.fd);
}
