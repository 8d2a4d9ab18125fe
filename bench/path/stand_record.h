// SPDX-License-Identifier: BSD-3-Clause
// What a worker on the stand tells whoever measures it, by memory that both map: the stand writes, anyone reads.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum { STAND_RECORD_GAPS = 4096, STAND_RECORD_STEPS = 16, STAND_GAP_NS = 100000 };

// Time that was taken from a polling loop, in ticks of the time-stamp counter.
struct stand_gap {
	uint64_t begin, end;
};

struct stand_record {
	_Atomic uint64_t own_ticks;  // of turns that moved something, outside receive and send
	_Atomic uint64_t port_ticks; // of these turns, inside
	_Atomic uint64_t turns;
	_Atomic uint64_t answered; // to clients
	_Atomic uint64_t matched;  // through the step of that name
	_Atomic uint64_t dropped;  // by the port: no room to send
	_Atomic uint64_t swaps;
	_Atomic uint64_t steps[STAND_RECORD_STEPS]; // ticks each, in a build with profile
	_Atomic uint64_t gap_count; // all; of more than there is room for, the first are kept
	struct stand_gap gaps[STAND_RECORD_GAPS];
};

static inline void stand_note_gap(struct stand_record *record, uint64_t begin, uint64_t end)
{
	uint64_t count = atomic_load_explicit(&record->gap_count, memory_order_relaxed);

	if (count < STAND_RECORD_GAPS)
		record->gaps[count] = (struct stand_gap){begin, end};
	atomic_store_explicit(&record->gap_count, count + 1, memory_order_release);
}
