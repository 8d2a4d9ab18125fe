// SPDX-License-Identifier: BSD-3-Clause
// aws: what `aws route53resolver list-resolver-rules` prints.
//
// FORWARD is a rule of ours; SYSTEM, which takes a domain out of a longer forward, is `action:
// default`. Endpoints, owners and shares belong to the cloud and are nothing here.
#include <stdlib.h>
#include <string.h>

#include "control/config/import/reader.h"

enum { TARGETS_MAX = 64 };

// The targets of a rule, texts in `space`; their count.
static size_t read_targets(struct import *import, const struct tree *tree, int list,
	const char *targets[static TARGETS_MAX], char space[static TARGETS_MAX][IMPORT_TARGET_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < import_count(tree, list) && count < TARGETS_MAX; i++) {
		int node = tree_item(tree, list, i);
		const char *address = import_text_at(tree, node, "Ip");
		const char *protocol = import_text_at(tree, node, "Protocol");

		if (!address)
			address = import_text_at(tree, node, "Ipv6");
		if (protocol && strcmp(protocol, "Do53") != 0)
			import_drop(import, import_place(tree, node),
				"target by %.40s: we ask over plain DNS alone", protocol);
		else if (!address ||
			!import_target(space[count], address, import_text_at(tree, node, "Port")))
			import_drop(import, import_place(tree, node), "a target without address");
		else {
			targets[count] = space[count];
			count++;
		}
	}
	return count;
}

static void read_rule(struct import *import, const struct tree *tree, int node)
{
	const char *type = import_text_at(tree, node, "RuleType");
	const char *targets[TARGETS_MAX];
	char space[TARGETS_MAX][IMPORT_TARGET_MAX];
	struct import_rule rule = {
		.place = import_place(tree, node),
		.name = import_text_at(tree, node, "Name"),
		.domain = import_text_at(tree, node, "DomainName"),
		.targets = targets,
	};

	if (type && strcmp(type, "SYSTEM") == 0) {
		rule.action = "default";
	} else if (!type || strcmp(type, "FORWARD") != 0) {
		import_drop(import, rule.place,
			"rule %.80s is of type %.40s, which only the cloud's own resolver has",
			rule.name ? rule.name : "without a name", type ? type : "none");
		return;
	}
	rule.target_count =
		read_targets(import, tree, tree_find(tree, node, "TargetIps"), targets, space);
	import_rule(import, &rule);
}

void import_aws(struct import *import, const struct load_file *file)
{
	struct tree tree;
	int list;

	if (!import_open_tree(import, file, &tree))
		return;
	list = tree_find(&tree, tree_root(&tree), "ResolverRules");
	if (!list)
		list = tree_root(&tree);
	for (size_t i = 0; i < import_count(&tree, list); i++)
		read_rule(import, &tree, tree_item(&tree, list, i));
	tree_close(&tree);
}
