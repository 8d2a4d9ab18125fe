// SPDX-License-Identifier: BSD-3-Clause
// network.*: virtual networks.

#include "control/config/json.h"
#include "control/serve/noun.h"

static const struct noun_field fields[] = {
	{"prefix", "prefixes"},
	{"inbound_endpoint", "inbound-endpoints"},
	{"ruleset", "rulesets"},
	{"private_zone", "private-zones"},
	{"default", "default"},
	{"default_target", "default-targets"},
	{"default_outbound_endpoint", "default-outbound-endpoints"},
	{NULL, NULL},
};

static json_t *show(const void *object)
{
	return config_json_network(object);
}

static const struct noun noun = {CONFIG_NETWORK, "network", "networks", fields, show};

void network_list(struct request *request)
{
	noun_list(request, &noun);
}

void network_show(struct request *request)
{
	noun_show(request, &noun);
}

struct config *network_create(struct request *request)
{
	return noun_create(request, &noun);
}

struct config *network_update(struct request *request)
{
	return noun_update(request, &noun);
}

struct config *network_delete(struct request *request)
{
	return noun_delete(request, &noun);
}
