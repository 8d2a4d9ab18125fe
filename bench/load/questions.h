// SPDX-License-Identifier: BSD-3-Clause
// Questions as they are asked, one after the other, drawn from a file of lines `NAME TYPE` as dnsperf reads them.
//
// They lie in memory in the order of asking, so that who asks a million of them reads one stream.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/name.h"

enum { QUESTIONS_ERROR_LEN = 256 };

enum order {
	ORDER_FILE,    // as the file has them
	ORDER_UNIFORM, // each line alike
	ORDER_ZIPF,    // the n-th of all lines, in an order of its own, 1/n as often as the first
};

// A query: header with ID 0 and RD, question, OPT for 15 of 16, with DO for 4 of 16.
struct question {
	uint32_t off;  // of the message
	uint32_t hash; // of name and type, letter case ignored: what the answer must say
	uint16_t len;  // of the message
	uint16_t type;
	uint8_t name_len;
	bool has_opt;
};

struct questions {
	struct question *list;
	uint32_t count;
	uint8_t *bytes;
	uint64_t bytes_len;
};

// Draws `count` questions from the file; 0: as many as it has lines. 0, or -errno with `error` set.
[[nodiscard]] int questions_read(struct questions *, const char *path, enum order order,
	uint32_t count, char error[static QUESTIONS_ERROR_LEN]);
void questions_fini(struct questions *);

// Of a well-formed name and a type: both sides of a benchmark know by it what the answer to a question is. Eight bytes
// at a time, as the side that answers does it for every query; up to 7 bytes behind the name are read and left out.
static inline uint32_t question_hash(const uint8_t *name, unsigned len, uint16_t type)
{
	uint64_t hash = type + UINT64_C(0x9e3779b97f4a7c15) * len;

	for (unsigned i = 0; i < len; i += 8) {
		uint64_t word;

		__builtin_memcpy(&word, name + i, sizeof(word));
		if (len - i < 8)
			word &= (UINT64_C(1) << (len - i) * 8) - 1;
		hash = (hash ^ (word | UINT64_C(0x2020202020202020))) *
			UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}
