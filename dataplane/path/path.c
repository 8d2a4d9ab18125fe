// SPDX-License-Identifier: BSD-3-Clause
// The table made real: the names, the kinds, and one pass through all rooms.
#include "dataplane/path/path.h"

struct counter_info {
	const char *name;
	enum counter_kind kind;
};

static const struct counter_info counters[PATH_COUNTER_COUNT] = {
#define STEP_INFO(name, what) [STEP_##name] = {#name, COUNTER_STEP},
	PATH_STEPS(STEP_INFO)
#undef STEP_INFO
#define EXIT_INFO(name, kind, why) [EXIT_##name] = {#name, kind},
		PATH_EXITS(EXIT_INFO)
#undef EXIT_INFO
#define COUNT_INFO(name, kind, why) [COUNT_##name] = {#name, kind},
			PATH_COUNTS(COUNT_INFO)
#undef COUNT_INFO
#define CYCLES_INFO(name, what) [CYCLES_##name] = {"cycles." #name, COUNTER_CYCLES},
				PROFILE_CYCLES(CYCLES_INFO, PATH_STEPS)
#undef CYCLES_INFO
#define BURST_INFO(size) [BURST_##size] = {"burst." #size, COUNTER_BURST},
					PROFILE_BURSTS(BURST_INFO)
#undef BURST_INFO
};

const char *path_counter_name(unsigned counter)
{
	return counters[counter].name;
}

enum counter_kind path_counter_kind(unsigned counter)
{
	return counters[counter].kind;
}

typedef void (*step_t)(struct path *);

static const step_t steps[STEP_COUNT] = {
#define STEP_FUNCTION(name, what) path_##name,
	PATH_STEPS(STEP_FUNCTION)
#undef STEP_FUNCTION
};

void path_pass(struct path *path, const struct packet *packets, unsigned count)
{
	uint64_t ticks = profile_ticks();

	path->query_count = path->out_count = path->released_count = 0;
	path->keys = keyring_view(path->keyring);
	inflight_settle(path->inflight);
	chains_settle(path->chains);
	for (unsigned i = 0; i < count; i++)
		path_move(path, path_enter(path, &packets[i]), STEP_rx);
	for (enum path_step step = 0; step < STEP_COUNT; step++) {
		steps[step](path);
		profile_take(
			&path->counters[PROFILE_STEPS + step], &ticks, path->rooms[step].count);
		counter_add(&path->counters[step], path->rooms[step].count);
		path->rooms[step].count = 0;
	}
	atomic_store_explicit(&path->counters[COUNT_waiting], inflight_count(path->inflight),
		memory_order_relaxed);
}
