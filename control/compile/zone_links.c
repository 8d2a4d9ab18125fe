// SPDX-License-Identifier: BSD-3-Clause
// All private zones of a config, and the start states of those that networks link.
#include "control/compile/zone_links.h"

#include <errno.h>
#include <stdlib.h>

#include "control/compile/intern.h"

static int add_rule(struct suffix_table *table, uint32_t start, const uint8_t *name, uint32_t route,
	enum image_rank rank)
{
	struct image_rule rule = {.rank = rank & 7u, .route = route & (IMAGE_ROUTES_MAX - 1)};

	if (route >= IMAGE_ROUTES_MAX)
		return -E2BIG;
	return suffix_table_add(table, start, name, &rule);
}

static int add_host_rules(struct suffix_table *table, uint32_t start,
	const struct zone_rules *rules, struct intern *seen)
{
	int err = 0;

	for (size_t at = 0, len; at < rules->hosts_len && !err; at += len) {
		const uint8_t *name = rules->hosts + at;
		uint32_t found;

		len = name_check(name, NAME_LEN_MAX);
		err = intern_add(seen, name, len, 0, &found);
		if (err > 0)
			err = add_rule(table, start, name, rules->host_route, IMAGE_RANK_HOST);
	}
	return err;
}

// The rules of all zones of a network, under one start state; of names that two zones have, the first zone's.
static int add_rules(struct suffix_table *table, uint32_t start,
	const struct zone_rules *const *zones, size_t zone_count)
{
	struct intern *seen = intern_new();
	int err = seen ? 0 : -ENOMEM;

	for (size_t i = 0; i < zone_count && !err; i++) {
		if (zones[i]->apex_route != IMAGE_NONE)
			err = add_rule(table, start, zones[i]->apex, zones[i]->apex_route,
				IMAGE_RANK_ZONE);
		if (!err)
			err = add_host_rules(table, start, zones[i], seen);
	}
	intern_free(seen);
	return err;
}

int zone_links_init(struct zone_links *links, const struct config *config,
	struct assembly *assembly, const struct image_header *header, uint32_t start_count)
{
	int err = 0;

	*links = (struct zone_links){
		.config = config,
		.zones = calloc(config->zone_count + 1, sizeof(*links->zones)),
		.sets = intern_new(),
		.start_count = start_count,
	};
	if (!links->zones || !links->sets)
		return -ENOMEM;
	for (size_t i = 0; i < config->zone_count && !err; i++)
		err = zone_compile(assembly, header, config, i, &links->zones[i]);
	if (err || config->zone_count == 0)
		return err;
	return zone_fill_slots(assembly, header->key);
}

void zone_links_fini(struct zone_links *links)
{
	for (size_t i = 0; links->zones && i < links->config->zone_count; i++)
		zone_rules_fini(&links->zones[i]);
	free(links->zones);
	intern_free(links->sets);
}

int zone_links_find(struct zone_links *links, struct suffix_table *table,
	const struct config_network *network, uint32_t *start)
{
	size_t count = network->private_zone_count;
	const struct zone_rules **zones = calloc(count, sizeof(*zones));
	int added = zones ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !added; i++) {
		const struct config_zone *zone =
			config_find_zone(links->config, network->private_zones[i]);

		if (zone)
			zones[i] = &links->zones[zone - links->config->zones];
		else
			added = -ENOENT;
	}
	if (!added)
		added = intern_add(
			links->sets, zones, count * sizeof(*zones), links->start_count, start);
	if (added > 0)
		added = add_rules(table, links->start_count++, zones, count);
	free(zones);
	return added;
}
