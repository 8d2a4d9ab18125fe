// SPDX-License-Identifier: BSD-3-Clause
// Replies on their way from the worker that received them to the one that they belong to: a ring with one
// writer and one reader for each pair of workers.
//
//             put ──▶ publish                      take ──▶ release
//   records   │ 192 bytes │ 192 bytes │ …          short messages are in the record,
//   cells     │ 2 KiB │ 2 KiB │ …                  a longer one in the next cell
//
// Cells are used in the order of the records that name them, so a record needs no reference. Neither side
// ever waits for the other: a full ring takes no more.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"

enum {
	HANDOVER_RECORD_LEN = 152, // bytes of message that a record holds
	HANDOVER_CELL_LEN = 2048,  // and a cell: no message is longer
};

// A reply as its owner gets it.
struct handover_reply {
	struct endpoint from, to;
	const uint8_t *message; // in the ring, until handover_release()
	uint16_t len;
	uint8_t reading; // of its port and ID that led here (path/pairs.h)
};

struct handover;

// Bytes that a ring of `record_count` (a power of two, from 2) needs, 64-byte aligned; the caller owns them.
[[nodiscard]] size_t handover_size(uint32_t record_count);
struct handover *handover_init(void *memory, uint32_t record_count);

// The receiving worker. False: the ring is full, or the message too long. The owner sees nothing of it before
// handover_publish().
[[nodiscard]] bool handover_put(struct handover *, const struct handover_reply *reply);
void handover_publish(struct handover *);

// The owner. False: nothing is there. What was taken stays in place until handover_release().
[[nodiscard]] bool handover_take(struct handover *, struct handover_reply *reply);
void handover_release(struct handover *);
