// SPDX-License-Identifier: BSD-3-Clause
// Every worker is asked to turn once more, and asked again when all have.
#include "dataplane/watchdog.h"

static int find_behind(const struct snapshot_switch *snapshots)
{
	uint64_t epoch = atomic_load(&snapshots->epoch);

	for (unsigned i = 0; i < snapshots->reader_count; i++)
		if (atomic_load(&snapshots->readers[i].seen) < epoch)
			return (int)i;
	return WATCHDOG_ALL_TURN;
}

int watchdog_look(struct watchdog *watchdog, uint64_t now_ms)
{
	bool is_late = now_ms - watchdog->looked_ms >= 2 * WATCHDOG_LOOK_MS;
	int behind = find_behind(watchdog->snapshots);

	watchdog->looked_ms = now_ms;
	if (behind == WATCHDOG_ALL_TURN)
		snapshot_turn(watchdog->snapshots);
	else if (!is_late)
		return now_ms - watchdog->asked_ms >= WATCHDOG_STUCK_MS ? behind
									: WATCHDOG_ALL_TURN;
	watchdog->asked_ms = now_ms;
	return WATCHDOG_ALL_TURN;
}
