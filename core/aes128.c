// SPDX-License-Identifier: BSD-3-Clause
// AES-128 (FIPS 197): the key schedule, and encryption in plain C.
#include "core/aes128.h"

#include <string.h>

// FIPS 197, 5.2: the word behind a round key comes from its last one, turned by a byte.
static struct aes_block next_round_key(const struct aes_block *key, uint8_t constant)
{
	struct aes_block next;

	for (unsigned i = 0; i < 4; i++)
		next.b[i] = key->b[i] ^ aes_sbox[key->b[12 + (i + 1) % 4]];
	next.b[0] ^= constant;
	for (unsigned i = 4; i < 16; i++)
		next.b[i] = key->b[i] ^ next.b[i - 4];
	return next;
}

void aes128_init(struct aes128 *cipher, const uint8_t key[static AES128_KEY_LEN])
{
	uint8_t constant = 1;

	memcpy(cipher->round_keys[0].b, key, AES128_KEY_LEN);
	for (unsigned i = 0; i < AES128_ROUNDS; i++) {
		cipher->round_keys[i + 1] = next_round_key(&cipher->round_keys[i], constant);
		constant = aes_double(constant);
	}
}

struct aes_block aes128_encrypt(const struct aes128 *cipher, struct aes_block block)
{
	const struct aes_block *keys = cipher->round_keys;

	for (unsigned i = 0; i < sizeof(block.b); i++)
		block.b[i] ^= keys[0].b[i];
	for (unsigned round = 1; round < AES128_ROUNDS; round++)
		block = aes_round(block, keys[round]);
	return aes_last_round(block, keys[AES128_ROUNDS]);
}

struct aes_block aes128_block(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const uint32_t words[4] = {a, b, c, d};
	struct aes_block block;

	memcpy(block.b, words, sizeof(words));
	return block;
}

uint64_t aes128_low(struct aes_block block)
{
	uint64_t low;

	memcpy(&low, block.b, sizeof(low));
	return low;
}
