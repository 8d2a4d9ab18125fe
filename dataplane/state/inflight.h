// SPDX-License-Identifier: BSD-3-Clause
// Outstanding questions of one worker, and what was sent for each: find by what a reply brings, time out, release.
//
//   number, by port and ID ──▶ send                     a send: port and ID of its own, to one target
//   (state/owner.h)             │ slot     ▲ sibling
//                               ▼          │
//                              slot ───────┘ sends      a slot: the question, and who asked it
//
//   slots    free ──▶ …    released ──▶ …    waiting ──▶ …, oldest first: their deadlines
//            pauses[delay] ──▶ …    until the question is sent anew: a list a delay, so each is in order
//            ended ──▶ …    over, but others wait for their answer still; each has waiters ──▶ …
//            again ──▶ …    waiters whose leader asks by another image: they are to walk anew
//   sends    free ──▶ …    misses[delay] ──▶ …    until the target has missed its time
//
// A question has several sends at a time, each of which may still be answered. A send outlives its question until its
// target has answered or missed its time: then only the target's health hears of it.
//
// Who asks what is being asked already waits with a slot of his own for the one that leads (state/leaders), and is answered with it.
// So many sends and waiters as there are for an upstream are its load.
//
// What was free longest is taken first. A released slot keeps its content until the next pass.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"
#include "core/msg.h"
#include "dataplane/state/list.h"

enum {
	INFLIGHT_SLOTS = 65536,      // a worker, by default
	INFLIGHT_SENDS_A_SLOT = 2,   // on average: most questions are answered at once
	INFLIGHT_TARGETS_MAX = 64,   // of a question
	INFLIGHT_SENDS_MAX = 3,      // a question and target (RFC 9520, 3.1)
	INFLIGHT_QUESTION_LEN = 283, // bytes of a question and of the options that it is sent with
	INFLIGHT_OPTIONS_MAX = 48,   // of these, behind a name of 231 bytes or fewer
	INFLIGHT_NO_TARGET = 127,
	INFLIGHT_NO_MISS = 7,
	LINK_LAYER_MAX = 22, // Ethernet with two tags
};

// Delays that a question can be armed with, and a send: from the first to the last, rounded up to the step.
enum {
	INFLIGHT_PAUSE_FIRST_US = 200000,
	INFLIGHT_PAUSE_LAST_US = 800000,
	INFLIGHT_PAUSE_STEP_US = 25000,
	INFLIGHT_MISS_FIRST_US = 1000000,
	INFLIGHT_MISS_LAST_US = 2000000,
	INFLIGHT_MISS_STEP_US = 250000,
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
	uint32_t upstream; // the target's place in core/upstreams.h
	uint32_t case_bits;
	bool has_case; // the letter case of the question is by case_bits, else the client's
	bool has_opt;
	bool is_opt_left; // out, to see whether the target answers then
	bool is_ad_trusted;
};

// What the client is told, if not by an answer's bytes. Kept apart from them until his EDNS is known to take it (RFC 8914).
struct verdict {
	uint16_t rcode; // enum rcode, extended ones included
	uint16_t ede_code;
	const char *ede_text; // NULL: no extended error
};

struct inflight_send {
	struct ip ours;
	be16_t port;
	uint16_t id;
	uint32_t upstream;     // of the target
	uint32_t slot;         // of its question; LIST_END: that is over
	uint32_t sibling;      // the question's next send
	uint32_t turn;         // how often it was used: with its number it gives port and ID
	struct list_link link; // of the free ones, or of those that may miss their time
	uint32_t name_hash;    // of the question's name
	uint32_t case_bits;    // by which the letter case of the question was set
	uint64_t sent_us : 48;
	uint64_t
		target : 7; // index among the question's targets; INFLIGHT_NO_TARGET: it is none of them any more
	uint64_t misses : 3;     // in which list of delays; INFLIGHT_NO_MISS: in none
	uint64_t is_waiting : 1; // a reply is awaited
	uint64_t is_probe : 1;   // sent to see whether its target is back
	uint64_t has_case : 1;   // a reply must bring the letter case back
	uint64_t has_opt : 1;
	uint64_t is_opt_left : 1;
	uint64_t is_ad_trusted : 1; // a reply's AD flag means something
};
static_assert(sizeof(struct inflight_send) == 64, "what a reply is compared with is one line");

// Which targets were asked how often, as bit planes: bit i is target i's.
struct inflight_asked {
	uint64_t low, high; // the number of sends
	uint64_t failed;    // it answered that it can't answer
};

struct inflight_slot {
	struct list_link
		link; // of the free, released, waiting, ended or again ones, or of a leader's waiters
	struct list_link pause;
	uint64_t deadline_us;
	uint64_t pause_us;   // when the pause ends
	uint32_t first_send; // LIST_END: none
	uint32_t name_hash;
	uint16_t question_len;
	uint16_t rcode; // of the last target that failed
	uint8_t pauses; // in which list of delays; UINT8_MAX: in none
	uint8_t target_count;
	bool is_waiting;
	bool is_signed;        // TSIG or SIG(0): nothing but the ID may change
	bool is_once;          // no second send: all targets rest, or the slot does not hold all
	bool has_long_options; // longer than the slot holds
	uint8_t passes;        // enum edns_kind: options of the client that go on, and so come back
	uint32_t turn;         // the route\'s questions before this one
	uint32_t chain;        // which of CNAMEs it is part of (state/chains); LIST_END: none
	alignas(64) uint64_t generation; // of the image that the targets are from; 0: none yet
	struct inflight_asked asked;
	uint32_t route; // in that image
	struct asker asker;
	uint16_t options_len;
	uint8_t question
		[INFLIGHT_QUESTION_LEN]; // as the client wrote it, letter case included; then the options of the OPT that goes upstream
	// While it leads, or waits for one that does.
	bool is_leading;
	bool may_share;        // others may wait for its answer
	uint32_t network;      // in that image
	uint32_t lead_hash;    // of name and type
	uint32_t lead_next;    // in its chain
	uint32_t upstream;     // asked last; of a waiter: that it is charged to
	uint32_t upstream_max; // what that one may be charged with
	uint32_t waiter_count;
	struct list waiters;
	uint32_t kept;          // the answer that they get; LIST_END: the verdict
	struct verdict verdict; // once it has ended
};
static_assert(offsetof(struct inflight_slot, generation) == 64, "what timers look at is one line");
static_assert(sizeof(struct inflight_slot) == 512, "65,536 slots and their sends are 40 MiB");

// Options that the question is sent with: those kept, and how many there may be.
static inline uint8_t *inflight_options(struct inflight_slot *slot)
{
	return slot->question + slot->question_len;
}

static inline unsigned inflight_options_max(const struct inflight_slot *slot)
{
	unsigned room = INFLIGHT_QUESTION_LEN - slot->question_len;

	return room < INFLIGHT_OPTIONS_MAX ? room : INFLIGHT_OPTIONS_MAX;
}

// Of a name in wire form, letter case ignored.
[[nodiscard]] uint32_t inflight_hash_name(const uint8_t *name, unsigned len);

struct inflight;
struct leaders_key;

// What a table works with: a secret for its hash, and a zero for each upstream that there may be.
struct inflight_options {
	uint32_t slot_count;
	uint32_t *loads;
	uint8_t secret[16];
};

// Bytes that a table of `slot_count` needs, 64-byte aligned; the caller owns them and the loads.
[[nodiscard]] size_t inflight_size(uint32_t slot_count);
struct inflight *inflight_init(void *memory, const struct inflight_options *options);

// Before each pass: what was released since the last becomes free.
void inflight_settle(struct inflight *);

// A slot that waits from now on. It was sent nowhere yet and has no targets. NULL: all are taken.
[[nodiscard]] struct inflight_slot *inflight_take(struct inflight *, uint64_t deadline_us);
// The question is over: its sends are given up, but for those whose targets may still miss their time. Those who wait for its
// answer get it by inflight_ended().
void inflight_release(struct inflight *, struct inflight_slot *);
[[nodiscard]] uint32_t inflight_count(const struct inflight *);

// leaders_find() and leaders_add() of the table's leaders (state/leaders.h).
[[nodiscard]] struct inflight_slot *inflight_leader(
	const struct inflight *, const struct leaders_key *, uint32_t *hash, unsigned *count);
// leaders_next() of them.
[[nodiscard]] const struct inflight_slot *inflight_next_leader(const struct inflight *,
	const struct leaders_key *, uint32_t hash, const struct inflight_slot *last);
void inflight_lead(struct inflight *, struct inflight_slot *, uint32_t network, uint32_t hash);
// A slot that waits for the leader's answer. NULL: all are taken.
[[nodiscard]] struct inflight_slot *inflight_join(struct inflight *, struct inflight_slot *leader);
// It leads no more, and those who wait for it have nobody: they come by inflight_pop_again().
void inflight_disband(struct inflight *, struct inflight_slot *leader);
// One whose answer others wait for, and one of them after the other: each is released. NULL: none.
[[nodiscard]] struct inflight_slot *inflight_ended(struct inflight *);
struct inflight_slot *inflight_pop_waiter(struct inflight *, struct inflight_slot *leader);
[[nodiscard]] struct inflight_slot *inflight_pop_again(struct inflight *);

// How many sends and waiters there are for an upstream.
[[nodiscard]] uint32_t inflight_load(const struct inflight *, uint32_t upstream);

// A send of this question to its `target`, for what `attempt` says of both ends; port and ID are to be drawn, with the send's number
// and turn, which is another each time. NULL: all are taken. The question's name hash goes with it.
[[nodiscard]] struct inflight_send *inflight_send(struct inflight *, struct inflight_slot *,
	const struct attempt *attempt, uint8_t target, uint64_t now_us);
[[nodiscard]] uint32_t inflight_send_number(const struct inflight *, const struct inflight_send *);
// The send of this number, if it waits for a reply to our address, port and with this ID; else NULL. Whether the rest agrees is the
// caller's to compare.
[[nodiscard]] struct inflight_send *inflight_find(
	struct inflight *, uint32_t number, const struct ip *ours, be16_t port, uint16_t id);
// Its question's slot; NULL: that is over.
[[nodiscard]] struct inflight_slot *inflight_slot_of(
	struct inflight *, const struct inflight_send *);
// The question's first send, and each one's next; NULL: no more.
[[nodiscard]] struct inflight_send *inflight_first(struct inflight *, const struct inflight_slot *);
[[nodiscard]] struct inflight_send *inflight_next(struct inflight *, const struct inflight_send *);
// It was answered: no reply to it is awaited any more.
void inflight_drop(struct inflight *, struct inflight_send *);

// The question pauses for `delay_us`, in place of a pause before.
void inflight_pause(struct inflight *, struct inflight_slot *, uint64_t delay_us, uint64_t now_us);
// Unless it is dropped first, the send is missed `delay_us` after it was sent.
void inflight_expect(struct inflight *, struct inflight_send *, uint64_t delay_us);

// Each gives one at a time, whose time has come; NULL: none. The caller releases what has expired; the others come once. What inflight_missed() gives is to be looked at
// before the next call: without a question it is free.
[[nodiscard]] struct inflight_slot *inflight_expired(struct inflight *, uint64_t now_us);
[[nodiscard]] struct inflight_slot *inflight_paused(struct inflight *, uint64_t now_us);
[[nodiscard]] struct inflight_send *inflight_missed(struct inflight *, uint64_t now_us);
