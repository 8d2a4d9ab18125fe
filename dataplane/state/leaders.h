// SPDX-License-Identifier: BSD-3-Clause
// Questions that are being asked, by what they ask: who asks the same waits for the same answer.
//
//   buckets ──▶ slot ──▶ slot ──▶ …      by a keyed hash of name and type: outsiders choose names
//
// A slot here leads: its question was sent, and others may wait for its answer. The slots are those of state/inflight.
#pragma once

#include "core/siphash.h"
#include "dataplane/state/inflight.h"

enum { LEADERS_OF_A_NAME = 8 }; // outstanding for one name and type, whatever else they carry

struct leaders {
	struct inflight_slot *slots;
	uint32_t *buckets; // first slot of each chain
	uint32_t mask;
	uint8_t secret[SIPHASH_KEY_LEN];
};

// What a question is the same by.
struct leaders_key {
	uint64_t generation; // of the image, which decides its rule
	uint32_t network;
	uint32_t route;
	const uint8_t *question; // name, type and class, in any letter case
	uint16_t question_len;
	uint16_t options_len;
	const uint8_t *options; // that are sent with it
	bool is_do, is_cd;
};

// Bytes that a table over so many slots needs.
[[nodiscard]] size_t leaders_size(uint32_t slot_count);
void leaders_init(struct leaders *, void *memory, struct inflight_slot *slots, uint32_t slot_count,
	const uint8_t secret[static SIPHASH_KEY_LEN]);

// Into `*hash`, for leaders_add(). The slot to wait for; NULL: none. `*count` is how many of this name and type there are in the network.
[[nodiscard]] struct inflight_slot *leaders_find(
	const struct leaders *, const struct leaders_key *, uint32_t *hash, unsigned *count);
// One of this question in any network and by any rule, behind `last`, or the first behind NULL; NULL: no more. `hash` is that of
// leaders_find().
[[nodiscard]] const struct inflight_slot *leaders_next(const struct leaders *,
	const struct leaders_key *, uint32_t hash, const struct inflight_slot *last);
// From now on the slot leads; not yet it may be waited for (inflight_slot.may_share).
void leaders_add(struct leaders *, struct inflight_slot *, uint32_t network, uint32_t hash);
// Nothing happens to a slot that does not lead.
void leaders_remove(struct leaders *, struct inflight_slot *);
