// SPDX-License-Identifier: BSD-3-Clause
// Configs for tests: from texts, with errors as one text.
#pragma once

#include "control/config/load.h"
#include "control/config/merge.h"

// A small whole config: one ruleset `corp` with rules `contoso` and `azure`.
extern const char configs_small[];

// Errors of the last load, one a line, each with its newline; kept until the next.
extern char configs_errors[64 * 1024];

// Loads one file named `t.yaml`; NULL: refused.
struct config *configs_load(const char *text);
// `configs_small` merged into nothing as generation 1, counters settled at 0.
struct config *configs_running(void);
// Merges `text` into `running`, as its next generation; must succeed.
struct config *configs_reload(
	const struct config *running, const char *text, struct config_changes *changes);
// `ruleset apply corp` of a file named `t.txt`, with `target` (NULL: YAML). 0 or -errno.
int configs_apply(struct config *config, const char *text, const char *target);
