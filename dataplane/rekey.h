// SPDX-License-Identifier: BSD-3-Clause
// The main thread replaces the key by which source ports and IDs are drawn: once an hour, a step a second at most
// (state/keyring.h has the drawing).
#pragma once

#include "dataplane/snapshot.h"
#include "dataplane/state/keyring.h"

enum {
	REKEY_INTERVAL_MS = 3600 * 1000,
	// Replies to what left under the old key still come: the longest query-timeout is 60 s, and for up to 2 s more a target may
	// show by a late answer that it lives.
	REKEY_OVERLAP_MS = 65 * 1000,
};

struct rekey {
	struct keyring *ring;
	struct snapshot_switch *snapshots; // says when every worker has seen a step
	unsigned step;
	uint64_t step_ms; // when it was taken
};

// Draws the first key. 0, or -EIO: there are no random numbers, and so there is no service.
[[nodiscard]] int rekey_init(
	struct rekey *, struct keyring *, struct snapshot_switch *, uint64_t now_ms);
// Takes the next step if its time has come. Without random numbers the key stays, and the next call tries again: -EIO.
[[nodiscard]] int rekey_tick(struct rekey *, uint64_t now_ms);
