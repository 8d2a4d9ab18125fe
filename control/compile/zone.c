// SPDX-License-Identifier: BSD-3-Clause
// Private zones, write side.
//
//   records of the config ─ sorted by owner and type ─▶ nodes, those without records included ─▶ rrsets ─▶ records
#include "control/compile/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile/intern.h"
#include "control/config/records.h"
#include "core/answer.h"
#include "core/bytes.h"
#include "core/ip.h"
#include "core/msg.h"
#include "core/suffix.h"
#include "core/zone.h"

#define ZONE_STARTS UINT32_C(0x80000000) // apart from the automaton's start states

// A record on its way into the image.
struct entry {
	const uint8_t *owner;
	const uint8_t *data;
	uint32_t ttl;
	uint32_t order; // in which it came
	uint16_t type;
	uint16_t data_len;
	uint8_t owner_len;
};

struct writer {
	struct assembly *assembly;
	struct intern *names; // owner -> index of its node
	uint32_t zone;
	unsigned apex_len; // of the zone's name in wire form; 0: single names
};

static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = (int)a->owner_len - (int)b->owner_len;

	if (order == 0)
		order = memcmp(a->owner, b->owner, a->owner_len);
	if (order == 0)
		order = (int)a->type - (int)b->type;
	if (order == 0)
		order = a->order < b->order ? -1 : a->order > b->order;
	return order;
}

static bool is_same_owner(const struct entry *a, const struct entry *b)
{
	return a->owner_len == b->owner_len && memcmp(a->owner, b->owner, a->owner_len) == 0;
}

static bool is_wildcard(const uint8_t *owner)
{
	return owner[0] == 1 && owner[1] == '*';
}

// The node of a name, which is made if it is not there, and so are those above it (RFC 4592, 2.2.2).
static int find_node(struct writer *w, const uint8_t *name, unsigned len, uint32_t *found)
{
	uint32_t next = assembly_count(w->assembly, IMAGE_nodes), parent;
	int added = intern_add(w->names, name, len, next, found);

	if (added <= 0)
		return added;
	assembly_add(w->assembly, IMAGE_nodes,
		&(struct image_node){
			.zone = w->zone,
			.name_off = assembly_add(w->assembly, IMAGE_records, name, len),
			.name_len = len,
			.wildcard = IMAGE_NONE,
		},
		1);
	if (w->apex_len == 0 || len == w->apex_len)
		return 0;
	added = find_node(w, name + 1 + name[0], len - 1 - name[0], &parent);
	if (!added && is_wildcard(name) && !w->assembly->is_out_of_memory)
		((struct image_node *)assembly_at(w->assembly, IMAGE_nodes, parent))->wildcard =
			*found;
	return added;
}

static bool is_repeated(const struct entry *first, const struct entry *entry)
{
	for (; first < entry; first++)
		if (first->data_len == entry->data_len &&
			memcmp(first->data, entry->data, entry->data_len) == 0)
			return true;
	return false;
}

// The records of a type, each once (RFC 2181, 5 and 5.2). Gives how many entries those are.
static size_t add_rrset(struct writer *w, const struct entry *entries, size_t left)
{
	struct image_rrset rrset = {
		.type = entries->type,
		.ttl = entries->ttl,
		.data_off = assembly_count(w->assembly, IMAGE_records),
	};
	size_t i;

	for (i = 0; i < left && entries[i].type == entries->type; i++) {
		be16_t len = be16_of(entries[i].data_len);

		if (is_repeated(entries, &entries[i]))
			continue;
		if (entries[i].ttl < rrset.ttl)
			rrset.ttl = entries[i].ttl;
		assembly_add(w->assembly, IMAGE_records, &len, sizeof(len));
		assembly_add(w->assembly, IMAGE_records, entries[i].data, entries[i].data_len);
	}
	rrset.data_len = assembly_count(w->assembly, IMAGE_records) - rrset.data_off;
	assembly_add(w->assembly, IMAGE_rrsets, &rrset, 1);
	return i;
}

static int add_owner(struct writer *w, const struct entry *entries, size_t count)
{
	uint32_t first = assembly_count(w->assembly, IMAGE_rrsets), index;
	struct image_node *node;
	int err = find_node(w, entries->owner, entries->owner_len, &index);

	if (err)
		return err;
	for (size_t i = 0; i < count;)
		i += add_rrset(w, entries + i, count - i);
	if (w->assembly->is_out_of_memory)
		return -ENOMEM;
	node = assembly_at(w->assembly, IMAGE_nodes, index);
	node->rrset_first = first;
	node->rrset_count = assembly_count(w->assembly, IMAGE_rrsets) - first;
	return 0;
}

// Shorter names first: those above a name have their records by then.
static int add_entries(struct writer *w, struct entry *entries, size_t count)
{
	int err = 0;

	qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 0, next; i < count && !err; i = next) {
		for (next = i + 1; next < count && is_same_owner(&entries[i], &entries[next]);
			next++)
			;
		err = add_owner(w, entries + i, next - i);
	}
	return err;
}

static uint32_t add_route(struct assembly *assembly, uint32_t zone)
{
	struct image_route route = {.action = IMAGE_ACTION_ZONE, .local = zone};

	return assembly_add(assembly, IMAGE_routes, &route, 1);
}

static int write_zone(struct assembly *assembly, const struct image_header *header,
	struct image_zone *zone, const uint8_t *apex, struct entry *entries, size_t count)
{
	struct writer w = {
		.assembly = assembly,
		.names = intern_new(),
		.zone = assembly_count(assembly, IMAGE_zones),
		.apex_len = apex ? name_check(apex, NAME_LEN_MAX) : 0,
	};
	int err = w.names ? 0 : -ENOMEM;

	suffix_start(header->key, ZONE_STARTS | w.zone, zone->state);
	if (!err)
		err = add_entries(&w, entries, count);
	if (!err && apex) {
		uint8_t labels[NAME_LABELS_MAX];
		const struct image_node *node;

		err = find_node(&w, apex, w.apex_len, &zone->apex);
		node = assembly_at(assembly, IMAGE_nodes, zone->apex);
		zone->label_count = name_labels(apex, labels);
		for (zone->soa = node->rrset_first;
			((struct image_rrset *)assembly_at(assembly, IMAGE_rrsets, zone->soa))
				->type != TYPE_SOA;
			zone->soa++)
			;
	}
	assembly_add(assembly, IMAGE_zones, zone, 1);
	intern_free(w.names);
	return err;
}

// The zone's own records, and an SOA if they have none.
static int write_own(struct assembly *assembly, const struct image_header *header,
	const struct config_zone *zone, uint32_t number, struct zone_rules *rules)
{
	const struct records *records = zone->records;
	struct image_zone element = {
		.forwards_nxdomain = zone->forwards_nxdomain, .number = number};
	struct entry *entries = reallocarray(NULL, records->count + 1, sizeof(*entries));
	uint8_t soa[ANSWER_SOA_MAX];
	bool has_soa = false;
	uint32_t count = 0;
	int err;

	if (!entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < records->count; i++) {
		const struct record *record = &records->items[i];

		if (record->source == RECORD_HOSTS)
			continue;
		has_soa |= record->type == TYPE_SOA;
		entries[count++] =
			(struct entry){record_owner(records, record), record_data(records, record),
				record->ttl, i, record->type, record->data_len, record->owner_len};
	}
	if (!has_soa)
		entries[count++] = (struct entry){rules->apex, soa, zone->ttl, 0, TYPE_SOA,
			(uint16_t)answer_build_soa(soa, rules->apex, (uint32_t)header->generation),
			(uint8_t)name_check(rules->apex, NAME_LEN_MAX)};
	rules->apex_route = add_route(assembly, assembly_count(assembly, IMAGE_zones));
	err = write_zone(assembly, header, &element, rules->apex, entries, count);
	free(entries);
	return err;
}

// The name of an address in the tree of reverse names (RFC 1035, 3.5; RFC 3596, 2.5). Gives its length.
static unsigned build_reverse(uint8_t out[static NAME_LEN_MAX], const uint8_t *address, bool is_v4)
{
	const char *suffix = is_v4 ? "in-addr.arpa." : "ip6.arpa.", *why;
	char text[NAME_LEN_MAX];
	size_t len = 0;

	for (int i = is_v4 ? 3 : 15; i >= 0; i--)
		len += (size_t)(is_v4 ? snprintf(text + len, sizeof(text) - len, "%u.", address[i])
				      : snprintf(text + len, sizeof(text) - len, "%x.%x.",
						address[i] & 15u, address[i] >> 4u));
	snprintf(text + len, sizeof(text) - len, "%s", suffix);
	return name_parse(text, strlen(text), out, &why);
}

// Single names, whose entries point to `rules->hosts`, or, for hosts, to the config.
struct singles {
	struct zone_rules *rules;
	struct intern *seen;
	struct entry *entries;
	uint32_t count;
};

static int note_name(struct zone_rules *rules, const uint8_t *name, unsigned len)
{
	size_t size = rules->hosts_size * 2 + NAME_LEN_MAX;
	uint8_t *hosts;

	if (rules->hosts_size - rules->hosts_len < len) {
		hosts = realloc(rules->hosts, size);
		if (!hosts)
			return -ENOMEM;
		rules->hosts = hosts;
		rules->hosts_size = size;
	}
	memcpy(rules->hosts + rules->hosts_len, name, len);
	rules->hosts_len += len;
	return 0;
}

// A PTR record for the first owner of an address.
static int add_pointer(
	struct singles *singles, const struct records *records, const struct record *record)
{
	const uint8_t *owner = record_owner(records, record);
	uint8_t name[NAME_LEN_MAX];
	uint32_t found;
	unsigned len;
	int added;

	if ((record->type != TYPE_A && record->type != TYPE_AAAA) || is_wildcard(owner))
		return 0;
	len = build_reverse(name, record_data(records, record), record->type == TYPE_A);
	added = intern_add(singles->seen, name, len, 0, &found);
	if (added <= 0)
		return added;
	singles->entries[singles->count] = (struct entry){.data = owner,
		.ttl = record->ttl,
		.order = (uint32_t)singles->rules->hosts_len, // until the names lie still
		.type = TYPE_PTR,
		.data_len = record->owner_len,
		.owner_len = (uint8_t)len};
	singles->count++;
	return note_name(singles->rules, name, len);
}

static int add_host(
	struct singles *singles, const struct records *records, const struct record *record)
{
	const uint8_t *owner = record_owner(records, record);
	uint32_t found, off = (uint32_t)singles->rules->hosts_len;
	int added = intern_add(singles->seen, owner, record->owner_len, off, &found);

	if (added < 0)
		return added;
	singles->entries[singles->count++] = (struct entry){.data = record_data(records, record),
		.ttl = record->ttl,
		.order = found,
		.type = record->type,
		.data_len = record->data_len,
		.owner_len = record->owner_len};
	return added ? note_name(singles->rules, owner, record->owner_len) : 0;
}

static int add_singles(struct singles *singles, const struct config_zone *zone)
{
	const struct records *records = zone->records;
	int err = 0;

	for (size_t i = 0; i < records->count && !err; i++) {
		const struct record *record = &records->items[i];

		if (record->source == RECORD_HOSTS)
			err = add_host(singles, records, record);
		if (!err && zone->has_reverse)
			err = add_pointer(singles, records, record);
	}
	for (uint32_t i = 0; i < singles->count; i++) {
		singles->entries[i].owner = singles->rules->hosts + singles->entries[i].order;
		singles->entries[i].order = i;
	}
	return err;
}

static int write_singles(struct assembly *assembly, const struct image_header *header,
	const struct config_zone *zone, uint32_t number, struct zone_rules *rules)
{
	struct image_zone element = {.apex = IMAGE_NONE, .soa = IMAGE_NONE, .number = number};
	struct singles singles = {
		.rules = rules,
		.seen = intern_new(),
		.entries =
			reallocarray(NULL, 2 * zone->records->count + 1, sizeof(*singles.entries)),
	};
	int err = singles.seen && singles.entries ? 0 : -ENOMEM;

	if (!err)
		err = add_singles(&singles, zone);
	if (!err && singles.count > 0) {
		rules->host_route = add_route(assembly, assembly_count(assembly, IMAGE_zones));
		err = write_zone(assembly, header, &element, NULL, singles.entries, singles.count);
	}
	intern_free(singles.seen);
	free(singles.entries);
	return err;
}

int zone_compile(struct assembly *assembly, const struct image_header *header,
	const struct config *config, size_t index, struct zone_rules *rules)
{
	const struct config_zone *zone = &config->zones[index];
	uint32_t number = (uint32_t)index;
	const char *why;
	unsigned len;
	int err = 0;

	*rules = (struct zone_rules){.apex_route = IMAGE_NONE, .host_route = IMAGE_NONE};
	if (zone->domain) {
		len = name_parse(zone->domain, strlen(zone->domain), rules->apex, &why);
		name_fold(rules->apex, rules->apex, len);
		err = write_own(assembly, header, zone, number, rules);
	}
	if (!err)
		err = write_singles(assembly, header, zone, number, rules);
	return err;
}

void zone_rules_fini(struct zone_rules *rules)
{
	free(rules->hosts);
}

static int fill_slot(
	struct image_node_slot *slots, uint32_t slot_count, uint64_t hash, uint32_t node)
{
	uint32_t at = zone_home(hash, slot_count);

	for (unsigned turn = 0; turn < IMAGE_NODE_RUN_MAX; turn++) {
		if (slots[at].node == IMAGE_NONE) {
			slots[at] = (struct image_node_slot){(uint32_t)hash, node};
			return 0;
		}
		at = at + 1 == slot_count ? 0 : at + 1;
	}
	return -EAGAIN;
}

int zone_fill_slots(struct assembly *assembly, const uint8_t key[static IMAGE_KEY_LEN])
{
	uint32_t node_count = assembly_count(assembly, IMAGE_nodes);
	uint32_t slot_count = 2 * node_count + 1;
	struct image_node_slot *slots;
	int err = 0;

	if (node_count >= IMAGE_NONE / 2)
		return -E2BIG;
	assembly_add(assembly, IMAGE_slots, NULL, slot_count);
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	slots = assembly_at(assembly, IMAGE_slots, 0);
	for (uint32_t i = 0; i < slot_count; i++)
		slots[i].node = IMAGE_NONE;
	for (uint32_t i = 0; i < node_count && !err; i++) {
		const struct image_node *node = assembly_at(assembly, IMAGE_nodes, i);
		const struct image_zone *zone = assembly_at(assembly, IMAGE_zones, node->zone);
		const uint8_t *name = assembly_at(assembly, IMAGE_records, node->name_off);

		if (name[0] != 0) // the root's node is an apex
			err = fill_slot(slots, slot_count, zone_hash(zone, key, name), i);
	}
	return err;
}
