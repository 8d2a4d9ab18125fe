// SPDX-License-Identifier: BSD-3-Clause
// Where the time goes: ticks of the time-stamp counter a step, and how large bursts are. In builds with -Dprofile=true; in any
// other nothing of it is left.
#pragma once

#include <stdint.h>

#include "core/counters.h"

#if SHUNT_PROFILE
#include <x86intrin.h>

// Beside the steps of path.h: name, what
#define PROFILE_CYCLES(CYCLES, STEPS)                                \
	STEPS(CYCLES)                                                \
	CYCLES(receive, "the ports' receive, where it gave packets") \
	CYCLES(send, "the ports' send and release")

// Bursts from the first size on, up to the next.
#define PROFILE_BURSTS(BURST) BURST(1) BURST(2) BURST(4) BURST(8) BURST(16) BURST(32) BURST(64)

static inline uint64_t profile_ticks(void)
{
	return __rdtsc();
}

// Counts the ticks since `*since`, which is now from then on; but none where there was nothing to do.
static inline void profile_take(counter_t *counter, uint64_t *since, unsigned count)
{
	uint64_t now = __rdtsc();

	if (count > 0)
		counter_add(counter, now - *since);
	*since = now;
}

static inline void profile_burst(counter_t *bursts, unsigned count)
{
	counter_add(&bursts[31 - __builtin_clz(count)], 1);
}
#else
#define PROFILE_CYCLES(CYCLES, STEPS)
#define PROFILE_BURSTS(BURST)

static inline uint64_t profile_ticks(void)
{
	return 0;
}

static inline void profile_take(counter_t *counter, uint64_t *since, unsigned count)
{
	(void)counter;
	(void)since;
	(void)count;
}

static inline void profile_burst(counter_t *bursts, unsigned count)
{
	(void)bursts;
	(void)count;
}
#endif
