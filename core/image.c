// SPDX-License-Identifier: BSD-3-Clause
// Checking an image from elsewhere: every offset, count, index and name, before anything walks it.
#include "core/image.h"

#include <stdbool.h>
#include <string.h>

#include "core/counters.h"
#include "core/name.h"

enum { SECTION_ALIGNMENT = 64, ADDRESS_BITS = 128 };

static_assert(offsetof(struct image_header, checksum) % 8 == 0, "the checksum is one word");

uint64_t image_checksum(const void *base, size_t size)
{
	uint64_t sum = size;

	for (size_t at = 0; at + 8 <= size; at += 8) {
		uint64_t word = 0;

		if (at != offsetof(struct image_header, checksum))
			memcpy(&word, (const uint8_t *)base + at, 8);
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15); // odd, so no word is lost
		sum ^= sum >> 29;
	}
	return sum;
}

static const size_t element_sizes[IMAGE_SECTION_COUNT] = {
#define ELEMENT_SIZE(name, type) sizeof(type),
	IMAGE_SECTIONS(ELEMENT_SIZE)
#undef ELEMENT_SIZE
};

static const char *check_header(const struct image_header *header, size_t size)
{
	if (size < sizeof(*header) || header->magic != IMAGE_MAGIC)
		return "this is no image";
	if (header->version != IMAGE_VERSION || header->header_len != sizeof(*header))
		return "the image has another version; control and dataplane must be of one release";
	if (header->size != size || size > IMAGE_SIZE_MAX || size % SECTION_ALIGNMENT)
		return "the image's size is not what its header says";
	if (header->generation == 0 || header->query_timeout_us == 0)
		return "the image has no generation or no query time-out";
	if (header->backoff_initial_us == 0 || header->backoff_max_us < header->backoff_initial_us)
		return "the image has no backoff";
	if (header->checksum != image_checksum(header, size))
		return "the image's checksum is wrong";
	return NULL;
}

static const char *check_section(const struct image_section *section, size_t element, size_t size)
{
	if (section->off % SECTION_ALIGNMENT || section->off < sizeof(struct image_header))
		return "a section is out of place";
	if (section->count >= IMAGE_NONE || section->off > size ||
		section->count > (size - section->off) / element)
		return "a section passes the image's end";
	return NULL;
}

static const char *map_sections(struct image *image, const uint8_t *base, size_t size)
{
	const struct image_section *sections = image->header->sections;

	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
		const char *wrong = check_section(&sections[i], element_sizes[i], size);

		if (wrong)
			return wrong;
	}
#define MAP_SECTION(name, type)                                                        \
	image->name = (const type *)(const void *)(base + sections[IMAGE_##name].off); \
	image->name##_count = (uint32_t)sections[IMAGE_##name].count;
	IMAGE_SECTIONS(MAP_SECTION)
#undef MAP_SECTION
	return NULL;
}

static bool is_range(uint32_t first, uint32_t count, uint32_t limit)
{
	return first <= limit && count <= limit - first;
}

static bool is_index_or_none(uint32_t index, uint32_t limit)
{
	return index < limit || index == IMAGE_NONE;
}

static const char *check_networks(const struct image *image)
{
	for (uint32_t i = 0; i < image->networks_count; i++) {
		const struct image_network *network = &image->networks[i];

		if (!is_range(network->link_first, network->link_count, image->links_count) ||
			!is_index_or_none(network->default_route, image->routes_count))
			return "a network points outside the image";
	}
	for (uint32_t i = 0; i < image->links_count; i++)
		if (image->links[i] >= image->starts_count)
			return "a network links a ruleset that is not there";
	return NULL;
}

static const char *check_prefixes(const struct image *image)
{
	uint32_t longest = ADDRESS_BITS;

	for (uint32_t i = 0; i < image->prefixes_count; i++) {
		const struct image_prefix *prefix = &image->prefixes[i];

		if (prefix->bits > longest)
			return "the prefixes are not sorted by length, or one is too long";
		if (prefix->network >= image->networks_count ||
			!is_index_or_none(prefix->inbound, image->inbound_count))
			return "a prefix points outside the image";
		longest = prefix->bits;
	}
	return NULL;
}

// Slots fill from the front, and one at least is free, so a look-up ends.
static const char *check_buckets(const struct image *image)
{
	bool has_free = false;

	for (uint32_t i = 0; i < image->buckets_count; i++) {
		const struct image_bucket *bucket = &image->buckets[i];

		for (unsigned slot = 0; slot < IMAGE_BUCKET_SLOTS; slot++) {
			has_free |= bucket->fingerprints[slot] == 0;
			if (bucket->fingerprints[slot] &&
				!is_index_or_none(bucket->accepts[slot], image->accepts_count))
				return "a state points outside the image";
		}
	}
	return has_free ? NULL : "the automaton's table has no free slot";
}

static const char *check_accepts(const struct image *image)
{
	for (uint32_t i = 0; i < image->accepts_count; i++) {
		const struct image_accept *accept = &image->accepts[i];

		// The walk compares as many bytes as the query's name has, wherever the state's name ends.
		if (!is_range(accept->name_off, NAME_LEN_MAX, image->names_count) ||
			name_check(image->names + accept->name_off, NAME_LEN_MAX) == 0)
			return "a state's name is not a name";
		if (accept->start >= image->starts_count ||
			!is_index_or_none(accept->rule_at, image->rules_count) ||
			!is_index_or_none(accept->rule_below, image->rules_count))
			return "a state's rule is not there";
	}
	return NULL;
}

static const char *check_rules(const struct image *image)
{
	for (uint32_t i = 0; i < image->rules_count; i++) {
		const struct image_rule *rule = &image->rules[i];

		if (rule->route >= image->routes_count || rule->rank >= IMAGE_RANK_COUNT ||
			rule->counter >= COUNTERS_RULE_CAPACITY)
			return "a rule points outside the image, or its counter outside the counters";
	}
	return NULL;
}

static const char *check_routes(const struct image *image)
{
	for (uint32_t i = 0; i < image->routes_count; i++) {
		const struct image_route *route = &image->routes[i];

		if (route->target_count == 0 || route->target_count > IMAGE_TARGETS_MAX ||
			route->source_count == 0)
			return "a route has no target, no source, or too many";
		if (route->policy >= IMAGE_POLICY_COUNT)
			return "a route's policy is none";
		if (!is_range(route->target_first, route->target_count, image->targets_count) ||
			!is_range(route->source_first, route->source_count, image->sources_count))
			return "a route points outside the image";
	}
	for (uint32_t i = 0; i < image->targets_count; i++)
		if (image->targets[i] >= image->upstreams_count)
			return "a target points outside the image";
	for (uint32_t i = 0; i < image->sources_count; i++)
		if (image->sources[i] >= image->outbound_count)
			return "a source points outside the image";
	return NULL;
}

static const char *check_addresses(const struct image *image)
{
	for (uint32_t i = 0; i < image->upstreams_count; i++)
		if (be16_get(image->upstreams[i].port) == 0)
			return "an upstream has port 0";
	for (uint32_t i = 0; i < image->inbound_count; i++)
		if (be16_get(image->inbound[i].port) == 0)
			return "an inbound endpoint has port 0";
	for (uint32_t i = 0; i < image->outbound_count; i++)
		if (image->outbound[i].port_first == 0 ||
			image->outbound[i].port_first > image->outbound[i].port_last)
			return "an outbound address has no ports";
	return NULL;
}

typedef const char *(*check_t)(const struct image *);

static const check_t checks[] = {
	check_networks,
	check_prefixes,
	check_buckets,
	check_accepts,
	check_rules,
	check_routes,
	check_addresses,
};

const char *image_open(struct image *image, const void *base, size_t size)
{
	const char *wrong = check_header(base, size);

	*image = (struct image){.header = base};
	if (!wrong)
		wrong = map_sections(image, base, size);
	for (unsigned i = 0; i < sizeof(checks) / sizeof(checks[0]) && !wrong; i++)
		wrong = checks[i](image);
	return wrong;
}
