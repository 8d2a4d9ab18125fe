// SPDX-License-Identifier: BSD-3-Clause
// Outstanding queries of one worker: take a slot, find it by what a reply brings, release it, time it out.
//
//   buckets by ID ──▶ slot ──▶ slot            free    ──▶ slot ⇄ slot ⇄ …   oldest release first
//                                              waiting ──▶ slot ⇄ slot ⇄ …   oldest take first
//
// The oldest free slot is taken first, so a slot rests as long as it can. A released slot keeps its content until it is
// taken again, which is never in the pass that released it.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"
#include "core/msg.h"

enum {
	INFLIGHT_SLOTS = 65536,   // a worker, by default
	INFLIGHT_BUCKETS = 65536, // one an ID
	LINK_LAYER_MAX = 18,      // Ethernet with one 802.1Q tag
};

// Who asked and how, as far as the answer needs it.
struct asker {
	struct endpoint client;
	struct endpoint inbound; // which of our endpoints was asked: the answer comes from there
	uint8_t link_layer[LINK_LAYER_MAX]; // the header of the query's frame, as it came
	uint8_t link_layer_len;
	uint8_t port;  // that it came in by, and the answer leaves by
	uint32_t vlan; // tags that the NIC took off
	uint16_t id;
	uint16_t flags; // enum msg_flag, as the client sent them
	uint16_t size;  // of the client's OPT record
	bool has_edns;
	bool is_do;
};

// What was sent upstream, and what a reply must bring.
struct attempt {
	struct ip ours;
	struct endpoint target;
	be16_t port; // of ours
	uint16_t id;
};

struct inflight_slot {
	uint32_t chain;          // the next slot of this ID
	uint32_t next, previous; // of the free or the waiting ones
	uint16_t question_len;
	bool is_waiting;
	bool is_signed; // TSIG or SIG(0): nothing but the ID may change
	uint64_t deadline_us;
	struct attempt attempt;
	alignas(64) struct asker asker;
	uint8_t question[MSG_QUESTION_LEN_MAX]; // as the client wrote it, letter case included
};
static_assert(
	offsetof(struct inflight_slot, asker) == 64, "what a reply is compared with is one line");
static_assert(sizeof(struct inflight_slot) == 448, "65,536 slots are 28 MiB");

struct inflight;

// Bytes that a table of `slot_count` needs, 64-byte aligned; the caller owns them.
[[nodiscard]] size_t inflight_size(uint32_t slot_count);
struct inflight *inflight_init(void *memory, uint32_t slot_count);

// A slot that waits from now on for the reply to `attempt`. NULL: all are taken.
[[nodiscard]] struct inflight_slot *inflight_take(
	struct inflight *, const struct attempt *attempt, uint64_t deadline_us);
// The waiting slot of our address, port and ID; NULL: none. Whether the rest agrees is the caller's to compare.
[[nodiscard]] struct inflight_slot *inflight_find(
	struct inflight *, const struct ip *ours, be16_t port, uint16_t id);
void inflight_release(struct inflight *, struct inflight_slot *);
// The slot that has waited longest, if its deadline has come; NULL: none.
[[nodiscard]] struct inflight_slot *inflight_expired(struct inflight *, uint64_t now_us);
[[nodiscard]] uint32_t inflight_count(const struct inflight *);
