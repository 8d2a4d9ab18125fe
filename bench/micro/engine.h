// SPDX-License-Identifier: BSD-3-Clause
// Engines that find the longest rule of a name: ours and those beside which it is measured.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/micro/names.h"

#define ENGINE_NONE UINT32_MAX

// In wire form and lower case, with its length: who has parsed a query knows it.
struct engine_name {
	const uint8_t *wire;
	unsigned len;
};

struct engine {
	const char *name;
	size_t names_max; // it takes no more; 0: any number
	// NULL: it can't be had here, and `why` says so.
	void *(*build)(const struct names *, const char **why);
	// For each name, the index of the longest rule, or ENGINE_NONE.
	void (*match)(
		void *engine, const struct engine_name *names, uint32_t *rules, unsigned count);
	// The index of what match() gave, if that is something else; NULL: it is the index.
	uint32_t (*number)(void *engine, uint32_t rule);
	void (*release)(void *engine);
};

extern const struct engine engine_automaton;
extern const struct engine engine_trie;
extern const struct engine engine_sorted;
extern const struct engine engine_rte_hash;
extern const struct engine engine_hyperscan;
