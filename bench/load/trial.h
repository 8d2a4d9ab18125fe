// SPDX-License-Identifier: BSD-3-Clause
// One run at one rate, and the search for the highest rate at which nothing is lost.
#pragma once

#include "bench/load/traffic.h"
#include "bench/path/stand_record.h"

enum { TRIAL_STEPS_MAX = STAND_RECORD_STEPS };

struct trial_setup {
	double rate; // queries a second; 0: as fast as can be
	double seconds;
	double delay_us;   // until the upstream answers
	bool has_upstream; // what comes without QR is for the upstream; else all is for clients
};

struct trial {
	double rate; // asked for
	double sent_a_second, answered_a_second;
	uint64_t sent, answered, wrong, late;
	uint64_t refused; // no room in the ring: never sent, and lost
	uint64_t lost;    // of what was sent
	uint64_t stolen;  // of these, sent while time was taken from either side
	uint64_t faults[CLIENT_FAULT_COUNT];
	uint64_t own_gaps, peer_gaps;
	double p50_us, p99_us, max_us;
	double own_ns, port_ns, turns; // the peer's, a query answered; 0: not known
	double steps_ns[TRIAL_STEPS_MAX];
};

struct wire; // of load.c's kind of device: what can send and receive

struct trial_bench {
	struct client client;
	struct replier replier;
	struct stand_record own;   // this side's gaps
	struct stand_record *peer; // NULL: not known
	struct wire *wire;
	double ticks_per_ns;
};

void trial_run(struct trial_bench *, const struct trial_setup *setup, struct trial *result);

// Loss that is our own, and not of somebody who took the machine's time.
static inline uint64_t trial_lost(const struct trial *trial)
{
	return trial->lost + trial->refused - trial->stolen;
}

// The highest rate at which none is lost, by bisection below what comes through as fast as can be; then, at it, a run three times as long,
// at lower rates until that loses none either.
void trial_search(struct trial_bench *, const struct trial_setup *setup, struct trial *result);
