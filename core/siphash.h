// SPDX-License-Identifier: BSD-3-Clause
// SipHash-1-3 (Aumasson and Bernstein, 2012): a hash for tables whose keys outsiders choose. Without its secret nobody can make
// two keys collide.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY_LEN = 16 };

[[nodiscard]] uint64_t siphash(
	const uint8_t secret[static SIPHASH_KEY_LEN], const void *bytes, size_t len);

// With so many rounds a word and at the end, as published for 2 and 4.
[[nodiscard]] uint64_t siphash_rounds(const uint8_t secret[static SIPHASH_KEY_LEN],
	const void *bytes, size_t len, unsigned word_rounds, unsigned end_rounds);
