// SPDX-License-Identifier: BSD-3-Clause
// Which keys there are, of which kind: libcyaml's table, held against a document with all errors
// placed.
#include "control/config/schema.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/build.h"

// The tables. All values are texts, lists or mappings of the files' own words; what the words mean
// is checked where JSON passes too. Keys that are IGNOREd belong to the language but are not built
// yet.

#define TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, type, member, 0, CYAML_UNLIMITED)
#define LIST(key, type, member, entry)                                                    \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, type, member, \
		&(entry), 0, CYAML_UNLIMITED)
#define LATER(key) CYAML_FIELD_IGNORE(key, CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t rule_fields[] = {
	TEXT("name", struct config_rule_text, name),
	TEXT("domain", struct config_rule_text, domain),
	TEXT("match", struct config_rule_text, match),
	TEXT("pattern", struct config_rule_text, pattern),
	TEXT("action", struct config_rule_text, action),
	TEXT("state", struct config_rule_text, state),
	TEXT("policy", struct config_rule_text, policy),
	TEXT("chase", struct config_rule_text, chase),
	TEXT("ecs", struct config_rule_text, ecs),
	TEXT("cache", struct config_rule_text, cache),
	LIST("targets", struct config_rule_text, targets, text_value),
	LIST("metadata", struct config_rule_text, metadata, text_value),
	LIST("addresses", struct config_rule_text, addresses, text_value),
	TEXT("ttl", struct config_rule_text, ttl),
	LATER("min-ttl"),
	LATER("max-ttl"),
	LATER("prefix"),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t rule_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_rule_text, rule_fields),
};

static const cyaml_schema_field_t ruleset_fields[] = {
	TEXT("name", struct config_ruleset_text, name),
	LIST("outbound-endpoints", struct config_ruleset_text, outbound_endpoints, text_value),
	LIST("rules", struct config_ruleset_text, rules, rule_value),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t ruleset_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_ruleset_text, ruleset_fields),
};

static const cyaml_schema_field_t inbound_fields[] = {
	TEXT("name", struct build_inbound, name),
	LIST("addresses", struct build_inbound, addresses, text_value),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t inbound_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct build_inbound, inbound_fields),
};

static const cyaml_schema_field_t outbound_fields[] = {
	TEXT("name", struct build_outbound, name),
	LIST("addresses", struct build_outbound, addresses, text_value),
	TEXT("ports", struct build_outbound, ports),
	TEXT("replies", struct build_outbound, replies),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t outbound_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct build_outbound, outbound_fields),
};

static const cyaml_schema_field_t zone_fields[] = {
	TEXT("name", struct build_zone, name),
	TEXT("domain", struct build_zone, domain),
	TEXT("ttl", struct build_zone, ttl),
	TEXT("reverse", struct build_zone, reverse),
	TEXT("on-nxdomain", struct build_zone, on_nxdomain),
	TEXT("file", struct build_zone, file),
	TEXT("hosts", struct build_zone, hosts),
	LIST("records", struct build_zone, records, text_value),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t zone_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct build_zone, zone_fields),
};

static const cyaml_schema_field_t network_fields[] = {
	TEXT("name", struct build_network, name),
	LIST("prefixes", struct build_network, prefixes, text_value),
	LIST("inbound-endpoints", struct build_network, inbound_endpoints, text_value),
	LIST("rulesets", struct build_network, rulesets, text_value),
	TEXT("default", struct build_network, fallback),
	LIST("default-targets", struct build_network, default_targets, text_value),
	LIST("default-outbound-endpoints", struct build_network, default_outbound_endpoints,
		text_value),
	LIST("private-zones", struct build_network, private_zones, text_value),
	LATER("private-reverse"),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t network_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct build_network, network_fields),
};

static const cyaml_schema_field_t upstream_fields[] = {
	TEXT("address", struct build_upstream, address),
	TEXT("case-randomisation", struct build_upstream, case_randomisation),
	TEXT("trust-ad", struct build_upstream, trust_ad),
	TEXT("loop-check", struct build_upstream, loop_check),
	TEXT("max-inflight", struct build_upstream, max_inflight),
	LATER("tls"),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t upstream_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct build_upstream, upstream_fields),
};

static const cyaml_schema_field_t backoff_fields[] = {
	TEXT("initial", struct build_backoff, initial),
	TEXT("max", struct build_backoff, max),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t config_fields[] = {
	TEXT("profile", struct build_text, profile),
	TEXT("query-timeout", struct build_text, query_timeout),
	TEXT("max-waiters", struct build_text, max_waiters),
	TEXT("unknown-clients", struct build_text, unknown_clients),
	LIST("inbound-endpoints", struct build_text, inbounds, inbound_value),
	LIST("outbound-endpoints", struct build_text, outbounds, outbound_value),
	LIST("rulesets", struct build_text, rulesets, ruleset_value),
	LIST("virtual-networks", struct build_text, networks, network_value),
	LIST("private-zones", struct build_text, zones, zone_value),
	CYAML_FIELD_MAPPING_PTR(
		"backoff", CYAML_FLAG_OPTIONAL, struct build_text, backoff, backoff_fields),
	LATER("cache"),
	LATER("forbidden-targets"),
	LATER("reserved-zones"),
	LATER("owned-prefixes"),
	LIST("upstreams", struct build_text, upstreams, upstream_value),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t roots[] = {
	[SCHEMA_CONFIG] =
		{
			CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct build_text, config_fields),
		},
	[SCHEMA_RULESET] =
		{
			CYAML_VALUE_MAPPING(
				CYAML_FLAG_POINTER, struct config_ruleset_text, ruleset_fields),
		},
};

static const cyaml_config_t cyaml_config = {
	.mem_fn = cyaml_mem,
	.flags = CYAML_CFG_NO_ALIAS,
};

// The walk: a document held against a table.

struct walk {
	struct tree *tree;
	struct config_errors *errors;
	bool *seen; // nodes that were visited: an alias leads to one of them
	size_t removed;
};

static bool walk_value(struct walk *walk, int node, const cyaml_schema_value_t *schema);

static const char *kind_text(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_MAPPING_NODE: return "a mapping";
	case YAML_SEQUENCE_NODE: return "a list";
	default: return node->data.scalar.length ? "a text" : "nothing";
	}
}

static bool walk_text(struct walk *walk, int node)
{
	const yaml_node_t *n = tree_node(walk->tree, node);
	bool is_plain =
		n->type == YAML_SCALAR_NODE && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (n->type != YAML_SCALAR_NODE)
		tree_error(
			walk->tree, node, walk->errors, "expected a text, found %s", kind_text(n));
	else if (n->data.scalar.length == 0 ||
		(is_plain && strcmp((const char *)n->data.scalar.value, "~") == 0))
		tree_error(walk->tree, node, walk->errors,
			"expected a text, found nothing: give a value, or remove the key");
	else if (strlen((const char *)n->data.scalar.value) != n->data.scalar.length)
		tree_error(walk->tree, node, walk->errors, "a NUL in a text: remove it");
	else
		return true;
	return false;
}

static const cyaml_schema_field_t *find_field(
	const cyaml_schema_field_t *fields, const yaml_node_t *key)
{
	for (; fields->key; fields++)
		if (strlen(fields->key) == key->data.scalar.length &&
			memcmp(fields->key, key->data.scalar.value, key->data.scalar.length) == 0)
			return fields;
	return NULL;
}

static void report_unknown(struct walk *walk, int key, const cyaml_schema_field_t *fields)
{
	char known[300] = "";
	size_t len = 0;

	for (; fields->key && len < sizeof(known); fields++)
		if (fields->value.type != CYAML_IGNORE)
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
				len ? ", " : "", fields->key);
	tree_error(walk->tree, key, walk->errors, "unknown key %.80s: the keys here are %s",
		(const char *)tree_node(walk->tree, key)->data.scalar.value, known);
}

// `given` has a bit for each field seen in this mapping.
static bool walk_pair(struct walk *walk, const yaml_node_pair_t *pair,
	const cyaml_schema_field_t *fields, uint64_t *given)
{
	const yaml_node_t *key = tree_node(walk->tree, pair->key);
	const cyaml_schema_field_t *field;

	if (walk->seen[pair->key]) {
		tree_error(walk->tree, pair->value, walk->errors,
			"the key of this is an alias (*): write it out");
		return false;
	}
	if (!walk_text(walk, pair->key))
		return false;
	walk->seen[pair->key] = true;
	field = find_field(fields, key);
	if (!field) {
		report_unknown(walk, pair->key, fields);
		return false;
	}
	if (*given & 1ull << (field - fields)) {
		tree_error(walk->tree, pair->key, walk->errors, "%s is given twice: remove one",
			field->key);
		return false;
	}
	*given |= 1ull << (field - fields);
	if (field->value.type == CYAML_IGNORE) {
		tree_error(walk->tree, pair->key, walk->errors, "%s: not built yet in this version",
			field->key);
		return false;
	}
	if (walk->seen[pair->value]) {
		tree_error(walk->tree, pair->key, walk->errors,
			"%s is an alias (*): write its value out", field->key);
		return false;
	}
	return walk_value(walk, pair->value, &field->value);
}

static bool walk_mapping(struct walk *walk, int node, const cyaml_schema_field_t *fields)
{
	yaml_node_t *n = tree_node(walk->tree, node);
	yaml_node_pair_t *kept = n->data.mapping.pairs.start;
	uint64_t given = 0;

	if (n->type != YAML_MAPPING_NODE) {
		tree_error(walk->tree, node, walk->errors, "expected a mapping, found %s",
			kind_text(n));
		return false;
	}
	for (yaml_node_pair_t *pair = kept; pair < n->data.mapping.pairs.top; pair++)
		if (walk_pair(walk, pair, fields, &given))
			*kept++ = *pair;
	walk->removed += (size_t)(n->data.mapping.pairs.top - kept);
	n->data.mapping.pairs.top = kept;
	return true;
}

static bool walk_sequence(struct walk *walk, int node, const cyaml_schema_value_t *entry)
{
	yaml_node_t *n = tree_node(walk->tree, node);
	int *kept = n->data.sequence.items.start;

	if (n->type != YAML_SEQUENCE_NODE) {
		tree_error(walk->tree, node, walk->errors, "expected a list, found %s: write [...]",
			kind_text(n));
		return false;
	}
	for (int *item = kept; item < n->data.sequence.items.top; item++)
		if (walk->seen[*item])
			tree_error(walk->tree, node, walk->errors,
				"item %td is an alias (*): write its value out",
				item - n->data.sequence.items.start + 1);
		else if (walk_value(walk, *item, entry))
			*kept++ = *item;
	walk->removed += (size_t)(n->data.sequence.items.top - kept);
	n->data.sequence.items.top = kept;
	return true;
}

// As deep as the table.
static bool walk_value(struct walk *walk, int node, const cyaml_schema_value_t *schema)
{
	walk->seen[node] = true;
	if (schema->type == CYAML_MAPPING)
		return walk_mapping(walk, node, schema->mapping.fields);
	if (schema->type == CYAML_SEQUENCE)
		return walk_sequence(walk, node, schema->sequence.entry);
	return walk_text(walk, node);
}

int schema_check(
	struct tree *tree, enum schema_root root, struct config_errors *errors, bool *is_clean)
{
	size_t nodes = (size_t)(tree->document.nodes.top - tree->document.nodes.start);
	struct walk walk = {.tree = tree, .errors = errors};
	bool fits;

	walk.seen = calloc(nodes + 1, sizeof(*walk.seen));
	if (!walk.seen)
		return -ENOMEM;
	fits = walk_value(&walk, tree_root(tree), &roots[root]);
	*is_clean = fits && walk.removed == 0;
	free(walk.seen);
	return fits ? 0 : -EINVAL;
}

// The load.

static int load(const char *data, size_t len, enum schema_root root, void **out)
{
	cyaml_err_t error =
		cyaml_load_data((const uint8_t *)data, len, &cyaml_config, &roots[root], out, NULL);

	if (error == CYAML_ERR_OOM)
		return -ENOMEM;
	return error == CYAML_OK ? 0 : -EINVAL;
}

struct text {
	char *data;
	size_t len;
};

static int append(void *context, unsigned char *data, size_t len)
{
	struct text *text = context;
	char *grown = realloc(text->data, text->len + len);

	if (!grown)
		return 0;
	memcpy(grown + text->len, data, len);
	text->data = grown;
	text->len += len;
	return 1;
}

// Takes the document over.
static int print(yaml_document_t *document, struct text *text)
{
	yaml_emitter_t emitter;
	int error = -ENOMEM;

	if (!yaml_emitter_initialize(&emitter)) {
		yaml_document_delete(document);
		return error;
	}
	yaml_emitter_set_output(&emitter, append, text);
	yaml_emitter_set_unicode(&emitter, 1);
	if (yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, document) &&
		yaml_emitter_close(&emitter))
		error = 0;
	yaml_emitter_delete(&emitter);
	return error;
}

// What the check left of the file is printed and read again: libcyaml knows texts only.
static int load_rest(const struct load_file *file, enum schema_root root, void **out)
{
	struct config_errors known = {.limit = 1};
	struct text text = {0};
	struct tree tree;
	bool is_clean;
	int error = tree_open(&tree, file, &known);

	if (error)
		goto err;
	error = schema_check(&tree, root, &known, &is_clean);
	if (error) {
		tree_close(&tree);
		goto err;
	}
	error = print(&tree.document, &text);
	if (!error)
		error = load(text.data, text.len, root, out);
err:
	free(text.data);
	errors_fini(&known);
	return error;
}

int schema_load(const struct load_file *file, enum schema_root root, bool is_clean, void **out)
{
	*out = NULL;
	if (is_clean)
		return load(file->data, file->len, root, out);
	return load_rest(file, root, out);
}

void schema_free(enum schema_root root, void *data)
{
	cyaml_free(&cyaml_config, &roots[root], data, 0);
}
