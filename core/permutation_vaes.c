// SPDX-License-Identifier: BSD-3-Clause
// A round by AES instructions that take four blocks at a time.
#include <immintrin.h>

#include "core/permutation_round.h"

enum { LANES = 4, BLOCKS = 4, GROUP = LANES * BLOCKS };

static inline __m128i input_of(const struct place *place, unsigned round, bool is_row_round)
{
	return _mm_set_epi32(0, (int)round, (int)place->rows, (int)round_half(place, is_row_round));
}

static inline void walk_group(const __m512i keys[static AES128_ROUNDS + 1], struct place *places,
	unsigned round, bool is_row_round, bool is_back)
{
	__m512i lanes[LANES];
	uint64_t outputs[GROUP * 2];

	for (unsigned i = 0; i < LANES; i++) {
		const struct place *four = &places[i * BLOCKS];
		__m512i block = _mm512_castsi128_si512(input_of(&four[0], round, is_row_round));

		block = _mm512_inserti32x4(block, input_of(&four[1], round, is_row_round), 1);
		block = _mm512_inserti32x4(block, input_of(&four[2], round, is_row_round), 2);
		block = _mm512_inserti32x4(block, input_of(&four[3], round, is_row_round), 3);
		lanes[i] = _mm512_xor_si512(keys[0], block);
	}
	for (unsigned r = 1; r < AES128_ROUNDS; r++)
		for (unsigned i = 0; i < LANES; i++)
			lanes[i] = _mm512_aesenc_epi128(lanes[i], keys[r]);
	for (unsigned i = 0; i < LANES; i++)
		_mm512_storeu_si512(&outputs[i * BLOCKS * 2],
			_mm512_aesenclast_epi128(lanes[i], keys[AES128_ROUNDS]));
	for (unsigned i = 0; i < GROUP; i++)
		round_move(&places[i], outputs[2 * i], is_row_round, is_back);
}

static inline unsigned walk_groups(const struct aes128 *cipher, struct place *places,
	unsigned count, unsigned round, bool is_row_round, bool is_back)
{
	__m512i keys[AES128_ROUNDS + 1];
	unsigned done = 0;

	for (unsigned i = 0; i <= AES128_ROUNDS; i++)
		keys[i] = _mm512_broadcast_i32x4(
			_mm_loadu_si128((const __m128i *)&cipher->round_keys[i]));
	for (; done + GROUP <= count; done += GROUP)
		walk_group(keys, places + done, round, is_row_round, is_back);
	return done;
}

// Each of the four kinds of round is compiled for itself; what is left over goes by fewer at a time.
void permutation_round_vaes(const struct aes128 *cipher, struct place *places, unsigned count,
	unsigned round, bool is_back)
{
	unsigned done;

	if (round % 2 == 1 && is_back)
		done = walk_groups(cipher, places, count, round, true, true);
	else if (round % 2 == 1)
		done = walk_groups(cipher, places, count, round, true, false);
	else if (is_back)
		done = walk_groups(cipher, places, count, round, false, true);
	else
		done = walk_groups(cipher, places, count, round, false, false);
	permutation_round_aesni(cipher, places + done, count - done, round, is_back);
}
