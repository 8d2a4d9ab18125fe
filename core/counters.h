// SPDX-License-Identifier: BSD-3-Clause
// Counters: a memfd that the dataplane makes and everybody reads; each number has one writer.
//
//   header │ directory: name and kind of each counter │ worker 0 │ worker 1 … │ rules 0 │ rules 1 …
//          │ upstreams │ upstreams of worker 0 │ upstreams of worker 1 …        (core/upstreams.h)
//          │ loops 0 │ loops 1 … by rule
//
// The directory makes the file self-describing: control prints what it finds and knows no name beforehand.
// Workers' blocks begin on cache lines of their own. A rule's counters are indexed by its counter number
// (struct image_rule), one u64 a worker; the file is sparse, so unused ones cost nothing.
// Writers add with a plain load and a relaxed store; readers see each number whole and rising.
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	COUNTERS_MAGIC = 0x746e6373, // "scnt"
	COUNTERS_VERSION = 3,
	COUNTER_NAME_LEN = 40,
	COUNTERS_RULE_CAPACITY = 1 << 24,
};

// What a counter counts, from which the laws of dataplane/path/path.h can be checked:
//   received = answered + sum(exit) + waiting,   replies + taken over = accepted + sum(refusal) + handed over
enum counter_kind {
	COUNTER_STEP = 1,    // queries and replies that walked through a step
	COUNTER_RECEIVED,    // frames taken in that were no replies
	COUNTER_ANSWERED,    // ends of a query: an answer left
	COUNTER_EXIT,        // ends of a query or frame otherwise
	COUNTER_WAITING,     // a gauge: queries that wait for an upstream now
	COUNTER_REPLIES,     // frames to our outbound ports
	COUNTER_ACCEPTED,    // ends of a reply: it answered a query
	COUNTER_REFUSAL,     // ends of a reply otherwise
	COUNTER_PORT,        // of the port itself
	COUNTER_WORKER,      // of the poll loop
	COUNTER_HANDED_OVER, // ends of a reply on this worker: it went over to another
	COUNTER_TAKEN_OVER,  // replies that came over from another worker
	COUNTER_CYCLES,      // ticks of the time-stamp counter: builds with -Dprofile=true
	COUNTER_BURST,       // likewise: bursts of so many packets, and up to twice as many
	COUNTER_KIND_COUNT
};

typedef _Atomic uint64_t counter_t; // one thread writes, any thread reads

struct counter_entry {
	char name[COUNTER_NAME_LEN]; // NUL-terminated, [a-z0-9_.]
	uint32_t kind;               // enum counter_kind
	uint32_t idx;                // in each worker's block
};

struct counters_header {
	uint32_t magic;
	uint32_t version;
	uint64_t size; // of the file
	uint32_t worker_count;
	uint32_t entry_count;
	uint64_t entries_off;   // struct counter_entry[entry_count]
	uint64_t workers_off;   // counter_t[worker_count][worker_stride]
	uint64_t rules_off;     // counter_t[worker_count][rule_capacity]
	uint64_t upstreams_off; // struct upstream[upstream_capacity]
	uint64_t lines_off;     // struct upstream_line[worker_count][upstream_capacity]
	uint64_t
		loops_off; // counter_t[worker_count][rule_capacity]: questions that came back to us
	uint32_t worker_stride; // counters a block, a multiple of 8
	uint32_t rule_capacity;
	uint32_t upstream_capacity;
	_Atomic uint32_t upstream_count; // known so far; main writes
};
static_assert(sizeof(struct counters_header) == 88, "layout of the counters file");

static inline void counter_add(counter_t *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

static inline uint64_t counter_get(const counter_t *counter)
{
	return atomic_load_explicit((counter_t *)counter, memory_order_relaxed);
}
