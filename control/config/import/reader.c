// SPDX-License-Identifier: BSD-3-Clause
// What several readers of formats need: targets, and the trees of those that are JSON.
//
// JSON is read as the YAML that it is, so that all that is reported has a place.
#include "control/config/import/reader.h"

#include <stdio.h>
#include <string.h>

const char *import_target(char out[static IMPORT_TARGET_MAX], const char *address, const char *port)
{
	int len = snprintf(out, IMPORT_TARGET_MAX,
		port && strchr(address, ':') ? "[%s]:%s"
			: port               ? "%s:%s"
					     : "%s",
		address, port);

	return len < IMPORT_TARGET_MAX ? out : NULL;
}

bool import_open_tree(struct import *import, const struct load_file *file, struct tree *tree)
{
	struct config_errors errors = {0};

	if (tree_open(tree, file, &errors) == 0 && tree_root(tree)) {
		errors_fini(&errors);
		return true;
	}
	for (size_t i = 0; i < errors.count; i++)
		import_drop(import,
			(struct import_place){errors.items[i].line, errors.items[i].column}, "%s",
			errors.items[i].message);
	if (errors.count == 0) {
		import_drop(import, (struct import_place){0}, "the file is empty");
		tree_close(tree);
	}
	errors_fini(&errors);
	return false;
}

struct import_place import_place(const struct tree *tree, int node)
{
	const yaml_node_t *n = node ? tree_node(tree, node) : NULL;

	if (!n)
		return (struct import_place){0};
	return (struct import_place){
		(unsigned)n->start_mark.line + 1, (unsigned)n->start_mark.column + 1};
}

const char *import_text(const struct tree *tree, int node)
{
	const yaml_node_t *n = node ? tree_node(tree, node) : NULL;
	const char *text;

	if (!n || n->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)n->data.scalar.value;
	if (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(text, "null") == 0)
		return NULL;
	return text;
}

const char *import_text_at(const struct tree *tree, int mapping, const char *key)
{
	return import_text(tree, tree_find(tree, mapping, key));
}

const char *import_id_part(const char *id, const char *part, char *out, size_t size)
{
	const char *at = id ? strcasestr(id, part) : NULL;

	if (!at)
		return NULL;
	at += strlen(part);
	snprintf(out, size, "%.*s", (int)strcspn(at, "/"), at);
	return out;
}

size_t import_count(const struct tree *tree, int list)
{
	const yaml_node_t *n = list ? tree_node(tree, list) : NULL;

	if (!n || n->type != YAML_SEQUENCE_NODE)
		return 0;
	return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
}
