// SPDX-License-Identifier: BSD-3-Clause
// zone.*: private zones.

#include "control/config/json.h"
#include "control/serve/noun.h"

static const struct noun_field fields[] = {
	{"domain", "domain"},
	{"ttl", "ttl"},
	{"reverse", "reverse"},
	{"on_nxdomain", "on-nxdomain"},
	{"zone_file", "file"},
	{"hosts", "hosts"},
	{"record", "records"},
	{NULL, NULL},
};

static json_t *show(const void *object)
{
	return config_json_zone(object);
}

static const struct noun noun = {CONFIG_ZONE, "zone", "zones", fields, show};

void zone_list(struct request *request)
{
	noun_list(request, &noun);
}

void zone_show(struct request *request)
{
	noun_show(request, &noun);
}

struct config *zone_create(struct request *request)
{
	return noun_create(request, &noun);
}

struct config *zone_update(struct request *request)
{
	return noun_update(request, &noun);
}

struct config *zone_delete(struct request *request)
{
	return noun_delete(request, &noun);
}
