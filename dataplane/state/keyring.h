// SPDX-License-Identifier: BSD-3-Clause
// The keys by which source ports and IDs are drawn: one, and while it is replaced two.
//
//            offer                every worker            switch              every query         retire
//   old ──────────────▶ old, next ───has seen it──▶ old, next ──────▶ ───of the old is over──▶ ──────────▶ next
//   issues              old issues                  next issues                                            issues
//
// A worker reads the state once a pass, as one word. Main changes a key only while no worker reads it, and moves on only when
// every worker has seen the state before.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/permutation.h"

enum keyring_state {
	KEYRING_ISSUES_SECOND = 1 << 0, // else the first
	KEYRING_ACCEPTS_OTHER = 1 << 1,
};

struct keyring {
	_Atomic uint32_t state;     // enum keyring_state; main writes, workers read
	struct permutation keys[2]; // main writes, workers read
};

// Worker: the keys of this pass.
struct keyring_view {
	const struct permutation *issued;
	const struct permutation *other; // NULL: there is none
};

[[nodiscard]] struct keyring_view keyring_view(const struct keyring *);

// Main. The first key; then each in the order of the drawing.
void keyring_init(struct keyring *, const uint8_t key[static AES128_KEY_LEN]);
void keyring_offer(struct keyring *, const uint8_t key[static AES128_KEY_LEN]);
void keyring_switch(struct keyring *);
// Accepts the other key no more, and once every worker has seen that, wipes it.
void keyring_retire(struct keyring *);
void keyring_wipe(struct keyring *);
