// SPDX-License-Identifier: BSD-3-Clause
// A configuration put together in memory, and compiled.
#include "bench/path/image.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/micro/names.h"
#include "control/compile/compile.h"

enum { IPV4_BITS_FIRST = 96, REGEX_EVERY = 16 };

const uint8_t bench_our_mac[6] = {2, 0, 0, 0, 0, 2};
const uint8_t bench_peer_mac[6] = {2, 0, 0, 0, 0, 1};

struct ip bench_ip(const char *text)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) != 1)
		abort();
	return ip_from_v4(v4);
}

// The configuration's parts, which point to each other.
struct parts {
	char *inbound_name, *outbound_name, *ruleset_name;
	struct endpoint inbound_address;
	struct ip outbound_address;
	struct endpoint targets[2];
	struct config_prefix prefix;
	struct config_inbound inbound;
	struct config_outbound outbound;
	struct config_ruleset ruleset;
	struct config_network network;
	struct config config;
};

static void fill_surroundings(struct parts *p)
{
	*p = (struct parts){
		.inbound_name = (char *)"in",
		.outbound_name = (char *)"out",
		.ruleset_name = (char *)"rules",
		.inbound_address = {bench_ip(BENCH_INBOUND), be16_of(BENCH_PORT)},
		.outbound_address = bench_ip(BENCH_OUTBOUND),
		.targets = {{bench_ip(BENCH_UPSTREAM), be16_of(BENCH_PORT)},
			{bench_ip(BENCH_SILENT), be16_of(BENCH_PORT)}},
		.prefix = {bench_ip(BENCH_NETWORK), IPV4_BITS_FIRST + 16},
	};
	p->inbound = (struct config_inbound){
		.name = p->inbound_name, .addresses = &p->inbound_address, .address_count = 1};
	p->outbound = (struct config_outbound){.name = p->outbound_name,
		.addresses = &p->outbound_address,
		.address_count = 1,
		.port_first = CONFIG_PORT_FIRST,
		.port_last = CONFIG_PORT_LAST};
	p->ruleset = (struct config_ruleset){.name = p->ruleset_name,
		.outbound_endpoints = &p->outbound_name,
		.outbound_endpoint_count = 1};
	p->network = (struct config_network){.name = (char *)"all",
		.prefixes = &p->prefix,
		.prefix_count = 1,
		.rulesets = &p->ruleset_name,
		.ruleset_count = 1};
	p->config = (struct config){.query_timeout_us = CONFIG_QUERY_TIMEOUT_US,
		.max_waiters = CONFIG_MAX_WAITERS,
		.backoff_initial_us = CONFIG_BACKOFF_INITIAL_US,
		.backoff_max_us = CONFIG_BACKOFF_MAX_US,
		.inbounds = &p->inbound,
		.inbound_count = 1,
		.outbounds = &p->outbound,
		.outbound_count = 1,
		.rulesets = &p->ruleset,
		.ruleset_count = 1,
		.networks = &p->network,
		.network_count = 1};
}

static bool fill_rules(struct parts *p, const struct names *names, const struct image_setup *setup)
{
	struct config_rule *rules = calloc(names->count, sizeof(*rules));

	if (!rules)
		return false;
	for (size_t i = 0; i < names->count; i++) {
		rules[i] = (struct config_rule){
			.name = "r",
			.domain = names_at(names, i),
			.targets = p->targets,
			.target_count = setup->has_silent ? 2 : 1,
			.policy = setup->has_silent ? CONFIG_POLICY_ROUND_ROBIN
						    : CONFIG_POLICY_ORDERED,
			.counter = (uint32_t)i,
		};
		if (setup->has_regex && i % REGEX_EVERY == 0) {
			rules[i].match = CONFIG_MATCH_REGEX;
			rules[i].pattern = "^www[0-9]*\\.";
		}
	}
	p->ruleset.rules = rules;
	p->ruleset.rule_count = names->count;
	return true;
}

int bench_image_make(
	const struct image_setup *setup, uint64_t generation, char error[static IMAGE_ERROR_LEN])
{
	struct compile_result result = {.fd = -1};
	struct names names = {0};
	struct parts parts;

	fill_surroundings(&parts);
	if (setup->rules_path && names_read(&names, setup->rules_path) != 0) {
		snprintf(error, IMAGE_ERROR_LEN, "%s can't be read", setup->rules_path);
		return -1;
	}
	if (!setup->rules_path)
		names_make(&names, setup->rule_count);
	if (setup->has_deep)
		names_add_deep(&names, DEEP_RULES);
	if (!fill_rules(&parts, &names, setup))
		snprintf(error, IMAGE_ERROR_LEN, "no memory for %zu rules", names.count);
	else if (compile_image(&parts.config, generation, &result) != 0)
		snprintf(error, IMAGE_ERROR_LEN, "%s", result.error);
	free(parts.ruleset.rules);
	names_fini(&names);
	return result.fd;
}
