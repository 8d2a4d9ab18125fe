// SPDX-License-Identifier: BSD-3-Clause
// hosts: /etc/hosts and its like, ADDRESS NAME... a line.
//
// A name is exact, its other types are empty, and names below it go on to their rules: a rule with
// `match: exact` and `action: addresses` for each.
#include <stdio.h>
#include <string.h>

#include "control/config/import/lexer.h"

// Names that every host has of itself, and every resolver answers.
static bool is_own(const char *name)
{
	static const char *const own[] = {"localhost", "localhost.localdomain", "ip6-localhost",
		"ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters",
		"ip6-allhosts", "broadcasthost"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

static void read_name(struct import *import, const struct lexer *lexer, const char *address)
{
	if (is_own(lexer->text))
		import_drop(import, lexer->place, "%.80s: is answered without a rule", lexer->text);
	else
		import_rule(import,
			&(struct import_rule){.place = lexer->place,
				.domain = lexer->text,
				.match = "exact",
				.action = "addresses",
				.addresses = &address,
				.address_count = 1,
				.joins = true});
}

void import_hosts(struct import *import, const struct load_file *file)
{
	struct lexer lexer = {.has_lines = true};
	char address[IMPORT_TARGET_MAX];

	lexer_init(&lexer, file);
	while (lexer_next(&lexer) != LEXER_END) {
		unsigned count = 0;

		if (lexer.token == LEXER_NEWLINE)
			continue;
		lexer_copy(&lexer, address, sizeof(address));
		while (lexer_next(&lexer) != LEXER_END && lexer.token != LEXER_NEWLINE) {
			read_name(import, &lexer, address);
			count++;
		}
		if (count == 0)
			import_drop(import, lexer.place, "\"%.60s\" has no name", address);
	}
}
