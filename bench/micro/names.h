// SPDX-License-Identifier: BSD-3-Clause
// The names that benchmarks work with: rules, read from a file or made up, and queries drawn from them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Domains in presentation form without the final dot, each once.
struct names {
	char *text; // NUL-terminated, one after the other
	size_t text_len;
	size_t text_size;
	size_t *offs;
	size_t count;
	size_t capacity;
	uint64_t *seen; // hashes of what is there; open addressing, 0: free
	size_t seen_size;
};

// How queries are drawn from the rules.
enum traffic {
	TRAFFIC_UNIFORM, // www. under a rule, all rules alike
	TRAFFIC_ZIPF,    // likewise, the n-th rule 1/n as often as the first
	TRAFFIC_HOT,     // likewise, of 1,000 rules
	TRAFFIC_MISS,    // www. under a name that is no rule, under the parents that rules have
	TRAFFIC_HOSTILE, // 127 labels, the last 34 of them a rule
	TRAFFIC_SHARED,  // 127 labels, the last 33 those of one rule, and none that the rule covers
	TRAFFIC_DEEPEST, // likewise, of any rule with 34: the worst that who knows the rules can choose
};

// Names in wire form, in the order in which they are asked.
struct queries {
	uint8_t *wire;
	size_t wire_len;
	uint32_t *offs; // and where the last ends
	size_t count;
};

// `count` names as operators' lists have them: 59 % of 2 labels, 31 % of 3, 7 % of 4, the rest deeper, up to 53; mean
// length 18.1 bytes; 6 % of labels over 15 bytes; siblings under shared parents, 1.19 states a name at a million.
void names_make(struct names *, size_t count);
// Adds `count` names of 34 labels that share long endings.
void names_add_deep(struct names *, size_t count);
// A name a line; empty lines and those that begin with # are left out. 0 or -errno.
[[nodiscard]] int names_read(struct names *, const char *path);
void names_fini(struct names *);
[[nodiscard]] const char *names_at(const struct names *, size_t index);

[[nodiscard]] bool names_are_hostile(enum traffic);
void queries_draw(struct queries *, const struct names *, enum traffic, size_t count);
void queries_fini(struct queries *);
