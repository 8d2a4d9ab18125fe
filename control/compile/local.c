// SPDX-License-Identifier: BSD-3-Clause
// Rules that ask nobody, write side: what the dataplane answers for them.
#include "control/compile/local.h"

#include <stdio.h>

#include "control/config/check.h"

static const enum image_action actions[] = {
	[CONFIG_ACTION_FORWARD] = IMAGE_ACTION_FORWARD,
	[CONFIG_ACTION_NXDOMAIN] = IMAGE_ACTION_NXDOMAIN,
	[CONFIG_ACTION_NODATA] = IMAGE_ACTION_NODATA,
	[CONFIG_ACTION_REFUSE] = IMAGE_ACTION_REFUSE,
	[CONFIG_ACTION_DROP] = IMAGE_ACTION_DROP,
	[CONFIG_ACTION_ADDRESSES] = IMAGE_ACTION_ADDRESSES,
	[CONFIG_ACTION_DEFAULT] = IMAGE_ACTION_DEFAULT,
};

uint32_t local_add(struct assembly *assembly, const struct config_ruleset *ruleset,
	const struct config_rule *rule)
{
	char text[2 * CHECK_NAME_LEN_MAX + 32];
	int len = snprintf(text, sizeof(text), "rule %s of ruleset %s", rule->name, ruleset->name);
	struct image_local local = {
		.text = assembly_add(assembly, IMAGE_texts, text, (size_t)len + 1),
		.ttl = rule->ttl,
		.address_first = assembly_add(
			assembly, IMAGE_addresses, rule->addresses, rule->address_count),
		.address_count = (uint32_t)rule->address_count,
	};
	struct image_route route = {
		.action = (uint8_t)actions[rule->action],
		.local = assembly_add(assembly, IMAGE_locals, &local, 1),
	};

	return assembly_add(assembly, IMAGE_routes, &route, 1);
}
