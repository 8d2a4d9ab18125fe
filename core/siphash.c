// SPDX-License-Identifier: BSD-3-Clause
// SipHash: four words of state, to which eight bytes at a time are added.
#include "core/siphash.h"

#include <string.h>

static uint64_t turn(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void stir(uint64_t v[static 4], unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = turn(v[1], 17) ^ v[2];
		v[3] = turn(v[3], 21) ^ v[0];
		v[2] = turn(v[2], 32);
	}
}

static inline void add_word(uint64_t v[static 4], uint64_t word, unsigned rounds)
{
	v[3] ^= word;
	stir(v, rounds);
	v[0] ^= word;
}

static inline uint64_t hash(const uint8_t *secret, const uint8_t *bytes, size_t len,
	unsigned word_rounds, unsigned end_rounds)
{
	uint64_t key[2], word, last = (uint64_t)len << 56;
	uint64_t v[4];

	memcpy(key, secret, sizeof(key));
	v[0] = key[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = key[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = key[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = key[1] ^ UINT64_C(0x7465646279746573);
	for (; len >= 8; bytes += 8, len -= 8) {
		memcpy(&word, bytes, 8);
		add_word(v, word, word_rounds);
	}
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)bytes[i] << 8 * i;
	add_word(v, last, word_rounds);
	v[2] ^= 0xff;
	stir(v, end_rounds);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash(const uint8_t secret[static SIPHASH_KEY_LEN], const void *bytes, size_t len)
{
	return hash(secret, bytes, len, 1, 3);
}

uint64_t siphash_rounds(const uint8_t secret[static SIPHASH_KEY_LEN], const void *bytes, size_t len,
	unsigned word_rounds, unsigned end_rounds)
{
	return hash(secret, bytes, len, word_rounds, end_rounds);
}
