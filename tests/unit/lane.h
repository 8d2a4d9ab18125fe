// SPDX-License-Identifier: BSD-3-Clause
// A worker between two memory ports: port 0 faces clients, port 1 upstreams. What walks is the true path; the test
// plays the client, the upstream, the clock and the source of randomness.
#pragma once

#include "dataplane/port/memory.h"
#include "dataplane/upstreams.h"
#include "dataplane/worker.h"
#include "tests/unit/images.h"

enum { LANE_CLIENTS, LANE_UPSTREAMS, LANE_PORTS };

enum { LANE_UPSTREAM_PLACES = 16, LANE_CROWD_MAX = 4 };

struct lane {
	struct worker worker;
	struct worker_options options;
	struct snapshot_switch snapshots;
	struct snapshot_reader reader;
	struct memory_port *ports[LANE_PORTS];
	port_mac_t macs[LANE_PORTS];
	counter_t counters[256];
	struct upstreams *places;
	_Atomic uint32_t upstream_count;
	struct upstream upstreams[LANE_UPSTREAM_PLACES];
	struct upstream_line lines[LANE_UPSTREAM_PLACES];
	counter_t rule_counters[64];
	counter_t loop_counters[64];
	struct keyring keyring;
	uint64_t generation; // of the image served
	uint64_t now_us;
};

// A lane with these rules; every target's next hop is by port 1. Fails the test where it can't be made.
struct lane *lane_new(const struct image_rule_text *rules, uint32_t rule_count);
// Lanes of workers that hand replies over to each other, LANE_CROWD_MAX at most. Each has its own ends of the ports.
void lane_new_crowd(struct lane **lanes, unsigned count, const struct image_rule_text *rules,
	uint32_t rule_count);
// Another image, of the next generation, in place of the one that is given back; that may be closed after the worker's next turn.
struct snapshot *lane_switch(
	struct lane *lane, const struct image_rule_text *rules, uint32_t rule_count);
// Likewise, of an image of the next generation: lane->generation + 1. The descriptor is closed.
struct snapshot *lane_switch_to(struct lane *lane, int fd);
void lane_free(struct lane *lane);

// A UDP datagram in a frame, with right checksums. `from` and `to` are addresses of one family, as text.
struct lane_datagram {
	const char *from, *to;
	uint16_t from_port, to_port;
	const void *message;
	uint16_t message_len;
};

// The frame of a datagram; gives its length.
uint16_t lane_frame(uint8_t frame[static MEMORY_CELL_SIZE], const struct lane_datagram *datagram);
// Puts a frame into a port and lets the worker turn once.
void lane_give(struct lane *lane, unsigned port, const uint8_t *frame, uint16_t len);
void lane_give_datagram(struct lane *lane, unsigned port, const struct lane_datagram *datagram);
// The DNS message of the next frame sent by `port`, whose checksums and lengths are held to be right; NULL: nothing was
// sent. `datagram` may be NULL.
const uint8_t *lane_take(
	struct lane *lane, unsigned port, uint16_t *len, struct lane_datagram *datagram);

// Both laws hold, and no buffer is lost.
void lane_check_laws(struct lane *lane);
