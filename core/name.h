// SPDX-License-Identifier: BSD-3-Clause
// Domain names in wire form (RFC 1035, 3.1): length byte, label, …, 0. At most 255 bytes, labels of 1 to 63 bytes of any value.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NAME_LEN_MAX = 255,    // bytes, length bytes and the root label included
	NAME_LABELS_MAX = 127, // the root label not counted
	LABEL_LEN_MAX = 63,
	NAME_TEXT_MAX = 1016, // of name_format(): 4 a byte, NUL included
};

// The length of the uncompressed name at the start of `wire`, root label included; 0: it is not well-formed within
// `len` bytes. A compression pointer is not well-formed here.
[[nodiscard]] unsigned name_check(const uint8_t *wire, size_t len);

// ASCII letters to lower case, nothing else (RFC 4343, 3).
[[nodiscard]] static inline uint8_t name_fold_byte(uint8_t byte)
{
	return byte | (uint8_t)((uint8_t)(byte - 'A') < 26 ? 0x20 : 0);
}

// Likewise for each of eight bytes: those of ASCII from A up, but not over Z, get the bit that makes them small.
[[nodiscard]] static inline uint64_t name_fold_word(uint64_t word)
{
	const uint64_t each = UINT64_C(0x0101010101010101), high = each << 7;
	uint64_t low = word & ~high;
	uint64_t from_a = low + each * (0x80 - 'A'), over_z = low + each * (0x7f - 'Z');

	return word | (from_a & ~over_z & ~word & high) >> 2;
}

// `out` gets the folded name, of the same length `len`. May be `wire` itself.
void name_fold(uint8_t *out, const uint8_t *wire, unsigned len);
// Equal but for the case of letters. Both are `len` bytes long, length bytes included: those never fold.
[[nodiscard]] bool name_equal_folded(const uint8_t *a, const uint8_t *b, unsigned len);

// Of a name in wire form, letter case ignored. Who makes two names collide gains nothing: it tells names apart, and never stands for
// them.
[[nodiscard]] uint32_t name_hash(const uint8_t *wire, unsigned len);

// `out` gets the name, `len` bytes, with the case of its letters by `bits`: that at place i by bit i % 32. May be `wire` itself.
void name_set_case(uint8_t *out, const uint8_t *wire, unsigned len, uint32_t bits);

// Offsets of the labels of a well-formed name, leftmost first; gives their count, the root label not counted.
unsigned name_labels(const uint8_t *wire, uint8_t offsets[static NAME_LABELS_MAX]);

// Presentation form with the final dot, any byte but letters, digits, `-` and `_` as \DDD, so it is safe in a log,
// in JSON and on a terminal. `out` holds NAME_TEXT_MAX. Gives the length without NUL.
unsigned name_format(const uint8_t *wire, char *out);

// From presentation form (RFC 1035, 5.1: \DDD and \X escapes), final dot optional, case kept. Gives the length of the wire form;
// 0: not a name, and `why` says so as a constant text.
[[nodiscard]] unsigned name_parse(
	const char *text, size_t len, uint8_t out[static NAME_LEN_MAX], const char **why);
