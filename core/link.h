// SPDX-License-Identifier: BSD-3-Clause
// What dataplane and control say to each other, over a UNIX socket that keeps messages whole.
//
//   dataplane (listens on RUN/link.sock, SOCK_SEQPACKET)            control (connects, reconnects)
//      HELLO   + counters fd  ────────────────────────────────────────▶
//      ◀──────────────────────────────────────────────  IMAGE generation + image fd
//      ADOPTED generation     ────────────────────────────────────────▶
//   or REFUSED generation, reason
//      ◀──────────────────────────────────────────────  UPSTREAM endpoint, order
//
// One host, so integers are the host's, little-endian, as the static_assert below holds. A message of another version,
// an unknown type or a wrong length ends the connection; it changes nothing.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "core/ip.h"

#define LINK_SOCKET_NAME "link.sock"

// What an image must be sealed against when it is sent (<fcntl.h>): nobody changes it after it was checked.
#define LINK_IMAGE_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

enum {
	LINK_VERSION = 1,
	LINK_BODY_MAX = 4096, // bytes after the header
	LINK_PORT_TEXT = 96,
	LINK_PORTS_MAX = 16,
};

enum link_type {
	LINK_HELLO =
		1, // up, first: struct link_hello, one descriptor: the counters (core/counters.h)
	LINK_ADOPTED, // up: the header's generation is what is served from now on
	LINK_REFUSED, // up: the header's generation is not taken, the body says why, as text without NUL
	LINK_IMAGE,    // down: no body, one descriptor: a sealed image (core/image.h)
	LINK_UPSTREAM, // down: struct link_upstream; what became of it is seen in core/upstreams.h
};

struct link_header {
	uint16_t version;
	uint16_t type; // enum link_type
	uint32_t len;  // bytes of body that follow
	uint64_t generation;
};
static_assert(sizeof(struct link_header) == 16, "layout of the link");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written for little-endian hosts");

// HELLO's header carries the generation served, 0: none yet.
struct link_hello {
	uint32_t pid;
	uint16_t worker_count;
	uint16_t port_count;
	uint64_t started_us;                        // CLOCK_REALTIME
	char version[32];                           // of the program, NUL-terminated
	char ports[LINK_PORTS_MAX][LINK_PORT_TEXT]; // "xdp:eth0 (driver copy)", NUL-terminated
};
static_assert(sizeof(struct link_hello) <= LINK_BODY_MAX, "a HELLO is one message");

// What an operator does to an upstream. One that no image named yet is not changed.
enum link_order {
	LINK_DRAIN = 1, // no more questions go there
	LINK_ENABLE,    // they do again
	LINK_RESET,     // as if nothing were known of it
};

struct link_upstream {
	struct endpoint endpoint;
	uint16_t order; // enum link_order
};
static_assert(sizeof(struct link_upstream) == 20, "layout of the link");
