// SPDX-License-Identifier: BSD-3-Clause
// arm: the forwarding rules of a template of Azure's resource manager, exported or written.
//
// Resources may lie within one another, and a rule's name is RULESET/RULE, or RULE within its
// ruleset. Regions, resolvers and dynamic addresses mean nothing here, which is reported.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/config/import/azure.h"
#include "control/config/import/expression.h"

#define RULESET "Microsoft.Network/dnsForwardingRulesets"
#define RULE    "forwardingRules"

enum { DEPTH_MAX = 4 };

struct reader {
	struct import *import;
	struct import_source source;
};

static void read_resources(struct reader *reader, int list, const char *parent, unsigned depth);

// The last part of a resource's type, below that of rulesets; NULL: it is another.
static const char *part_of(const char *type, bool has_parent)
{
	size_t len = strlen(RULESET);

	if (strncasecmp(type, RULESET, len) == 0)
		return type[len] == '/' ? type + len + 1 : "";
	return has_parent && !strchr(type, '.') ? type : NULL;
}

static void drop(struct reader *reader, int node, const char *key, const char *why)
{
	int value = tree_find(reader->source.tree, node, key);

	if (value)
		import_drop(reader->import, import_place(reader->source.tree, value), "%s: %s", key,
			why);
}

static void read_ruleset(struct reader *reader, int node)
{
	int properties = tree_find(reader->source.tree, node, "properties");

	drop(reader, node, "location", "there are no regions here");
	drop(reader, node, "tags", "rulesets have no tags");
	drop(reader, properties, "dnsResolverOutboundEndpoints",
		"these are addresses of the cloud: the ruleset asks from --outbound-endpoint");
}

// RULESET/RULE, or RULE within `parent`.
static void read_rule(struct reader *reader, int node, const char *parent, char *name)
{
	char *slash = strchr(name, '/');

	if (slash)
		*slash = '\0';
	azure_rule(reader->import, &reader->source, node, slash ? name : parent,
		slash ? slash + 1 : name);
}

static void read_other(struct reader *reader, int node, const char *type)
{
	struct import_place place = import_place(reader->source.tree, node);

	if (strcasestr(type, "virtualNetworkLinks"))
		import_drop(reader->import, place,
			"%.80s: networks are known by their prefixes here: --network links one",
			type);
	else if (strcasestr(type, "inboundEndpoints"))
		import_drop(reader->import, place,
			"%.80s: its address is the cloud's: give ours under inbound-endpoints",
			type);
	else
		import_drop(reader->import, place, "%.80s: has no meaning here", type);
}

static void read_resource(struct reader *reader, int node, const char *parent, unsigned depth)
{
	const struct tree *tree = reader->source.tree;
	const char *type = import_text_at(tree, node, "type");
	const char *part = type ? part_of(type, parent) : NULL;
	char name[IMPORT_SOURCE_LEN];
	bool is_named = expression_text(&reader->source, tree_find(tree, node, "name"), name);

	if (!type)
		import_drop(reader->import, import_place(tree, node), "a resource without type");
	else if (!part || (part[0] && strcasecmp(part, RULE) != 0))
		read_other(reader, node, type);
	else if (!is_named)
		import_drop(reader->import, import_place(tree, node),
			"its name can't be told: give the parameters that it is made of a "
			"defaultValue");
	else if (tree_find(tree, node, "copy"))
		import_drop(reader->import, import_place(tree, tree_find(tree, node, "copy")),
			"copy: export the resources that it made, and import those");
	else if (part[0])
		read_rule(reader, node, parent, name);
	else
		read_ruleset(reader, node);
	read_resources(reader, tree_find(tree, node, "resources"),
		part && !part[0] && is_named ? name : NULL, depth + 1);
}

// A list, or in newer templates a mapping by symbolic names.
static void read_resources(struct reader *reader, int list, const char *parent, unsigned depth)
{
	const struct tree *tree = reader->source.tree;
	const yaml_node_t *node = list ? tree_node(tree, list) : NULL;

	if (!node || depth > DEPTH_MAX)
		return;
	for (size_t i = 0; i < import_count(tree, list); i++)
		read_resource(reader, tree_item(tree, list, i), parent, depth);
	if (node->type != YAML_MAPPING_NODE)
		return;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++)
		read_resource(reader, pair->value, parent, depth);
}

void import_arm(struct import *import, const struct load_file *file)
{
	struct reader reader = {.import = import};
	struct tree tree;

	if (!import_open_tree(import, file, &tree))
		return;
	reader.source = (struct import_source){
		.tree = &tree, .node = expression_node, .text = expression_text};
	read_resources(&reader, tree_find(&tree, tree_root(&tree), "resources"), NULL, 0);
	azure_finish(import);
	tree_close(&tree);
}
