// SPDX-License-Identifier: BSD-3-Clause
// Objects put into a config and taken out of it, while it runs.
#pragma once

#include "control/config/config.h"
#include "control/config/errors.h"
#include "control/config/load.h"

// Puts all that a YAML document lists into the config: an object takes the place of the one of its
// name, or comes as a new one; a ruleset gets the rules that the document gives it. 0, or -errno
// with errors: then throw the config away.
[[nodiscard]] int document_put(
	struct config *config, const struct load_file *file, struct config_errors *errors);

// Takes an object out. -EBUSY: others name it, `errors` says which; -ENOENT: there is none;
// -ENOMEM. After an error throw the config away.
[[nodiscard]] int document_remove(struct config *config, enum config_kind kind, const char *name,
	struct config_errors *errors);
