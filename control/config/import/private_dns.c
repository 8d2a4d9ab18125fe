// SPDX-License-Identifier: BSD-3-Clause
// private-dns: what `az network private-dns record-set list -o json` prints of a zone.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/config/import/reader.h"

enum { RECORD_LEN = 4096, FIELDS_MAX = 5 };

// How a type's records are spelt: fields of an item in the order of the record's data.
static const struct type {
	const char *name;
	const char *key; // a list, or one item
	const char *fields[FIELDS_MAX];
	bool is_text; // the field is a list of strings, to be quoted
} types[] = {
	{"A", "aRecords", {"ipv4Address"}, false},
	{"AAAA", "aaaaRecords", {"ipv6Address"}, false},
	{"CNAME", "cnameRecord", {"cname"}, false},
	{"MX", "mxRecords", {"preference", "exchange"}, false},
	{"PTR", "ptrRecords", {"ptrdname"}, false},
	{"SRV", "srvRecords", {"priority", "weight", "port", "target"}, false},
	{"TXT", "txtRecords", {"value"}, true},
};

// Keys differ in case by the version of the API.
static int find(const struct tree *tree, int mapping, const char *key)
{
	const yaml_node_t *node = mapping ? tree_node(tree, mapping) : NULL;

	if (!node || node->type != YAML_MAPPING_NODE)
		return 0;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		const char *text = import_text(tree, pair->key);

		if (text && strcasecmp(text, key) == 0)
			return pair->value;
	}
	return 0;
}

static bool append(char out[static RECORD_LEN], size_t *len, const char *before, const char *text,
	const char *after)
{
	size_t room = RECORD_LEN - *len;
	int added = snprintf(out + *len, room, "%s%s%s", before, text, after);

	*len += (size_t)added < room ? (size_t)added : room - 1;
	return (size_t)added < room;
}

// A string of a TXT record in quotes, what would end it escaped.
static bool append_quoted(char out[static RECORD_LEN], size_t *len, const char *text)
{
	bool fits = append(out, len, " \"", "", "");

	for (; *text && fits; text++)
		fits = append(
			out, len, strchr("\"\\", *text) ? "\\" : "", (char[]){*text, '\0'}, "");
	return fits && append(out, len, "\"", "", "");
}

static bool append_texts(
	char out[static RECORD_LEN], size_t *len, const struct tree *tree, int list)
{
	bool fits = import_count(tree, list) > 0;

	for (size_t i = 0; i < import_count(tree, list) && fits; i++) {
		const char *text = import_text(tree, tree_item(tree, list, i));

		fits = text && append_quoted(out, len, text);
	}
	return fits;
}

static bool append_data(char out[static RECORD_LEN], size_t *len, const struct tree *tree, int item,
	const struct type *type)
{
	bool fits = true;

	for (size_t i = 0; i < FIELDS_MAX && type->fields[i] && fits; i++) {
		int node = find(tree, item, type->fields[i]);
		const char *text = import_text(tree, node);
		// A name of the data is whole: what has a dot gets a final one.
		bool is_name = text && i + 1 < FIELDS_MAX && !type->fields[i + 1] &&
			strchr("CMPS", type->name[0]);
		size_t text_len = text ? strlen(text) : 0;

		if (type->is_text)
			fits = append_texts(out, len, tree, node);
		else
			fits = text &&
				append(out, len, " ", text,
					is_name && text_len > 0 && text[text_len - 1] != '.' ? "."
											     : "");
	}
	return fits;
}

static void read_item(struct import *import, const struct tree *tree, int item,
	const struct type *type, const char *zone, const char *head)
{
	char record[RECORD_LEN] = "";
	size_t len = 0;

	if (append(record, &len, head, " ", type->name) &&
		append_data(record, &len, tree, item, type))
		import_record(import, import_place(tree, item), zone, record);
	else
		import_drop(import, import_place(tree, item), "a %s record that is not whole",
			type->name);
}

static void read_set(struct import *import, const struct tree *tree, int node)
{
	int properties = find(tree, node, "properties");
	char zone_text[RECORD_LEN], head[RECORD_LEN];
	const char *zone = import_id_part(import_text_at(tree, node, "id"), "/privateDnsZones/",
		zone_text, sizeof(zone_text));
	const char *name = import_text_at(tree, node, "name");
	const char *ttl;
	bool is_known = false;

	properties = properties ? properties : node;
	ttl = import_text(tree, find(tree, properties, "ttl"));
	if (!zone || !name) {
		import_drop(import, import_place(tree, node),
			"a record set without %s: its zone is told by that", zone ? "name" : "id");
		return;
	}
	snprintf(head, sizeof(head), "%s %s", name, ttl ? ttl : "300");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int list = find(tree, properties, types[i].key);
		size_t count = import_count(tree, list);

		for (size_t j = 0; j < count; j++)
			read_item(import, tree, tree_item(tree, list, j), &types[i], zone, head);
		if (list && tree_node(tree, list)->type == YAML_MAPPING_NODE)
			read_item(import, tree, list, &types[i], zone, head);
		is_known |= count > 0 || (list && tree_node(tree, list)->type == YAML_MAPPING_NODE);
	}
	if (!is_known)
		import_drop(import, import_place(tree, node), "%.80s: %s", name,
			find(tree, properties, "soaRecord") ? "a zone's SOA is made here"
							    : "no records of a type that is known");
}

void import_private_dns(struct import *import, const struct load_file *file)
{
	struct tree tree;
	int list;

	if (!import_open_tree(import, file, &tree))
		return;
	list = tree_find(&tree, tree_root(&tree), "value");
	if (!list)
		list = tree_root(&tree);
	for (size_t i = 0; i < import_count(&tree, list); i++)
		read_set(import, &tree, tree_item(&tree, list, i));
	tree_close(&tree);
}
