// SPDX-License-Identifier: BSD-3-Clause
// A worker: one thread that polls its end of every port and walks what comes through the path.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "dataplane/path/path.h"
#include "dataplane/snapshot.h"

// What a worker counts of its loop.
#define WORKER_COUNTERS(X)                                             \
	X(loops, "turns of the poll loop that moved something")        \
	X(sleeps, "times that the worker slept, all ports being idle") \
	X(gaps, "turns that came over 1 ms after the one before")

// How all workers are to be; main writes before they start, workers read.
struct worker_options {
	uint32_t slot_count; // of outstanding queries
	bool is_busy;        // never sleeps
	int (*begin)(void);  // called first on the worker's thread; NULL: nothing
	unsigned port_count;
	const port_mac_t *port_macs;
	const struct keyring *keyring; // that source ports and IDs are drawn by
};

struct worker {
	pthread_t thread;
	unsigned index;
	const struct worker_options *options;
	struct snapshot_switch *snapshots;
	struct snapshot_reader *reader;
	struct port *ports[PORT_MAX];
	counter_t *counters;         // this worker's block
	struct upstream *upstreams;  // of all workers
	struct upstream_line *lines; // this worker's
	counter_t *loop_counters;    // likewise, by the rule's counter number
	uint32_t *loads;             // likewise, one an upstream (state/inflight.h)
	unsigned idle_turns;
	uint64_t last_turn_us;
	_Atomic bool must_stop;          // main writes, the worker reads
	struct packet burst[PORT_BURST]; // of this turn
	struct chance chance;
	struct path path;
};

// The entries of a worker's block of counters, in its order. Gives their number; `entries` may be NULL.
unsigned worker_counter_entries(struct counter_entry *entries, unsigned port_count);

// Takes memory for `worker`, whose options, snapshots, reader, ports, counters and upstreams are set; `rule_counters` are its own. 0 or
// -errno.
[[nodiscard]] int worker_init(struct worker *worker, counter_t *rule_counters);
void worker_fini(struct worker *worker);

// Makes the rings by which these workers, whose indexes are their places here, hand replies over to each other. 0 or
// -errno; worker_fini() frees them in both cases.
[[nodiscard]] int worker_connect(struct worker *const *workers, unsigned count);

[[nodiscard]] int worker_start(struct worker *worker);
// Asks it to stop and waits until it has.
void worker_stop(struct worker *worker);

// One turn of the loop at `now_us`, on the caller's thread: for tests and benchmarks over port/memory. True: something moved.
bool worker_turn(struct worker *worker, uint64_t now_us);
