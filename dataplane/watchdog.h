// SPDX-License-Identifier: BSD-3-Clause
// The main thread sees to it that every worker turns: one that is stuck holds up its share of the clients, whom nobody else answers.
#pragma once

#include "dataplane/snapshot.h"

enum {
	WATCHDOG_LOOK_MS = 250,   // between looks
	WATCHDOG_STUCK_MS = 1000, // without a turn
	WATCHDOG_ALL_TURN = -1,
};

struct watchdog {
	struct snapshot_switch *snapshots; // says who has turned
	uint64_t asked_ms;                 // since when they are to
	uint64_t looked_ms;
};

// Looks, every WATCHDOG_LOOK_MS or later. Gives a worker that is stuck, or WATCHDOG_ALL_TURN. If the looks come late themselves, the
// processor is elsewhere, and nobody is charged with it.
[[nodiscard]] int watchdog_look(struct watchdog *, uint64_t now_ms);
