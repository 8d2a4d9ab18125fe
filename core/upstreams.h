// SPDX-License-Identifier: BSD-3-Clause
// What is known of upstreams: a part of the counters file (core/counters.h), written by the dataplane, read by anyone.
//
//   struct upstream        one an upstream: whether it rests or is drained       workers and main write
//   struct upstream_line   one a worker and upstream: its speed, what was sent   that worker writes
//
// An upstream is known by its endpoint and keeps its place as long as the dataplane runs, whatever image names it.
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/ip.h"

enum { UPSTREAMS_CAPACITY = 1 << 20 };

struct upstream {
	struct endpoint endpoint; // main writes, before an image that names it is served
	uint8_t padding[6];
	_Atomic uint64_t generation; // of the newest image that names it; main writes
	_Atomic uint32_t is_drained; // by the operator; main writes
	_Atomic uint32_t epoch;      // lines of another epoch say nothing; main writes
	// Any worker changes these, each by one compare-and-swap that may fail: then another worker made a change.
	_Atomic uint64_t misses; // count << 62 | name 2 << 31 | name 1: since the last valid answer
	_Atomic uint64_t rest;   // 0: up; else start in us << 8 | step << 2 | is probed << 1 | 1
	// Likewise.
	_Atomic uint32_t case_lost;   // until when 0x20 is off, in s << 1 | a reply lost the case
	_Atomic uint32_t opt_off_sec; // until when it is sent no OPT of ours
};
static_assert(sizeof(struct upstream) == 64, "one cache line, and the layout of the counters file");

struct upstream_line {
	_Atomic uint64_t
		rtt; // epoch & 0xff << 56 | srtt in us << 28 | rttvar in us; low 56 bits 0: no sample
	counter_t sent;
	counter_t answered; // validly, in time or late
	counter_t missed;   // questions without a valid answer in time
};
static_assert(sizeof(struct upstream_line) == 32, "two a cache line");

enum {
	UPSTREAM_RTT_BITS = 28,
	UPSTREAM_RTT_MAX_US = (1 << UPSTREAM_RTT_BITS) - 1,
	UPSTREAM_STEP_MAX = 63, // of doublings
};

enum upstream_rest_bit { UPSTREAM_RESTS = 1, UPSTREAM_IS_PROBED = 2 };

enum { UPSTREAM_CASE_LOST_ONCE = 1 };

// In seconds of the monotonic clock; 0: it is on.
static inline uint32_t upstream_case_off_sec(uint32_t case_lost)
{
	return case_lost >> 1;
}

static inline uint64_t upstream_rest_of(uint64_t start_us, unsigned step)
{
	return start_us << 8 | (uint64_t)step << 2 | UPSTREAM_RESTS;
}

static inline uint64_t upstream_rest_start_us(uint64_t rest)
{
	return rest >> 8;
}

static inline unsigned upstream_rest_step(uint64_t rest)
{
	return rest >> 2 & UPSTREAM_STEP_MAX;
}

// How long the rest of this step lasts.
static inline uint64_t upstream_rest_len_us(uint64_t rest, uint64_t initial_us, uint64_t max_us)
{
	uint64_t len_us = initial_us;

	for (unsigned i = upstream_rest_step(rest); i > 0 && len_us < max_us; i--)
		len_us *= 2;
	return len_us < max_us ? len_us : max_us;
}

// The smoothed round-trip time that this worker measured; 0: none in this epoch.
static inline uint32_t upstream_srtt_us(
	const struct upstream *upstream, const struct upstream_line *line)
{
	uint64_t rtt = atomic_load_explicit((_Atomic uint64_t *)&line->rtt, memory_order_relaxed);
	uint32_t epoch =
		atomic_load_explicit((_Atomic uint32_t *)&upstream->epoch, memory_order_relaxed);

	if (rtt >> 2 * UPSTREAM_RTT_BITS != (epoch & 0xff))
		return 0;
	return rtt >> UPSTREAM_RTT_BITS & UPSTREAM_RTT_MAX_US;
}
