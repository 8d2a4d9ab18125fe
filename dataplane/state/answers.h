// SPDX-License-Identifier: BSD-3-Clause
// The answer cache of one worker: whole answers, found by their question.
//
//   name ─▶ group of 64 buckets        question ─▶ bucket, 64 bytes           cells of 16 bytes, two rings
//           (all answers of a name)                 10 places, 10 tags ──────▶ … │ answer │ name │ TTLs │ records │ …
//
// A new answer enters the ring of newcomers, a tenth of the memory, at its head. What comes to that ring's tail without a
// second question goes, but its tag stays for a while: asked again, it is no newcomer. What was asked twice goes over to the ring
// of the known, where an answer that was asked since it last came to the tail goes round once more. So names that are asked once,
// however many, push out nothing but each other.
//
// All memory is the caller's and never grows. Places are exact: each leads to an answer that is there. An answer that is found is good
// until the next answers_put(). Time is an argument, and only ever counts forward.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/state/question.h"

enum {
	ANSWERS_SIZE_MIN = 65536, // bytes of a worker's cache
	ANSWERS_SIZE_MAX_LOG2 = 35,
	ANSWERS_RECORDS_MAX = 255,
	ANSWERS_CELL = 16,
	ANSWERS_CELLS_MAX = 256, // an answer with its question: larger ones are not kept
	ANSWERS_FLUSHES = 16,    // remembered; see answers_flush()
};

// What is kept of an answer. All but the question, the ID and the OPT record, which are each client's own.
struct cached {
	uint32_t bucket;
	uint16_t cells;
	uint8_t uses : 2; // since it came to its ring's tail; stays at 3
	uint8_t is_gone : 1;
	uint8_t is_failure : 1; // no answer, but that there is none (RFC 9520)
	uint8_t is_asked : 1;   // a newer one is under way
	uint8_t name_len;
	uint16_t type, class;
	uint64_t stored_us;
	uint64_t route; // by which it came: what path/path.h makes of the rule's route
	uint32_t rule;  // whose number in the counters; IMAGE_NONE: the network's default
	uint32_t stamp; // when it was last held against rules and flushes
	uint32_t network;
	uint32_t ttl_sec;
	uint32_t retry_sec; // since it was stored: until then nobody is asked for a newer one
	uint32_t hits;
	uint16_t flags; // enum msg_flag: AA, AD and the RCODE
	uint16_t records_len;
	uint8_t variant;
	uint8_t counts[3]; // records of each section
	// name, folded │ offsets of the TTLs in the records, 2 bytes each │ records
};
static_assert(sizeof(struct cached) == 64, "four cells");

// What answers_put() stores with a question.
struct cached_content {
	const uint8_t *records;   // as they stood behind the question, without OPT
	const uint16_t *ttl_offs; // in `records`, one a record
	uint16_t records_len;
	uint16_t flags;
	uint8_t counts[3];
	bool is_failure;
	uint32_t ttl_sec;
	uint32_t rule;
	uint64_t route;
	uint64_t generation; // whose rules it was asked by
};

// What a flush is about.
struct answers_flush {
	enum answers_flush_what {
		ANSWERS_ALL,
		ANSWERS_OF_NAME,
		ANSWERS_BELOW, // the name and all under it
		ANSWERS_OF_RULE,
	} what;
	uint32_t rule;
	uint8_t name_len;
	uint8_t name[NAME_LEN_MAX]; // folded
};

struct answers_totals {
	uint64_t answers;
	uint64_t used; // bytes of the rings
	uint64_t size; // of all memory
};

struct answers;

// `memory` is 64-byte aligned and all zeros; all that is ever used of it is `size` bytes, ANSWERS_SIZE_MIN at
// least.
struct answers *answers_init(void *memory, size_t size, const struct question_secret *secret);

// The generation of rules that holds from now on, and how long an answer is worth keeping after its time. Costs nothing.
void answers_enter(struct answers *, uint64_t generation, uint32_t stale_sec);

[[nodiscard]] struct question_hash answers_hash(const struct answers *, const struct question *);
// To be called for a burst, each before the next: the memory that answers_find() reads is asked for.
void answers_fetch_bucket(const struct answers *, const struct question_hash *);
void answers_fetch_answer(const struct answers *, const struct question_hash *);

// The answer to this very question, however old; NULL: there is none, or it was flushed.
[[nodiscard]] struct cached *answers_find(
	struct answers *, const struct question *, const struct question_hash *);
// All rules and flushes are older than its stamp. Else the caller finds its route anew: if it is the same, answers_confirm(),
// else answers_forget().
[[nodiscard]] bool answers_is_sure(const struct answers *, const struct cached *);
void answers_confirm(const struct answers *, struct cached *);
void answers_forget(struct answers *, struct cached *);

// Stores an answer in place of the one before, if any. NULL: it is too large, and none is there any more.
struct cached *answers_put(struct answers *, const struct question *, const struct question_hash *,
	const struct cached_content *, uint64_t now_us);

// Whole seconds since it was stored.
[[nodiscard]] uint32_t answers_age_sec(const struct cached *, uint64_t now_us);
[[nodiscard]] bool answers_is_fresh(const struct cached *, uint64_t now_us);
// It was given to a client.
void answers_note_use(struct cached *);
// Writes its records with TTLs that have counted down by `age_sec`, or, if `ttl_sec` is not 0, all as that. Gives their length.
uint16_t answers_copy_records(
	const struct cached *, uint8_t *out, uint32_t age_sec, uint32_t ttl_sec);

// Nothing stored before `now_us` is found any more that this is about. Costs the same whatever there is: answers are held against it when
// they are found. Only the last ANSWERS_FLUSHES are remembered: one that is forgotten takes all that is as old as it along.
void answers_flush(struct answers *, const struct answers_flush *, uint64_t now_us);

// The answers for a name, whatever else they differ in. Gives their number, `max` at most.
[[nodiscard]] unsigned answers_of_name(
	struct answers *, const struct question *, const struct cached **found, unsigned max);
[[nodiscard]] struct answers_totals answers_totals(const struct answers *);
