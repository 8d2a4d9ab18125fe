// SPDX-License-Identifier: BSD-3-Clause
// Next hops: one writer, many readers, a sequence count a line.
#include "dataplane/state/nexthop.h"

#include <string.h>

void nexthop_set(struct nexthop_line *line, const struct nexthop *hop)
{
	uint32_t sequence = atomic_load_explicit(&line->sequence, memory_order_relaxed);
	uint64_t words[2];

	memcpy(words, hop, sizeof(words));
	atomic_store_explicit(&line->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&line->words[0], words[0], memory_order_relaxed);
	atomic_store_explicit(&line->words[1], words[1], memory_order_relaxed);
	atomic_store_explicit(&line->sequence, sequence + 2, memory_order_release);
}

struct nexthop nexthop_get(const struct nexthop_line *line)
{
	uint32_t before = atomic_load_explicit(&line->sequence, memory_order_acquire);
	uint64_t words[2];
	struct nexthop hop;

	words[0] = atomic_load_explicit(&line->words[0], memory_order_relaxed);
	words[1] = atomic_load_explicit(&line->words[1], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if ((before & 1) || atomic_load_explicit(&line->sequence, memory_order_relaxed) != before)
		return (struct nexthop){.state = NEXTHOP_UNRESOLVED};
	memcpy(&hop, words, sizeof(hop));
	return hop;
}
