// SPDX-License-Identifier: BSD-3-Clause
// Lists of names, each a string of its own.
#include "control/config/names.h"

#include <stdlib.h>
#include <string.h>

char **names_copy(const char *const *names, size_t count)
{
	char **copy;

	if (count == 0)
		return NULL;
	copy = calloc(count, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		copy[i] = strdup(names[i]);
		if (!copy[i]) {
			names_free(copy, i);
			return NULL;
		}
	}
	return copy;
}

void names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
