// SPDX-License-Identifier: BSD-3-Clause
// Clients who wait for one answer: how they come to, and how each gets it.
//
//   forward:   a question that is being asked already ──▶ its client waits with the slot that leads
//   upstream:  the leader is answered ──▶ the answer is kept ──▶ a copy to each who waits, as many a pass as there is room
#pragma once

#include "dataplane/path/path.h"

// What is in the way of a question that is to be asked.
enum obstacle {
	SENT,          // nothing
	SHARED,        // it waits for another's answer, and is to leave
	NO_TARGET,     // all are drained
	NO_ROUTE,      // to the target
	NO_ROOM,       // no slot or send is free
	UPSTREAM_FULL, // the target has all that may be outstanding there
	WAITERS_FULL,  // as many wait for the answer as may
	LOOP,          // it comes from a target that is being asked it
	NAME_FULL,     // as many questions for the name and type are outstanding as may be
};

// For a query without slot, which may be given one that waits; and for one that walks again under another image.
[[nodiscard]] enum obstacle share_find(struct path *, struct query *, uint32_t *hash);

// Can this reply be the answer to the question of `slot`? False: others wait for it, and there is no room to keep it for them.
[[nodiscard]] bool share_keep(struct path *, const struct query *reply, struct inflight_slot *slot);

// Gives those who wait what they wait for, as far as this pass has room.
void share_deliver(struct path *);
