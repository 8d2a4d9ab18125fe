// SPDX-License-Identifier: BSD-3-Clause
// Objects of the files that were deleted at run time: they stay away until their text changes.
#pragma once

#include "control/config/config.h"

// 0 or -ENOMEM.
[[nodiscard]] int removed_add(
	struct config *config, enum config_kind kind, const char *name, uint64_t file_hash);
// Whether the object with this text was deleted.
[[nodiscard]] bool removed_has(
	const struct config *config, enum config_kind kind, const char *name, uint64_t file_hash);
// 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int removed_copy(struct config *copy, const struct config *config);
void removed_fini(struct config *config);
