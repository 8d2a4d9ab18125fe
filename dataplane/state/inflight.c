// SPDX-License-Identifier: BSD-3-Clause
// Outstanding questions: slots and sends on lists, timers as lists by delay.
#include "dataplane/state/inflight.h"

#include "core/name.h"
#include "dataplane/state/leaders.h"

#define NO_LIST UINT8_MAX

enum {
	PAUSES = (INFLIGHT_PAUSE_LAST_US - INFLIGHT_PAUSE_FIRST_US) / INFLIGHT_PAUSE_STEP_US + 1,
	MISSES = (INFLIGHT_MISS_LAST_US - INFLIGHT_MISS_FIRST_US) / INFLIGHT_MISS_STEP_US + 1,
};

static_assert((int)MISSES <= (int)INFLIGHT_NO_MISS, "three bits a list");

struct inflight {
	uint32_t waiting_count;
	uint64_t next_pause_us; // nothing ends before
	uint64_t next_miss_us;
	struct inflight_slot *slots;
	struct inflight_send *sends;
	uint32_t send_count;
	struct list_links slot_links;
	struct list_links pause_links;
	struct list_links send_links;
	struct list free_slots, released_slots, waiting_slots, ended_slots, again_slots;
	struct list pauses[PAUSES];
	struct list free_sends;
	struct list misses[MISSES];
	uint32_t *loads; // by upstream
	struct leaders leaders;
};

// Who makes two names collide hides one miss of his own, no more.
uint32_t inflight_hash_name(const uint8_t *name, unsigned len)
{
	return name_hash(name, len);
}

static size_t table_size(void)
{
	return (sizeof(struct inflight) + 63) & ~(size_t)63;
}

size_t inflight_size(uint32_t slot_count)
{
	return table_size() +
		(size_t)slot_count *
		(sizeof(struct inflight_slot) +
			INFLIGHT_SENDS_A_SLOT * sizeof(struct inflight_send)) +
		leaders_size(slot_count);
}

static void init_lists(struct inflight *table)
{
	list_init(&table->free_slots);
	list_init(&table->released_slots);
	list_init(&table->waiting_slots);
	list_init(&table->ended_slots);
	list_init(&table->again_slots);
	list_init(&table->free_sends);
	for (unsigned i = 0; i < PAUSES; i++)
		list_init(&table->pauses[i]);
	for (unsigned i = 0; i < MISSES; i++)
		list_init(&table->misses[i]);
}

struct inflight *inflight_init(void *memory, const struct inflight_options *options)
{
	struct inflight *table = memory;
	uint32_t slot_count = options->slot_count;

	table->waiting_count = 0;
	table->next_pause_us = table->next_miss_us = UINT64_MAX;
	table->slots = (struct inflight_slot *)((uint8_t *)memory + table_size());
	table->sends = (struct inflight_send *)(table->slots + slot_count);
	table->send_count = slot_count * INFLIGHT_SENDS_A_SLOT;
	table->slot_links =
		(struct list_links){(uint8_t *)&table->slots->link, sizeof(struct inflight_slot)};
	table->pause_links =
		(struct list_links){(uint8_t *)&table->slots->pause, sizeof(struct inflight_slot)};
	table->send_links =
		(struct list_links){(uint8_t *)&table->sends->link, sizeof(struct inflight_send)};
	table->loads = options->loads;
	leaders_init(&table->leaders, table->sends + table->send_count, table->slots, slot_count,
		options->secret);
	init_lists(table);
	for (uint32_t i = 0; i < slot_count; i++) {
		table->slots[i].is_waiting = false;
		list_append(&table->free_slots, &table->slot_links, i);
	}
	for (uint32_t i = 0; i < table->send_count; i++) {
		table->sends[i].turn = 0;
		table->sends[i].is_waiting = false;
		list_append(&table->free_sends, &table->send_links, i);
	}
	return table;
}

static uint32_t slot_index(const struct inflight *table, const struct inflight_slot *slot)
{
	return (uint32_t)(slot - table->slots);
}

uint32_t inflight_send_number(const struct inflight *table, const struct inflight_send *send)
{
	return (uint32_t)(send - table->sends);
}

void inflight_settle(struct inflight *table)
{
	list_splice(&table->free_slots, &table->released_slots, &table->slot_links);
}

// Nobody waits for its answer yet.
static struct inflight_slot *take_free(struct inflight *table)
{
	uint32_t index = table->free_slots.first;
	struct inflight_slot *slot;

	if (index == LIST_END)
		return NULL;
	slot = &table->slots[index];
	list_remove(&table->free_slots, &table->slot_links, index);
	list_init(&slot->waiters);
	slot->waiter_count = 0;
	slot->is_leading = false;
	slot->kept = LIST_END;
	table->waiting_count++;
	return slot;
}

struct inflight_slot *inflight_take(struct inflight *table, uint64_t deadline_us)
{
	struct inflight_slot *slot = take_free(table);

	if (!slot)
		return NULL;
	list_append(&table->waiting_slots, &table->slot_links, slot_index(table, slot));
	slot->is_waiting = true;
	slot->deadline_us = deadline_us;
	slot->first_send = LIST_END;
	slot->pauses = NO_LIST;
	slot->rcode = 0;
	slot->target_count = 0;
	slot->is_once = false;
	slot->chain = LIST_END;
	slot->generation = 0;
	slot->asked = (struct inflight_asked){0};
	return slot;
}

uint32_t inflight_load(const struct inflight *table, uint32_t upstream)
{
	return table->loads[upstream];
}

struct inflight_slot *inflight_join(struct inflight *table, struct inflight_slot *leader)
{
	struct inflight_slot *slot = take_free(table);

	if (!slot)
		return NULL;
	list_append(&leader->waiters, &table->slot_links, slot_index(table, slot));
	leader->waiter_count++;
	slot->is_waiting = false;
	slot->deadline_us = leader->deadline_us;
	slot->upstream = leader->upstream;
	table->loads[slot->upstream]++;
	return slot;
}

// A waiter leaves the list that it is first in.
static struct inflight_slot *pop_waiter(struct inflight *table, struct list *list)
{
	uint32_t index = list->first;
	struct inflight_slot *slot = &table->slots[index];

	list_remove(list, &table->slot_links, index);
	list_append(&table->released_slots, &table->slot_links, index);
	table->loads[slot->upstream]--;
	table->waiting_count--;
	return slot;
}

struct inflight_slot *inflight_pop_waiter(struct inflight *table, struct inflight_slot *leader)
{
	uint32_t index = slot_index(table, leader);

	if (--leader->waiter_count == 0) {
		list_remove(&table->ended_slots, &table->slot_links, index);
		list_append(&table->released_slots, &table->slot_links, index);
	}
	return pop_waiter(table, &leader->waiters);
}

struct inflight_slot *inflight_pop_again(struct inflight *table)
{
	return table->again_slots.first == LIST_END ? NULL : pop_waiter(table, &table->again_slots);
}

struct inflight_slot *inflight_ended(struct inflight *table)
{
	uint32_t index = table->ended_slots.first;

	return index == LIST_END ? NULL : &table->slots[index];
}

struct inflight_slot *inflight_leader(const struct inflight *table, const struct leaders_key *key,
	uint32_t *hash, unsigned *count)
{
	return leaders_find(&table->leaders, key, hash, count);
}

const struct inflight_slot *inflight_next_leader(const struct inflight *table,
	const struct leaders_key *key, uint32_t hash, const struct inflight_slot *last)
{
	return leaders_next(&table->leaders, key, hash, last);
}

void inflight_lead(
	struct inflight *table, struct inflight_slot *slot, uint32_t network, uint32_t hash)
{
	leaders_add(&table->leaders, slot, network, hash);
}

void inflight_disband(struct inflight *table, struct inflight_slot *leader)
{
	leaders_remove(&table->leaders, leader);
	list_splice(&table->again_slots, &leader->waiters, &table->slot_links);
	leader->waiter_count = 0;
}

static void unpause(struct inflight *table, struct inflight_slot *slot)
{
	if (slot->pauses != NO_LIST)
		list_remove(
			&table->pauses[slot->pauses], &table->pause_links, slot_index(table, slot));
	slot->pauses = NO_LIST;
}

// No reply is awaited: out of its list of delays, and free.
static void free_send(struct inflight *table, struct inflight_send *send)
{
	if (send->misses != INFLIGHT_NO_MISS)
		list_remove(&table->misses[send->misses], &table->send_links,
			inflight_send_number(table, send));
	send->misses = INFLIGHT_NO_MISS;
	send->is_waiting = false;
	table->loads[send->upstream]--;
	list_append(&table->free_sends, &table->send_links, inflight_send_number(table, send));
}

void inflight_release(struct inflight *table, struct inflight_slot *slot)
{
	uint32_t index = slot_index(table, slot);

	for (uint32_t at = slot->first_send; at != LIST_END;) {
		struct inflight_send *send = &table->sends[at];

		at = send->sibling;
		send->slot = LIST_END;
		if (send->misses == INFLIGHT_NO_MISS)
			free_send(table, send);
	}
	slot->first_send = LIST_END;
	unpause(table, slot);
	leaders_remove(&table->leaders, slot);
	list_remove(&table->waiting_slots, &table->slot_links, index);
	list_append(slot->waiter_count > 0 ? &table->ended_slots : &table->released_slots,
		&table->slot_links, index);
	slot->is_waiting = false;
	table->waiting_count--;
}

uint32_t inflight_count(const struct inflight *table)
{
	return table->waiting_count;
}

struct inflight_send *inflight_send(struct inflight *table, struct inflight_slot *slot,
	const struct attempt *attempt, uint8_t target, uint64_t now_us)
{
	uint32_t index = table->free_sends.first;
	struct inflight_send *send;

	if (index == LIST_END)
		return NULL;
	send = &table->sends[index];
	list_remove(&table->free_sends, &table->send_links, index);
	*send = (struct inflight_send){
		.ours = attempt->ours,
		.upstream = attempt->upstream,
		.slot = slot_index(table, slot),
		.sibling = slot->first_send,
		.turn = send->turn + 1,
		.name_hash = slot->name_hash,
		.case_bits = attempt->case_bits,
		.has_case = attempt->has_case,
		.has_opt = attempt->has_opt,
		.is_opt_left = attempt->is_opt_left,
		.is_ad_trusted = attempt->is_ad_trusted,
		.sent_us = now_us,
		.target = target & INFLIGHT_NO_TARGET,
		.misses = INFLIGHT_NO_MISS,
		.is_waiting = true,
	};
	slot->first_send = index;
	table->loads[send->upstream]++;
	return send;
}

struct inflight_send *inflight_find(
	struct inflight *table, uint32_t number, const struct ip *ours, be16_t port, uint16_t id)
{
	struct inflight_send *send = &table->sends[number];

	if (number < table->send_count && send->is_waiting && send->id == id &&
		be16_equal(send->port, port) && ip_equal(&send->ours, ours))
		return send;
	return NULL;
}

struct inflight_slot *inflight_slot_of(struct inflight *table, const struct inflight_send *send)
{
	return send->slot == LIST_END ? NULL : &table->slots[send->slot];
}

static struct inflight_send *send_at(struct inflight *table, uint32_t index)
{
	return index == LIST_END ? NULL : &table->sends[index];
}

struct inflight_send *inflight_first(struct inflight *table, const struct inflight_slot *slot)
{
	return send_at(table, slot->first_send);
}

struct inflight_send *inflight_next(struct inflight *table, const struct inflight_send *send)
{
	return send_at(table, send->sibling);
}

// A question has few sends: the way along them is short.
void inflight_drop(struct inflight *table, struct inflight_send *send)
{
	if (send->slot != LIST_END) {
		uint32_t *at = &table->slots[send->slot].first_send;

		while (&table->sends[*at] != send)
			at = &table->sends[*at].sibling;
		*at = send->sibling;
	}
	free_send(table, send);
}

// The list of the first delay that is not shorter.
static uint8_t list_for(uint64_t delay_us, uint64_t first_us, uint64_t step_us, unsigned count)
{
	uint64_t index = delay_us <= first_us ? 0 : (delay_us - first_us + step_us - 1) / step_us;

	return (uint8_t)(index < count ? index : count - 1);
}

void inflight_pause(
	struct inflight *table, struct inflight_slot *slot, uint64_t delay_us, uint64_t now_us)
{
	unpause(table, slot);
	slot->pauses = list_for(delay_us, INFLIGHT_PAUSE_FIRST_US, INFLIGHT_PAUSE_STEP_US, PAUSES);
	slot->pause_us = now_us + INFLIGHT_PAUSE_FIRST_US + slot->pauses * INFLIGHT_PAUSE_STEP_US;
	list_append(&table->pauses[slot->pauses], &table->pause_links, slot_index(table, slot));
	if (slot->pause_us < table->next_pause_us)
		table->next_pause_us = slot->pause_us;
}

static uint64_t miss_us(const struct inflight_send *send)
{
	return send->sent_us + INFLIGHT_MISS_FIRST_US + send->misses * INFLIGHT_MISS_STEP_US;
}

void inflight_expect(struct inflight *table, struct inflight_send *send, uint64_t delay_us)
{
	send->misses = list_for(delay_us, INFLIGHT_MISS_FIRST_US, INFLIGHT_MISS_STEP_US, MISSES) &
		INFLIGHT_NO_MISS;
	list_append(&table->misses[send->misses], &table->send_links,
		inflight_send_number(table, send));
	if (miss_us(send) < table->next_miss_us)
		table->next_miss_us = miss_us(send);
}

struct inflight_slot *inflight_expired(struct inflight *table, uint64_t now_us)
{
	struct inflight_slot *oldest;

	if (table->waiting_slots.first == LIST_END)
		return NULL;
	oldest = &table->slots[table->waiting_slots.first];
	return oldest->deadline_us <= now_us ? oldest : NULL;
}

struct inflight_slot *inflight_paused(struct inflight *table, uint64_t now_us)
{
	uint64_t next_us = UINT64_MAX;

	if (now_us < table->next_pause_us)
		return NULL;
	for (unsigned i = 0; i < PAUSES; i++) {
		struct inflight_slot *first;

		if (table->pauses[i].first == LIST_END)
			continue;
		first = &table->slots[table->pauses[i].first];
		if (first->pause_us <= now_us) {
			unpause(table, first);
			return first;
		}
		if (first->pause_us < next_us)
			next_us = first->pause_us;
	}
	table->next_pause_us = next_us;
	return NULL;
}

// Out of its list; a send whose question is over is not awaited any more.
static struct inflight_send *take_missed(struct inflight *table, struct inflight_send *send)
{
	list_remove(&table->misses[send->misses], &table->send_links,
		inflight_send_number(table, send));
	send->misses = INFLIGHT_NO_MISS;
	if (send->slot == LIST_END)
		free_send(table, send);
	return send;
}

struct inflight_send *inflight_missed(struct inflight *table, uint64_t now_us)
{
	uint64_t next_us = UINT64_MAX;

	if (now_us < table->next_miss_us)
		return NULL;
	for (unsigned i = 0; i < MISSES; i++) {
		struct inflight_send *first;

		if (table->misses[i].first == LIST_END)
			continue;
		first = &table->sends[table->misses[i].first];
		if (miss_us(first) <= now_us)
			return take_missed(table, first);
		if (miss_us(first) < next_us)
			next_us = miss_us(first);
	}
	table->next_miss_us = next_us;
	return NULL;
}
