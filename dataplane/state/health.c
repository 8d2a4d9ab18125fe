// SPDX-License-Identifier: BSD-3-Clause
// Upstreams: round-trip times (RFC 6298, 2), misses, rests.
#include "dataplane/state/health.h"

enum {
	NAME_BITS = 31,
	NAME_MASK = 0x7fffffff,
	COUNT_SHIFT = 2 * NAME_BITS,
	EPOCH_SHIFT = 2 * UPSTREAM_RTT_BITS,
};

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit((_Atomic uint64_t *)word, memory_order_relaxed);
}

// True: `word` was `before` and is `after` now. The words guard nothing but themselves.
static bool swap(_Atomic uint64_t *word, uint64_t before, uint64_t after)
{
	return atomic_compare_exchange_strong_explicit(
		word, &before, after, memory_order_relaxed, memory_order_relaxed);
}

enum health_state health_state(const struct health *health, uint32_t upstream)
{
	const struct upstream *at = &health->upstreams[upstream];

	if (atomic_load_explicit((_Atomic uint32_t *)&at->is_drained, memory_order_relaxed))
		return HEALTH_DRAINED;
	return load(&at->rest) ? HEALTH_RESTING : HEALTH_UP;
}

// Smoothed time and variation; false: there is no sample of this epoch.
static bool read_rtt(const struct upstream *upstream, const struct upstream_line *line,
	uint64_t *srtt_us, uint64_t *rttvar_us)
{
	*srtt_us = upstream_srtt_us(upstream, line);
	*rttvar_us = load(&line->rtt) & UPSTREAM_RTT_MAX_US;
	return *srtt_us != 0;
}

uint64_t health_rto_us(const struct health *health, uint32_t upstream)
{
	uint64_t srtt_us, rttvar_us, rto_us;

	if (!read_rtt(&health->upstreams[upstream], &health->lines[upstream], &srtt_us, &rttvar_us))
		return HEALTH_RTO_UNKNOWN_US;
	rto_us = srtt_us + 4 * rttvar_us;
	if (rto_us < HEALTH_RTO_MIN_US)
		return HEALTH_RTO_MIN_US;
	return rto_us < HEALTH_RTO_MAX_US ? rto_us : HEALTH_RTO_MAX_US;
}

void health_sent(struct health *health, uint32_t upstream)
{
	counter_add(&health->lines[upstream].sent, 1);
}

static void take_sample(
	const struct upstream *upstream, struct upstream_line *line, uint64_t rtt_us)
{
	uint64_t epoch =
		atomic_load_explicit((_Atomic uint32_t *)&upstream->epoch, memory_order_relaxed);
	uint64_t srtt_us, rttvar_us;

	if (rtt_us == 0) // 0 says: no sample
		rtt_us = 1;
	if (rtt_us > UPSTREAM_RTT_MAX_US)
		rtt_us = UPSTREAM_RTT_MAX_US;
	if (read_rtt(upstream, line, &srtt_us, &rttvar_us)) {
		uint64_t off_us = srtt_us > rtt_us ? srtt_us - rtt_us : rtt_us - srtt_us;

		rttvar_us = (3 * rttvar_us + off_us) / 4;
		srtt_us = (7 * srtt_us + rtt_us + 7) / 8;
	} else {
		srtt_us = rtt_us;
		rttvar_us = rtt_us / 2;
	}
	atomic_store_explicit(&line->rtt,
		(epoch & 0xff) << EPOCH_SHIFT | srtt_us << UPSTREAM_RTT_BITS | rttvar_us,
		memory_order_relaxed);
}

void health_answered(struct health *health, uint32_t upstream, uint64_t rtt_us)
{
	struct upstream *at = &health->upstreams[upstream];

	counter_add(&health->lines[upstream].answered, 1);
	take_sample(at, &health->lines[upstream], rtt_us);
	if (load(&at->misses))
		atomic_store_explicit(&at->misses, 0, memory_order_relaxed);
	if (load(&at->rest))
		atomic_store_explicit(&at->rest, 0, memory_order_relaxed);
}

// The misses after one more, for this name; `*is_last`: it makes the target rest.
static uint64_t add_miss(uint64_t misses, uint32_t name_hash, bool *is_last)
{
	uint64_t count = misses >> COUNT_SHIFT, name = name_hash & NAME_MASK;
	uint64_t first = misses & NAME_MASK, second = misses >> NAME_BITS & NAME_MASK;

	*is_last = false;
	if ((count >= 1 && name == first) || (count >= 2 && name == second))
		return misses;
	*is_last = count + 1 == HEALTH_MISSES;
	if (*is_last)
		return 0;
	return (count + 1) << COUNT_SHIFT | (count ? name << NAME_BITS | first : name);
}

// The rest after this one's probe was missed.
static uint64_t longer_rest(uint64_t rest, uint64_t start_us)
{
	unsigned step = upstream_rest_step(rest);

	return upstream_rest_of(start_us, step < UPSTREAM_STEP_MAX ? step + 1 : step);
}

void health_missed(struct health *health, const struct health_miss *miss, uint64_t now_us)
{
	struct upstream *at = &health->upstreams[miss->upstream];
	uint64_t rest = load(&at->rest), misses = load(&at->misses);
	uint64_t after;
	bool is_last;

	counter_add(&health->lines[miss->upstream].missed, 1);
	if (rest) {
		if (miss->is_probe && rest & UPSTREAM_IS_PROBED &&
			miss->sent_us >= upstream_rest_start_us(rest))
			swap(&at->rest, rest, longer_rest(rest, miss->sent_us));
		return;
	}
	after = add_miss(misses, miss->name_hash, &is_last);
	if (after != misses && swap(&at->misses, misses, after) && is_last)
		swap(&at->rest, 0, upstream_rest_of(now_us, 0));
}

void health_forgive(struct health *health, uint32_t upstream)
{
	struct upstream *at = &health->upstreams[upstream];
	uint64_t rest = load(&at->rest);

	if (rest & UPSTREAM_IS_PROBED)
		swap(&at->rest, rest, rest & ~(uint64_t)UPSTREAM_IS_PROBED);
}

static bool is_over(const struct health *health, uint64_t rest, uint64_t now_us)
{
	return rest & UPSTREAM_RESTS && !(rest & UPSTREAM_IS_PROBED) &&
		now_us >= upstream_rest_start_us(rest) +
			upstream_rest_len_us(rest, health->initial_us, health->max_us);
}

bool health_is_probe_due(const struct health *health, uint32_t upstream, uint64_t now_us)
{
	return health_state(health, upstream) == HEALTH_RESTING &&
		is_over(health, load(&health->upstreams[upstream].rest), now_us);
}

bool health_take_probe(struct health *health, uint32_t upstream, uint64_t now_us)
{
	struct upstream *at = &health->upstreams[upstream];
	uint64_t rest = load(&at->rest);

	return is_over(health, rest, now_us) && swap(&at->rest, rest, rest | UPSTREAM_IS_PROBED);
}

int health_longest_rested(const struct health *health, const uint32_t *upstreams, uint64_t mask)
{
	uint64_t oldest_us = UINT64_MAX;
	int found = -1;

	for (; mask; mask &= mask - 1) {
		int i = __builtin_ctzll(mask);
		uint64_t rest = load(&health->upstreams[upstreams[i]].rest);

		if (health_state(health, upstreams[i]) != HEALTH_RESTING ||
			upstream_rest_start_us(rest) >= oldest_us)
			continue;
		oldest_us = upstream_rest_start_us(rest);
		found = i;
	}
	return found;
}

uint64_t health_up(const struct health *health, const uint32_t *upstreams, uint64_t mask)
{
	uint64_t up = 0;

	for (; mask; mask &= mask - 1) {
		unsigned i = (unsigned)__builtin_ctzll(mask);

		if (health_state(health, upstreams[i]) == HEALTH_UP)
			up |= UINT64_C(1) << i;
	}
	return up;
}

static unsigned first_of(uint64_t mask)
{
	return (unsigned)__builtin_ctzll(mask);
}

// The first at or after this turn's, going round.
static unsigned pick_in_turn(uint64_t mask, uint32_t turn, unsigned count)
{
	uint64_t from = mask & UINT64_MAX << turn % count;

	return first_of(from ? from : mask);
}

static unsigned pick_fastest(const struct health *health, const uint32_t *upstreams, uint64_t mask)
{
	uint32_t least_us = UINT32_MAX;
	unsigned found = first_of(mask);

	for (; mask; mask &= mask - 1) {
		uint32_t upstream = upstreams[first_of(mask)];
		uint32_t srtt_us =
			upstream_srtt_us(&health->upstreams[upstream], &health->lines[upstream]);

		if (srtt_us < least_us) {
			least_us = srtt_us;
			found = first_of(mask);
		}
	}
	return found;
}

static unsigned pick_by_chance(uint64_t mask, uint32_t chance)
{
	unsigned count = (unsigned)__builtin_popcountll(mask);
	unsigned skip = (unsigned)((uint64_t)chance * count >> 32);

	while (skip-- > 0)
		mask &= mask - 1;
	return first_of(mask);
}

unsigned health_pick(const struct health *health, const uint32_t *upstreams, uint64_t mask,
	const struct health_order *order)
{
	switch (order->policy) {
	case IMAGE_POLICY_ROUND_ROBIN: return pick_in_turn(mask, order->turn, order->count);
	case IMAGE_POLICY_LOWEST_LATENCY:
		if (order->turn % HEALTH_LOOK_AROUND == HEALTH_LOOK_AROUND - 1)
			return pick_in_turn(mask, order->turn / HEALTH_LOOK_AROUND, order->count);
		return pick_fastest(health, upstreams, mask);
	case IMAGE_POLICY_RANDOM: return pick_by_chance(mask, order->chance);
	case IMAGE_POLICY_ORDERED:
	case IMAGE_POLICY_COUNT: break;
	}
	return first_of(mask);
}
