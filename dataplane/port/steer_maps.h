// SPDX-License-Identifier: BSD-3-Clause
// The maps of the steering program (bpf/steer.h): which addresses are ours, whom to drop, and what became of frames.
#pragma once

#include "bpf/steer.h"
#include "dataplane/port/port.h"

enum steer_map {
	STEER_MAP_SOCKETS,
	STEER_MAP_ADDRESSES,
	STEER_MAP_INBOUND,
	STEER_MAP_DROPS,
	STEER_MAP_COUNTERS,
	STEER_MAP_COUNT,
};

// As the program names them.
extern const char *const steer_map_names[STEER_MAP_COUNT];

struct steer_maps {
	int fds[STEER_MAP_COUNT]; // the owner's to close
	struct steering wanted;   // a copy of its own, without sources
	unsigned linger_ticks; // until what is not wanted any more leaves the maps; 0: it has left
	bool has_drops;
};

// What the functions of steer.h say.
[[nodiscard]] int steer_maps_set(struct steer_maps *, const struct steering *);
[[nodiscard]] int steer_maps_drop(
	struct steer_maps *, const struct steer_prefix *prefixes, unsigned count);
void steer_maps_tick(struct steer_maps *);
unsigned steer_maps_count(const struct steer_maps *, struct device_counter *counters);
// Frees what is remembered, not the maps.
void steer_maps_fini(struct steer_maps *);
