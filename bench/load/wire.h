// SPDX-License-Identifier: BSD-3-Clause
// An ethdev with one queue pair, and what the upstream holds back.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/trial.h"

struct wire;

// Starts EAL with these arguments and opens its only ethdev. NULL after a message to stderr.
[[nodiscard]] struct wire *wire_open(int argc, char **argv);
void wire_close(struct wire *);
[[nodiscard]] bool wire_is_up(struct wire *);

// Receives a burst: answers go to the client, queries, if there is an upstream, are answered after `delay` ticks.
void wire_receive(
	struct wire *, struct trial_bench *bench, const struct trial_setup *setup, uint64_t delay);
// Sends the upstream's answers whose time has come.
void wire_reply(struct wire *, uint64_t now);
// Asks up to `count` more. Gives how many went out; those that did not are counted nowhere.
[[nodiscard]] unsigned wire_ask(struct wire *, struct client *client, unsigned count);
