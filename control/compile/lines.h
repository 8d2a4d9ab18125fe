// SPDX-License-Identifier: BSD-3-Clause
// Room for accepts in whole cache lines, so that looking at one asks for one line.
//
//   ┌ 64 bytes ────────────────────────────────────┐
//   │ accept 1 │ accept 2     │ accept 3 │ fillers │   none begins in a line that it does not fit in
//   └──────────────────────────────────────────────┘
#pragma once

#include "control/compile/assembly.h"

enum { LINES_OPEN_MAX = 32 }; // of each room: more gain nothing

// Lines that have room left, by how many bytes.
struct lines {
	uint64_t rooms; // bit n: there is one with n bytes
	uint8_t open_count[IMAGE_LINE];
	uint32_t open[IMAGE_LINE][LINES_OPEN_MAX]; // offsets of the first free byte
};

void lines_init(struct lines *);

// Where `len` bytes of the accepts are free now, in the line that they fill best, else in a new one. What is out of
// memory shows in the assembly.
[[nodiscard]] uint32_t lines_take(struct lines *, struct assembly *, uint32_t len);
