// SPDX-License-Identifier: BSD-3-Clause
// The automaton as an engine: compiled by control, loaded and walked as the dataplane does.
#include "bench/micro/automaton.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/micro/engine.h"
#include "bench/micro/micro.h"
#include "core/msg.h"
#include "core/suffix.h"
#include "dataplane/snapshot.h"

static struct ip address(uint8_t last)
{
	uint8_t v4[4] = {192, 0, 2, last};

	return ip_from_v4(v4);
}

static void fill_rules(struct automaton_config *c, const struct names *names)
{
	c->ruleset.rules = calloc(names->count, sizeof(*c->ruleset.rules));
	if (!c->ruleset.rules) {
		fputs("bench: no memory for the rules\n", stderr);
		exit(1);
	}
	c->ruleset.rule_count = names->count;
	for (size_t i = 0; i < names->count; i++)
		c->ruleset.rules[i] = (struct config_rule){
			.name = "r",
			.domain = names_at(names, i),
			.targets = &c->target,
			.target_count = 1,
			.counter = (uint32_t)i,
		};
}

void automaton_config_init(struct automaton_config *c, const struct names *names)
{
	*c = (struct automaton_config){
		.inbound_address = {address(1), be16_of(53)},
		.target = {address(2), be16_of(53)},
		.outbound_address = address(3),
		.inbound_name = (char *)"in",
		.outbound_name = (char *)"out",
		.ruleset_name = (char *)"rules",
	};
	c->inbound = (struct config_inbound){
		.name = c->inbound_name, .addresses = &c->inbound_address, .address_count = 1};
	c->outbound = (struct config_outbound){.name = c->outbound_name,
		.addresses = &c->outbound_address,
		.address_count = 1,
		.port_first = CONFIG_PORT_FIRST,
		.port_last = CONFIG_PORT_LAST};
	c->ruleset = (struct config_ruleset){.name = c->ruleset_name,
		.outbound_endpoints = &c->outbound_name,
		.outbound_endpoint_count = 1};
	c->network = (struct config_network){
		.name = (char *)"all", .rulesets = &c->ruleset_name, .ruleset_count = 1};
	c->config = (struct config){.query_timeout_us = CONFIG_QUERY_TIMEOUT_US,
		.backoff_initial_us = CONFIG_BACKOFF_INITIAL_US,
		.backoff_max_us = CONFIG_BACKOFF_MAX_US,
		.max_waiters = CONFIG_MAX_WAITERS,
		.inbounds = &c->inbound,
		.inbound_count = 1,
		.outbounds = &c->outbound,
		.outbound_count = 1,
		.rulesets = &c->ruleset,
		.ruleset_count = 1,
		.networks = &c->network,
		.network_count = 1};
	fill_rules(c, names);
}

void automaton_config_fini(struct automaton_config *c)
{
	free(c->ruleset.rules);
}

static void *build(const struct names *names, const char **why)
{
	static char error[SNAPSHOT_ERROR_LEN];
	struct snapshot *snapshot = NULL;
	struct automaton_config config;
	struct compile_result result;

	automaton_config_init(&config, names);
	if (compile_image(&config.config, 1, &result) == 0) {
		snapshot = snapshot_open(result.fd, 1, error);
		close(result.fd);
	} else {
		memcpy(error, result.error, sizeof(error));
	}
	automaton_config_fini(&config);
	*why = error;
	return snapshot;
}

static void match(void *engine, const struct engine_name *names, uint32_t *rules, unsigned count)
{
	const struct image *image = &((const struct snapshot *)engine)->image;
	struct suffix_query queries[MICRO_BURST] = {0};
	struct suffix_match matches[MICRO_BURST];

	for (unsigned i = 0; i < count; i++)
		queries[i] = (struct suffix_query){
			.name = names[i].wire, .type = TYPE_A, .name_len = (uint8_t)names[i].len};
	suffix_match(image, queries, matches, count);
	// The rule itself is read by whoever takes the route: not here, but in the check before the timing.
	for (unsigned i = 0; i < count; i++)
		rules[i] = matches[i].rule;
}

static uint32_t number(void *engine, uint32_t rule)
{
	return image_rule(&((const struct snapshot *)engine)->image, rule).counter;
}

static void release(void *engine)
{
	snapshot_close(engine);
}

const struct engine engine_automaton = {
	.name = "automaton", .build = build, .match = match, .number = number, .release = release};
