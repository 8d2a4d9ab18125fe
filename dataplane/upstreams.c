// SPDX-License-Identifier: BSD-3-Clause
// Endpoints to places, by open addressing: buckets that hold a place + 1, 0 ends a search.
#include "dataplane/upstreams.h"

#include <errno.h>
#include <stdlib.h>

struct upstreams {
	struct upstream *table;
	_Atomic uint32_t *count;
	uint32_t capacity;
	uint32_t bucket_count; // a power of two, twice the capacity at least
	uint32_t buckets[];
};

struct upstreams *upstreams_new(struct upstream *table, _Atomic uint32_t *count, uint32_t capacity)
{
	struct upstreams *upstreams;
	uint32_t bucket_count = 2;

	while (bucket_count < 2 * capacity)
		bucket_count *= 2;
	upstreams = calloc(1, sizeof(*upstreams) + bucket_count * sizeof(upstreams->buckets[0]));
	if (!upstreams)
		return NULL;
	upstreams->table = table;
	upstreams->count = count;
	upstreams->capacity = capacity;
	upstreams->bucket_count = bucket_count;
	return upstreams;
}

void upstreams_free(struct upstreams *upstreams)
{
	free(upstreams);
}

static uint32_t hash(const struct endpoint *endpoint)
{
	const uint8_t *bytes = (const uint8_t *)endpoint;
	uint32_t sum = 2166136261; // FNV-1a

	for (size_t i = 0; i < sizeof(*endpoint); i++)
		sum = (sum ^ bytes[i]) * 16777619;
	return sum ^ sum >> 15;
}

// The bucket of this endpoint, or the free one where it belongs.
static uint32_t bucket_of(const struct upstreams *upstreams, const struct endpoint *endpoint)
{
	uint32_t mask = upstreams->bucket_count - 1;
	uint32_t at = hash(endpoint) & mask;

	while (upstreams->buckets[at] &&
		!endpoint_equal(&upstreams->table[upstreams->buckets[at] - 1].endpoint, endpoint))
		at = (at + 1) & mask;
	return at;
}

uint32_t upstreams_find(const struct upstreams *upstreams, const struct endpoint *endpoint)
{
	return upstreams->buckets[bucket_of(upstreams, endpoint)] - 1;
}

int upstreams_follow(struct upstreams *upstreams, const struct image *image, uint32_t *places)
{
	for (uint32_t i = 0; i < image->upstreams_count; i++) {
		uint32_t at = bucket_of(upstreams, &image->upstreams[i].endpoint);
		uint32_t count = atomic_load_explicit(upstreams->count, memory_order_relaxed);

		if (!upstreams->buckets[at]) {
			if (count == upstreams->capacity)
				return -ENOSPC;
			upstreams->table[count].endpoint = image->upstreams[i].endpoint;
			upstreams->buckets[at] = count + 1;
			atomic_store_explicit(upstreams->count, count + 1, memory_order_release);
		}
		places[i] = upstreams->buckets[at] - 1;
	}
	return 0;
}

void upstreams_name(struct upstreams *upstreams, const struct image *image, const uint32_t *places)
{
	for (uint32_t i = 0; i < image->upstreams_count; i++)
		atomic_store_explicit(&upstreams->table[places[i]].generation,
			image->header->generation, memory_order_relaxed);
}

void upstreams_order(
	struct upstreams *upstreams, const struct endpoint *endpoint, enum link_order order)
{
	uint32_t place = upstreams_find(upstreams, endpoint);
	struct upstream *upstream = &upstreams->table[place];

	if (place == UINT32_MAX)
		return;
	switch (order) {
	case LINK_DRAIN: atomic_store(&upstream->is_drained, 1); break;
	case LINK_ENABLE: atomic_store(&upstream->is_drained, 0); break;
	case LINK_RESET:
		atomic_fetch_add(&upstream->epoch, 1);
		atomic_store(&upstream->misses, 0);
		atomic_store(&upstream->rest, 0);
		atomic_store(&upstream->case_lost, 0);
		atomic_store(&upstream->opt_off_sec, 0);
	}
}
