// SPDX-License-Identifier: BSD-3-Clause
// What a target does not bear, until when.
#include "dataplane/state/manner.h"

enum { OFF_SEC = 3600 };

static uint32_t seconds(uint64_t us)
{
	return (uint32_t)(us / 1000000);
}

static uint32_t load(const _Atomic uint32_t *word)
{
	return atomic_load_explicit((_Atomic uint32_t *)word, memory_order_relaxed);
}

static void swap(_Atomic uint32_t *word, uint32_t before, uint32_t after)
{
	atomic_compare_exchange_strong_explicit(
		word, &before, after, memory_order_relaxed, memory_order_relaxed);
}

bool manner_bears_case(const struct upstream *upstream, uint64_t now_us)
{
	return upstream_case_off_sec(load(&upstream->case_lost)) <= seconds(now_us);
}

void manner_case_kept(struct upstream *upstream)
{
	uint32_t lost = load(&upstream->case_lost);

	if (lost & UPSTREAM_CASE_LOST_ONCE)
		swap(&upstream->case_lost, lost, 0);
}

void manner_case_lost(struct upstream *upstream, uint64_t now_us)
{
	uint32_t lost = load(&upstream->case_lost);

	if (!manner_bears_case(upstream, now_us))
		return;
	if (lost & UPSTREAM_CASE_LOST_ONCE)
		swap(&upstream->case_lost, lost, (seconds(now_us) + OFF_SEC) << 1);
	else
		swap(&upstream->case_lost, lost, UPSTREAM_CASE_LOST_ONCE);
}

bool manner_bears_opt(const struct upstream *upstream, uint64_t now_us)
{
	return load(&upstream->opt_off_sec) <= seconds(now_us);
}

void manner_opt_lost(struct upstream *upstream, uint64_t now_us)
{
	uint32_t off_sec = load(&upstream->opt_off_sec);

	if (manner_bears_opt(upstream, now_us))
		swap(&upstream->opt_off_sec, off_sec, seconds(now_us) + OFF_SEC);
}
