// SPDX-License-Identifier: BSD-3-Clause
// One worker's end of an AF_XDP device: its queues' rings, and what moves between them.
//
//            ┌───────────────────────── pool of the worker ◀──────────────┐
//            ▼                                                            │
//   fill ring ── kernel ── RX ring ── packet ── TX ring ── kernel ── completion ring
//   └──────── posted ──────────────┘          └──────── in flight ────────────────┘
//
// A frame is in exactly one of those places. It is 2,048 bytes: 256 that the kernel keeps free before
// what it receives, which are our headroom, and 1,792 for the packet.
#pragma once

#include <xdp/xsk.h>

#include "dataplane/port/port.h"
#include "dataplane/port/xdp_area.h"

// One socket, on the queue of the interface with its number.
struct xdp_queue {
	struct xsk_ring_cons rx;
	struct xsk_ring_prod fill;
	struct xsk_ring_prod tx;
	struct xsk_ring_cons completion;
	uint32_t posted;
	uint32_t in_flight;
	int fd;
	uint16_t number;
	bool is_busy_polled; // the kernel works when we call, not by interrupt
	struct xsk_socket *socket;
} __attribute__((aligned(64)));

struct xdp_port {
	struct port port;
	struct xdp_pool *pool;
	uint8_t *frames;
	struct xdp_queue *queues; // this worker's
	unsigned queue_count;
	unsigned receive_first; // the queue that is looked into first
	unsigned send_next;     // the queue that the next burst leaves by
	uint16_t flags;         // of every packet
	int wait_fd;
	int epoll; // over several queues; -1: there is one
} __attribute__((aligned(64)));

// A port without queues yet: whoever opens them sets the fields above.
void xdp_port_init(struct xdp_port *port);
// Gives the kernel frames to receive into.
void xdp_port_post(struct xdp_port *port);
