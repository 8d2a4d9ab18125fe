// SPDX-License-Identifier: BSD-3-Clause
// Files of other name servers and clouds, as objects of ours.
//
//   file ─ a format's reader ─▶ rules, zones ─ import_run() ─▶ a document, as YAML has it
//                        └─▶ what it can't keep, by place and with the reason
//
// A reader knows its format and calls import_rule() and the like; what they check is what the
// config checks, so that what comes out can be loaded.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/config/config.h"
#include "control/config/errors.h"
#include "control/config/load.h"

// What was asked for. NULL and 0: as the format has it.
struct import_wish {
	const char *ruleset;                   // its name
	const char *network;                   // links what is made
	const char *const *outbound_endpoints; // of the rulesets
	size_t outbound_endpoints_count;
	const char *fallback; // --default: where Azure's names without a rule go
};

// What came of it.
struct import_result {
	json_t *document;             // top-level lists and keys, as in a config file
	struct config_errors dropped; // what could not be kept
	struct config_errors notes;   // what there is to know of what was made
	size_t rule_count;
	size_t record_count;
};

// Reads `file` as `format`. 0, or -errno with the reasons in `dropped` alone: -ENOENT there is no
// such format, -EINVAL the file as a whole is no good or nothing of it could be kept, -ENOMEM. The
// result is to be finished in all cases.
[[nodiscard]] int import_run(const char *format, const struct load_file *file,
	const struct import_wish *wish, struct import_result *result);
void import_result_fini(struct import_result *result);
// "azure, arm, …"
const char *import_formats(void);
