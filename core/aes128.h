// SPDX-License-Identifier: BSD-3-Clause
// AES-128 (FIPS 197): the key schedule, and encryption in plain C.
#pragma once

#include "core/aes.h"

enum { AES128_KEY_LEN = 16, AES128_ROUNDS = 10 };

struct aes128 {
	struct aes_block round_keys[AES128_ROUNDS + 1];
};

void aes128_init(struct aes128 *, const uint8_t key[static AES128_KEY_LEN]);
[[nodiscard]] struct aes_block aes128_encrypt(const struct aes128 *, struct aes_block);

// A block of four words, and the first two of a block, in the order of the host.
[[nodiscard]] struct aes_block aes128_block(uint32_t a, uint32_t b, uint32_t c, uint32_t d);
[[nodiscard]] uint64_t aes128_low(struct aes_block);
