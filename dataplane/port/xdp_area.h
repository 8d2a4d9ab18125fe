// SPDX-License-Identifier: BSD-3-Clause
// Areas of frames (UMEMs) that AF_XDP sockets of several interfaces share, so that what came in by one leaves by
// another as it is. Each worker has frames of its own in an area: no locks.
//
// Devices are opened one by one on the main thread. A pool is its worker's alone once that runs.
#pragma once

#include <xdp/xsk.h>

#include "dataplane/port/port.h"

enum {
	XDP_FRAME_SIZE = 2048,
	XDP_FRAME_HEAD =
		256, // XDP_PACKET_HEADROOM: the kernel keeps it free before what it receives
	// Frames that wait for packets: 2 ms at 1 M/s, the longest pause to survive.
	XDP_POSTED_MAX = 2048,
	XDP_IN_FLIGHT_MAX = 1024,
	// What a queue adds to its worker's frames: its rings, a burst in hand and one to originate.
	XDP_FRAMES_A_QUEUE = XDP_POSTED_MAX + XDP_IN_FLIGHT_MAX + 2 * (int)PORT_BURST,
};

static_assert(XDP_FRAME_HEAD >= (int)PORT_HEADROOM, "the contract of struct packet");
static_assert(XDP_FRAME_SIZE - XDP_FRAME_HEAD >= (int)PORT_BLANK_SIZE, "the contract of take()");

// The frames of one worker that are in no ring and no packet.
struct xdp_pool {
	uint32_t count;
	uint32_t given;   // ever, by the area
	uint32_t *frames; // numbers of frames, a stack
} __attribute__((aligned(64)));

struct xdp_area {
	struct xdp_area *next;
	struct xsk_umem *umem;
	uint8_t *frames;
	size_t len;
	uint32_t pool_size; // frames that a worker can have
	uint32_t given;     // frames that pools have been given
	unsigned devices;   // that use it now
	unsigned worker_count;
	bool is_zero_copy;      // for all that share it
	struct xdp_pool *pools; // one a worker
	// Where libxdp leaves the first socket's rings meanwhile.
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;
};

// A new area, for a few devices of so many queues a worker. NULL: `error` says why.
[[nodiscard]] struct xdp_area *xdp_area_new(unsigned workers, unsigned queues_a_worker,
	bool is_zero_copy, const char *name, struct port_error *error);
// Only an area that no device has joined.
void xdp_area_free(struct xdp_area *area);

// The area after this one, or the first for NULL, that can take another such device. NULL: none.
[[nodiscard]] struct xdp_area *xdp_area_find(const struct xdp_area *after, unsigned workers,
	unsigned queues_a_worker, bool is_zero_copy);

// A device joins: worker w's pool gets what queue_counts[w] queues can hold.
void xdp_area_join(struct xdp_area *area, const unsigned *queue_counts);
// The last device that leaves ends the area.
void xdp_area_leave(struct xdp_area *area);

static inline void xdp_pool_put(struct xdp_pool *pool, uint64_t addr)
{
	pool->frames[pool->count++] = (uint32_t)(addr / XDP_FRAME_SIZE);
}

// The address of a free frame; there is one.
static inline uint64_t xdp_pool_take(struct xdp_pool *pool)
{
	return (uint64_t)pool->frames[--pool->count] * XDP_FRAME_SIZE;
}
