// SPDX-License-Identifier: BSD-3-Clause
// What the operator writes after `xdp:`, taken apart: INTERFACE[,OPTION=VALUE]….
#pragma once

#include <net/if.h>

#include "bpf/steer.h"
#include "dataplane/port/port.h"

enum { XDP_DROPS_MAX = 64 };

enum xdp_mode {
	XDP_MODE_ZERO_COPY, // the NIC works in our frames
	XDP_MODE_COPY,      // the driver runs the program, the kernel copies
	XDP_MODE_GENERIC,   // the kernel runs the program on its own buffers: any interface
	XDP_MODE_COUNT,
};

struct xdp_spec {
	char interface[IF_NAMESIZE];
	bool has_mode; // else the first of enum xdp_mode that works
	enum xdp_mode mode;
	bool has_queues; // else all there are
	unsigned queue_first;
	unsigned queue_last;
	unsigned busy_poll_us; // 0: interrupts
	unsigned drop_count;
	struct steer_prefix drops[XDP_DROPS_MAX]; // of clients that are not heard
};

// 0, or -1 with `error` set.
[[nodiscard]] int xdp_spec_parse(struct xdp_spec *spec, const char *text, struct port_error *error);

// As the operator writes it.
[[nodiscard]] const char *xdp_mode_name(enum xdp_mode mode);
