// SPDX-License-Identifier: BSD-3-Clause
// dnsmasq: server=, local=, address=, rev-server= and host-record= of its configuration file.
//
//   server=/a.example/b.example/10.0.0.1#5353   both and below go there; more lines add servers
//   server=/a.example/#                         a.example and below as all other names
//   server=/a.example/  local=/a.example/       never forwarded
//   server=10.0.0.1                             all other names
//   address=/a.example/10.0.0.1                 a.example and below have this address
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/import/reader.h"

enum { LINE_MAX_LEN = 4096 };

struct line {
	struct import *import;
	struct import_place place;
	char *value; // behind the `=`
};

// IP[#PORT][@SOURCE] as a target; NULL: it is none, which is noted.
static const char *read_server(
	const struct line *line, char *text, char target[static IMPORT_TARGET_MAX])
{
	char *source = strchr(text, '@');
	char *port;
	const char *end;

	if (source) {
		import_drop(line->import, line->place,
			"@%.60s: what to send from is said by the ruleset's outbound endpoints",
			source + 1);
		*source = '\0';
	}
	port = strchr(text, '#');
	if (port)
		*port++ = '\0';
	end = import_target(target, text, port);
	if (!end)
		import_drop(line->import, line->place, "\"%.60s...\" is no server", text);
	return end;
}

// One of the domains of a line. `*` at its start stands for names below it, as `.` does for none.
static void read_domain(const struct line *line, struct import_rule *rule, const char *domain)
{
	rule->match = NULL;
	if (domain[0] == '\0') {
		import_drop(line->import, line->place,
			"//: names without dots are not told from others here");
		return;
	}
	if (strncmp(domain, "*.", 2) == 0) {
		rule->match = "subdomains";
		domain += 2;
	} else if (domain[0] == '.' && domain[1]) {
		domain++;
	}
	rule->domain = strcmp(domain, "#") == 0 ? "." : domain;
	import_rule(line->import, rule);
}

// `/d1/d2/REST`: calls for each domain. The rest is cut off before.
static void read_domains(const struct line *line, struct import_rule *rule)
{
	char *at = line->value + 1;

	for (;;) {
		char *slash = strchr(at, '/');

		if (slash)
			*slash = '\0';
		read_domain(line, rule, at);
		if (!slash)
			return;
		at = slash + 1;
	}
}

// What stands behind the last slash, which is cut off; the value itself where there is none.
static char *take_rest(const struct line *line)
{
	char *slash = line->value[0] == '/' ? strrchr(line->value, '/') : NULL;

	if (!slash || slash == line->value)
		return line->value;
	*slash = '\0';
	return slash + 1;
}

static void read_forward(const struct line *line)
{
	char target[IMPORT_TARGET_MAX];
	const char *targets[1];
	struct import_rule rule = {.place = line->place, .joins = true};
	char *rest = take_rest(line);

	if (rest[0] == '\0') {
		rule.action = "nxdomain";
	} else if (strcmp(rest, "#") == 0) {
		rule.action = "default";
	} else {
		targets[0] = read_server(line, rest, target);
		if (!targets[0])
			return;
		rule.targets = targets;
		rule.target_count = 1;
	}
	if (rest != line->value) {
		read_domains(line, &rule);
		return;
	}
	rule.domain = ".";
	import_rule(line->import, &rule);
}

static void read_address(const struct line *line)
{
	static const char *const nothing[] = {"0.0.0.0", "::"};
	const char *addresses[1];
	struct import_rule rule = {.place = line->place, .action = "addresses", .joins = true};
	char *rest = take_rest(line);

	if (rest == line->value) {
		import_drop(line->import, line->place, "address= has no /domain/");
		return;
	}
	addresses[0] = rest;
	rule.addresses = addresses;
	rule.address_count = 1;
	if (rest[0] == '\0') {
		rule.action = "nxdomain";
	} else if (strcmp(rest, "#") == 0) {
		rule.addresses = nothing;
		rule.address_count = 2;
	}
	read_domains(line, &rule);
}

// PREFIX,IP[#PORT]
static void read_reverse(const struct line *line)
{
	char *comma = strchr(line->value, ',');
	char target[IMPORT_TARGET_MAX];
	const char *targets[1];
	struct import_rule rule = {.place = line->place, .targets = targets, .joins = true};

	if (!comma || comma[1] == '\0') {
		import_drop(line->import, line->place, "rev-server= without a server");
		return;
	}
	*comma = '\0';
	targets[0] = read_server(line, comma + 1, target);
	rule.target_count = 1;
	rule.prefix = line->value;
	if (targets[0])
		import_rule(line->import, &rule);
}

static bool is_address(const char *text)
{
	return strchr(text, ':') || text[strspn(text, "0123456789.")] == '\0';
}

// NAME[,NAME...],ADDRESS[,ADDRESS][,TTL]: each name has all addresses.
static void read_host(const struct line *line)
{
	const char *names[64], *addresses[16];
	size_t name_count = 0, address_count = 0;
	char *save = NULL;

	for (char *word = strtok_r(line->value, ",", &save); word;
		word = strtok_r(NULL, ",", &save)) {
		if (strchr(word, '.') && !is_address(word) && name_count < 64)
			names[name_count++] = word;
		else if (strpbrk(word, ".:") && is_address(word) && address_count < 16)
			addresses[address_count++] = word;
		else if (!is_address(word) && name_count < 64)
			names[name_count++] = word;
	}
	for (size_t i = 0; i < name_count; i++)
		import_rule(line->import,
			&(struct import_rule){.place = line->place,
				.domain = names[i],
				.match = "exact",
				.action = "addresses",
				.addresses = addresses,
				.address_count = address_count,
				.joins = true});
}

static const struct {
	const char *key;
	void (*read)(const struct line *line);
} keys[] = {
	{"server", read_forward},
	{"local", read_forward},
	{"address", read_address},
	{"rev-server", read_reverse},
	{"host-record", read_host},
};

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static void read_line(struct import *import, char *text, unsigned number)
{
	struct line line = {.import = import};
	char *equals, *key;

	// A `#` begins a comment where a word could; behind an address it is a port.
	for (char *hash = strchr(text, '#'); hash; hash = strchr(hash + 1, '#'))
		if (hash == text || hash[-1] == ' ' || hash[-1] == '\t') {
			*hash = '\0';
			break;
		}
	key = trim(text);
	line.place = (struct import_place){number, (unsigned)(key - text) + 1};
	if (key[0] == '\0')
		return;
	equals = strchr(key, '=');
	if (equals)
		*equals = '\0';
	line.value = equals ? trim(equals + 1) : NULL;
	key = trim(key);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && line.value; i++)
		if (strcmp(key, keys[i].key) == 0) {
			keys[i].read(&line);
			return;
		}
	import_drop(
		import, line.place, "%.60s%s: has no meaning for rules", key, equals ? "=" : "");
}

void import_dnsmasq(struct import *import, const struct load_file *file)
{
	const char *at = file->data, *end = file->data + file->len;

	for (unsigned number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);
		char text[LINE_MAX_LEN];

		if (len >= sizeof(text)) {
			import_drop(import, (struct import_place){number, 1},
				"longer than %d bytes", LINE_MAX_LEN);
		} else {
			memcpy(text, at, len);
			text[len] = '\0';
			read_line(import, text, number);
		}
		at = newline ? newline + 1 : end;
	}
}
