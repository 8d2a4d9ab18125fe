// SPDX-License-Identifier: BSD-3-Clause
// The highest generation that was ever sent to a dataplane, on disk before it is sent.
//
// If control dies between sending and storing, the dataplane may serve a generation that the state
// folder does not hold. By this number control knows at its next start that the generation is its
// own and came to nothing, and not of a newer state folder than the one it has.
#pragma once

#include <stdint.h>

#include "control/store.h"

// 0: none is noted.
[[nodiscard]] uint64_t sent_read(const struct store *store);
// 0, or -errno: it is not noted, and nothing is to be sent.
[[nodiscard]] int sent_write(const struct store *store, uint64_t generation);
