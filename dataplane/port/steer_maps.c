// SPDX-License-Identifier: BSD-3-Clause
// The steering program's maps, kept in step with our addresses.
#include "dataplane/port/steer_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/image.h"

const char *const steer_map_names[STEER_MAP_COUNT] = {
	[STEER_MAP_SOCKETS] = "xsks_map",
	[STEER_MAP_ADDRESSES] = "addresses",
	[STEER_MAP_INBOUND] = "inbound",
	[STEER_MAP_DROPS] = "drops",
	[STEER_MAP_COUNTERS] = "counters",
};

// Seconds that what is gone still comes to us: a query sent by then has its reply, or its time is up.
enum { LINGER_TICKS = 6 };

static_assert(sizeof(struct steer_ip) == sizeof(struct ip), "one address, two spellings");
// What is new comes before what is gone leaves: the maps hold two images at a time.
static_assert(2 * (int)IMAGE_INBOUND_MAX <= (int)STEER_ENDPOINTS);
static_assert(2 * ((int)IMAGE_INBOUND_MAX + (int)IMAGE_OUTBOUND_MAX) <= (int)STEER_ADDRESSES);

void steer_maps_fini(struct steer_maps *maps)
{
	free((void *)maps->wanted.inbound);
	free((void *)maps->wanted.outbound);
	maps->wanted = (struct steering){0};
}

static struct steer_endpoint endpoint_key(const struct endpoint *endpoint)
{
	struct steer_endpoint key = {0};

	memcpy(key.ip.b, endpoint->ip.b, sizeof(key.ip.b));
	memcpy(key.port, endpoint->port.b, sizeof(key.port));
	return key;
}

// Adds a range to what is known of an address; ranges that neither meet nor overlap can't be told.
static int add_range(struct steer_address *address, const struct steering_range *range)
{
	if (address->port_first > address->port_last) {
		address->port_first = range->port_first;
		address->port_last = range->port_last;
		return 0;
	}
	if (range->port_first > (uint32_t)address->port_last + 1 ||
		(uint32_t)range->port_last + 1 < address->port_first)
		return -EINVAL;
	if (range->port_first < address->port_first)
		address->port_first = range->port_first;
	if (range->port_last > address->port_last)
		address->port_last = range->port_last;
	return 0;
}

// All that is said of one address: its entry in `addresses`.
static int gather_address(const struct steer_maps *maps, const struct steering *steering,
	const struct ip *ip, struct steer_address *address)
{
	*address = (struct steer_address){
		.port_first = 1,
		.port_last = 0,
		.has_drops = maps->has_drops,
	};
	for (uint32_t i = 0; i < steering->inbound_count; i++)
		address->is_inbound |= ip_equal(&steering->inbound[i].ip, ip);
	for (uint32_t i = 0; i < steering->outbound_count; i++) {
		const struct steering_range *range = &steering->outbound[i];

		if (ip_equal(&range->ip, ip) && add_range(address, range) < 0)
			return -EINVAL;
	}
	return 0;
}

// Stretches the range over the one that stands in the map, where replies may still come to.
static void widen(const struct steer_maps *maps, const struct ip *ip, struct steer_address *address)
{
	struct steer_address before;

	if (bpf_map_lookup_elem(maps->fds[STEER_MAP_ADDRESSES], ip, &before) < 0 ||
		before.port_first > before.port_last)
		return;
	if (before.port_first < address->port_first || address->port_first > address->port_last)
		address->port_first = before.port_first;
	if (before.port_last > address->port_last)
		address->port_last = before.port_last;
}

static int put_address(const struct steer_maps *maps, const struct steering *steering,
	const struct ip *ip, bool is_lingering)
{
	struct steer_address address;
	int err = gather_address(maps, steering, ip, &address);

	if (err < 0)
		return err;
	if (is_lingering)
		widen(maps, ip, &address);
	return bpf_map_update_elem(maps->fds[STEER_MAP_ADDRESSES], ip, &address, BPF_ANY);
}

static int put_all(
	const struct steer_maps *maps, const struct steering *steering, bool is_lingering)
{
	const uint8_t present = 1;
	int err = 0;

	for (uint32_t i = 0; i < steering->inbound_count && err == 0; i++) {
		struct steer_endpoint key = endpoint_key(&steering->inbound[i]);

		err = bpf_map_update_elem(maps->fds[STEER_MAP_INBOUND], &key, &present, BPF_ANY);
	}
	for (uint32_t i = 0; i < steering->inbound_count && err == 0; i++)
		err = put_address(maps, steering, &steering->inbound[i].ip, is_lingering);
	for (uint32_t i = 0; i < steering->outbound_count && err == 0; i++)
		err = put_address(maps, steering, &steering->outbound[i].ip, is_lingering);
	return err;
}

static bool has_endpoint(const struct steering *steering, const void *key)
{
	for (uint32_t i = 0; i < steering->inbound_count; i++) {
		struct steer_endpoint wanted = endpoint_key(&steering->inbound[i]);

		if (memcmp(&wanted, key, sizeof(wanted)) == 0)
			return true;
	}
	return false;
}

static bool has_address(const struct steering *steering, const void *key)
{
	for (uint32_t i = 0; i < steering->inbound_count; i++) {
		if (memcmp(&steering->inbound[i].ip, key, sizeof(struct ip)) == 0)
			return true;
	}
	for (uint32_t i = 0; i < steering->outbound_count; i++) {
		if (memcmp(&steering->outbound[i].ip, key, sizeof(struct ip)) == 0)
			return true;
	}
	return false;
}

static int delete_stale(int map, const struct steering *steering,
	bool (*is_wanted)(const struct steering *, const void *key))
{
	struct steer_endpoint keys[2]; // the larger of the two kinds of key
	unsigned at = 0;
	int err = bpf_map_get_next_key(map, NULL, &keys[at]);

	while (err == 0) {
		err = bpf_map_get_next_key(map, &keys[at], &keys[!at]);
		if (!is_wanted(steering, &keys[at])) {
			int deleted = bpf_map_delete_elem(map, &keys[at]);

			if (deleted < 0)
				return deleted;
		}
		at = !at;
	}
	return err == -ENOENT ? 0 : err;
}

static int keep_wanted(struct steer_maps *maps, const struct steering *steering)
{
	struct endpoint *inbound = calloc(steering->inbound_count + 1, sizeof(*inbound));
	struct steering_range *outbound = calloc(steering->outbound_count + 1, sizeof(*outbound));

	if (!inbound || !outbound) {
		free(inbound);
		free(outbound);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < steering->inbound_count; i++)
		inbound[i] = steering->inbound[i];
	for (uint32_t i = 0; i < steering->outbound_count; i++) {
		outbound[i] = steering->outbound[i];
		outbound[i].sources = NULL; // the snapshot's, which may go before this does
	}
	steer_maps_fini(maps);
	maps->wanted = (struct steering){
		.inbound = inbound,
		.outbound = outbound,
		.inbound_count = steering->inbound_count,
		.outbound_count = steering->outbound_count,
	};
	return 0;
}

// The maps hold what is wanted, and nothing else.
static int settle(struct steer_maps *maps)
{
	int err = put_all(maps, &maps->wanted, false);

	if (err == 0)
		err = delete_stale(maps->fds[STEER_MAP_ADDRESSES], &maps->wanted, has_address);
	if (err == 0)
		err = delete_stale(maps->fds[STEER_MAP_INBOUND], &maps->wanted, has_endpoint);
	return err;
}

int steer_maps_set(struct steer_maps *maps, const struct steering *steering)
{
	int err = maps->linger_ticks > 0 ? settle(maps) : 0;

	if (err < 0)
		return err;
	if (steering->inbound_count > STEER_ENDPOINTS ||
		steering->inbound_count + steering->outbound_count > STEER_ADDRESSES)
		return -E2BIG;
	err = put_all(maps, steering, true);
	if (err == 0)
		err = keep_wanted(maps, steering);
	if (err == 0)
		maps->linger_ticks = LINGER_TICKS;
	return err;
}

int steer_maps_drop(struct steer_maps *maps, const struct steer_prefix *prefixes, unsigned count)
{
	const uint8_t present = 1;
	int err = 0;

	for (unsigned i = 0; i < count && err == 0; i++)
		err = bpf_map_update_elem(
			maps->fds[STEER_MAP_DROPS], &prefixes[i], &present, BPF_ANY);
	maps->has_drops = count > 0;
	return err;
}

void steer_maps_tick(struct steer_maps *maps)
{
	if (maps->linger_ticks > 0 && --maps->linger_ticks == 0 && settle(maps) < 0)
		maps->linger_ticks = 1; // again at the next
}

static uint64_t sum_over_cpus(
	const struct steer_maps *maps, uint32_t which, uint64_t *parts, int cpus)
{
	uint64_t sum = 0;

	if (bpf_map_lookup_elem(maps->fds[STEER_MAP_COUNTERS], &which, parts) < 0)
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += parts[cpu];
	return sum;
}

unsigned steer_maps_count(const struct steer_maps *maps, struct device_counter *counters)
{
	static const char *const names[] = {
#define STEER_COUNTER_NAME(name, what) "steer_" #name,
		STEER_COUNTERS(STEER_COUNTER_NAME)
#undef STEER_COUNTER_NAME
	};
	int cpus = libbpf_num_possible_cpus();
	uint64_t *parts = cpus > 0 ? calloc((size_t)cpus, sizeof(*parts)) : NULL;

	for (uint32_t which = 0; which < STEER_COUNTER_COUNT; which++)
		counters[which] = (struct device_counter){
			.name = names[which],
			.value = parts ? sum_over_cpus(maps, which, parts, cpus) : 0,
		};
	free(parts);
	return STEER_COUNTER_COUNT;
}
