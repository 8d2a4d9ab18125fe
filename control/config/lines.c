// SPDX-License-Identifier: BSD-3-Clause
// A list of bare domains, one a line, as the texts of rules.
#include "control/config/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/autoname.h"
#include "control/config/check.h"
#include "control/config/index.h"

enum {
	TEXTS_EXTRA = 24, // beyond the domain, twice: `d-`, `-4294967295`, a dot and two NULs
};

// What lines_parse() keeps while it reads.
struct reader {
	struct lines *lines;
	struct index names; // of the rules so far
	uint32_t *clashes;  // by rule: the last suffix given for its name, 0: none
	char *at;           // in lines->texts
};

static size_t count_lines(const struct load_file *file)
{
	const char *at = file->data;
	const char *end = at + file->len;
	size_t count = 0;

	for (; at && at < end; count++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (at)
			at++;
	}
	return count;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

// Cuts a comment and spaces off both ends.
static size_t trim(const char **line, size_t len)
{
	const char *at = *line;
	size_t first = 0;

	for (size_t i = 0; i < len; i++)
		if (at[i] == '#' && (i == 0 || is_space(at[i - 1]))) {
			len = i;
			break;
		}
	while (first < len && is_space(at[first]))
		first++;
	while (len > first && is_space(at[len - 1]))
		len--;
	*line = at + first;
	return len - first;
}

static bool is_same_name(const void *list, size_t position, const void *wanted)
{
	const struct config_rule_text *rules = list;

	return strcasecmp(rules[position].name, wanted) == 0;
}

// Makes the name at `name` one that no rule has; `end` is its end. Gives the new end.
static char *make_unique(struct reader *reader, const char *name, char *end)
{
	const struct config_rule_text *rules = reader->lines->rules;
	uint64_t hash = index_hash_folded(name);
	size_t first = index_find(&reader->names, hash, is_same_name, rules, name);
	size_t taken = first;
	int len = 0;

	while (taken != INDEX_NONE) {
		uint32_t *clashes = &reader->clashes[first];

		*clashes = *clashes ? *clashes + 1 : 2;
		len = sprintf(end, "-%u", *clashes);
		hash = index_hash_folded(name);
		taken = index_find(&reader->names, hash, is_same_name, rules, name);
	}
	index_put(&reader->names, hash, reader->lines->count);
	return end + len;
}

static void read_domain(struct reader *reader, const struct load_ruleset *request, const char *text,
	size_t len, struct lines_place place)
{
	struct lines *lines = reader->lines;
	bool has_dot = check_has_final_dot(text, len);
	size_t bare_len = has_dot && len > 1 ? len - 1 : len;
	char *name = reader->at;
	char *domain = make_unique(reader, name, autoname_put(name, text, bare_len)) + 1;

	memcpy(domain, text, len);
	reader->at = stpcpy(domain + len, has_dot ? "" : ".") + 1;
	lines->rules[lines->count] = (struct config_rule_text){
		.name = name,
		.domain = domain,
		.targets = request->targets,
		.targets_count = request->targets_count,
	};
	lines->places[lines->count++] = place;
}

static void read_lines(
	struct reader *reader, const struct load_ruleset *request, const struct load_file *file)
{
	const char *at = file->data;
	const char *end = at + file->len;

	for (uint32_t line = 1; at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *text = at;
		size_t len = trim(&text, (size_t)((newline ? newline : end) - at));
		struct lines_place place = {line, (uint32_t)(text - at) + 1};

		if (len > 0)
			read_domain(reader, request, text, len, place);
		at = newline ? newline + 1 : end;
	}
}

static int make_arrays(struct reader *reader, struct lines *lines, const struct load_file *file)
{
	size_t count = count_lines(file);

	if (count > CONFIG_RULES_MAX + (size_t)UINT16_MAX) // blank lines and comments
		return -EFBIG;
	lines->rules = calloc(count + 1, sizeof(*lines->rules));
	lines->places = calloc(count + 1, sizeof(*lines->places));
	lines->texts = malloc(2 * file->len + TEXTS_EXTRA * (count + 1));
	reader->clashes = calloc(count + 1, sizeof(*reader->clashes));
	reader->at = lines->texts;
	if (!lines->rules || !lines->places || !lines->texts || !reader->clashes)
		return -ENOMEM;
	return index_init(&reader->names, count);
}

int lines_parse(struct lines *lines, const struct load_ruleset *request,
	const struct load_file *file, struct config_errors *errors)
{
	const char *nul = file->len ? memchr(file->data, '\0', file->len) : NULL;
	struct reader reader = {.lines = lines};
	int error = -EINVAL;

	*lines = (struct lines){0};
	if (nul) {
		errors_add(errors, file->name, 0, 0,
			"a NUL byte at offset %td: this is not a text file", nul - file->data);
		return error;
	}
	error = make_arrays(&reader, lines, file);
	if (error == -EFBIG)
		errors_add(errors, file->name, 0, 0, "more lines than the %d rules of a ruleset",
			CONFIG_RULES_MAX);
	else if (!error)
		read_lines(&reader, request, file);
	index_fini(&reader.names);
	free(reader.clashes);
	if (error)
		lines_fini(lines);
	return error;
}

void lines_fini(struct lines *lines)
{
	free(lines->rules);
	free(lines->places);
	free(lines->texts);
	*lines = (struct lines){0};
}
