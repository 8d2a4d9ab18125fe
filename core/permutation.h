// SPDX-License-Identifier: BSD-3-Clause
// A keyed permutation of a rectangle: each of its places goes to another, and nobody without the key can say to which.
//
//   row     0 … rows - 1     ──┐ + F(1, column)          + F(3, column)
//                              ▼                ▲        ▼                …        10 rounds
//   column  0 … 65535        ────────▶ + F(2, row) ──────────▶ + F(4, row)
//
// An alternating Feistel network: F is AES-128 of the round, the rectangle's height and the half that stays. So any height will do,
// not only powers of two. Who sees the places of many numbers, even of numbers he chose, can't tell them from places drawn at random
// without repetition.
#pragma once

#include <stdbool.h>

#include "core/aes128.h"

struct place {
	uint32_t rows; // 1 to 65536: the rectangle's height
	uint32_t row;  // below that
	uint16_t column;
};

struct permutation {
	struct aes128 cipher;
	// The best way that this CPU has (core/permutation_round.h).
	void (*walk_round)(const struct aes128 *, struct place *places, unsigned count,
		unsigned round, bool is_back);
};

void permutation_init(struct permutation *, const uint8_t key[static AES128_KEY_LEN]);

// Where each place goes to, and where it came from.
void permutation_apply(const struct permutation *, struct place *places, unsigned count);
void permutation_undo(const struct permutation *, struct place *places, unsigned count);
