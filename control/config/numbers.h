// SPDX-License-Identifier: BSD-3-Clause
// Numbers for rules' counters: each is given to one rule for life, and rests two generations after
// it.
//
//   0 … next      given, or resting in `resting` (oldest first)
//   next … limit  never given
//
// The rest is there because the dataplane may answer from the image before the newest one while the
// new is adopted: a number in two meanings would count for the wrong rule.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	NUMBERS_REST = 2, // generations
};

#define NUMBERS_NONE UINT32_MAX

struct numbers_resting {
	uint64_t generation; // the first without the rule
	uint32_t number;
};

// All zero: no number was given yet, the limit is COUNTERS_RULE_CAPACITY.
struct numbers {
	uint32_t next;
	struct numbers_resting *resting;
	size_t first; // of those that still rest
	size_t count; // those from first on
	size_t capacity;
};

void numbers_fini(struct numbers *numbers);
// `copy` is overwritten. 0 or -ENOMEM.
[[nodiscard]] int numbers_copy(struct numbers *copy, const struct numbers *numbers);

// A number for a rule that appears in `generation`; NUMBERS_NONE: all are given or rest.
[[nodiscard]] uint32_t numbers_take(struct numbers *numbers, uint64_t generation);
// The rule is gone from `generation` on. 0 or -ENOMEM.
[[nodiscard]] int numbers_release(struct numbers *numbers, uint32_t number, uint64_t generation);
