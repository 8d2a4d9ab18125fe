// SPDX-License-Identifier: BSD-3-Clause
// What the main thread does while workers poll: it adopts images, follows routes and neighbours, talks to
// control, and ends on a signal.
#pragma once

#include <stdbool.h>

#include "dataplane/device_counters.h"
#include "dataplane/neighbours.h"
#include "dataplane/rekey.h"
#include "dataplane/snapshot.h"
#include "dataplane/state/owner.h"
#include "dataplane/uplink.h"
#include "dataplane/upstreams.h"
#include "dataplane/watchdog.h"

struct housekeeping {
	const char *state_dir;
	struct device **devices; // by port index
	unsigned device_count;
	counter_t *device_counters; // where device_counters_publish() writes
	uint32_t gone;              // devices whose interface was deleted, a bit each
	bool has_warned_of_ports;   // that the kernel draws from ours
	struct snapshot_switch *snapshots;
	struct neighbours *neighbours;
	struct upstreams *upstreams;
	struct uplink uplink;
	int signal_fd;
	struct keyring *keyring;
	struct rekey rekey; // of that
	struct watchdog watchdog;
	struct owner_crowd crowd; // that draws source ports and IDs
	struct snapshot *retired; // replaced, but a worker may still read it
};

// Draws the first key, and listens for control at RUN/link.sock. The fields above are set, uplink's hello and counters_fd too. 0, or -errno with `error` set.
[[nodiscard]] int housekeeping_init(
	struct housekeeping *house, const char *run_dir, char error[static UPLINK_ERROR_LEN]);

// Adopts the image kept on disk, if there is one and it is good; says on stderr what it did.
void housekeeping_restore(struct housekeeping *house);

// Runs until SIGINT or SIGTERM comes by signal_fd.
void housekeeping_run(struct housekeeping *house);

// Stops listening and lets go of the images; after the workers have stopped.
void housekeeping_fini(struct housekeeping *house);
