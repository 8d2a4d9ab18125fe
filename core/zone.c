// SPDX-License-Identifier: BSD-3-Clause
// Private zones, read side: names looked up (RFC 1034, 4.3.2; RFC 4592), and the image's zones checked.
#include "core/zone.h"

#include <stdbool.h>
#include <string.h>

#include "core/bytes.h"
#include "core/msg.h"
#include "core/suffix.h"

enum { SOA_NUMBERS_LEN = 20 };

// A name on its way: folded, with the hash of each ending.
struct search {
	const struct image *image;
	uint32_t zone;
	unsigned len;
	unsigned label_count;
	uint8_t labels[NAME_LABELS_MAX + 1];
	uint8_t folded[NAME_LEN_MAX];
	uint64_t hashes[NAME_LABELS_MAX]; // of the last label, the last two, …
};

static void begin(struct search *search, const uint8_t *name)
{
	const struct image *image = search->image;

	search->len = name_check(name, NAME_LEN_MAX);
	name_fold(search->folded, name, search->len);
	search->label_count = name_labels(search->folded, search->labels);
	search->labels[search->label_count] = (uint8_t)(search->len - 1);
	(void)image->way->states(image->header->key, image->zones[search->zone].state,
		search->folded, search->hashes);
}

// The node of the last `depth` labels; NULL: there is none.
static const struct image_node *find_node(const struct search *search, unsigned depth)
{
	const struct image *image = search->image;
	uint64_t hash = depth > 0 ? search->hashes[depth - 1] : 0;
	uint32_t at = depth > 0 ? zone_home(hash, image->slots_count) : 0;
	unsigned off = search->labels[search->label_count - depth];

	for (unsigned turn = 0; depth > 0 && turn < IMAGE_NODE_RUN_MAX; turn++) {
		const struct image_node_slot *slot = &image->slots[at];
		const struct image_node *node;

		if (slot->node == IMAGE_NONE)
			return NULL;
		node = &image->nodes[slot->node];
		if (slot->fingerprint == (uint32_t)hash && node->zone == search->zone &&
			node->name_len == search->len - off &&
			memcmp(image->records + node->name_off, search->folded + off,
				node->name_len) == 0)
			return node;
		at = at + 1 == image->slots_count ? 0 : at + 1;
	}
	return NULL;
}

// The wildcard of the closest name that is there (RFC 4592, 3.3.1); NULL: it has none.
static const struct image_node *find_wildcard(
	const struct search *search, const struct image_zone *zone)
{
	const struct image *image = search->image;
	const struct image_node *closest = &image->nodes[zone->apex], *next;

	for (unsigned depth = zone->label_count + 1u; depth < search->label_count; depth++) {
		next = find_node(search, depth);
		if (!next)
			break;
		closest = next;
	}
	return closest->wildcard == IMAGE_NONE ? NULL : &image->nodes[closest->wildcard];
}

static struct zone_found pick(
	const struct image *image, const struct image_node *node, uint16_t type)
{
	struct zone_found found = {ZONE_NODATA, IMAGE_NONE};

	if (type == TYPE_ANY && node->rrset_count > 0)
		found.outcome = ZONE_ANY;
	for (uint32_t i = 0; i < node->rrset_count && found.outcome == ZONE_NODATA; i++) {
		uint32_t has = image->rrsets[node->rrset_first + i].type;

		found.rrset = node->rrset_first + i;
		if (has == type)
			found.outcome = ZONE_RECORDS;
		else if (has == TYPE_CNAME)
			found.outcome = ZONE_CNAME;
	}
	return found;
}

struct zone_found zone_find(
	const struct image *image, uint32_t index, const uint8_t *name, uint16_t type)
{
	const struct image_zone *zone = &image->zones[index];
	const struct image_node *node = NULL;
	struct search search;

	search.image = image;
	search.zone = index;
	begin(&search, name);
	if (zone->apex != IMAGE_NONE && search.label_count <= zone->label_count)
		node = &image->nodes[zone->apex];
	else
		node = find_node(&search, search.label_count);
	if (!node && zone->apex != IMAGE_NONE)
		node = find_wildcard(&search, zone);
	return node ? pick(image, node, type) : (struct zone_found){ZONE_NXDOMAIN, IMAGE_NONE};
}

const uint8_t *zone_next_record(const struct image *image, const struct image_rrset *rrset,
	const uint8_t *data, uint16_t *data_len)
{
	const uint8_t *at = data ? data + *data_len : image->records + rrset->data_off;

	if (at == image->records + rrset->data_off + rrset->data_len)
		return NULL;
	*data_len = (uint16_t)(at[0] << 8 | at[1]);
	return at + 2;
}

const uint8_t *zone_target(const struct image *image, uint32_t rrset)
{
	return image->records + image->rrsets[rrset].data_off + 2;
}

uint64_t zone_hash(
	const struct image_zone *zone, const uint8_t key[static IMAGE_KEY_LEN], const uint8_t *name)
{
	uint64_t hashes[NAME_LABELS_MAX];
	unsigned count = suffix_way(0)->states(key, zone->state, name, hashes);

	return count ? hashes[count - 1] : 0;
}

// The checks.

static bool is_within(uint32_t first, uint32_t count, uint32_t limit)
{
	return first <= limit && count <= limit - first;
}

// Data that the path reads by itself: a CNAME's target, and a zone's SOA.
static bool is_readable(uint32_t type, const uint8_t *data, uint16_t len)
{
	unsigned primary = name_check(data, len), mailbox;

	if (type == TYPE_CNAME)
		return primary > 0 && primary == len;
	if (type != TYPE_SOA)
		return true;
	mailbox = primary ? name_check(data + primary, len - primary) : 0;
	return mailbox > 0 && primary + mailbox + SOA_NUMBERS_LEN == len;
}

static bool is_rrset(const struct image *image, const struct image_rrset *rrset)
{
	struct bytes r;
	unsigned count = 0;

	if (!is_within(rrset->data_off, rrset->data_len, image->records_count))
		return false;
	r = bytes_init(image->records + rrset->data_off, rrset->data_len);
	for (; bytes_left(&r) > 0 && !r.is_bad; count++) {
		uint16_t len = bytes_be16(&r);
		const uint8_t *data = bytes_skip(&r, len);

		if (!data || !is_readable(rrset->type, data, len))
			return false;
	}
	return !r.is_bad && count > 0 && (count == 1 || rrset->type != TYPE_CNAME);
}

static bool is_node(const struct image *image, const struct image_node *node)
{
	if (node->zone >= image->zones_count || node->name_len == 0 ||
		!is_within(node->name_off, node->name_len, image->records_count) ||
		!is_within(node->rrset_first, node->rrset_count, image->rrsets_count))
		return false;
	return (node->wildcard < image->nodes_count || node->wildcard == IMAGE_NONE) &&
		name_check(image->records + node->name_off, node->name_len) == node->name_len;
}

// One without an apex holds single names, and makes each one's SOA.
static bool is_zone(const struct image *image, const struct image_zone *zone)
{
	if (zone->apex == IMAGE_NONE)
		return zone->soa == IMAGE_NONE;
	return zone->apex < image->nodes_count && zone->soa < image->rrsets_count &&
		image->rrsets[zone->soa].type == TYPE_SOA;
}

const char *zone_check(const struct image *image)
{
	for (uint32_t i = 0; i < image->rrsets_count; i++)
		if (!is_rrset(image, &image->rrsets[i]))
			return "records can't be read";
	for (uint32_t i = 0; i < image->nodes_count; i++)
		if (!is_node(image, &image->nodes[i]))
			return "a name of a zone points outside the image";
	for (uint32_t i = 0; i < image->slots_count; i++)
		if (image->slots[i].node >= image->nodes_count &&
			image->slots[i].node != IMAGE_NONE)
			return "the table of names points outside the image";
	for (uint32_t i = 0; i < image->zones_count; i++)
		if (!is_zone(image, &image->zones[i]))
			return "a zone has no apex or SOA";
	if (image->zones_count > 0 && image->slots_count == 0)
		return "there are zones and no names";
	return NULL;
}
