// SPDX-License-Identifier: BSD-3-Clause
// What it costs to draw source ports and IDs, and to find whose a reply is.
#pragma once

#include "bench/micro/micro.h"

bool permutation_setup(struct micro_state *state);
void permutation_run_apply(struct micro_state *state);
void permutation_run_undo(struct micro_state *state);
void inflight_teardown(struct micro_state *state);

// A slot and a send taken, found by number, port and ID, and released, in a table that is half full.
bool inflight_setup(struct micro_state *state);
void inflight_run(struct micro_state *state);

// A reply handed over to another worker and taken over there, on one core.
bool handover_setup(struct micro_state *state);
void handover_run(struct micro_state *state);
