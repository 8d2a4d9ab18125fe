// SPDX-License-Identifier: BSD-3-Clause
// A round of the permutation, for each way of encrypting: what F is given, and what is made of what it gives.
#pragma once

#include <stdbool.h>

#include "core/permutation.h"

// Odd rounds move rows, by the column; even ones move columns, by the row.
static inline uint32_t round_half(const struct place *place, bool is_row_round)
{
	return is_row_round ? place->column : place->row;
}

// 64 random bits to a number below `rows`: some are likelier than others by less than 2^-47.
static inline uint32_t round_below(uint64_t bits, uint32_t rows)
{
	return (uint32_t)((unsigned __int128)bits * rows >> 64);
}

static inline void round_move(struct place *place, uint64_t bits, bool is_row_round, bool is_back)
{
	uint32_t step, row;

	if (!is_row_round) {
		place->column = (uint16_t)(is_back ? place->column - bits : place->column + bits);
		return;
	}
	step = round_below(bits, place->rows);
	row = place->row + (is_back ? place->rows - step : step);
	place->row = row >= place->rows ? row - place->rows : row;
}

// By each way. The round is 1 to 10.
void permutation_round_plain(
	const struct aes128 *, struct place *places, unsigned count, unsigned round, bool is_back);
#ifdef __x86_64__
void permutation_round_aesni(
	const struct aes128 *, struct place *places, unsigned count, unsigned round, bool is_back);
void permutation_round_vaes(
	const struct aes128 *, struct place *places, unsigned count, unsigned round, bool is_back);
#endif
