// SPDX-License-Identifier: BSD-3-Clause
// A port over arrays: unit tests, fuzzers and benchmarks put frames in and look at what comes out.
#pragma once

#include "dataplane/port/port.h"

enum { MEMORY_CELL_SIZE = 2048, MEMORY_CELLS = 512 };

// What was sent: a copy of the frame, in the order of sending.
struct memory_frame {
	uint16_t len;
	uint8_t data[MEMORY_CELL_SIZE];
};

struct memory_port;

[[nodiscard]] struct memory_port *memory_new(uint8_t index);
void memory_free(struct memory_port *);
[[nodiscard]] struct port *memory_as_port(struct memory_port *);

// What receive() says of every packet from now on: enum packet_flag.
void memory_set_flags(struct memory_port *, uint16_t flags);
// Queues a frame for receive(). False: no cell is free, or it is too long.
[[nodiscard]] bool memory_put(struct memory_port *, const uint8_t *frame, size_t len);
// The oldest frame sent and not yet taken; NULL: none. Valid until the next call.
const struct memory_frame *memory_take_sent(struct memory_port *);
// Buffers that are neither free nor queued: 0 between bursts, or something leaks.
unsigned memory_in_use(const struct memory_port *);
