// SPDX-License-Identifier: BSD-3-Clause
// The counters file (core/counters.h), write side: made once at start, its directory filled in, its blocks given
// to the workers.
#pragma once

#include <stddef.h>

#include "core/upstreams.h"

struct counters_file {
	int fd;
	size_t size;
	struct counters_header *header; // the mapping
};

// Makes and maps the file for `worker_count` workers whose blocks are laid out as `entries` say: the idx of each is set
// here, to its place in the list. 0 or -errno.
[[nodiscard]] int counters_file_init(struct counters_file *file,
	const struct counter_entry *entries, uint32_t entry_count, uint32_t worker_count);
void counters_file_fini(struct counters_file *file);

// A worker's own block, by the order of the entries, and its rules', by counter number.
[[nodiscard]] counter_t *counters_file_worker(const struct counters_file *file, uint32_t worker);
[[nodiscard]] counter_t *counters_file_rules(const struct counters_file *file, uint32_t worker);
[[nodiscard]] counter_t *counters_file_loops(const struct counters_file *file, uint32_t worker);
// All workers' upstreams, and a worker's own lines of them.
[[nodiscard]] struct upstream *counters_file_upstreams(const struct counters_file *file);
[[nodiscard]] struct upstream_line *counters_file_lines(
	const struct counters_file *file, uint32_t worker);
