// SPDX-License-Identifier: BSD-3-Clause
// What `reload` does: objects whose text in the files changed replace the running ones, all others
// stay as they run.
#pragma once

#include <stddef.h>

#include "control/config/config.h"
#include "control/config/errors.h"

// An object that the files replaced, brought or took away.
struct config_change {
	char *object; // such as "ruleset corp"
	char *what;   // such as "replaced; lost 2 rules made at run time: a, b"
};

// All zero: empty.
struct config_changes {
	struct config_change *items;
	size_t count;
	size_t capacity;
};

void changes_fini(struct config_changes *changes);

// `files` is what config_load() gave, `running` may be NULL (nothing runs). 0 with a new config
// that means to become `generation` and the list of changes; or -errno with errors: -EINVAL if what
// would run doesn't fit together.
[[nodiscard]] int config_merge(const struct config *running, const struct config *files,
	uint64_t generation, struct config **out, struct config_changes *changes,
	struct config_errors *errors);
