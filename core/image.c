// SPDX-License-Identifier: BSD-3-Clause
// Checking an image from elsewhere: every offset, count, index and name, before anything walks it.
#include "core/image.h"

#include <stdbool.h>
#include <string.h>

#include "core/counters.h"
#include "core/name.h"
#include "core/suffix.h"
#include "core/zone.h"

enum { ADDRESS_BITS = 128 };

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

size_t image_element_size(enum image_section_id id)
{
	return element_sizes[id];
}

static const char *check_header(const struct image_header *header, size_t size)
{
	if (size < sizeof(*header) || header->magic != IMAGE_MAGIC)
		return "this is no image";
	if (header->version != IMAGE_VERSION || header->header_len != sizeof(*header))
		return "the image has another version; control and dataplane must be of one release";
	if (header->size != size || size > IMAGE_SIZE_MAX || size % IMAGE_ALIGNMENT)
		return "the image's size is not what its header says";
	if (header->generation == 0 || header->query_timeout_us == 0 || header->max_waiters == 0)
		return "the image has no generation, no query time-out or no waiters";
	if (header->backoff_initial_us == 0 || header->backoff_max_us < header->backoff_initial_us)
		return "the image has no backoff";
	if (header->checksum != image_checksum(header, size))
		return "the image's checksum is wrong";
	return NULL;
}

static const char *check_section(const struct image_section *section, size_t element, size_t size)
{
	if (section->off % IMAGE_ALIGNMENT || section->off < sizeof(struct image_header))
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

// The index of a route that forwards, or of none.
static bool is_default(const struct image *image, uint32_t route)
{
	if (route >= image->routes_count)
		return route == IMAGE_NONE;
	return image->routes[route].action == IMAGE_ACTION_FORWARD;
}

static const char *check_networks(const struct image *image)
{
	for (uint32_t i = 0; i < image->networks_count; i++) {
		const struct image_network *network = &image->networks[i];

		if (!is_range(network->link_first, network->link_count, image->links_count) ||
			!is_default(image, network->default_route))
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

// Are `len` bytes there, and what may be read beyond them?
static bool has_room(const struct image *image, uint32_t at, size_t len)
{
	return at <= image->accepts_count && image->accepts_count - at >= len + IMAGE_SLACK;
}

// The rules of an accept, up to the last.
static bool are_rules(const struct image *image, uint32_t at)
{
	unsigned rank = IMAGE_RANK_COUNT;
	struct image_rule rule;

	do {
		if (!has_room(image, at, sizeof(rule)))
			return false;
		rule = image_rule(image, at);
		if ((rule.rank >= rank && rule.rank != IMAGE_RANK_REGEX) || rule.rank > rank ||
			rule.route >= image->routes_count || rule.counter >= COUNTERS_RULE_CAPACITY)
			return false;
		rank = rule.rank;
		at += (uint32_t)sizeof(rule);
	} while (!rule.is_last);
	return true;
}

// Whole labels that end together at `len`.
static bool are_labels(const uint8_t *labels, unsigned len)
{
	unsigned at = 0;

	while (at < len && labels[at] != 0 && labels[at] <= LABEL_LEN_MAX)
		at += 1u + labels[at];
	return at == len;
}

// An accept may overlap another: each is looked at for itself, and none leads to a step outside.
static bool is_accept(const struct image *image, uint32_t accept)
{
	const uint8_t *name = image->accepts + accept;

	if (!has_room(image, accept, 2) || !has_room(image, accept, 2u + name[0]) ||
		name[1] >= image->endings_count)
		return false;
	return are_labels(name + 2, name[0]) &&
		name[0] + image->endings[name[1]].len <= NAME_LEN_MAX &&
		are_rules(image, image_accept_rules(image, accept));
}

static bool is_accept_or_none(const struct image *image, uint32_t accept)
{
	return accept == IMAGE_LEADS_ON || is_accept(image, accept);
}

static bool check_bucket(const struct image *image, const struct image_bucket *bucket)
{
	for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++)
		if (bucket->fingerprints[i] &&
			!is_accept_or_none(image, bucket->accepts[i] & IMAGE_LEADS_ON))
			return false;
	return true;
}

static const char *check_buckets(const struct image *image)
{
	if (image->buckets_count == 0 || image->buckets_count % IMAGE_GROUP_BUCKETS)
		return "the automaton's table has no whole groups of buckets";
	for (uint32_t i = 0; i < image->buckets_count; i++)
		if (!check_bucket(image, &image->buckets[i]))
			return "a state's rules or name are not good";
	return NULL;
}

static const char *check_endings(const struct image *image)
{
	if (image->endings_count > IMAGE_ENDINGS_MAX)
		return "there are too many endings of names";
	for (uint32_t i = 0; i < image->endings_count; i++) {
		const struct image_ending *ending = &image->endings[i];

		if (ending->len == 0 || ending->len > IMAGE_ENDING_LEN_MAX ||
			ending->bytes[ending->len - 1] != 0 ||
			!are_labels(ending->bytes, ending->len - 1u))
			return "an ending of names is not the end of a name";
	}
	return NULL;
}

// The rules that a look-up of patterns may give.
static bool are_regex_rules(const struct image *image, const struct image_regex *regex)
{
	uint64_t end = regex->rule + (uint64_t)regex->rule_count * sizeof(struct image_rule);

	if (regex->rule_count == 0 || end > image->accepts_count)
		return false;
	for (uint32_t at = regex->rule; at < end; at += (uint32_t)sizeof(struct image_rule)) {
		struct image_rule rule = image_rule(image, at);

		if (rule.rank != IMAGE_RANK_REGEX || rule.route >= image->routes_count ||
			rule.counter >= COUNTERS_RULE_CAPACITY)
			return false;
	}
	return true;
}

static const char *check_regexes(const struct image *image)
{
	for (uint32_t i = 0; i < image->regexes_count; i++) {
		const struct image_regex *regex = &image->regexes[i];

		if (i > 0 && regex->rule <= image->regexes[i - 1].rule)
			return "the patterns are not sorted by their rules";
		if (!are_regex_rules(image, regex) ||
			!is_range(regex->database_off, regex->database_len, image->databases_count))
			return "a pattern points outside the image";
	}
	return NULL;
}

static const char *check_starts(const struct image *image)
{
	if (image->accepts_count >= IMAGE_LEADS_ON)
		return "the rules take more room than an offset can tell";
	for (uint32_t i = 0; i < image->starts_count; i++) {
		const struct image_start *start = &image->starts[i];

		if (!is_range(start->accept_first, start->accept_len, image->accepts_count) ||
			!is_accept_or_none(image, start->accept) ||
			start->depth_max > NAME_LABELS_MAX)
			return "a ruleset's rules are not there";
	}
	return NULL;
}

static const char *check_forward(const struct image *image, const struct image_route *route)
{
	if (route->target_count == 0 || route->target_count > IMAGE_TARGETS_MAX ||
		route->source_count == 0)
		return "a route has no target, no source, or too many";
	if (route->policy >= IMAGE_POLICY_COUNT || route->subnet >= EDNS_SUBNET_COUNT)
		return "a route's policy is none, or that for the client's subnet";
	if (!is_range(route->target_first, route->target_count, image->targets_count) ||
		!is_range(route->source_first, route->source_count, image->sources_count))
		return "a route points outside the image";
	return NULL;
}

static const char *check_route(const struct image *image, const struct image_route *route)
{
	if (route->action >= IMAGE_ACTION_COUNT)
		return "a route's action is none";
	if (route->action == IMAGE_ACTION_FORWARD)
		return check_forward(image, route);
	if (route->local <
		(route->action == IMAGE_ACTION_ZONE ? image->zones_count : image->locals_count))
		return NULL;
	return "a route points outside the image";
}

static const char *check_routes(const struct image *image)
{
	for (uint32_t i = 0; i < image->routes_count; i++) {
		const char *wrong = check_route(image, &image->routes[i]);

		if (wrong)
			return wrong;
	}
	for (uint32_t i = 0; i < image->targets_count; i++)
		if (image->targets[i] >= image->upstreams_count)
			return "a target points outside the image";
	for (uint32_t i = 0; i < image->sources_count; i++)
		if (image->sources[i] >= image->outbound_count)
			return "a source points outside the image";
	return NULL;
}

static const char *check_locals(const struct image *image)
{
	if (image->texts_count > 0 && image->texts[image->texts_count - 1] != '\0')
		return "the last text has no end";
	for (uint32_t i = 0; i < image->locals_count; i++) {
		const struct image_local *local = &image->locals[i];

		if (local->text >= image->texts_count ||
			!is_range(
				local->address_first, local->address_count, image->addresses_count))
			return "what we answer for a rule points outside the image";
	}
	return NULL;
}

static const char *check_addresses(const struct image *image)
{
	for (uint32_t i = 0; i < image->upstreams_count; i++)
		if (be16_get(image->upstreams[i].endpoint.port) == 0 ||
			image->upstreams[i].flags & ~(uint32_t)IMAGE_UPSTREAM_FLAGS)
			return "an upstream has port 0, or is asked in a manner that is none";
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
	check_endings,
	check_buckets,
	check_starts,
	check_regexes,
	check_routes,
	check_locals,
	zone_check,
	check_addresses,
};

const char *image_open(struct image *image, const void *base, size_t size)
{
	const char *wrong = check_header(base, size);

	*image = (struct image){.header = base, .way = suffix_way_best()};
	if (!wrong)
		wrong = map_sections(image, base, size);
	for (unsigned i = 0; i < sizeof(checks) / sizeof(checks[0]) && !wrong; i++)
		wrong = checks[i](image);
	return wrong;
}
