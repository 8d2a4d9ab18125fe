// SPDX-License-Identifier: BSD-3-Clause
// Generations on disk: one JSON file each in the state folder, the last STORE_KEPT of them, and the
// one to which a ruleset goes back that waits for its confirmation.
//
// A file is written under a temporary name, synced, renamed, and the folder synced: after a crash a
// generation is there whole or not at all. One process at a time uses a folder (control's lock).
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/config/config.h"

enum {
	STORE_KEPT = 8,
	STORE_ERROR_LEN = 512,
};

struct store {
	int dir_fd;
	char *path; // for messages
};

// Opens the folder and removes temporary files that a crash left. 0, or -errno with `error`: what
// and what to do.
[[nodiscard]] int store_open(
	struct store *store, const char *path, char error[static STORE_ERROR_LEN]);
void store_close(struct store *store);

// Stores `config` as its generation, then forgets those before the last STORE_KEPT. After an error
// the newest generation is still the one it was.
[[nodiscard]] int store_save(
	struct store *store, const struct config *config, char error[static STORE_ERROR_LEN]);

// The generations there are, newest first, for free(); their count, or -errno.
[[nodiscard]] ssize_t store_list(const struct store *store, uint64_t **generations);
// One generation and when it was stored. 0 with a new config, or -errno with `error`: -ENOENT it is
// not kept.
[[nodiscard]] int store_load_one(const struct store *store, uint64_t generation,
	struct config **out, int64_t *stored_sec, char error[static STORE_ERROR_LEN]);

// The newest generation that is whole. 0 with a new config; `error` is empty, or tells which newer
// files are damaged and were passed over. -ENOENT: the folder holds none; other -errno: none is
// whole.
[[nodiscard]] int store_load(
	const struct store *store, struct config **out, char error[static STORE_ERROR_LEN]);
