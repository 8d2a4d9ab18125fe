// SPDX-License-Identifier: BSD-3-Clause
// A YAML file as a libyaml document whose nodes know their places.
#include "control/config/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control/config/index.h"

enum {
	DEPTH_MAX = 32,        // the schema has 6 levels
	EVENTS_MAX = 16000000, // a rule is some ten
};

// Where a byte stands, for people.
struct spot {
	unsigned line;
	unsigned column;
};

static struct spot find_spot(const char *data, size_t offset)
{
	struct spot spot = {1, 1};

	for (size_t i = 0; i < offset; i++) {
		bool is_inner = (data[i] & 0xc0) == 0x80; // of a UTF-8 character

		if (data[i] == '\n')
			spot = (struct spot){spot.line + 1, 1};
		else if (!is_inner)
			spot.column++;
	}
	return spot;
}

// Length of the UTF-8 character at the start of `at` (RFC 3629); 0: it is none.
static size_t utf8_len(const uint8_t *at, size_t left)
{
	uint8_t lead = at[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (len == 0 || len > left || lead > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) ||
		(lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

// What makes the bytes at `at` no text; NULL: `*len` is what they take.
static const char *find_flaw(const uint8_t *at, size_t left, size_t *len)
{
	*len = utf8_len(at, left);
	if (*len == 0)
		return "a byte here is not UTF-8: save the file as UTF-8";
	if (at[0] == 0)
		return "a NUL byte: this is not a text file";
	if (at[0] == 0x7f || (at[0] < ' ' && !strchr("\t\n\r", at[0])))
		return "a control character: remove it";
	return NULL;
}

static int check_bytes(const struct load_file *file, struct config_errors *errors)
{
	const uint8_t *bytes = (const uint8_t *)file->data;
	const char *flaw;
	struct spot spot;
	size_t len;

	if (file->len > TREE_FILE_LEN_MAX) {
		errors_add(errors, file->name, 0, 0,
			"%zu bytes are too long for YAML (up to %d): split it into rules.d, or "
			"apply a list of domains",
			file->len, TREE_FILE_LEN_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < file->len; i += len) {
		flaw = find_flaw(bytes + i, file->len - i, &len);
		if (!flaw)
			continue;
		spot = find_spot(file->data, i);
		errors_add(errors, file->name, spot.line, spot.column, "%s", flaw);
		return -EINVAL;
	}
	return 0;
}

static void report_syntax(
	const yaml_parser_t *parser, const struct load_file *file, struct config_errors *errors)
{
	char context[128] = "";
	struct spot spot;

	if (parser->error == YAML_MEMORY_ERROR) {
		errors_add(errors, file->name, 0, 0, "no memory left to read the file");
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		spot = find_spot(file->data,
			parser->problem_offset < file->len ? parser->problem_offset : file->len);
		errors_add(errors, file->name, spot.line, spot.column, "not YAML: %s",
			parser->problem);
		return;
	}
	if (parser->context)
		snprintf(context, sizeof(context), "%s from line %zu: ", parser->context,
			parser->context_mark.line + 1);
	errors_add(errors, file->name, (unsigned)parser->problem_mark.line + 1,
		(unsigned)parser->problem_mark.column + 1, "not YAML: %s%s", context,
		parser->problem ? parser->problem : "unknown problem");
}

static bool start(yaml_parser_t *parser, const struct load_file *file)
{
	if (!yaml_parser_initialize(parser))
		return false;
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)file->data, file->len);
	return true;
}

// How an event changes the depth.
static int step_of(yaml_event_type_t type)
{
	switch (type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT: return 1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: return -1;
	default: return 0;
	}
}

// Why a document shouldn't be loaded, or NULL: libyaml's time grows with the square of the depth of
// brackets, and each node takes some 150 bytes.
static const char *find_excess(int depth, size_t events)
{
	if (depth > DEPTH_MAX)
		return "brackets or indents are nested too deep here: remove them";
	if (events > EVENTS_MAX)
		return "the file has too many values, from here on: split it into rules.d, or "
		       "apply a list of domains";
	return NULL;
}

// What is no YAML passes here, and fails when it is loaded.
static int check_shape(const struct load_file *file, struct config_errors *errors)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	const char *excess = NULL;
	yaml_parser_t parser;
	yaml_event_t event;
	size_t events = 0;
	int depth = 0;

	if (!start(&parser, file))
		return -ENOMEM;
	while (type != YAML_STREAM_END_EVENT && !excess && yaml_parser_parse(&parser, &event)) {
		type = event.type;
		depth += step_of(type);
		excess = find_excess(depth, ++events);
		if (excess)
			errors_add(errors, file->name, (unsigned)event.start_mark.line + 1,
				(unsigned)event.start_mark.column + 1, "%s", excess);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return excess ? -EINVAL : 0;
}

// One document is all that a file holds.
static int check_end(
	yaml_parser_t *parser, const struct load_file *file, struct config_errors *errors)
{
	yaml_document_t next;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &next)) {
		report_syntax(parser, file, errors);
		return -EINVAL;
	}
	root = yaml_document_get_root_node(&next);
	if (root)
		errors_add(errors, file->name, (unsigned)next.start_mark.line + 1,
			(unsigned)next.start_mark.column + 1,
			"a second document starts here: a file holds one");
	yaml_document_delete(&next);
	return root ? -EINVAL : 0;
}

int tree_open(struct tree *tree, const struct load_file *file, struct config_errors *errors)
{
	yaml_parser_t parser;
	int error = check_bytes(file, errors);

	if (!error)
		error = check_shape(file, errors);
	if (error)
		return error;
	if (!start(&parser, file))
		return -ENOMEM;
	tree->file = file->name;
	if (!yaml_parser_load(&parser, &tree->document)) {
		report_syntax(&parser, file, errors);
		error = -EINVAL;
	} else if (tree_root(tree)) { // behind no document there is no next
		error = check_end(&parser, file, errors);
		if (error)
			tree_close(tree);
	}
	yaml_parser_delete(&parser);
	return error;
}

void tree_close(struct tree *tree)
{
	yaml_document_delete(&tree->document);
}

int tree_root(const struct tree *tree)
{
	return tree->document.nodes.top > tree->document.nodes.start ? 1 : 0;
}

yaml_node_t *tree_node(const struct tree *tree, int node)
{
	return tree->document.nodes.start + node - 1;
}

int tree_find(const struct tree *tree, int mapping, const char *key)
{
	const yaml_node_t *node = mapping ? tree_node(tree, mapping) : NULL;
	size_t len = strlen(key);

	if (!node || node->type != YAML_MAPPING_NODE)
		return 0;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = tree_node(tree, pair->key);

		if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == len &&
			memcmp(name->data.scalar.value, key, len) == 0)
			return pair->value;
	}
	return 0;
}

int tree_item(const struct tree *tree, int sequence, size_t idx)
{
	const yaml_node_t *node = sequence ? tree_node(tree, sequence) : NULL;

	if (!node || node->type != YAML_SEQUENCE_NODE)
		return 0;
	if (idx >= (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
		return 0;
	return node->data.sequence.items.start[idx];
}

int tree_place(const struct tree *tree, int node, const struct config_fault *fault)
{
	int found;

	if (fault->rule != CONFIG_NONE) {
		found = tree_item(tree, tree_find(tree, node, "rules"), fault->rule);
		node = found ? found : node;
	}
	found = fault->key ? tree_find(tree, node, fault->key) : 0;
	node = found ? found : node;
	found = fault->idx != CONFIG_NONE ? tree_item(tree, node, fault->idx) : 0;
	return found ? found : node;
}

void tree_error(
	const struct tree *tree, int node, struct config_errors *errors, const char *format, ...)
{
	yaml_mark_t mark = node ? tree_node(tree, node)->start_mark : (yaml_mark_t){0};
	char text[CONFIG_FAULT_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors_add(
		errors, tree->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s", text);
}

// As deep as the schema, which the nodes have passed.
static uint64_t hash_node(const struct tree *tree, int node, uint64_t hash)
{
	const yaml_node_t *n = tree_node(tree, node);

	hash = index_hash(hash, &n->type, sizeof(n->type));
	if (n->type == YAML_SCALAR_NODE) {
		hash = index_hash(hash, &n->data.scalar.length, sizeof(n->data.scalar.length));
		return index_hash(hash, n->data.scalar.value, n->data.scalar.length);
	}
	if (n->type == YAML_SEQUENCE_NODE)
		for (int *item = n->data.sequence.items.start; item < n->data.sequence.items.top;
			item++)
			hash = hash_node(tree, *item, hash);
	if (n->type == YAML_MAPPING_NODE)
		for (yaml_node_pair_t *pair = n->data.mapping.pairs.start;
			pair < n->data.mapping.pairs.top; pair++)
			hash = hash_node(tree, pair->value, hash_node(tree, pair->key, hash));
	return index_hash(hash, "", 1); // its end
}

uint64_t tree_hash(const struct tree *tree, int node)
{
	uint64_t hash = node ? hash_node(tree, node, INDEX_HASH_START) : INDEX_HASH_START;

	return hash ? hash : 1;
}
