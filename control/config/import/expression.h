// SPDX-License-Identifier: BSD-3-Clause
// The expressions of ARM templates, as far as names and addresses are made with them: parameters
// by their defaults, variables, concat() and format().
#pragma once

#include "control/config/import/azure.h"

// As the members of struct import_source, of a whole template.
int expression_node(const struct import_source *source, int node);
bool expression_text(
	const struct import_source *source, int node, char out[static IMPORT_SOURCE_LEN]);
