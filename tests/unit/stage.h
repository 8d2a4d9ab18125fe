// SPDX-License-Identifier: BSD-3-Clause
// A whole control in one thread, for tests: what runs, the control socket, a client of it, and a
// dataplane that does as it is told.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "control/running.h"
#include "control/serve/serve.h"
#include "core/link.h"
#include "core/upstreams.h"

// What the dataplane does with an image.
enum stage_manner {
	STAGE_ADOPT,
	STAGE_REFUSE,
	STAGE_ADOPT_ONCE,
	STAGE_HANG_UP,
	STAGE_HANG_UP_ONCE
};

struct stage {
	char folder[32]; // state and run folder in one
	struct event_base *base;
	struct store store;
	struct running *running;
	struct serve_setup setup;
	struct serve *serve;
	int begun; // 1: not yet; else what begun() gave

	enum stage_manner manner;
	int listener; // of the dataplane; -1: there is none
	int connection;
	int counters_fd;
	uint64_t generation; // that it serves
	uint64_t started_us;
	uint64_t counts_at_switch;  // by rule number 2, when it switches to an image
	unsigned images_taken;      // that it was sent
	unsigned greetings;         // that it said
	struct link_upstream order; // the last that it was given

	int client;
	int file; // goes with the next request; -1: none
};

// Folders and an idle loop. Give them back with stage_fini().
void stage_init(struct stage *stage);
void stage_fini(struct stage *stage);

// A dataplane that serves `generation` listens from now on.
void stage_start_dataplane(struct stage *stage, uint64_t generation);
void stage_stop_dataplane(struct stage *stage);
// What the dataplane knows of its only upstream, and what worker 1 measured of it.
void stage_know_upstream(const struct stage *stage, const struct upstream *upstream,
	const struct upstream_line *line);
// What the dataplane has counted by the rule's number so far.
void stage_count(const struct stage *stage, uint32_t number, uint64_t count);
// The dataplane hangs up, and is connected to and greets again; what follows from that is waited
// for.
void stage_reconnect(struct stage *stage);
// Control starts with `configs_small` as its files, and is waited for until it is settled what
// runs.
void stage_start(struct stage *stage);
void stage_stop(struct stage *stage);

// Sends a line, with `fd_count` descriptors of /dev/null, and waits for one line. NULL: the session
// was ended.
json_t *stage_exchange(struct stage *stage, const char *line, int fd_count);
// Calls a method; `params` are in json_pack's words. Gives the whole reply.
json_t *stage_call(struct stage *stage, const char *method, const char *params, ...);
// The next request comes with a file that says this.
void stage_give_file(struct stage *stage, const char *text);
// Writes `configs_small` to a file of the folder; its path, also in `path`.
const char *stage_write_config(const struct stage *stage, char path[static 64]);
// Lets the loop run until `generation` is what the dataplane serves.
void stage_wait_generation(struct stage *stage, uint64_t generation);
