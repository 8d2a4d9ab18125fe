// SPDX-License-Identifier: BSD-3-Clause
// Virtual networks: from text, checked; copies; their end; what holds between them and other
// objects.
#include "control/config/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/index.h"
#include "control/config/names.h"
#include "control/config/rule.h"
#include "control/config/ruleset.h"
#include "control/config/text.h"

static const struct check_choice defaults[] = {
	{"refuse", CONFIG_DEFAULT_REFUSE},
	{"forward", CONFIG_DEFAULT_FORWARD},
	{NULL, 0},
};

static void no_memory(struct config_faults *faults)
{
	faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for the network");
}

static void parse_prefixes(const struct build_network *text, struct config_network *network,
	struct config_faults *faults)
{
	const char *why;

	if (text->prefixes_count == 0)
		return;
	network->prefixes = calloc(text->prefixes_count, sizeof(*network->prefixes));
	if (!network->prefixes)
		no_memory(faults);
	for (size_t i = 0; i < text->prefixes_count && network->prefixes; i++)
		if (text_parse_prefix(text->prefixes[i], &network->prefixes[i], &why))
			faults_add(faults, -EINVAL, "prefixes", i, "\"%.80s\" %s",
				text->prefixes[i], why);
		else
			network->prefix_count++;
}

static void copy_list(char ***copy, size_t *copy_count, const char *const *names, size_t count,
	struct config_faults *faults)
{
	*copy = names_copy(names, count);
	*copy_count = *copy ? count : 0;
	if (count > 0 && !*copy)
		no_memory(faults);
}

static void parse_default(const struct build_network *text, struct config_network *network,
	struct config_faults *faults)
{
	struct endpoint targets[CONFIG_TARGETS_MAX];
	size_t count = text->default_targets_count;
	int fallback = check_choice(faults, "default", text->fallback, defaults);

	network->fallback = fallback < 0 ? CONFIG_DEFAULT_REFUSE : (enum config_default)fallback;
	if (fallback != CONFIG_DEFAULT_FORWARD && count == 0)
		return;
	if (!text->fallback)
		faults_add(faults, -EINVAL, "default-targets", CONFIG_NONE,
			"are never used: add default: forward (or default: refuse)");
	if (!check_targets(faults, "default-targets", text->default_targets, count, targets))
		return;
	network->default_targets = malloc(count * sizeof(*targets));
	if (!network->default_targets) {
		no_memory(faults);
		return;
	}
	memcpy(network->default_targets, targets, count * sizeof(*targets));
	network->default_target_count = count;
}

void network_parse(const struct build_network *text, struct config_network *network,
	struct config_faults *faults)
{
	*network = (struct config_network){0};
	network->name = check_copy_name(faults, text->name);
	parse_prefixes(text, network, faults);
	copy_list(&network->inbound_endpoints, &network->inbound_endpoint_count,
		text->inbound_endpoints, text->inbound_endpoints_count, faults);
	copy_list(&network->rulesets, &network->ruleset_count, text->rulesets, text->rulesets_count,
		faults);
	copy_list(&network->private_zones, &network->private_zone_count, text->private_zones,
		text->private_zones_count, faults);
	parse_default(text, network, faults);
	copy_list(&network->default_outbound_endpoints, &network->default_outbound_endpoint_count,
		text->default_outbound_endpoints, text->default_outbound_endpoints_count, faults);
}

static void check_once(
	char *const *names, size_t idx, const char *key, struct config_faults *faults)
{
	for (size_t i = 0; i < idx; i++)
		if (strcasecmp(names[i], names[idx]) == 0) {
			faults_add(faults, -EINVAL, key, idx, "%s is named twice: remove one",
				names[idx]);
			return;
		}
}

static void check_default_links(const struct config *config, const struct config_network *network,
	struct config_faults *faults)
{
	struct ruleset_families families;

	if (network->default_target_count == 0 && network->default_outbound_endpoint_count == 0)
		return;
	families = ruleset_families(config, "default-outbound-endpoints",
		network->default_outbound_endpoints, network->default_outbound_endpoint_count,
		faults);
	(void)!ruleset_check_sources(network->default_targets, network->default_target_count,
		"default-targets", families, faults);
}

// One of the zones that are called alike can be linked: whose records would hold?
static void check_same_domain(const struct config *config, const struct config_network *network,
	size_t idx, struct config_faults *faults)
{
	const struct config_zone *zone = config_find_zone(config, network->private_zones[idx]);

	for (size_t i = 0; i < idx && zone->domain; i++) {
		const struct config_zone *other =
			config_find_zone(config, network->private_zones[i]);

		if (other && other != zone && other->domain &&
			rule_same_domain(other->domain, zone->domain))
			faults_add(faults, -EINVAL, "private-zones", idx,
				"%.80s has the same domain as %.80s (%.200s): link one of them",
				zone->name, other->name, zone->domain);
	}
}

static void check_zones(const struct config *config, const struct config_network *network,
	struct config_faults *faults)
{
	for (size_t i = 0; i < network->private_zone_count; i++) {
		const char *name = network->private_zones[i];

		if (config_find_zone(config, name))
			check_same_domain(config, network, i, faults);
		else
			faults_add(faults, -ENOENT, "private-zones", i,
				"there is no private zone %.80s: add it under private-zones, or "
				"name another",
				name);
		check_once(network->private_zones, i, "private-zones", faults);
	}
}

void network_check_links(const struct config *config, const struct config_network *network,
	struct config_faults *faults)
{
	for (size_t i = 0; i < network->inbound_endpoint_count; i++) {
		const char *name = network->inbound_endpoints[i];

		if (!config_find_inbound(config, name))
			faults_add(faults, -ENOENT, "inbound-endpoints", i,
				"there is no inbound endpoint %.80s: add it under "
				"inbound-endpoints, or name another",
				name);
		check_once(network->inbound_endpoints, i, "inbound-endpoints", faults);
	}
	for (size_t i = 0; i < network->ruleset_count; i++) {
		const char *name = network->rulesets[i];

		if (!config_find_ruleset(config, name))
			faults_add(faults, -ENOENT, "rulesets", i,
				"there is no ruleset %.80s: add it under rulesets, or name "
				"another",
				name);
		check_once(network->rulesets, i, "rulesets", faults);
	}
	check_zones(config, network, faults);
	check_default_links(config, network, faults);
}

size_t network_prefixes(const struct config_network *network, const struct config_prefix **prefixes)
{
	static const struct config_prefix all[] = {
		{.ip.b = {[10] = 0xff, [11] = 0xff}, .bits = 96},
		{.bits = 0},
	};

	*prefixes = network->prefix_count ? network->prefixes : all;
	return network->prefix_count ? network->prefix_count : sizeof(all) / sizeof(all[0]);
}

// One way by which a network is known.
struct known {
	struct config_prefix prefix;
	const char *inbound; // NULL: any
	const char *network;
};

struct knowns {
	struct index index;
	struct known *items;
	size_t count;
};

static bool is_known(const void *list, size_t position, const void *wanted)
{
	const struct known *a = (const struct known *)list + position;
	const struct known *b = wanted;

	return a->prefix.bits == b->prefix.bits && ip_equal(&a->prefix.ip, &b->prefix.ip) &&
		strcasecmp(a->inbound ? a->inbound : "", b->inbound ? b->inbound : "") == 0;
}

// `prefix_idx` CONFIG_NONE: the network is known by no prefix of its own, but by all.
static bool check_known(struct knowns *knowns, const struct known *known, size_t prefix_idx,
	struct config_faults *faults)
{
	uint64_t hash = index_hash_folded(known->inbound ? known->inbound : "");
	char text[TEXT_PREFIX_MAX];
	size_t same;

	hash = index_hash(hash, known->prefix.ip.b, sizeof(known->prefix.ip.b)) +
		known->prefix.bits;
	same = index_find(&knowns->index, hash, is_known, knowns->items, known);
	if (same == INDEX_NONE) {
		knowns->items[knowns->count] = *known;
		index_put(&knowns->index, hash, knowns->count++);
		return true;
	}
	faults_add(faults, -EINVAL, prefix_idx == CONFIG_NONE ? NULL : "prefixes", prefix_idx,
		"%s%s by %s is network %.80s already: %s",
		prefix_idx == CONFIG_NONE ? "without prefixes it is for all clients, but " : "",
		text_format_prefix(&known->prefix, text),
		known->inbound ? known->inbound : "any inbound endpoint",
		knowns->items[same].network,
		prefix_idx == CONFIG_NONE ? "give prefixes" : "remove it from one of the two");
	return false;
}

static void check_network_known(
	struct knowns *knowns, const struct config_network *network, struct config_faults *faults)
{
	const struct config_prefix *prefixes;
	size_t prefix_count = network_prefixes(network, &prefixes);
	size_t inbound_count =
		network->inbound_endpoint_count ? network->inbound_endpoint_count : 1;
	bool is_all = network->prefix_count == 0;

	for (size_t j = 0; j < inbound_count; j++)
		for (size_t i = 0; i < prefix_count; i++) {
			struct known known = {.prefix = prefixes[i],
				.network = network->name ? network->name : "?"};

			if (network->inbound_endpoint_count > 0)
				known.inbound = network->inbound_endpoints[j];
			if (!check_known(knowns, &known, is_all ? CONFIG_NONE : i, faults) &&
				is_all)
				break; // IPv6 would say the same as IPv4
		}
}

void network_check_alike(const struct config *config, struct config_faults *faults)
{
	struct knowns knowns = {0};
	size_t count = 0;

	for (size_t i = 0; i < config->network_count; i++)
		count += (config->networks[i].prefix_count + 2) *
			(config->networks[i].inbound_endpoint_count + 1);
	knowns.items = calloc(count + 1, sizeof(*knowns.items));
	if (!knowns.items || index_init(&knowns.index, count)) {
		no_memory(faults);
	} else {
		for (size_t i = 0; i < config->network_count; i++) {
			faults_enter(faults, CONFIG_NETWORK, i);
			check_network_known(&knowns, &config->networks[i], faults);
		}
		index_fini(&knowns.index);
	}
	free(knowns.items);
}

static int copy_lists(struct config_network *copy, const struct config_network *network)
{
	copy->inbound_endpoints = names_copy(
		(const char *const *)network->inbound_endpoints, network->inbound_endpoint_count);
	copy->inbound_endpoint_count =
		copy->inbound_endpoints ? network->inbound_endpoint_count : 0;
	copy->rulesets = names_copy((const char *const *)network->rulesets, network->ruleset_count);
	copy->ruleset_count = copy->rulesets ? network->ruleset_count : 0;
	copy->private_zones = names_copy(
		(const char *const *)network->private_zones, network->private_zone_count);
	copy->private_zone_count = copy->private_zones ? network->private_zone_count : 0;
	copy->default_outbound_endpoints =
		names_copy((const char *const *)network->default_outbound_endpoints,
			network->default_outbound_endpoint_count);
	copy->default_outbound_endpoint_count =
		copy->default_outbound_endpoints ? network->default_outbound_endpoint_count : 0;
	if (copy->inbound_endpoint_count != network->inbound_endpoint_count ||
		copy->ruleset_count != network->ruleset_count ||
		copy->private_zone_count != network->private_zone_count ||
		copy->default_outbound_endpoint_count != network->default_outbound_endpoint_count)
		return -ENOMEM;
	return 0;
}

// NULL for an empty array, which is then no error.
static void *copy_array(const void *array, size_t size)
{
	void *copy = size ? malloc(size) : NULL;

	return copy ? memcpy(copy, array, size) : NULL;
}

int network_copy(struct config_network *copy, const struct config_network *network)
{
	*copy = *network;
	copy->name = strdup(network->name);
	copy->prefixes =
		copy_array(network->prefixes, network->prefix_count * sizeof(*network->prefixes));
	copy->default_targets = copy_array(network->default_targets,
		network->default_target_count * sizeof(*network->default_targets));
	if (copy_lists(copy, network) || !copy->name ||
		(network->prefix_count > 0 && !copy->prefixes) ||
		(network->default_target_count > 0 && !copy->default_targets))
		return -ENOMEM;
	return 0;
}

void network_fini(struct config_network *network)
{
	free(network->name);
	free(network->prefixes);
	names_free(network->inbound_endpoints, network->inbound_endpoint_count);
	names_free(network->rulesets, network->ruleset_count);
	names_free(network->private_zones, network->private_zone_count);
	free(network->default_targets);
	names_free(network->default_outbound_endpoints, network->default_outbound_endpoint_count);
}
