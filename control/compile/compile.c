// SPDX-License-Identifier: BSD-3-Clause
// A configuration to an image, section by section, in the order in which they refer to each other.
#include "control/compile/compile.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/compile/assembly.h"
#include "control/compile/compile_view.h"
#include "control/compile/intern.h"
#include "control/compile/local.h"
#include "control/compile/prefix.h"
#include "control/compile/regex.h"
#include "control/compile/suffix.h"
#include "control/compile/verify.h"
#include "control/compile/zone_links.h"
#include "core/name.h"

enum { TRIES = 16 }; // of keys; one in some hundred fails at a million rules

// What the phases of one compilation share.
struct compilation {
	const struct config *config;
	struct assembly assembly;
	struct suffix_table *table;
	struct intern *settings;             // endpoint -> index of what the config says of it
	struct intern *upstreams;            // endpoint -> index
	struct intern *routes;               // targets and sources -> index
	uint32_t *outbound_first;            // by outbound endpoint: index of its first address
	const struct config_rule *last_rule; // of this ruleset, and its route
	uint32_t last_route;
	struct zone_links zones;
	struct regex_rule *regexes;
	size_t regex_count, regex_capacity;
	char *error;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void add_inbound(struct compilation *c)
{
	for (size_t i = 0; i < c->config->inbound_count; i++) {
		const struct config_inbound *inbound = &c->config->inbounds[i];

		assembly_add(
			&c->assembly, IMAGE_inbound, inbound->addresses, inbound->address_count);
	}
}

static int add_outbound(struct compilation *c)
{
	const struct config *config = c->config;

	c->outbound_first = calloc(config->outbound_count + 1, sizeof(*c->outbound_first));
	if (!c->outbound_first)
		return -ENOMEM;
	for (size_t i = 0; i < config->outbound_count; i++) {
		const struct config_outbound *outbound = &config->outbounds[i];

		c->outbound_first[i] = assembly_count(&c->assembly, IMAGE_outbound);
		for (size_t a = 0; a < outbound->address_count; a++) {
			struct image_outbound element = {
				.ip = outbound->addresses[a],
				.port_first = outbound->port_first,
				.port_last = outbound->port_last,
			};

			assembly_add(&c->assembly, IMAGE_outbound, &element, 1);
		}
	}
	return 0;
}

static int add_settings(struct compilation *c)
{
	int added = 0;
	uint32_t index;

	for (size_t i = 0; i < c->config->upstream_count && added >= 0; i++)
		added = intern_add(c->settings, &c->config->upstreams[i].endpoint,
			sizeof(struct endpoint), (uint32_t)i, &index);
	return added < 0 ? added : 0;
}

// `says` is NULL if the config says nothing of it.
static struct image_upstream make_upstream(
	const struct endpoint *endpoint, const struct config_upstream *says)
{
	uint8_t flags = IMAGE_UPSTREAM_FLAGS;

	if (says && !says->has_case_randomisation)
		flags &= (uint8_t)~IMAGE_RANDOMISES_CASE;
	if (says && !says->has_trust_ad)
		flags &= (uint8_t)~IMAGE_TRUSTS_AD;
	if (says && !says->has_loop_check)
		flags &= (uint8_t)~IMAGE_CHECKS_LOOPS;
	return (struct image_upstream){
		.endpoint = *endpoint,
		.flags = flags,
		.max_inflight = says ? says->max_inflight & 0xffffff : 0,
	};
}

static int add_upstream(struct compilation *c, const struct endpoint *upstream, uint32_t *index)
{
	uint32_t next = assembly_count(&c->assembly, IMAGE_upstreams);
	int added = intern_add(c->upstreams, upstream, sizeof(*upstream), next, index);
	struct image_upstream element;
	uint32_t setting;

	if (added <= 0)
		return added;
	added = intern_add(c->settings, upstream, sizeof(*upstream), IMAGE_NONE, &setting);
	if (added < 0)
		return added;
	element = make_upstream(
		upstream, setting == IMAGE_NONE ? NULL : &c->config->upstreams[setting]);
	assembly_add(&c->assembly, IMAGE_upstreams, &element, 1);
	return 0;
}

// A route being put together: what its targets and sources are, as indexes.
struct draft {
	uint32_t target_count;
	uint32_t source_count;
	uint16_t policy; // enum image_policy
	uint8_t subnet;  // enum edns_subnet
	uint8_t has_no_chase;
	uint32_t indexes[IMAGE_TARGETS_MAX + UINT8_MAX]; // targets, then sources
};

static bool has_family(const struct endpoint *targets, size_t count, bool is_v4)
{
	for (size_t i = 0; i < count; i++)
		if (ip_is_v4(&targets[i].ip) == is_v4)
			return true;
	return false;
}

static int draft_targets(
	struct compilation *c, struct draft *draft, const struct endpoint *targets, size_t count)
{
	if (count > IMAGE_TARGETS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < count; i++) {
		int err = add_upstream(c, &targets[i], &draft->indexes[draft->target_count]);

		if (err)
			return err;
		draft->target_count++;
	}
	return 0;
}

// The addresses of the named outbound endpoints that a target can be asked from.
static int draft_sources(struct compilation *c, struct draft *draft, char *const *names,
	size_t name_count, const struct endpoint *targets, size_t target_count)
{
	for (size_t i = 0; i < name_count; i++) {
		const struct config_outbound *outbound = config_find_outbound(c->config, names[i]);
		uint32_t first;

		if (!outbound)
			return -ENOENT;
		first = c->outbound_first[outbound - c->config->outbounds];
		for (size_t a = 0; a < outbound->address_count; a++) {
			bool is_v4 = ip_is_v4(&outbound->addresses[a]);

			if (!has_family(targets, target_count, is_v4))
				continue;
			if (draft->source_count >= UINT8_MAX)
				return -E2BIG;
			draft->indexes[draft->target_count + draft->source_count++] =
				first + (uint32_t)a;
		}
	}
	return draft->source_count > 0 ? 0 : -EADDRNOTAVAIL;
}

// What a rule, or a network's default, says of where its queries go.
struct destination {
	const struct endpoint *targets;
	size_t target_count;
	char *const *outbounds; // names
	size_t outbound_count;
	enum image_policy policy;
	enum edns_subnet subnet;
	bool has_no_chase;
};

// Rules with the same destination share a route.
static int add_route(struct compilation *c, const struct destination *to, uint32_t *index)
{
	struct draft draft = {.policy = to->policy & 0xff,
		.subnet = to->subnet & 0xff,
		.has_no_chase = to->has_no_chase};
	uint32_t next = assembly_count(&c->assembly, IMAGE_routes);
	int err = draft_targets(c, &draft, to->targets, to->target_count);
	size_t len;

	if (!err)
		err = draft_sources(c, &draft, to->outbounds, to->outbound_count, to->targets,
			to->target_count);
	if (err)
		return err;
	len = offsetof(struct draft, indexes) +
		(draft.target_count + draft.source_count) * sizeof(draft.indexes[0]);
	err = intern_add(c->routes, &draft, len, next, index);
	if (err > 0) {
		struct image_route route = {
			.target_first = assembly_add(
				&c->assembly, IMAGE_targets, draft.indexes, draft.target_count),
			.source_first = assembly_add(&c->assembly, IMAGE_sources,
				draft.indexes + draft.target_count, draft.source_count),
			.target_count = (uint16_t)draft.target_count,
			.source_count = (uint16_t)draft.source_count,
			.policy = (uint8_t)draft.policy,
			.subnet = draft.subnet,
			.has_no_chase = draft.has_no_chase,
		};

		assembly_add(&c->assembly, IMAGE_routes, &route, 1);
	}
	return err < 0 ? err : 0;
}

const enum image_rank compile_ranks[] = {
	[CONFIG_MATCH_SUFFIX] = IMAGE_RANK_SUFFIX,
	[CONFIG_MATCH_SUBDOMAINS] = IMAGE_RANK_SUBDOMAINS,
	[CONFIG_MATCH_EXACT] = IMAGE_RANK_EXACT,
	[CONFIG_MATCH_REGEX] = IMAGE_RANK_REGEX,
};

static const enum image_policy policies[] = {
	[CONFIG_POLICY_ORDERED] = IMAGE_POLICY_ORDERED,
	[CONFIG_POLICY_ROUND_ROBIN] = IMAGE_POLICY_ROUND_ROBIN,
	[CONFIG_POLICY_LOWEST_LATENCY] = IMAGE_POLICY_LOWEST_LATENCY,
	[CONFIG_POLICY_RANDOM] = IMAGE_POLICY_RANDOM,
};

// Most rules go where the one before them goes.
static int add_rule_route(struct compilation *c, const struct config_ruleset *ruleset,
	const struct config_rule *rule, uint32_t *route)
{
	const struct config_rule *last = c->last_rule;
	int err = 0;

	if (rule->action != CONFIG_ACTION_FORWARD) {
		*route = local_add(&c->assembly, ruleset, rule);
		return *route < IMAGE_ROUTES_MAX ? 0 : -E2BIG;
	}

	if (!last || last->policy != rule->policy || last->ecs != rule->ecs ||
		last->has_no_chase != rule->has_no_chase ||
		last->target_count != rule->target_count ||
		memcmp(last->targets, rule->targets, rule->target_count * sizeof(*rule->targets)) !=
			0)
		err = add_route(c,
			&(struct destination){rule->targets, rule->target_count,
				ruleset->outbound_endpoints, ruleset->outbound_endpoint_count,
				policies[rule->policy], rule->ecs, rule->has_no_chase},
			&c->last_route);
	c->last_rule = rule;
	*route = c->last_route;
	return err ? err : c->last_route < IMAGE_ROUTES_MAX ? 0 : -E2BIG;
}

static int note_regex(
	struct compilation *c, const struct config_ruleset *ruleset, const struct config_rule *rule)
{
	size_t capacity = c->regex_capacity * 2 + 16;
	struct regex_rule *regexes = c->regexes;

	if (c->regex_count == c->regex_capacity) {
		regexes = reallocarray(regexes, capacity, sizeof(*regexes));
		if (!regexes)
			return -ENOMEM;
		c->regexes = regexes;
		c->regex_capacity = capacity;
	}
	regexes[c->regex_count++] = (struct regex_rule){rule->counter, rule, ruleset};
	return 0;
}

static int add_rule(struct compilation *c, uint32_t start, const struct config_ruleset *ruleset,
	const struct config_rule *rule)
{
	struct image_rule element = {.counter = rule->counter, .rank = compile_ranks[rule->match]};
	uint8_t name[NAME_LEN_MAX];
	const char *why;
	unsigned len = name_parse(rule->domain, strlen(rule->domain), name, &why);
	uint32_t route;
	int err;

	if (len == 0)
		return -EINVAL;
	name_fold(name, name, len);
	err = add_rule_route(c, ruleset, rule, &route);
	if (err)
		return err;
	element.route = route & (IMAGE_ROUTES_MAX - 1);
	err = rule->pattern ? note_regex(c, ruleset, rule) : 0;
	if (err)
		return err;
	return suffix_table_add(c->table, start, name, &element);
}

static int add_rulesets(struct compilation *c)
{
	for (size_t i = 0; i < c->config->ruleset_count; i++) {
		const struct config_ruleset *ruleset = &c->config->rulesets[i];

		c->last_rule = NULL;
		for (size_t r = 0; r < ruleset->rule_count; r++) {
			const struct config_rule *rule = &ruleset->rules[r];
			int err = 0;

			if (rule->state == CONFIG_ENABLED)
				err = add_rule(c, (uint32_t)i, ruleset, rule);
			if (err && err != -EAGAIN)
				snprintf(c->error, COMPILE_ERROR_LEN,
					"ruleset %s, rule %s (%s): can't be compiled: %s",
					ruleset->name, rule->name, rule->domain, strerror(-err));
			if (err)
				return err;
		}
	}
	return 0;
}

static int add_links(struct compilation *c, const struct config_network *network)
{
	if (network->private_zone_count > 0) {
		uint32_t start;
		int err = zone_links_find(&c->zones, c->table, network, &start);

		if (err)
			return err;
		assembly_add(&c->assembly, IMAGE_links, &start, 1);
	}
	for (size_t i = 0; i < network->ruleset_count; i++) {
		const struct config_ruleset *ruleset =
			config_find_ruleset(c->config, network->rulesets[i]);
		uint32_t start;

		if (!ruleset)
			return -ENOENT;
		start = (uint32_t)(ruleset - c->config->rulesets);
		assembly_add(&c->assembly, IMAGE_links, &start, 1);
	}
	return 0;
}

static int add_network(struct compilation *c, const struct config_network *network)
{
	struct image_network element = {
		.link_first = assembly_count(&c->assembly, IMAGE_links),
		.link_count = (uint32_t)network->ruleset_count + (network->private_zone_count > 0),
		.default_route = IMAGE_NONE,
	};
	int err = add_links(c, network);

	if (!err && network->fallback == CONFIG_DEFAULT_FORWARD)
		err = add_route(c,
			&(struct destination){network->default_targets,
				network->default_target_count, network->default_outbound_endpoints,
				network->default_outbound_endpoint_count, IMAGE_POLICY_ORDERED,
				EDNS_SUBNET_STRIP, false},
			&element.default_route);
	assembly_add(&c->assembly, IMAGE_networks, &element, 1);
	return err;
}

static int add_networks(struct compilation *c)
{
	for (size_t i = 0; i < c->config->network_count; i++) {
		const struct config_network *network = &c->config->networks[i];
		int err = add_network(c, network);

		if (err && err != -EAGAIN)
			snprintf(c->error, COMPILE_ERROR_LEN, "network %s: can't be compiled: %s",
				network->name, strerror(-err));
		if (err)
			return err;
	}
	return prefix_add_all(c->config, &c->assembly);
}

static int run_phases(struct compilation *c, const struct image_header *header)
{
	int err;

	add_inbound(c);
	err = add_settings(c);
	if (!err)
		err = add_outbound(c);
	if (!err)
		err = add_rulesets(c);
	if (!err)
		err = zone_links_init(&c->zones, c->config, &c->assembly, header,
			(uint32_t)c->config->ruleset_count);
	if (!err)
		err = add_networks(c);
	if (!err)
		err = suffix_table_freeze(c->table, &c->assembly, c->zones.start_count);
	if (!err)
		err = regex_compile(&c->assembly, c->regexes, c->regex_count, c->error);
	return err;
}

static size_t count_rules(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->ruleset_count; i++)
		count += config->rulesets[i].rule_count;
	return count;
}

// Opens what was made as the dataplane will, and looks every rule up in it.
static int verify(const struct config *config, int fd, char *error)
{
	struct compile_view view;
	int err = compile_view_open(&view, fd, error);

	if (err)
		return err;
	err = verify_image(config, &view.image, error);
	compile_view_close(&view);
	return err;
}

// One try, under one key. -EAGAIN: try another.
static int compile_under_key(const struct config *config, const struct image_header *header,
	struct compile_result *result)
{
	struct compilation c = {
		.config = config,
		.table = suffix_table_new(header->key, count_rules(config)),
		.settings = intern_new(),
		.upstreams = intern_new(),
		.routes = intern_new(),
		.error = result->error,
	};
	int err = -ENOMEM;

	assembly_init(&c.assembly);
	if (c.table && c.settings && c.upstreams && c.routes)
		err = run_phases(&c, header);
	suffix_table_free(c.table);
	intern_free(c.settings);
	intern_free(c.upstreams);
	intern_free(c.routes);
	zone_links_fini(&c.zones);
	free(c.outbound_first);
	free(c.regexes);
	if (!err)
		result->fd = err = assembly_freeze(&c.assembly, header, &result->size);
	assembly_fini(&c.assembly);
	if (err < 0)
		return err;
	err = verify(config, result->fd, result->error);
	if (err)
		close(result->fd);
	return err;
}

int compile_image(const struct config *config, uint64_t generation, struct compile_result *result)
{
	struct image_header header = {
		.generation = generation,
		.query_timeout_us = config->query_timeout_us,
		.backoff_initial_us = config->backoff_initial_us,
		.backoff_max_us = config->backoff_max_us,
		.max_waiters = config->max_waiters,
	};
	uint64_t start_us = now_us();
	int err = -EAGAIN;

	*result = (struct compile_result){.fd = -1};
	for (unsigned i = 0; i < TRIES && err == -EAGAIN; i++) {
		if (RAND_bytes(header.key, sizeof(header.key)) != 1)
			err = -EIO;
		else
			err = compile_under_key(config, &header, result);
	}
	result->elapsed_us = now_us() - start_us;
	if (err) {
		result->fd = -1;
		if (!result->error[0])
			snprintf(result->error, sizeof(result->error),
				"generation %" PRIu64 " can't be compiled: %s", generation,
				strerror(-err));
	}
	return err;
}
