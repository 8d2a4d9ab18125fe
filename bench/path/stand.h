// SPDX-License-Identifier: BSD-3-Clause
// A worker on a stand: one port for clients and upstreams, whose time is told from the worker's own, and images to serve.
//
//   ┌ turn ──────────────────────────────────────┐
//   receive ─ the path ─ send ─ … ─ housekeeping       own = turn − receive − send, of turns that moved something
#pragma once

#include "bench/path/image.h"
#include "bench/path/stand_record.h"
#include "dataplane/upstreams.h"
#include "dataplane/worker.h"

enum { STAND_IMAGES = 2, STAND_UPSTREAMS = 16, STAND_COUNTERS = 512 };

// The true port, and the ticks spent in it.
struct stand_port {
	struct port port;
	struct port *inner;
	uint64_t ticks;
};

struct stand {
	struct stand_port port;
	struct port *inner_siblings[1];
	port_mac_t mac;
	struct snapshot_switch snapshots;
	struct snapshot_reader reader;
	struct worker_options options;
	struct worker worker;
	struct snapshot *images[STAND_IMAGES];
	struct upstreams *places;
	_Atomic uint32_t upstream_count;
	struct upstream upstreams[STAND_UPSTREAMS];
	struct upstream_line lines[STAND_UPSTREAMS];
	counter_t counters[STAND_COUNTERS];
	counter_t *rule_counters;
	struct keyring keyring;
	struct stand_record *record; // the caller's
	uint64_t gap_ticks;          // a turn that took longer was interrupted
	uint64_t swap_ns;            // 0: one image is served
	uint64_t swapped_ns;         // when the images were last exchanged
	unsigned served;             // index of the image
};

// Over this port, whose siblings are set here. 0, or -1 with `error` set; stand_fini() in both cases.
[[nodiscard]] int stand_init(struct stand *, struct port *inner, struct stand_record *record,
	char error[static IMAGE_ERROR_LEN]);
void stand_fini(struct stand *);

// Compiles an image, loads it, and keeps it as number `index`. 0, or -1 with `error` set.
[[nodiscard]] int stand_load(struct stand *, unsigned index, const struct image_setup *setup,
	char error[static IMAGE_ERROR_LEN]);
// Serves that image from the next turn on.
void stand_serve(struct stand *, unsigned index);
// Serves both images in turn from now on, each for so long.
void stand_swap(struct stand *, double seconds);

// A turn of the worker, with the reading of the clock, recorded. One that was interrupted is recorded as a gap alone.
// True: something moved.
bool stand_turn(struct stand *);

// Ticks of the time-stamp counter a nanosecond, as measured once.
[[nodiscard]] double stand_ticks_per_ns(void);
[[nodiscard]] uint64_t stand_clock_ns(void);
