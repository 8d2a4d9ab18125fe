// SPDX-License-Identifier: BSD-3-Clause
// The names of private endpoints and their addresses.
//
// The forms lie within one another (a show of one endpoint, a list of many, properties or not), so
// the tree is searched for mappings that hold both names and addresses.
#include "control/config/import/endpoint_names.h"

#include <string.h>

enum { DEPTH_MAX = 12 };

struct search {
	const struct tree *tree;
	void (*take)(void *context, const struct endpoint_name *name);
	void *context;
	size_t count;
};

static int find_any(const struct tree *tree, int mapping, const char *const *keys)
{
	int found = 0;

	for (; *keys && !found; keys++)
		found = tree_find(tree, mapping, *keys);
	return found;
}

static void take(struct search *search, int fqdn, int address)
{
	struct endpoint_name name = {
		.place = import_place(search->tree, fqdn),
		.fqdn = import_text(search->tree, fqdn),
		.address = import_text(search->tree, address),
	};

	if (!name.fqdn || !name.address)
		return;
	search->count++;
	search->take(search->context, &name);
}

// Each may be one text or a list of them.
static void take_lists(struct search *search, int fqdns, int addresses)
{
	size_t fqdn_count = import_count(search->tree, fqdns);
	size_t address_count = import_count(search->tree, addresses);

	for (size_t i = 0; i < (fqdn_count ? fqdn_count : 1); i++)
		for (size_t j = 0; j < (address_count ? address_count : 1); j++)
			take(search, fqdn_count ? tree_item(search->tree, fqdns, i) : fqdns,
				address_count ? tree_item(search->tree, addresses, j) : addresses);
}

static void walk(struct search *search, int node, unsigned depth);

static void walk_mapping(struct search *search, int mapping, unsigned depth)
{
	static const char *const fqdn_keys[] = {"FQDNs", "fqdns", "FQDN", "fqdn", NULL};
	static const char *const address_keys[] = {"IPAddress", "ipAddresses", "ipAddress",
		"privateIPAddress", "privateIpAddress", NULL};
	const yaml_node_t *node = tree_node(search->tree, mapping);
	int link = tree_find(search->tree, mapping, "privateLinkConnectionProperties");
	int fqdns = find_any(search->tree, link ? link : mapping, fqdn_keys);
	int addresses = find_any(search->tree, mapping, address_keys);

	if (fqdns && addresses) {
		take_lists(search, fqdns, addresses);
		return;
	}
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++)
		walk(search, pair->value, depth + 1);
}

static void walk(struct search *search, int node, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return;
	for (size_t i = 0; i < import_count(search->tree, node); i++)
		walk(search, tree_item(search->tree, node, i), depth + 1);
	if (tree_node(search->tree, node)->type == YAML_MAPPING_NODE)
		walk_mapping(search, node, depth);
}

size_t endpoint_names_each(const struct tree *tree,
	void (*take_name)(void *context, const struct endpoint_name *name), void *context)
{
	struct search search = {.tree = tree, .take = take_name, .context = context};

	if (tree_root(tree))
		walk(&search, tree_root(tree), 0);
	return search.count;
}
