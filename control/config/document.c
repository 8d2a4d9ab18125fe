// SPDX-License-Identifier: BSD-3-Clause
// Objects put into a config and taken out of it, while it runs.
#include "control/config/document.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "control/config/endpoint.h"
#include "control/config/faults.h"
#include "control/config/fit.h"
#include "control/config/kind.h"
#include "control/config/network.h"
#include "control/config/removed.h"
#include "control/config/schema.h"
#include "control/config/tree.h"
#include "control/config/upstream.h"
#include "control/config/zone.h"

// A document on its way into a config; faults stand where its objects do.
struct putter {
	struct config_faults faults;
	struct config_errors *errors;
	const struct tree *tree;
	struct config *config;
};

// The largest of all kinds' objects.
union object {
	struct config_inbound inbound;
	struct config_outbound outbound;
	struct config_network network;
	struct config_upstream upstream;
	struct config_zone zone;
};

static void take_fault(struct config_faults *faults, const struct config_fault *fault)
{
	const struct putter *putter = (const struct putter *)faults; // its first member
	const struct tree *tree = putter->tree;
	int list = tree_find(tree, tree_root(tree), kind_get(fault->kind)->list_key);
	int node = tree_place(tree, tree_item(tree, list, fault->object), fault);

	tree_error(tree, node, putter->errors, "%s", fault->text);
}

// The object, which is taken, stands in the config from now on. What the files say of it is noted
// as before.
static int settle(struct putter *putter, const struct kind *kind, void *object)
{
	void *was = kind_find(kind, putter->config, kind_name(object));

	*kind_hash(kind, object) = was ? *kind_hash(kind, was) : 0;
	kind_set_edited(kind, object);
	if (was)
		kind->fini(was);
	else
		was = kind_append(kind, putter->config);
	if (was)
		memcpy(was, object, kind->size);
	else
		kind->fini(object);
	return was ? 0 : -ENOMEM;
}

static int put_ruleset(struct putter *putter, const struct config_ruleset_text *text)
{
	return config_set_ruleset(putter->config, text, &putter->faults);
}

// One object of a document. Those with faults are left out: the config is thrown away anyway.
static int put(
	struct putter *putter, enum config_kind which, const struct build_text *text, size_t i)
{
	const struct kind *kind = kind_get(which);
	size_t before = putter->faults.count;
	union object object;

	faults_enter(&putter->faults, which, i);
	switch (which) {
	case CONFIG_INBOUND:
		endpoint_parse_inbound(&text->inbounds[i], &object.inbound, &putter->faults);
		break;
	case CONFIG_OUTBOUND:
		endpoint_parse_outbound(&text->outbounds[i], &object.outbound, &putter->faults);
		break;
	case CONFIG_NETWORK:
		network_parse(&text->networks[i], &object.network, &putter->faults);
		break;
	case CONFIG_UPSTREAM:
		upstream_parse(&text->upstreams[i], &object.upstream, &putter->faults);
		break;
	case CONFIG_ZONE: zone_parse(&text->zones[i], &object.zone, &putter->faults); break;
	case CONFIG_RULESET: return put_ruleset(putter, &text->rulesets[i]);
	case CONFIG_GLOBAL: return 0;
	}
	if (putter->faults.count == before)
		return settle(putter, kind, &object);
	kind->fini(&object);
	return 0;
}

static size_t count_of(enum config_kind kind, const struct build_text *text)
{
	switch (kind) {
	case CONFIG_INBOUND: return text->inbounds_count;
	case CONFIG_OUTBOUND: return text->outbounds_count;
	case CONFIG_RULESET: return text->rulesets_count;
	case CONFIG_NETWORK: return text->networks_count;
	case CONFIG_UPSTREAM: return text->upstreams_count;
	case CONFIG_ZONE: return text->zones_count;
	case CONFIG_GLOBAL: break;
	}
	return 0;
}

static int put_all(struct putter *putter, const struct build_text *text)
{
	int error = 0;

	for (size_t k = CONFIG_GLOBAL + 1; k < KIND_COUNT && error != -ENOMEM; k++)
		for (size_t i = 0; i < count_of((enum config_kind)k, text) && error != -ENOMEM; i++)
			error = put(putter, (enum config_kind)k, text, i);
	if (error == -ENOMEM)
		return error;
	return putter->faults.count > 0 ? putter->faults.code : 0;
}

static int put_tree(struct putter *putter, const struct load_file *file, struct tree *tree)
{
	struct build_text *text;
	bool is_clean;
	int error = schema_check(tree, SCHEMA_CONFIG, putter->errors, &is_clean);

	if (error || !is_clean)
		return error ? error : -EINVAL;
	error = schema_load(file, SCHEMA_CONFIG, is_clean, (void **)&text);
	if (error)
		return error;
	error = put_all(putter, text);
	schema_free(SCHEMA_CONFIG, text);
	return error ? error : fit_check(putter->config, putter->errors);
}

int document_put(struct config *config, const struct load_file *file, struct config_errors *errors)
{
	struct putter putter = {.faults.take = take_fault, .errors = errors, .config = config};
	struct tree tree;
	int error = tree_open(&tree, file, errors);

	if (error)
		return error;
	putter.tree = &tree;
	if (tree_root(&tree))
		error = put_tree(&putter, file, &tree);
	tree_close(&tree);
	errors_sort(errors);
	return error;
}

// Who names objects of a kind, in a list of names.
struct naming {
	enum config_kind named;
	enum config_kind by;
	size_t list_off;
	size_t count_off;
};

#define NAMING(named, by, type, list, counted)                                         \
	{                                                                              \
		named, by, offsetof(struct type, list), offsetof(struct type, counted) \
	}

static const struct naming namings[] = {
	NAMING(CONFIG_INBOUND, CONFIG_NETWORK, config_network, inbound_endpoints,
		inbound_endpoint_count),
	NAMING(CONFIG_OUTBOUND, CONFIG_RULESET, config_ruleset, outbound_endpoints,
		outbound_endpoint_count),
	NAMING(CONFIG_OUTBOUND, CONFIG_NETWORK, config_network, default_outbound_endpoints,
		default_outbound_endpoint_count),
	NAMING(CONFIG_ZONE, CONFIG_NETWORK, config_network, private_zones, private_zone_count),
	NAMING(CONFIG_RULESET, CONFIG_NETWORK, config_network, rulesets, ruleset_count),
};

static bool names(const struct naming *naming, const void *object, const char *name)
{
	size_t count = *(const size_t *)((const char *)object + naming->count_off);
	char *const *list;

	memcpy(&list, (const char *)object + naming->list_off, sizeof(list));
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(list[i], name) == 0)
			return true;
	return false;
}

static void report_users(const struct config *config, const struct naming *naming, const char *name,
	struct config_errors *errors)
{
	const struct kind *kind = kind_get(naming->by);

	for (size_t i = 0; i < kind_count(kind, config); i++) {
		const void *object = kind_object(kind, config, i);

		if (names(naming, object, name))
			errors_add(errors, "the running configuration", 0, 0,
				"%s %s uses it: take it out there first", kind->noun,
				kind_name(object));
	}
}

int document_remove(struct config *config, enum config_kind which, const char *name,
	struct config_errors *errors)
{
	const struct kind *kind = kind_get(which);
	void *object = kind_find(kind, config, name);
	uint64_t hash;
	int error = 0;

	if (!object)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++)
		if (namings[i].named == which)
			report_users(config, &namings[i], name, errors);
	if (errors->count > 0)
		return -EBUSY;
	hash = *kind_hash(kind, object);
	if (hash)
		error = removed_add(config, which, kind_name(object), hash);
	if (error)
		return error;
	if (which == CONFIG_RULESET)
		return config_take_ruleset(config, name, NULL);
	kind_remove(kind, config, object);
	return 0;
}
