// SPDX-License-Identifier: BSD-3-Clause
// What makes two questions the same: to the answer cache, and to those that share one query upstream.
//
// Names are chosen by outsiders, so the hash has a key that they don't know; and a hash never decides: who finds a
// question by it compares the question itself.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/name.h"

enum question_variant {  // the same name and type, but an answer of its own
	QUESTION_DO = 1, // with DNSSEC records
	QUESTION_CD = 2, // not validated
};

struct question {
	const uint8_t *name; // in wire form, well-formed, any letter case
	uint32_t
		network; // its number (struct image_network): the same name is another question in another namespace
	uint16_t type;
	uint16_t class;
	uint8_t name_len;
	uint8_t variant; // enum question_variant
};

enum { QUESTION_SECRET_LEN = 32 };

// Of one worker, random.
struct question_secret {
	uint64_t words[QUESTION_SECRET_LEN / sizeof(uint64_t)];
};

struct question_hash {
	uint64_t name;  // of the name alone, letter case ignored
	uint64_t whole; // of all
};

[[nodiscard]] struct question_hash question_hash(
	const struct question *, const struct question_secret *);
