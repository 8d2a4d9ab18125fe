// SPDX-License-Identifier: BSD-3-Clause
// The commands as tables: nouns, their verbs, and the verbs' options. Parsing, usage errors, help
// and the check of the man page all read these tables; a command is added by adding a row.
//
//   shuntctl rule create NAME --ruleset R --domain D.
//            noun verb   positional  options
//
// A verb calls one method of control; each positional and option is the parameter of its name, with
// `_` for `-`.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum option_kind {
	OPTION_TEXT, // one value
	OPTION_LIST, // may be repeated
	OPTION_NUMBER,
	OPTION_FLAG, // no value
};

struct option {
	const char *name;  // without the dashes; NULL ends a table
	const char *value; // what help calls the value; NULL for a flag
	enum option_kind kind;
	bool is_required;
	bool is_local; // for the printing here, not sent to control
	const char *summary;
};

// One call: what was asked for, as control gets it, and what only printing looks at.
struct call {
	json_t *params;
	json_t *local; // options with is_local
	int fd;        // travels with the request; -1: none
};

struct verb {
	const char *name;       // NULL: the noun alone is the command
	const char *positional; // required; NULL: none
	const char *method;
	const struct option *options; // NULL: none
	const char *summary;
	const char *note; // more lines for help; NULL: none
	// Opens files and the like; 0, or an exit code with the complaint printed. NULL: nothing to
	// do.
	int (*prepare)(struct call *call);
	void (*print)(const json_t *result, const struct call *call); // for people, to stdout
};

struct noun {
	const char *name;
	const char *summary;
	const struct verb *verbs;
	size_t verb_count;
};

extern const struct noun noun_status;
extern const struct noun noun_rule;
extern const struct noun noun_ruleset;
extern const struct noun noun_network;
extern const struct noun noun_endpoint;
extern const struct noun noun_zone;
extern const struct noun noun_record;
extern const struct noun noun_import;
extern const struct noun noun_upstream;
extern const struct noun noun_stats;
extern const struct noun noun_path;
extern const struct noun noun_reload;

extern const struct noun *const nouns[]; // NULL ends it

// NULL: there is none of that name.
const struct noun *noun_find(const char *name);
const struct verb *noun_find_verb(const struct noun *noun, const char *name);

// Exit codes, a contract with scripts.
enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };
