// SPDX-License-Identifier: BSD-3-Clause
// The command line against the table of nouns: words to a verb and its call.
#pragma once

#include "ctl/noun.h"

// What the command line asked for. Texts point into argv; `call` is owned (arguments_fini()).
struct arguments {
	const char *socket;
	const struct noun *noun; // NULL with is_help: help for everything
	const struct verb *verb; // NULL with is_help: help for the noun
	struct call call;
	bool is_help;
	bool is_version;
	bool is_json;
};

// 0, or EXIT_USAGE with one complaint on stderr. In both cases arguments_fini() is due.
[[nodiscard]] int arguments_parse(struct arguments *arguments, int argc, char *const *argv);
void arguments_fini(struct arguments *arguments);
