// SPDX-License-Identifier: BSD-3-Clause
// Objects of the files that were deleted at run time.
#include "control/config/removed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int removed_add(struct config *config, enum config_kind kind, const char *name, uint64_t file_hash)
{
	struct config_removed *removed =
		reallocarray(config->removed, config->removed_count + 1, sizeof(*removed));
	char *copy = strdup(name);

	if (removed)
		config->removed = removed;
	if (!removed || !copy) {
		free(copy);
		return -ENOMEM;
	}
	removed[config->removed_count++] = (struct config_removed){kind, copy, file_hash};
	return 0;
}

bool removed_has(
	const struct config *config, enum config_kind kind, const char *name, uint64_t file_hash)
{
	for (size_t i = 0; i < config->removed_count; i++) {
		const struct config_removed *removed = &config->removed[i];

		if (removed->kind == kind && removed->file_hash == file_hash &&
			strcasecmp(removed->name, name) == 0)
			return true;
	}
	return false;
}

int removed_copy(struct config *copy, const struct config *config)
{
	int error = 0;

	for (size_t i = 0; i < config->removed_count && !error; i++)
		error = removed_add(copy, config->removed[i].kind, config->removed[i].name,
			config->removed[i].file_hash);
	return error;
}

void removed_fini(struct config *config)
{
	for (size_t i = 0; i < config->removed_count; i++)
		free(config->removed[i].name);
	free(config->removed);
}
