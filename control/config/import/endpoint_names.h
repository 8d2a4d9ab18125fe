// SPDX-License-Identifier: BSD-3-Clause
// The names of private endpoints and their addresses, in each of the forms that Azure gives them.
#pragma once

#include "control/config/import/reader.h"

struct endpoint_name {
	struct import_place place;
	const char *fqdn; // `*.` at its start is a wildcard
	const char *address;
};

// Calls for each name and each of its addresses. Gives how many there were.
size_t endpoint_names_each(const struct tree *tree,
	void (*take)(void *context, const struct endpoint_name *name), void *context);
