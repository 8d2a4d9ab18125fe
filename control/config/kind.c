// SPDX-License-Identifier: BSD-3-Clause
// The kinds of objects that a config lists, as one table.
#include "control/config/kind.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/endpoint.h"
#include "control/config/network.h"
#include "control/config/ruleset.h"
#include "control/config/upstream.h"
#include "control/config/zone.h"

// The functions of a kind for objects without type.
#define UNTYPED(copy_, fini_)                                      \
	static int untyped_##copy_(void *copy, const void *object) \
	{                                                          \
		return copy_(copy, object);                        \
	}                                                          \
	static void untyped_##fini_(void *object)                  \
	{                                                          \
		fini_(object);                                     \
	}

UNTYPED(endpoint_copy_inbound, endpoint_fini_inbound)
UNTYPED(endpoint_copy_outbound, endpoint_fini_outbound)
UNTYPED(ruleset_copy, ruleset_fini)
UNTYPED(network_copy, network_fini)
UNTYPED(upstream_copy, upstream_fini)
UNTYPED(zone_copy, zone_fini)

static_assert(offsetof(struct config_inbound, name) == 0);
static_assert(offsetof(struct config_outbound, name) == 0);
static_assert(offsetof(struct config_ruleset, name) == 0);
static_assert(offsetof(struct config_network, name) == 0);
static_assert(offsetof(struct config_upstream, address) == 0);
static_assert(offsetof(struct config_zone, name) == 0);

#define PLACE(member, counted) \
	.list_off = offsetof(struct config, member), .count_off = offsetof(struct config, counted)
#define OBJECT(type)       .size = sizeof(struct type), .hash_off = offsetof(struct type, file_hash)
#define WAYS(copy_, fini_) .copy = untyped_##copy_, .fini = untyped_##fini_

static const struct kind kinds[KIND_COUNT] = {
	[CONFIG_INBOUND] = {CONFIG_INBOUND, "inbound endpoint", "inbound-endpoints", "name",
		PLACE(inbounds, inbound_count), OBJECT(config_inbound),
		.edited_off = offsetof(struct config_inbound, edited),
		WAYS(endpoint_copy_inbound, endpoint_fini_inbound)},
	[CONFIG_OUTBOUND] = {CONFIG_OUTBOUND, "outbound endpoint", "outbound-endpoints", "name",
		PLACE(outbounds, outbound_count), OBJECT(config_outbound),
		.edited_off = offsetof(struct config_outbound, edited),
		WAYS(endpoint_copy_outbound, endpoint_fini_outbound)},
	[CONFIG_RULESET] = {CONFIG_RULESET, "ruleset", "rulesets", "name",
		PLACE(rulesets, ruleset_count), OBJECT(config_ruleset), .edited_off = CONFIG_NONE,
		WAYS(ruleset_copy, ruleset_fini)},
	[CONFIG_NETWORK] = {CONFIG_NETWORK, "virtual network", "virtual-networks", "name",
		PLACE(networks, network_count), OBJECT(config_network),
		.edited_off = offsetof(struct config_network, edited),
		WAYS(network_copy, network_fini)},
	[CONFIG_UPSTREAM] = {CONFIG_UPSTREAM, "upstream", "upstreams", "address",
		PLACE(upstreams, upstream_count), OBJECT(config_upstream),
		.edited_off = CONFIG_NONE, WAYS(upstream_copy, upstream_fini)},
	[CONFIG_ZONE] = {CONFIG_ZONE, "private zone", "private-zones", "name",
		PLACE(zones, zone_count), OBJECT(config_zone),
		.edited_off = offsetof(struct config_zone, edited), WAYS(zone_copy, zone_fini)},
};

const struct kind *kind_get(enum config_kind kind)
{
	assert(kind != CONFIG_GLOBAL);
	return &kinds[kind];
}

static size_t *count_of(const struct kind *kind, struct config *config)
{
	return (size_t *)((char *)config + kind->count_off);
}

static void set_list(const struct kind *kind, struct config *config, const char *list)
{
	memcpy((char *)config + kind->list_off, &list, sizeof(list));
}

static char *list_of(const struct kind *kind, const struct config *config)
{
	char *list;

	memcpy(&list, (const char *)config + kind->list_off, sizeof(list));
	return list;
}

size_t kind_count(const struct kind *kind, const struct config *config)
{
	return *(const size_t *)((const char *)config + kind->count_off);
}

void *kind_object(const struct kind *kind, const struct config *config, size_t i)
{
	return list_of(kind, config) + i * kind->size;
}

const char *kind_name(const void *object)
{
	return *(char *const *)object;
}

void *kind_find(const struct kind *kind, const struct config *config, const char *name)
{
	for (size_t i = 0; i < kind_count(kind, config); i++) {
		void *object = kind_object(kind, config, i);

		if (kind_name(object) && strcasecmp(kind_name(object), name) == 0)
			return object;
	}
	return NULL;
}

uint64_t *kind_hash(const struct kind *kind, void *object)
{
	return (uint64_t *)((char *)object + kind->hash_off);
}

void kind_set_edited(const struct kind *kind, void *object)
{
	if (kind->edited_off != CONFIG_NONE)
		*(bool *)((char *)object + kind->edited_off) = true;
}

bool kind_is_edited(const struct kind *kind, const void *object)
{
	return kind->edited_off != CONFIG_NONE &&
		*(const bool *)((const char *)object + kind->edited_off);
}

int kind_reserve(const struct kind *kind, struct config *config, size_t count)
{
	char *list = calloc(count + 1, kind->size);

	set_list(kind, config, list);
	return list ? 0 : -ENOMEM;
}

void *kind_append(const struct kind *kind, struct config *config)
{
	size_t count = kind_count(kind, config);
	char *list = reallocarray(list_of(kind, config), count + 1, kind->size);

	if (!list)
		return NULL;
	set_list(kind, config, list);
	++*count_of(kind, config);
	return memset(list + count * kind->size, 0, kind->size);
}

void kind_remove(const struct kind *kind, struct config *config, void *object)
{
	char *next = (char *)object + kind->size;
	char *end = kind_object(kind, config, kind_count(kind, config));

	kind->fini(object);
	memmove(object, next, (size_t)(end - next));
	--*count_of(kind, config);
}

int kind_copy_all(struct config *copy, const struct config *config)
{
	int error = 0;

	for (size_t k = CONFIG_GLOBAL + 1; k < KIND_COUNT && !error; k++) {
		const struct kind *kind = &kinds[k];
		size_t count = kind_count(kind, config);

		error = kind_reserve(kind, copy, count);
		for (size_t i = 0; i < count && !error; i++)
			error = kind->copy(kind_object(kind, copy, (*count_of(kind, copy))++),
				kind_object(kind, config, i));
	}
	return error;
}

void kind_fini_all(struct config *config)
{
	for (size_t k = CONFIG_GLOBAL + 1; k < KIND_COUNT; k++) {
		const struct kind *kind = &kinds[k];

		for (size_t i = 0; i < kind_count(kind, config); i++)
			kind->fini(kind_object(kind, config, i));
		free(list_of(kind, config));
	}
}
