// SPDX-License-Identifier: BSD-3-Clause
// A worker with all that it stands on, in one struct, and its port wrapped.
#include "bench/path/stand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <x86intrin.h>

enum { CALIBRATION_NS = 50000000 };

static unsigned stand_receive(struct port *base, struct packet *packets, unsigned max)
{
	struct stand_port *port = (struct stand_port *)base;
	uint64_t began = __rdtsc();
	unsigned count = port->inner->ops->receive(port->inner, packets, max);

	port->ticks += __rdtsc() - began;
	return count;
}

static unsigned stand_take(struct port *base, struct packet *packets, unsigned count)
{
	struct port *inner = ((struct stand_port *)base)->inner;

	return inner->ops->take(inner, packets, count);
}

static void stand_send(struct port *base, struct packet *packets, unsigned count)
{
	struct stand_port *port = (struct stand_port *)base;
	uint64_t began = __rdtsc();

	port->inner->ops->send(port->inner, packets, count);
	port->ticks += __rdtsc() - began;
}

static void stand_release(struct port *base, struct packet *packets, unsigned count)
{
	struct port *inner = ((struct stand_port *)base)->inner;

	inner->ops->release(inner, packets, count);
}

static int stand_wait_fd(struct port *base)
{
	(void)base;
	return -1;
}

static const struct port_ops stand_port_ops = {
	.receive = stand_receive,
	.take = stand_take,
	.send = stand_send,
	.release = stand_release,
	.wait_fd = stand_wait_fd,
};

uint64_t stand_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

double stand_ticks_per_ns(void)
{
	uint64_t began_ns = stand_clock_ns(), began = __rdtsc(), now_ns;

	do
		now_ns = stand_clock_ns();
	while (now_ns - began_ns < CALIBRATION_NS);
	return (double)(__rdtsc() - began) / (double)(now_ns - began_ns);
}

int stand_init(struct stand *stand, struct port *inner, struct stand_record *record,
	char error[static IMAGE_ERROR_LEN])
{
	memset(stand, 0, sizeof(*stand));
	stand->record = record;
	stand->gap_ticks = (uint64_t)(stand_ticks_per_ns() * STAND_GAP_NS);
	stand->port.inner = inner;
	stand->port.port.ops = &stand_port_ops;
	stand->inner_siblings[0] = inner;
	inner->siblings = stand->inner_siblings;
	stand->mac = port_mac_word(bench_our_mac);
	stand->snapshots.reader_count = 1;
	stand->snapshots.readers = &stand->reader;
	stand->options = (struct worker_options){.slot_count = INFLIGHT_SLOTS,
		.is_busy = true,
		.port_count = 1,
		.port_macs = &stand->mac,
		.keyring = &stand->keyring};
	keyring_init(&stand->keyring, (const uint8_t[AES128_KEY_LEN]){1});
	stand->worker.options = &stand->options;
	stand->worker.snapshots = &stand->snapshots;
	stand->worker.reader = &stand->reader;
	stand->worker.ports[0] = &stand->port.port;
	stand->worker.counters = stand->counters;
	stand->worker.upstreams = stand->upstreams;
	stand->worker.lines = stand->lines;
	stand->worker.loop_counters = stand->rule_counters;
	stand->rule_counters = calloc(COUNTERS_RULE_CAPACITY, sizeof(*stand->rule_counters));
	stand->places = upstreams_new(stand->upstreams, &stand->upstream_count, STAND_UPSTREAMS);
	if (!stand->rule_counters || !stand->places ||
		worker_init(&stand->worker, stand->rule_counters) != 0) {
		snprintf(error, IMAGE_ERROR_LEN, "no memory for a worker");
		return -1;
	}
	return 0;
}

void stand_fini(struct stand *stand)
{
	worker_fini(&stand->worker);
	upstreams_free(stand->places);
	for (unsigned i = 0; i < STAND_IMAGES; i++)
		snapshot_close(stand->images[i]);
	free(stand->rule_counters);
}

// Every target is reached by the one port.
static void resolve(struct snapshot *snapshot)
{
	struct nexthop hop = {.state = NEXTHOP_RESOLVED};

	memcpy(hop.source_mac, bench_our_mac, 6);
	memcpy(hop.target_mac, bench_peer_mac, 6);
	for (uint32_t i = 0; i < snapshot->image.upstreams_count; i++)
		nexthop_set(&snapshot->hops[i], &hop);
}

int stand_load(struct stand *stand, unsigned index, const struct image_setup *setup,
	char error[static IMAGE_ERROR_LEN])
{
	int fd = bench_image_make(setup, index + 1, error);
	struct snapshot *snapshot = fd < 0 ? NULL : snapshot_open(fd, 1, error);

	if (fd >= 0)
		close(fd);
	if (!snapshot)
		return -1;
	stand->images[index] = snapshot;
	resolve(snapshot);
	if (upstreams_follow(stand->places, &snapshot->image, snapshot->upstreams) != 0) {
		snprintf(error, IMAGE_ERROR_LEN, "more upstreams than %d", STAND_UPSTREAMS);
		return -1;
	}
	return 0;
}

void stand_serve(struct stand *stand, unsigned index)
{
	upstreams_name(
		stand->places, &stand->images[index]->image, stand->images[index]->upstreams);
	(void)!snapshot_publish(&stand->snapshots, stand->images[index]);
	stand->served = index;
	counter_add(&stand->record->swaps, 1);
}

void stand_swap(struct stand *stand, double seconds)
{
	stand->swap_ns = (uint64_t)(seconds * 1e9);
	stand->swapped_ns = stand_clock_ns();
}

static void swap_when_due(struct stand *stand, uint64_t now_ns)
{
	if (stand->swap_ns == 0 || now_ns - stand->swapped_ns < stand->swap_ns)
		return;
	stand->swapped_ns = now_ns;
	stand_serve(stand, !stand->served);
}

// The profile is of turns that were not interrupted.
static void keep_profile(const struct stand *stand, uint64_t kept[static PATH_COUNTER_COUNT])
{
	for (unsigned i = PROFILE_STEPS; i < PATH_COUNTER_COUNT; i++)
		kept[i] = counter_get(&stand->counters[i]);
}

static void restore_profile(struct stand *stand, const uint64_t kept[static PATH_COUNTER_COUNT])
{
	for (unsigned i = PROFILE_STEPS; i < PATH_COUNTER_COUNT; i++)
		atomic_store_explicit(&stand->counters[i], kept[i], memory_order_relaxed);
}

bool stand_turn(struct stand *stand)
{
	uint64_t profile[PATH_COUNTER_COUNT] __attribute__((uninitialized));
	uint64_t now_ns = stand_clock_ns();
	struct stand_record *record = stand->record;
	uint64_t began, inside, end;

	swap_when_due(stand, now_ns);
	keep_profile(stand, profile);
	began = __rdtsc();
	inside = stand->port.ticks;
	if (!worker_turn(&stand->worker, stand_clock_ns() / 1000))
		return false;
	end = __rdtsc();
	inside = stand->port.ticks - inside;
	atomic_store_explicit(&record->answered, counter_get(&stand->counters[EXIT_answered]),
		memory_order_relaxed);
	atomic_store_explicit(
		&record->matched, counter_get(&stand->counters[STEP_match]), memory_order_relaxed);
	atomic_store_explicit(
		&record->dropped, stand->port.inner->counters.tx_full, memory_order_relaxed);
	if (end - began > stand->gap_ticks) { // no burst takes as long
		stand_note_gap(record, began, end);
		restore_profile(stand, profile);
		return true;
	}
	for (unsigned i = PROFILE_STEPS; i < PATH_COUNTER_COUNT; i++)
		if (i - PROFILE_STEPS < STAND_RECORD_STEPS)
			atomic_store_explicit(&record->steps[i - PROFILE_STEPS],
				counter_get(&stand->counters[i]), memory_order_relaxed);
	counter_add(&record->port_ticks, inside);
	counter_add(&record->own_ticks, end - began - inside);
	counter_add(&record->turns, 1);
	return true;
}
