// SPDX-License-Identifier: BSD-3-Clause
// Client prefixes, write side: one entry a network, prefix and inbound address it is bound to.
#include "control/compile/prefix.h"

#include <errno.h>
#include <stdlib.h>

#include "control/config/network.h"

static void add_entry(struct assembly *assembly, const struct config_prefix *prefix,
	uint32_t network, uint32_t inbound)
{
	struct image_prefix entry = {
		.ip = prefix->ip,
		.network = network,
		.inbound = inbound,
		.bits = prefix->bits,
	};

	assembly_add(assembly, IMAGE_prefixes, &entry, 1);
}

// The index of an inbound endpoint's first address in the image.
static uint32_t first_address(const struct config *config, const struct config_inbound *inbound)
{
	size_t first = 0;

	for (size_t i = 0; &config->inbounds[i] != inbound; i++)
		first += config->inbounds[i].address_count;
	return (uint32_t)first;
}

static int add_prefix(const struct config *config, struct assembly *assembly, uint32_t network,
	const struct config_prefix *prefix)
{
	const struct config_network *bound = &config->networks[network];

	if (bound->inbound_endpoint_count == 0)
		add_entry(assembly, prefix, network, IMAGE_NONE);
	for (size_t i = 0; i < bound->inbound_endpoint_count; i++) {
		const struct config_inbound *inbound =
			config_find_inbound(config, bound->inbound_endpoints[i]);

		if (!inbound)
			return -ENOENT;
		for (size_t a = 0; a < inbound->address_count; a++)
			add_entry(assembly, prefix, network,
				first_address(config, inbound) + (uint32_t)a);
	}
	return 0;
}

// Longest first; of equal length those bound to an endpoint first.
static int compare(const void *left, const void *right)
{
	const struct image_prefix *a = left, *b = right;

	if (a->bits != b->bits)
		return a->bits > b->bits ? -1 : 1;
	return (a->inbound == IMAGE_NONE) - (b->inbound == IMAGE_NONE);
}

int prefix_add_all(const struct config *config, struct assembly *assembly)
{
	uint32_t count;

	for (uint32_t n = 0; n < config->network_count; n++) {
		const struct config_prefix *prefixes;
		size_t prefix_count = network_prefixes(&config->networks[n], &prefixes);
		int err = 0;

		for (size_t p = 0; p < prefix_count && !err; p++)
			err = add_prefix(config, assembly, n, &prefixes[p]);
		if (err)
			return err;
	}
	count = assembly_count(assembly, IMAGE_prefixes);
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	if (count > 0)
		qsort(assembly_at(assembly, IMAGE_prefixes, 0), count, sizeof(struct image_prefix),
			compare);
	return 0;
}
