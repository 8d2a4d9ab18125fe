// SPDX-License-Identifier: BSD-3-Clause
// azure: what `az dns-resolver forwarding-rule list -o json` and the REST API say of rules.
#include "control/config/import/azure.h"

#include <stdio.h>
#include <string.h>

enum { TARGETS_MAX = 64, METADATA_MAX = 64, ITEM_LEN = 512 };

static size_t read_targets(struct import *import, const struct import_source *source, int list,
	char space[static TARGETS_MAX][IMPORT_TARGET_MAX], const char *targets[static TARGETS_MAX])
{
	size_t count = 0;

	list = source->node(source, list);
	for (size_t i = 0; i < import_count(source->tree, list) && count < TARGETS_MAX; i++) {
		int node = source->node(source, tree_item(source->tree, list, i));
		char address[IMPORT_SOURCE_LEN], port[IMPORT_SOURCE_LEN];
		bool has_address =
			source->text(source, tree_find(source->tree, node, "ipAddress"), address);
		bool has_port = source->text(source, tree_find(source->tree, node, "port"), port);

		targets[count] = has_address
			? import_target(space[count], address, has_port ? port : NULL)
			: NULL;
		if (targets[count])
			count++;
		else
			import_drop(import, import_place(source->tree, node),
				"a server whose address can't be told");
	}
	return count;
}

// Tags become metadata, KEY=VALUE.
static size_t read_metadata(const struct import_source *source, int mapping,
	char space[static METADATA_MAX][ITEM_LEN], const char *metadata[static METADATA_MAX])
{
	const yaml_node_t *node = mapping ? tree_node(source->tree, mapping) : NULL;
	size_t count = 0;

	if (!node || node->type != YAML_MAPPING_NODE)
		return 0;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top && count < METADATA_MAX; pair++) {
		const char *key = import_text(source->tree, pair->key);
		const char *value = import_text(source->tree, pair->value);

		if (!key || !key[0] || strchr(key, '=') || !value)
			continue;
		snprintf(space[count], ITEM_LEN, "%s=%s", key, value);
		metadata[count] = space[count];
		count++;
	}
	return count;
}

void azure_rule(struct import *import, const struct import_source *source, int node,
	const char *ruleset, const char *name)
{
	static const char *const keys[] = {"domainName", "forwardingRuleState"};
	int properties = tree_find(source->tree, node, "properties");
	char texts[2][IMPORT_SOURCE_LEN];
	char space[TARGETS_MAX][IMPORT_TARGET_MAX], items[METADATA_MAX][ITEM_LEN];
	const char *targets[TARGETS_MAX], *metadata[METADATA_MAX];
	struct import_rule rule = {.place = import_place(source->tree, node),
		.ruleset = ruleset,
		.name = name,
		.targets = targets,
		.metadata = metadata};
	bool has[2];

	if (!properties)
		properties = node;
	for (size_t i = 0; i < 2; i++)
		has[i] = source->text(
			source, tree_find(source->tree, properties, keys[i]), texts[i]);
	if (!has[0]) {
		import_drop(import, rule.place, "rule %.80s: its domain can't be told",
			name ? name : "without a name");
		return;
	}
	rule.domain = texts[0];
	if (has[1] && strcmp(texts[1], "Disabled") == 0)
		rule.state = "disabled";
	rule.target_count = read_targets(import, source,
		tree_find(source->tree, properties, "targetDnsServers"), space, targets);
	rule.metadata_count = read_metadata(
		source, tree_find(source->tree, properties, "metadata"), items, metadata);
	import_rule(import, &rule);
}

void azure_finish(struct import *import)
{
	const char *fallback = import_wish(import)->fallback;

	import_global(import, "profile", "azure");
	import_default(import, fallback ? fallback : AZURE_DNS);
	import_say(import,
		"profile: azure holds this to Azure's limits; names without a rule go to %s, as "
		"in Azure (--default IP changes that)",
		fallback ? fallback : AZURE_DNS);
}

static int plain_node(const struct import_source *source, int node)
{
	(void)source;
	return node;
}

static bool plain_text(
	const struct import_source *source, int node, char out[static IMPORT_SOURCE_LEN])
{
	const char *text = import_text(source->tree, node);

	snprintf(out, IMPORT_SOURCE_LEN, "%s", text ? text : "");
	return text;
}

static void read_rule(struct import *import, const struct import_source *source, int node)
{
	char ruleset[IMPORT_SOURCE_LEN];
	const char *id = import_text_at(source->tree, node, "id");

	azure_rule(import, source, node,
		import_id_part(id, "/dnsForwardingRulesets/", ruleset, sizeof(ruleset)),
		import_text_at(source->tree, node, "name"));
}

void import_azure(struct import *import, const struct load_file *file)
{
	struct tree tree;
	struct import_source source = {.tree = &tree, .node = plain_node, .text = plain_text};
	int list;

	if (!import_open_tree(import, file, &tree))
		return;
	list = tree_find(&tree, tree_root(&tree), "value");
	if (!list)
		list = tree_root(&tree);
	for (size_t i = 0; i < import_count(&tree, list); i++)
		read_rule(import, &source, tree_item(&tree, list, i));
	if (tree_node(&tree, list)->type == YAML_MAPPING_NODE) // one, as `show` prints it
		read_rule(import, &source, list);
	azure_finish(import);
	tree_close(&tree);
}
