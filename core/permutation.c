// SPDX-License-Identifier: BSD-3-Clause
// Rounds over a burst of places: all are at the same round at a time, so that their encryptions overlap.
#include "core/permutation.h"

#include "core/cpu.h"
#include "core/permutation_round.h"

enum { ROUNDS = 10, BURST = 64 };

void permutation_init(struct permutation *permutation, const uint8_t key[static AES128_KEY_LEN])
{
	aes128_init(&permutation->cipher, key);
	permutation->walk_round = permutation_round_plain;
#ifdef __x86_64__
	if (cpu_level() >= CPU_AVX2)
		permutation->walk_round = permutation_round_aesni;
	if (cpu_has_vaes())
		permutation->walk_round = permutation_round_vaes;
#endif
}

void permutation_round_plain(const struct aes128 *cipher, struct place *places, unsigned count,
	unsigned round, bool is_back)
{
	bool is_row_round = round % 2 == 1;

	for (unsigned i = 0; i < count; i++) {
		struct aes_block block = aes128_block(
			round_half(&places[i], is_row_round), places[i].rows, round, 0);

		block = aes128_encrypt(cipher, block);
		round_move(&places[i], aes128_low(block), is_row_round, is_back);
	}
}

static unsigned burst_of(unsigned count)
{
	return count < BURST ? count : BURST;
}

void permutation_apply(const struct permutation *permutation, struct place *places, unsigned count)
{
	for (unsigned some; count > 0; places += some, count -= some) {
		some = burst_of(count);
		for (unsigned round = 1; round <= ROUNDS; round++)
			permutation->walk_round(&permutation->cipher, places, some, round, false);
	}
}

void permutation_undo(const struct permutation *permutation, struct place *places, unsigned count)
{
	for (unsigned some; count > 0; places += some, count -= some) {
		some = burst_of(count);
		for (unsigned round = ROUNDS; round > 0; round--)
			permutation->walk_round(&permutation->cipher, places, some, round, true);
	}
}
