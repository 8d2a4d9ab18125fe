// SPDX-License-Identifier: BSD-3-Clause
// The link to the dataplane (core/link.h): connects, reconnects, sends images, tells what came
// back.
//
// Knows bytes and descriptors, not what runs: control/running.c decides what is sent. One message
// is under way at a time; its deadline is here. All events are called from the event loop.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/counters.h"
#include "core/link.h"

struct publish;

struct publish_events {
	// A HELLO was taken: publish_dataplane() says of whom.
	void (*connected)(void *context);
	// The connection ended, or could not be made; the next try comes by itself. If an image was
	// under way, its outcome is not known.
	void (*disconnected)(void *context, const char *why);
	// The image under way was adopted (`refusal` NULL) or refused.
	void (*answered)(void *context, uint64_t generation, const char *refusal);
};

// Who is connected.
struct publish_dataplane {
	struct link_hello hello; // its texts NUL-terminated
	uint64_t generation;     // that it serves; 0: none
	int64_t since_sec;       // CLOCK_REALTIME, of the connection
};

// Starts to connect to `path`. `events` and `context` outlive it. NULL: no memory.
[[nodiscard]] struct publish *publish_new(struct event_base *base, const char *path,
	const struct publish_events *events, void *context);
void publish_free(struct publish *publish);

// NULL: not connected.
[[nodiscard]] const struct publish_dataplane *publish_dataplane(const struct publish *publish);
// Of the connected dataplane; base NULL: there are none.
const struct counters *publish_counters(const struct publish *publish);

// Sends an image; `answered` or `disconnected` follows. `fd` stays the caller's. 0, or -errno:
// -ENOTCONN, -EBUSY one is under way.
[[nodiscard]] int publish_send(struct publish *publish, uint64_t generation, int fd);

// Has the dataplane do something to an upstream. 0, or -errno: -ENOTCONN.
[[nodiscard]] int publish_order(struct publish *publish, const struct link_upstream *order);
