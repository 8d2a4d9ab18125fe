// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's counters, read side: checked once, then read as they run (core/counters.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/upstreams.h"

// All zero: none. Owns the map. Header and directory are copies: what was checked stays so.
struct counters {
	const void *base; // NULL: none
	size_t size;
	struct counters_header header;
	struct counter_entry *entries; // [header.entry_count], names NUL-terminated
};

// Maps and checks. NULL, or what is wrong as a constant text, and nothing is mapped. The descriptor
// may be closed afterwards.
[[nodiscard]] const char *counters_open(struct counters *counters, int fd);
void counters_close(struct counters *counters);

// The name of a kind, as in results: "step", "exit".
const char *counters_kind_text(uint32_t kind);
// One counter of one worker.
uint64_t counters_get(const struct counters *counters, uint32_t entry, uint32_t worker);
// Summed over the workers.
uint64_t counters_sum(const struct counters *counters, uint32_t entry);
// Of all counters of a kind.
uint64_t counters_sum_kind(const struct counters *counters, enum counter_kind kind);
// Of a rule's number; 0 beyond the file's capacity.
uint64_t counters_rule(const struct counters *counters, uint32_t number);
// Likewise: how many of its questions came back to us.
uint64_t counters_loops(const struct counters *counters, uint32_t number);

// What the dataplane knows of an upstream, read at one time.
struct counters_upstream {
	struct endpoint endpoint;
	uint64_t generation; // of the newest image that names it
	bool is_drained;
	uint64_t rest;      // as in struct upstream
	uint32_t case_lost; // likewise
	uint32_t srtt_us;   // mean of the workers that measured it; 0: none did
	uint64_t sent;      // sums over the workers
	uint64_t answered;
	uint64_t missed;
};

// How many there are.
uint32_t counters_upstream_count(const struct counters *counters);
struct counters_upstream counters_upstream(const struct counters *counters, uint32_t index);
// False: the dataplane does not know that endpoint.
[[nodiscard]] bool counters_find_upstream(const struct counters *counters,
	const struct endpoint *endpoint, struct counters_upstream *upstream);
