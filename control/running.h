// SPDX-License-Identifier: BSD-3-Clause
// What runs, and how it is changed: one transaction at a time.
//
//   next config ─compile─▶ image ─publish─▶ ADOPTED ─store─▶ it is what runs ─▶ done(0)
// │ fails              │ REFUSED, gone  │ disk full: the old is published again, as a newer one
//        └────────────────────┴────────────────┴──────────▶ nothing changed   ─▶ done(-errno)
//
// Without a dataplane a change is compiled, stored and accepted, and published when one connects.
// Generations only grow, also those of changes that came to nothing.
//
// Compiling and storing happen within the call, so nothing else is served meanwhile: some hundred
// milliseconds for 100,000 rules. The dataplane notices nothing of it.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/config.h"
#include "control/publish.h"
#include "control/store.h"

enum { RUNNING_WHY_LEN = 1024 };

struct running;

// What it begins with. The configs belong to it from running_new() on, even if that fails.
struct running_start {
	struct event_base *base;
	const char *link_path;
	struct store *store;   // outlives it
	struct config *stored; // the newest generation on disk; NULL: the state folder is empty
	struct config *files;  // what the files say
	// Once, when it is settled what runs: 0, or -errno if nothing can.
	void (*begun)(void *context, int err, const char *why);
	// A transaction is over: the next may begin.
	void (*idle)(void *context);
	void *context;
};

// How a transaction ended: 0, or -errno with why, and then nothing changed. -ENOTRECOVERABLE: the
// dataplane serves it, though it is not what runs here.
typedef void (*running_done)(void *context, int err, const char *why);

struct running_refusal {
	uint64_t generation; // 0: there was none
	char reason[RUNNING_WHY_LEN];
};

// NULL: no memory.
[[nodiscard]] struct running *running_new(const struct running_start *start);
void running_free(struct running *running);

// Lives until the next change. Generation 0: nothing was ever settled.
const struct config *running_config(const struct running *running);
const struct publish *running_publish(const struct running *running);
// As publish_order().
[[nodiscard]] int running_order(struct running *running, const struct link_upstream *order);

// Its image; -1: none. The size and how long it took to compile go where they are asked for.
int running_image(const struct running *running, uint64_t *size, uint64_t *elapsed_us);
const struct running_refusal *running_last_refusal(const struct running *running);
// What an operator ought to know and do, as a text in `out`; NULL: nothing.
const char *running_attention(const struct running *running, char out[static RUNNING_WHY_LEN]);
// Nothing is published because the dataplane serves what is newer than the state folder.
bool running_is_held(const struct running *running);

// The generation of the next change.
uint64_t running_next_generation(const struct running *running);
bool running_is_busy(const struct running *running);
// Makes `next`, which it takes, what runs; `done` follows, maybe before this returns. Not while
// busy. `is_forced`: also over what holds it back.
void running_change(struct running *running, struct config *next, bool is_forced, running_done done,
	void *context);
