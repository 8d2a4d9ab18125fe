// SPDX-License-Identifier: BSD-3-Clause
// The pool of random numbers that steps draw from: query IDs, source ports, hash keys.
//
// The pool itself makes nothing up: worker.c refills it between bursts from a cryptographic source, a test from a
// stream of its own. An empty pool gives nothing, and a step that gets nothing gives no service: an ID that
// can be guessed is worse than none. One worker owns a pool.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CHANCE_POOL_SIZE = 4096 };

struct chance {
	uint32_t left; // bytes of the pool that nobody drew yet
	uint8_t pool[CHANCE_POOL_SIZE];
};

// Draws 32 random bits. False: the pool is empty, and `*bits` is 0.
[[nodiscard]] bool chance_draw(struct chance *, uint32_t *bits);

// Draws a number below `bound`, each equally likely. False: the pool is empty.
[[nodiscard]] bool chance_below(struct chance *, uint32_t bound, uint32_t *number);

// The bytes that were drawn and want replacing: fill `*len` bytes there, then call
// chance_refilled().
[[nodiscard]] uint8_t *chance_spent(struct chance *, uint32_t *len);
void chance_refilled(struct chance *);
