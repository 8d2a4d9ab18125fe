// SPDX-License-Identifier: BSD-3-Clause
// Rules of what runs, found by domain and by counter number; and its image, mapped. Made when first
// asked for, once a generation.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/compile/compile_view.h"
#include "control/compile/regex_view.h"
#include "control/config/config.h"
#include "control/running.h"

// A rule: indexes of its ruleset and within it.
struct lookup_rule {
	uint32_t ruleset;
	uint32_t rule;
	uint32_t next; // in entries: of the same domain's hash; LOOKUP_NONE ends
};

#define LOOKUP_NONE UINT32_MAX

//   heads[hash] ─▶ entries[i] ─next─▶ entries[j] …      by_counter[number] ─▶ entries[k]
struct lookup {
	const struct config *config; // it was made from this
	uint64_t generation;         // 0: not made
	struct compile_view view;    // base NULL: no image
	struct regex_view *regexes;  // its patterns
	struct lookup_rule *entries;
	size_t count;
	uint32_t *heads;
	uint32_t head_mask;
	uint32_t *by_counter;
	uint32_t counter_count;
};

enum { LOOKUP_WHY_LEN = COMPILE_ERROR_LEN };

// Makes it if it is of another generation. 0, or -errno with `why`.
[[nodiscard]] int lookup_refresh(
	struct lookup *lookup, const struct running *running, char why[static LOOKUP_WHY_LEN]);
void lookup_fini(struct lookup *lookup);

// The rule of a counter number; NULL: none.
const struct lookup_rule *lookup_counter(const struct lookup *lookup, uint32_t number);

// The rules whose domain is `name` (wire form, folded), one after the other: begin with `before`
// NULL.
const struct lookup_rule *lookup_domain(const struct lookup *lookup, const uint8_t *name,
	unsigned len, const struct lookup_rule *before);
