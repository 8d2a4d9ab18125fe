// SPDX-License-Identifier: BSD-3-Clause
// Which keys there are, of which kind: libcyaml's table, held against a document with all errors
// placed.
#pragma once

#include <stdbool.h>

#include "control/config/errors.h"
#include "control/config/load.h"
#include "control/config/tree.h"

enum schema_root {
	SCHEMA_CONFIG,  // a file: struct build_text
	SCHEMA_RULESET, // one ruleset: struct config_ruleset_text
};

// Reports every unknown, repeated, not yet built and ill-typed node and takes it out of the tree,
// so that what is left fits the table. 0, or -EINVAL: nothing is left. `*is_clean`: nothing was
// taken out.
[[nodiscard]] int schema_check(
	struct tree *tree, enum schema_root root, struct config_errors *errors, bool *is_clean);

// What schema_check() has left of the file, by libcyaml, as the root's struct: schema_free() it. 0
// or -errno.
[[nodiscard]] int schema_load(
	const struct load_file *file, enum schema_root root, bool is_clean, void **out);
void schema_free(enum schema_root root, void *data);
