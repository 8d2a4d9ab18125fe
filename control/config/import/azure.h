// SPDX-License-Identifier: BSD-3-Clause
// Azure's forwarding rules, as the API and as templates spell them.
#pragma once

#include "control/config/import/reader.h"

#define AZURE_DNS "168.63.129.16" // where Azure resolves what no rule covers

enum { IMPORT_SOURCE_LEN = 1100 };

// A tree, and how its texts are read: as they are, or as expressions.
struct import_source {
	const struct tree *tree;
	int (*node)(const struct import_source *self, int node); // what the node stands for
	// False: there is none, or it can't be told.
	bool (*text)(
		const struct import_source *self, int node, char out[static IMPORT_SOURCE_LEN]);
};

// A forwarding rule; its properties stand in `properties`, or in the node itself.
void azure_rule(struct import *import, const struct import_source *source, int node,
	const char *ruleset, const char *name);
// The profile, and a default as Azure has it.
void azure_finish(struct import *import);
