// SPDX-License-Identifier: BSD-3-Clause
// Upstreams: how fast each answers, which of them rest, and whom to ask next.
//
//            three misses for different names,
//            no valid answer between                 the probe missed: from when it was sent, twice as long
//        ┌──────────────────────────────▶ rests ◀───────────────────────────────┐
//        up                                 │ the rest is over                   │
//        ◀──────────────────────────────────┴──▶ the next live query goes to it too: the probe
//              any valid answer
//
// All workers share what rests (struct upstream): no locks, as a word changes by one compare-and-swap, and who loses it
// drops its change. An upstream that answers costs them no write. How fast it is each worker measures for itself
// (struct upstream_line).
#pragma once

#include "core/image.h"
#include "core/upstreams.h"

enum {
	HEALTH_RTO_UNKNOWN_US = 400000, // before the first sample
	HEALTH_RTO_MIN_US = 200000,
	HEALTH_RTO_MAX_US = 2000000,
	HEALTH_MISSES = 3, // for different names, until a target rests
};

// One worker's view; the caller owns the memory.
struct health {
	struct upstream *upstreams;
	struct upstream_line *lines; // this worker's
	uint64_t initial_us;         // the first rest
	uint64_t max_us;             // and the longest
};

enum health_state { HEALTH_UP, HEALTH_RESTING, HEALTH_DRAINED };

[[nodiscard]] enum health_state health_state(const struct health *, uint32_t upstream);

// The time to wait for an answer: smoothed round-trip time and four variations, within bounds.
[[nodiscard]] uint64_t health_rto_us(const struct health *, uint32_t upstream);

void health_sent(struct health *, uint32_t upstream);
// A valid answer came, whatever it says.
void health_answered(struct health *, uint32_t upstream, uint64_t rtt_us);

// What was missed: a question for a name with this hash.
struct health_miss {
	uint32_t upstream;
	uint32_t name_hash;
	uint64_t sent_us;
	bool is_probe;
};

void health_missed(struct health *, const struct health_miss *miss, uint64_t now_us);
// What became of a probe is not known: the next query may be one.
void health_forgive(struct health *, uint32_t upstream);
// Its rest is over, and nobody probes it yet.
[[nodiscard]] bool health_is_probe_due(const struct health *, uint32_t upstream, uint64_t now_us);
// True: that is so, and this query is the one that goes to it too.
[[nodiscard]] bool health_take_probe(struct health *, uint32_t upstream, uint64_t now_us);

// Which of `upstreams` has rested longest, among those whose bit is set in `mask`. -1: none of them rests.
[[nodiscard]] int health_longest_rested(
	const struct health *, const uint32_t *upstreams, uint64_t mask);
// By what a route chooses among its targets.
struct health_order {
	enum image_policy policy;
	unsigned count;  // of its targets
	uint32_t turn;   // of the route's questions, this worker's
	uint32_t chance; // drawn anew
};

enum { HEALTH_LOOK_AROUND = 64 }; // one question in so many goes to another than the fastest

// The one in `mask`, which is not empty, that comes first by this order. By lowest latency those come first that were not
// measured yet; and now and then each gets a turn, so that its measure stays fresh.
[[nodiscard]] unsigned health_pick(const struct health *, const uint32_t *upstreams, uint64_t mask,
	const struct health_order *order);
// Bits of those in `mask` that are up.
[[nodiscard]] uint64_t health_up(const struct health *, const uint32_t *upstreams, uint64_t mask);
