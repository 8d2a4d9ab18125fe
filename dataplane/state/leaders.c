// SPDX-License-Identifier: BSD-3-Clause
// Chains of slots by the hash of what they ask.
#include "dataplane/state/leaders.h"

#include "core/name.h"

enum { SLOTS_A_BUCKET = 1, TYPE_AND_CLASS = 4 };

static uint32_t bucket_count(uint32_t slot_count)
{
	uint32_t count = 64;

	while (count < slot_count / SLOTS_A_BUCKET)
		count *= 2;
	return count;
}

size_t leaders_size(uint32_t slot_count)
{
	return bucket_count(slot_count) * sizeof(uint32_t);
}

void leaders_init(struct leaders *leaders, void *memory, struct inflight_slot *slots,
	uint32_t slot_count, const uint8_t secret[static SIPHASH_KEY_LEN])
{
	leaders->slots = slots;
	leaders->buckets = memory;
	leaders->mask = bucket_count(slot_count) - 1;
	memcpy(leaders->secret, secret, SIPHASH_KEY_LEN);
	for (uint32_t i = 0; i <= leaders->mask; i++)
		leaders->buckets[i] = LIST_END;
}

static uint32_t hash_of(const struct leaders *leaders, const struct leaders_key *key)
{
	uint8_t bytes[MSG_QUESTION_LEN_MAX] __attribute__((uninitialized));
	unsigned name_len = key->question_len - TYPE_AND_CLASS;

	name_fold(bytes, key->question, name_len);
	memcpy(bytes + name_len, key->question + name_len, TYPE_AND_CLASS);
	return (uint32_t)siphash(leaders->secret, bytes, key->question_len);
}

static bool is_of_question(
	const struct inflight_slot *slot, const struct leaders_key *key, uint32_t hash)
{
	unsigned name_len = key->question_len - TYPE_AND_CLASS;

	return slot->lead_hash == hash && slot->generation == key->generation &&
		slot->question_len == key->question_len &&
		name_equal_folded(slot->question, key->question, name_len) &&
		memcmp(slot->question + name_len, key->question + name_len, TYPE_AND_CLASS) == 0;
}

static bool is_same(const struct inflight_slot *slot, const struct leaders_key *key)
{
	return slot->may_share && slot->route == key->route &&
		slot->options_len == key->options_len &&
		memcmp(slot->question + slot->question_len, key->options, key->options_len) == 0 &&
		slot->asker.is_do == key->is_do && !(slot->asker.flags & MSG_CD) == !key->is_cd;
}

struct inflight_slot *leaders_find(const struct leaders *leaders, const struct leaders_key *key,
	uint32_t *hash, unsigned *count)
{
	*hash = hash_of(leaders, key);
	*count = 0;
	for (uint32_t at = leaders->buckets[*hash & leaders->mask]; at != LIST_END;
		at = leaders->slots[at].lead_next) {
		struct inflight_slot *slot = &leaders->slots[at];

		if (slot->network != key->network || !is_of_question(slot, key, *hash))
			continue;
		if (is_same(slot, key))
			return slot;
		++*count;
	}
	return NULL;
}

const struct inflight_slot *leaders_next(const struct leaders *leaders,
	const struct leaders_key *key, uint32_t hash, const struct inflight_slot *last)
{
	uint32_t at = last ? last->lead_next : leaders->buckets[hash & leaders->mask];

	for (; at != LIST_END; at = leaders->slots[at].lead_next)
		if (is_of_question(&leaders->slots[at], key, hash))
			return &leaders->slots[at];
	return NULL;
}

void leaders_add(
	struct leaders *leaders, struct inflight_slot *slot, uint32_t network, uint32_t hash)
{
	uint32_t *first = &leaders->buckets[hash & leaders->mask];

	slot->network = network;
	slot->lead_hash = hash;
	slot->lead_next = *first;
	slot->is_leading = true;
	*first = (uint32_t)(slot - leaders->slots);
}

void leaders_remove(struct leaders *leaders, struct inflight_slot *slot)
{
	uint32_t *at;

	if (!slot->is_leading)
		return;
	at = &leaders->buckets[slot->lead_hash & leaders->mask];
	while (&leaders->slots[*at] != slot)
		at = &leaders->slots[*at].lead_next;
	*at = slot->lead_next;
	slot->is_leading = false;
}
