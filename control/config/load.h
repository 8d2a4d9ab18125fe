// SPDX-License-Identifier: BSD-3-Clause
// Files to a config: YAML with every error placed, and lists of domains.
//
// A file passes four gates: its bytes (size, UTF-8, no NUL), YAML, the schema's keys and kinds, and
// the checks of each object. What fails a gate is reported and left out, the rest goes on to the
// next, so that one run names all there is to mend.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/config/config.h"
#include "control/config/errors.h"

enum {
	LOAD_FILE_LEN_MAX = 512 << 20,
	LOAD_APPLY_ERRORS_MAX = 100,
};

// One file in memory.
struct load_file {
	const char *name; // for messages
	const char *data; // not NUL-terminated
	size_t len;
};

// Reads `path` and rules.d/*.yaml beside it. 0 with a new config (no counter numbers, generation
// 0), or -errno with all errors, sorted.
[[nodiscard]] int config_load(const char *path, struct config **out, struct config_errors *errors);
// The same from memory; the first file is the main one.
[[nodiscard]] int config_load_files(const struct load_file *files, size_t count,
	struct config **out, struct config_errors *errors);

// What `ruleset apply` brings.
struct load_ruleset {
	const char *name;                      // of the ruleset
	bool create;                           // it may be made
	const char *const *outbound_endpoints; // for a new one; or none
	size_t outbound_endpoints_count;
	const char *const *targets; // for bare domains; none: the file is YAML
	size_t targets_count;
};

// Replaces a ruleset of `config` by the file's rules: YAML (a mapping with `rules`, or a document
// with `rulesets` of which one has that name) or, with targets given, one domain a line. 0, or
// -errno with errors (100 at most, then a count); then throw the config away.
[[nodiscard]] int config_load_ruleset(struct config *config, const struct load_ruleset *request,
	const struct load_file *file, struct config_errors *errors);

// Reads a descriptor from its start to its end, at most LOAD_FILE_LEN_MAX. 0 with `*data` (free()
// it) and `*len`, or -errno: -EFBIG too long, -EINVAL not a regular file.
[[nodiscard]] int config_read_fd(int fd, char **data, size_t *len);
