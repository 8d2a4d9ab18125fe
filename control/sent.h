// SPDX-License-Identifier: BSD-3-Clause
// The generation that was sent to a dataplane and whose outcome is not on disk yet: noted before it
// is sent, forgotten when the outcome is stored.
//
// If control dies in between, the dataplane may serve a generation that the state folder does not
// hold. By this note control knows at its next start that the generation is its own and came to
// nothing, and not that of a newer state folder than the one it has.
#pragma once

#include <stdint.h>

#include "control/store.h"

// 0: none is noted.
[[nodiscard]] uint64_t sent_read(const struct store *store);
// 0, or -errno: it is not noted, and nothing is to be sent.
[[nodiscard]] int sent_write(const struct store *store, uint64_t generation);
// What came of it is known, and on disk where it changed anything.
void sent_forget(const struct store *store);
