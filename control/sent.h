// SPDX-License-Identifier: BSD-3-Clause
// The generations that were sent to a dataplane and whose outcome is not on disk yet: noted before
// they are sent, forgotten when the outcome is stored.
//
// If control dies in between, the dataplane may serve a generation that the state folder does not
// hold. By this note control knows at its next start that the generation is its own and came to
// nothing, and not that of a newer state folder than the one it has: what the dataplane served
// before anything was sent is not among them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/store.h"

// Generations above `above`, up to `last`; last 0: none.
struct sent {
	uint64_t above; // what the dataplane served before
	uint64_t last;  // the highest, whatever became of it
};

static inline bool sent_holds(const struct sent *sent, uint64_t generation)
{
	return generation > sent->above && generation <= sent->last;
}

// None, if none are noted.
[[nodiscard]] struct sent sent_read(const struct store *store);
// 0, or -errno: they are not noted, and nothing is to be sent.
[[nodiscard]] int sent_write(const struct store *store, const struct sent *sent);
// What came of it is known, and on disk where it changed anything.
void sent_forget(const struct store *store);
