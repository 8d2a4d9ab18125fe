// SPDX-License-Identifier: BSD-3-Clause
// The loop of a run, the reckoning after it, and the search.
#include "bench/load/trial.h"

#include <string.h>

#include <x86intrin.h>

#include "bench/load/wire.h"

enum {
	DRAIN_MS = 200,   // for what still waits, after the last query
	BEHIND_MAX = 256, // queries that a run makes up for at most: more are left out
	SEARCH_STEPS = 7,
	CONFIRMATIONS = 8,
};

// A run's clock, in ticks.
struct pace {
	uint64_t begin, end; // when queries are due; a gap moves both
	uint64_t last;       // turn
	double per_tick;     // queries; 0: as fast as can be
	uint64_t asked;
};

static uint64_t ticks(const struct trial_bench *bench, double ns)
{
	return (uint64_t)(ns * bench->ticks_per_ns);
}

// Notes time that was taken from us: nothing was due in it.
static void note_gap(struct trial_bench *bench, struct pace *pace, uint64_t now)
{
	if (now - pace->last > ticks(bench, STAND_GAP_NS)) {
		stand_note_gap(&bench->own, pace->last, now);
		pace->begin += now - pace->last;
		pace->end += now - pace->last;
	}
	pace->last = now;
}

static unsigned due(struct pace *pace, uint64_t now)
{
	uint64_t wanted;

	if (pace->per_tick <= 0)
		return UINT16_MAX;
	wanted = (uint64_t)((double)(now - pace->begin) * pace->per_tick);
	if (wanted > pace->asked + BEHIND_MAX) // we can't keep up: sent_a_second says so
		pace->asked = wanted - BEHIND_MAX;
	return (unsigned)(wanted - pace->asked);
}

static void turn(struct trial_bench *bench, const struct trial_setup *setup, uint64_t now)
{
	wire_receive(bench->wire, bench, setup, ticks(bench, setup->delay_us * 1000));
	wire_reply(bench->wire, now);
}

static uint64_t run(struct trial_bench *bench, const struct trial_setup *setup, struct pace *pace)
{
	uint64_t refused = 0, now;

	while ((now = __rdtsc()) < pace->end) {
		unsigned count;

		note_gap(bench, pace, now);
		turn(bench, setup, now);
		count = due(pace, now);
		if (count > 0) {
			unsigned wanted = count < 32 ? count : 32;
			unsigned sent = wire_ask(bench->wire, &bench->client, wanted);

			pace->asked += wanted;
			if (pace->per_tick > 0)
				refused += wanted - sent;
		}
	}
	return refused;
}

static void drain(struct trial_bench *bench, const struct trial_setup *setup, struct pace *pace)
{
	uint64_t end = __rdtsc() + ticks(bench, (DRAIN_MS * 1e3 + 2 * setup->delay_us) * 1e3), now;

	while ((now = __rdtsc()) < end && bench->client.answered < bench->client.sent) {
		note_gap(bench, pace, now);
		turn(bench, setup, now);
	}
}

// In a gap, or within its length after it, as what had piled up was lost then.
static bool is_in_gap(const struct stand_record *record, uint64_t sent)
{
	uint64_t count =
		atomic_load_explicit((_Atomic uint64_t *)&record->gap_count, memory_order_acquire);

	if (count > STAND_RECORD_GAPS)
		count = STAND_RECORD_GAPS;
	for (uint64_t i = 0; i < count; i++) {
		const struct stand_gap *gap = &record->gaps[i];
		uint64_t len = gap->end - gap->begin;

		if (sent + len >= gap->begin && sent <= gap->end + len)
			return true;
	}
	return false;
}

static uint64_t count_stolen(const struct trial_bench *bench)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < CLIENT_SLOTS; i++) {
		uint64_t sent = bench->client.waits[i].sent;

		if (sent != 0)
			count += is_in_gap(&bench->own, sent) ||
				(bench->peer && is_in_gap(bench->peer, sent));
	}
	return count;
}

// The peer's record at one time, but for its gaps.
struct snapshot_of_peer {
	uint64_t own_ticks, port_ticks, turns, answered, gap_count;
	uint64_t steps[STAND_RECORD_STEPS];
};

static struct snapshot_of_peer look_at_peer(const struct trial_bench *bench)
{
	struct stand_record *peer = bench->peer;
	struct snapshot_of_peer seen = {0};

	if (!peer)
		return seen;
	seen.own_ticks = atomic_load(&peer->own_ticks);
	seen.port_ticks = atomic_load(&peer->port_ticks);
	seen.turns = atomic_load(&peer->turns);
	seen.answered = atomic_load(&peer->answered);
	seen.gap_count = atomic_load(&peer->gap_count);
	for (unsigned i = 0; i < STAND_RECORD_STEPS; i++)
		seen.steps[i] = atomic_load(&peer->steps[i]);
	return seen;
}

static void fill_peer(struct trial *result, const struct trial_bench *bench,
	const struct snapshot_of_peer *before)
{
	struct snapshot_of_peer after = look_at_peer(bench);
	double answered = (double)(after.answered - before->answered);
	double a_query = answered > 0 ? 1 / (answered * bench->ticks_per_ns) : 0;

	result->own_ns = (double)(after.own_ticks - before->own_ticks) * a_query;
	result->port_ns = (double)(after.port_ticks - before->port_ticks) * a_query;
	result->turns = (double)(after.turns - before->turns);
	result->peer_gaps = after.gap_count - before->gap_count;
	for (unsigned i = 0; i < STAND_RECORD_STEPS; i++)
		result->steps_ns[i] = (double)(after.steps[i] - before->steps[i]) * a_query;
}

static void fill(struct trial *result, const struct trial_bench *bench, double seconds)
{
	const struct client *client = &bench->client;
	double per_us = bench->ticks_per_ns * 1000;

	result->sent = client->sent;
	result->answered = client->answered;
	result->wrong = client_wrong(client);
	result->late = client->late;
	memcpy(result->faults, client->wrong, sizeof(result->faults));
	result->lost = client->sent - client->answered;
	result->stolen = result->lost ? count_stolen(bench) : 0;
	result->sent_a_second = (double)client->sent / seconds;
	result->answered_a_second = (double)client->answered / seconds;
	result->own_gaps = bench->own.gap_count;
	result->p50_us = (double)histogram_at(&client->latency, 0.5) / per_us;
	result->p99_us = (double)histogram_at(&client->latency, 0.99) / per_us;
	result->max_us = (double)client->latency.max / per_us;
}

void trial_run(struct trial_bench *bench, const struct trial_setup *setup, struct trial *result)
{
	uint64_t length = ticks(bench, setup->seconds * 1e9);
	struct snapshot_of_peer before = look_at_peer(bench);
	struct pace pace = {.per_tick = setup->rate / (bench->ticks_per_ns * 1e9)};

	client_reset(&bench->client);
	atomic_store(&bench->own.gap_count, 0);
	pace.begin = pace.last = __rdtsc();
	pace.end = pace.begin + length;
	*result = (struct trial){.rate = setup->rate};
	result->refused = run(bench, setup, &pace);
	drain(bench, setup, &pace);
	fill(result, bench, setup->seconds);
	fill_peer(result, bench, &before);
}

static bool is_clean(const struct trial *trial)
{
	return trial_lost(trial) == 0 && trial->wrong == 0;
}

void trial_search(struct trial_bench *bench, const struct trial_setup *setup, struct trial *result)
{
	struct trial_setup step = *setup;
	double low = 0, high;

	step.rate = 0;
	trial_run(bench, &step, result);
	high = result->answered_a_second * 1.05;
	for (unsigned i = 0; i < SEARCH_STEPS; i++) {
		step.rate = i == 0 ? high * 0.8 : (low + high) / 2;
		trial_run(bench, &step, result);
		*(is_clean(result) ? &low : &high) = step.rate;
	}
	step.seconds *= 3;
	step.rate = low;
	for (unsigned i = 0; i < CONFIRMATIONS; i++) {
		trial_run(bench, &step, result);
		if (is_clean(result))
			return;
		step.rate *= 0.95;
	}
}
