// SPDX-License-Identifier: BSD-3-Clause
// The current image: loaded, checked, switched to, and let go when no worker reads it any more.
//
//   main:    current = new ── epoch + 1 ── wait until every worker has seen it, or is parked ── close old
//   worker:  once a loop: seen = epoch, then current.   Before it sleeps: seen = PARKED.
//
// A worker holds the snapshot for one loop only and stores no pointer into it.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/image.h"
#include "dataplane/port/port.h"
#include "dataplane/regex.h"
#include "dataplane/state/nexthop.h"

enum { SNAPSHOT_ERROR_LEN = 256 };

struct snapshot {
	struct image image;
	void *base; // within what is mapped
	size_t size;
	void *mapped;
	size_t mapped_size;
	struct regex *regex;
	struct nexthop_line *hops;           // one an upstream; main writes, workers read
	struct image_outbound *before;       // the outbound ranges of the image before
	struct port_sources *sources_before; // one each, as they were then
	uint32_t before_count;
	struct port_sources *sources; // one an outbound address; devices write, workers read
	// One an upstream: its place in core/upstreams.h. Main writes before it publishes.
	uint32_t *upstreams;
};

// Loads an image that came by descriptor, sealed against writes, shrinking and growing, and good by image_open(), into
// memory of its own, with what `worker_count` workers need to search for its patterns. The descriptor stays the caller's. NULL: `error` says what is wrong.
[[nodiscard]] struct snapshot *snapshot_open(
	int fd, unsigned worker_count, char error[static SNAPSHOT_ERROR_LEN]);
void snapshot_close(struct snapshot *snapshot);

// Notes where the image before asks from, as replies will still come there; NULL: there is none. 0 or -ENOMEM.
[[nodiscard]] int snapshot_follow(struct snapshot *snapshot, const struct snapshot *before);

#define SNAPSHOT_PARKED UINT64_MAX

struct snapshot_reader {
	alignas(64) _Atomic uint64_t seen; // its worker writes, main reads
};

struct snapshot_switch {
	_Atomic(struct snapshot *) current; // main writes, workers read
	_Atomic uint64_t epoch;             // likewise
	unsigned reader_count;
	struct snapshot_reader *readers; // one a worker
};

// Worker: what to read in this loop; NULL: no image was adopted yet.
[[nodiscard]] const struct snapshot *snapshot_enter(
	struct snapshot_switch *source, struct snapshot_reader *reader);
// Worker: reads nothing until the next snapshot_enter().
void snapshot_park(struct snapshot_reader *reader);

// Main: switches to `next` and gives the snapshot before. That one may be closed once snapshot_is_quiet().
[[nodiscard]] struct snapshot *snapshot_publish(
	struct snapshot_switch *target, struct snapshot *next);
// Main: likewise, where something else has changed that workers read after they entered.
void snapshot_turn(struct snapshot_switch *target);
// Main: no worker reads what was published, or there, before the newest such call.
[[nodiscard]] bool snapshot_is_quiet(const struct snapshot_switch *source);
