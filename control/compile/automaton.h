// SPDX-License-Identifier: BSD-3-Clause
// A ruleset's automaton taken out of an image again, for people to look at: its states and transitions.
//
// The table of buckets knows states by their hashes only; what they are called is read off the accepts.
#pragma once

#include <stdbool.h>

#include "core/image.h"
#include "core/name.h"

// A state is known by its index; 0 is the start. From each other one transition leads here: `from`, with the leftmost
// label of the state's name.
struct automaton_state {
	uint32_t from;
	uint32_t rules; // for image_rule(): the first of them; IMAGE_NONE: there are none
	uint32_t name_off;
	uint8_t depth; // labels
	bool is_leaf;
};

struct automaton {
	struct automaton_state *states; // a state follows the one it comes from
	uint32_t state_count;
	uint8_t *names;
};

// Of ruleset number `start`. 0 or -ENOMEM; automaton_fini() then too.
[[nodiscard]] int automaton_init(struct automaton *, const struct image *image, uint32_t start);
void automaton_fini(struct automaton *);

// In wire form.
[[nodiscard]] const uint8_t *automaton_name(
	const struct automaton *, const struct automaton_state *state);
