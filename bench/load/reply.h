// SPDX-License-Identifier: BSD-3-Clause
// The upstream played: answers any question, or, for a share, drops, truncates or lies.
//
// What is right follows from the question alone, so that clients know it too: an A or AAAA record made of its hash, no
// record for other types; by the hash as well whether it is truncated. A lie comes before the truth, which is never late: who
// takes it gives a wrong answer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/questions.h"

enum { REPLY_GROWTH = 128 }; // bytes that an answer is longer than its query, at most

struct reply_setup {
	uint8_t truncated; // of 256 questions
	uint8_t dropped;   // of 256 queries
	uint8_t lied;      // of 256 queries
	uint8_t silent[4]; // an address at which nobody answers
	bool is_nxdomain;  // no such name, whatever is asked, with SOA
};

struct replier {
	struct reply_setup setup;
	uint64_t chance; // not 0
	uint64_t answered, dropped, lied, unreadable;
};

void replier_init(struct replier *, const struct reply_setup *setup);

// What is to be done with a query.
enum reply_plan { REPLY_TRUTH, REPLY_LIE_FIRST, REPLY_NOTHING };

[[nodiscard]] enum reply_plan reply_plan(struct replier *);
// Turns the frame of a query into that of its answer, with REPLY_GROWTH bytes of room behind it. Gives the new length; 0: it is no
// query that can be read.
[[nodiscard]] unsigned reply_make(struct replier *, uint8_t *frame, unsigned len);
// Changes an answer so that nobody may take it.
void reply_falsify(struct replier *, uint8_t *frame);

// Whether the answer's records are those that reply_make() puts there.
[[nodiscard]] bool reply_is_right(
	const uint8_t *message, unsigned len, unsigned name_len, uint16_t type, uint32_t hash);
