// SPDX-License-Identifier: BSD-3-Clause
// A round by the processor's own AES: an instruction takes some cycles, and another block can begin in each of them.
#include <immintrin.h>

#include "core/permutation_round.h"

enum { LANES = 8 };

static inline void walk_lanes(const __m128i keys[static AES128_ROUNDS + 1], struct place *places,
	unsigned count, unsigned round, bool is_row_round, bool is_back)
{
	__m128i lanes[LANES];

	for (unsigned i = 0; i < count; i++)
		lanes[i] = _mm_xor_si128(keys[0],
			_mm_set_epi32(0, (int)round, (int)places[i].rows,
				(int)round_half(&places[i], is_row_round)));
	for (unsigned r = 1; r < AES128_ROUNDS; r++)
		for (unsigned i = 0; i < count; i++)
			lanes[i] = _mm_aesenc_si128(lanes[i], keys[r]);
	for (unsigned i = 0; i < count; i++) {
		lanes[i] = _mm_aesenclast_si128(lanes[i], keys[AES128_ROUNDS]);
		round_move(
			&places[i], (uint64_t)_mm_cvtsi128_si64(lanes[i]), is_row_round, is_back);
	}
}

static inline void walk_all(const struct aes128 *cipher, struct place *places, unsigned count,
	unsigned round, bool is_row_round, bool is_back)
{
	__m128i keys[AES128_ROUNDS + 1];
	unsigned done = 0;

	for (unsigned i = 0; i <= AES128_ROUNDS; i++)
		keys[i] = _mm_loadu_si128((const __m128i *)&cipher->round_keys[i]);
	for (; done + LANES <= count; done += LANES)
		walk_lanes(keys, places + done, LANES, round, is_row_round, is_back);
	for (; done < count; done++)
		walk_lanes(keys, places + done, 1, round, is_row_round, is_back);
}

// Each of the four kinds of round is compiled for itself.
void permutation_round_aesni(const struct aes128 *cipher, struct place *places, unsigned count,
	unsigned round, bool is_back)
{
	if (round % 2 == 1 && is_back)
		walk_all(cipher, places, count, round, true, true);
	else if (round % 2 == 1)
		walk_all(cipher, places, count, round, true, false);
	else if (is_back)
		walk_all(cipher, places, count, round, false, true);
	else
		walk_all(cipher, places, count, round, false, false);
}
