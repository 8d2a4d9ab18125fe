// SPDX-License-Identifier: BSD-3-Clause
// Images for tests, through the same assembly and automaton that control uses.
#include "tests/unit/images.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/compile/assembly.h"
#include "control/compile/suffix.h"
#include "core/name.h"
#include "tests/unit/unit.h"

struct ip images_ip(const char *text)
{
	struct ip ip;
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1)
		return ip_from_v4(v4);
	assert_int_equal(inet_pton(AF_INET6, text, ip.b), 1);
	return ip;
}

static void add_surroundings(struct assembly *assembly)
{
	struct endpoint inbound[] = {
		{images_ip(IMAGES_INBOUND), be16_of(53)},
		{images_ip(IMAGES_INBOUND_V6), be16_of(53)},
	};
	struct image_outbound outbound[] = {
		{images_ip(IMAGES_OUTBOUND), 10000, 60999},
		{images_ip(IMAGES_OUTBOUND_V6), 10000, 60999},
	};
	struct image_network network = {
		.link_first = 0, .link_count = 2, .default_route = IMAGE_NONE};
	struct image_prefix prefixes[] = {
		{images_ip(IMAGES_CLIENTS), 0, IMAGE_NONE, 96 + 16},
		{images_ip(IMAGES_CLIENTS_V6), 0, IMAGE_NONE, 16},
	};
	uint32_t links[2] = {0, 1}, sources[2] = {0, 1};

	assembly_add(assembly, IMAGE_inbound, inbound, 2);
	assembly_add(assembly, IMAGE_outbound, outbound, 2);
	assembly_add(assembly, IMAGE_sources, sources, 2);
	assembly_add(assembly, IMAGE_networks, &network, 1);
	assembly_add(assembly, IMAGE_links, links, 2);
	assembly_add(assembly, IMAGE_prefixes, prefixes, 2);
}

// Each target is an upstream of its own. Gives how many there are.
static uint16_t add_targets(struct assembly *assembly, const char *targets, uint32_t flags)
{
	char text[256], *rest = text, *target;
	uint16_t count = 0;

	snprintf(text, sizeof(text), "%s", targets ? targets : "10.54.0.11");
	for (; (target = strsep(&rest, ",")); count++) {
		struct image_upstream upstream = {
			.endpoint = {images_ip(target), be16_of(53)}, .flags = flags & 0xff};
		uint32_t index = assembly_add(assembly, IMAGE_upstreams, &upstream, 1);

		assembly_add(assembly, IMAGE_targets, &index, 1);
	}
	return count;
}

static uint32_t add_local(
	struct assembly *assembly, const struct image_rule_text *text, uint32_t index)
{
	struct image_local local = {.ttl = 300};
	char list[256], *rest = list, *address;
	int len = snprintf(list, sizeof(list), "rule %u", index);

	local.text = assembly_add(assembly, IMAGE_texts, list, (size_t)len + 1);
	local.address_first = assembly_count(assembly, IMAGE_addresses);
	snprintf(list, sizeof(list), "%s", text->addresses ? text->addresses : "");
	for (; text->addresses && (address = strsep(&rest, ",")); local.address_count++) {
		struct ip ip = images_ip(address);

		assembly_add(assembly, IMAGE_addresses, &ip, 1);
	}
	return assembly_add(assembly, IMAGE_locals, &local, 1);
}

// Each rule gets a route of its own: the rule's index is the route's too.
static int add_rule(struct assembly *assembly, struct suffix_table *table,
	const struct image_rule_text *text, uint32_t index)
{
	struct image_route route = {.target_first = assembly_count(assembly, IMAGE_targets),
		.source_count = 2,
		.policy = (uint8_t)text->policy,
		.subnet = (uint8_t)text->subnet};
	struct image_rule rule = {
		.counter = index, .route = index & (IMAGE_ROUTES_MAX - 1), .rank = text->rank & 7};
	uint8_t name[NAME_LEN_MAX];
	const char *why;
	unsigned len = name_parse(text->domain, strlen(text->domain), name, &why);

	assert_int_not_equal(len, 0);
	name_fold(name, name, len);
	route.action = (uint8_t)text->action;
	if (text->action == IMAGE_ACTION_FORWARD)
		route.target_count = add_targets(assembly, text->target,
			text->upstream_flags ? text->upstream_flags
					     : IMAGE_TRUSTS_AD | IMAGE_CHECKS_LOOPS);
	else
		route.local = add_local(assembly, text, index);
	assembly_add(assembly, IMAGE_routes, &route, 1);
	return suffix_table_add(table, text->ruleset, name, &rule);
}

// -EAGAIN: the key does not suit these rules.
static int make_under_key(
	const struct image_rule_text *rules, uint32_t rule_count, const struct image_header *header)
{
	struct suffix_table *table = suffix_table_new(header->key, rule_count);
	struct assembly assembly;
	size_t size;
	int fd = 0;

	assert_non_null(table);
	assembly_init(&assembly);
	add_surroundings(&assembly);
	for (uint32_t i = 0; i < rule_count && fd == 0; i++)
		fd = add_rule(&assembly, table, &rules[i], i);
	if (fd == 0)
		fd = suffix_table_freeze(table, &assembly, 2);
	if (fd == 0)
		fd = assembly_freeze(&assembly, header, &size);
	assembly_fini(&assembly);
	suffix_table_free(table);
	return fd;
}

int images_make(const struct image_rule_text *rules, uint32_t rule_count, uint64_t generation)
{
	struct image_header header = {
		.generation = generation,
		.query_timeout_us = 4000000,
		.max_waiters = 1000,
		.backoff_initial_us = 2000000,
		.backoff_max_us = 30000000,
		.key = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	};
	int fd;

	do
		fd = make_under_key(rules, rule_count, &header);
	while (fd == -EAGAIN && header.key[0]++ < UINT8_MAX);
	assert_true(fd >= 0);
	return fd;
}

struct image images_open(const struct image_rule_text *rules, uint32_t rule_count)
{
	int fd = images_make(rules, rule_count, 1);
	off_t size = lseek(fd, 0, SEEK_END);
	void *base = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	struct image image;

	assert_ptr_not_equal(base, MAP_FAILED);
	assert_null(image_open(&image, base, (size_t)size));
	close(fd);
	return image;
}
