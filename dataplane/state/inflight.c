// SPDX-License-Identifier: BSD-3-Clause
// Outstanding queries: slots on two lists, and chains by ID over the waiting ones.
#include "dataplane/state/inflight.h"

#define NONE UINT32_MAX

struct list {
	uint32_t first, last;
};

struct inflight {
	uint32_t slot_count;
	uint32_t waiting_count;
	struct list free;
	struct list waiting;
	struct inflight_slot *slots;
	uint32_t heads[INFLIGHT_BUCKETS]; // first of each chain
};

static size_t table_size(void)
{
	return (sizeof(struct inflight) + 63) & ~(size_t)63;
}

size_t inflight_size(uint32_t slot_count)
{
	return table_size() + slot_count * sizeof(struct inflight_slot);
}

static void append(struct inflight *table, struct list *list, struct inflight_slot *slot)
{
	uint32_t index = (uint32_t)(slot - table->slots);

	slot->next = NONE;
	slot->previous = list->last;
	if (list->last == NONE)
		list->first = index;
	else
		table->slots[list->last].next = index;
	list->last = index;
}

static void unlink_slot(struct inflight *table, struct list *list, struct inflight_slot *slot)
{
	if (slot->previous == NONE)
		list->first = slot->next;
	else
		table->slots[slot->previous].next = slot->next;
	if (slot->next == NONE)
		list->last = slot->previous;
	else
		table->slots[slot->next].previous = slot->previous;
}

struct inflight *inflight_init(void *memory, uint32_t slot_count)
{
	struct inflight *table = memory;

	table->slot_count = slot_count;
	table->waiting_count = 0;
	table->free = table->waiting = (struct list){NONE, NONE};
	table->slots = (struct inflight_slot *)((uint8_t *)memory + table_size());
	for (uint32_t i = 0; i < INFLIGHT_BUCKETS; i++)
		table->heads[i] = NONE;
	for (uint32_t i = 0; i < slot_count; i++) {
		table->slots[i].is_waiting = false;
		append(table, &table->free, &table->slots[i]);
	}
	return table;
}

struct inflight_slot *inflight_take(
	struct inflight *table, const struct attempt *attempt, uint64_t deadline_us)
{
	struct inflight_slot *slot;

	if (table->free.first == NONE)
		return NULL;
	slot = &table->slots[table->free.first];
	unlink_slot(table, &table->free, slot);
	append(table, &table->waiting, slot);
	slot->is_waiting = true;
	slot->deadline_us = deadline_us;
	slot->attempt = *attempt;
	slot->chain = table->heads[attempt->id];
	table->heads[attempt->id] = (uint32_t)(slot - table->slots);
	table->waiting_count++;
	return slot;
}

struct inflight_slot *inflight_find(
	struct inflight *table, const struct ip *ours, be16_t port, uint16_t id)
{
	for (uint32_t at = table->heads[id]; at != NONE; at = table->slots[at].chain) {
		const struct attempt *attempt = &table->slots[at].attempt;

		if (be16_equal(attempt->port, port) && ip_equal(&attempt->ours, ours))
			return &table->slots[at];
	}
	return NULL;
}

void inflight_release(struct inflight *table, struct inflight_slot *slot)
{
	uint32_t *link = &table->heads[slot->attempt.id];

	while (&table->slots[*link] != slot)
		link = &table->slots[*link].chain;
	*link = slot->chain;
	unlink_slot(table, &table->waiting, slot);
	append(table, &table->free, slot);
	slot->is_waiting = false;
	table->waiting_count--;
}

struct inflight_slot *inflight_expired(struct inflight *table, uint64_t now_us)
{
	struct inflight_slot *oldest;

	if (table->waiting.first == NONE)
		return NULL;
	oldest = &table->slots[table->waiting.first];
	return oldest->deadline_us <= now_us ? oldest : NULL;
}

uint32_t inflight_count(const struct inflight *table)
{
	return table->waiting_count;
}
