// SPDX-License-Identifier: BSD-3-Clause
// Frames of AF_XDP sockets: mapped, locked by the kernel, dealt out to the workers.
#include "dataplane/port/xdp_area.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { AREA_DEVICES = 4 }; // devices that fit into one area; the next opens another

// The areas of the process, the newest first; main only. Sharing is the point of them.
static struct xdp_area *areas;

void xdp_area_free(struct xdp_area *area)
{
	if (!area)
		return;
	if (area->umem)
		xsk_umem__delete(area->umem);
	if (area->frames != MAP_FAILED)
		munmap(area->frames, area->len);
	for (unsigned worker = 0; area->pools && worker < area->worker_count; worker++)
		free(area->pools[worker].frames);
	free(area->pools);
	free(area);
}

static int make_pools(struct xdp_area *area)
{
	size_t size = area->worker_count * sizeof(*area->pools);

	area->pools = aligned_alloc(64, size);
	if (!area->pools)
		return -ENOMEM;
	memset(area->pools, 0, size);
	for (unsigned worker = 0; worker < area->worker_count; worker++) {
		area->pools[worker].frames = calloc(area->pool_size, sizeof(uint32_t));
		if (!area->pools[worker].frames)
			return -ENOMEM;
	}
	return 0;
}

static int map_frames(struct xdp_area *area)
{
	const struct xsk_umem_config config = {
		.fill_size = XDP_POSTED_MAX,
		.comp_size = XDP_IN_FLIGHT_MAX,
		.frame_size = XDP_FRAME_SIZE,
	};

	area->frames =
		mmap(NULL, area->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area->frames == MAP_FAILED)
		return -ENOMEM;
	madvise(area->frames, area->len, MADV_HUGEPAGE);
	return xsk_umem__create(
		&area->umem, area->frames, area->len, &area->fill, &area->completion, &config);
}

struct xdp_area *xdp_area_new(unsigned workers, unsigned queues_a_worker, bool is_zero_copy,
	const char *name, struct port_error *error)
{
	struct xdp_area *area = calloc(1, sizeof(*area));
	int err = -ENOMEM;

	if (!area)
		goto err;
	area->frames = MAP_FAILED;
	area->worker_count = workers;
	area->is_zero_copy = is_zero_copy;
	area->pool_size = AREA_DEVICES * queues_a_worker * XDP_FRAMES_A_QUEUE;
	area->len = (size_t)workers * area->pool_size * XDP_FRAME_SIZE;
	err = make_pools(area);
	if (err == 0)
		err = map_frames(area);
	if (err == 0)
		return area;
err:
	snprintf(error->text, sizeof(error->text),
		"%s: %zu MiB of frames for AF_XDP: %s; they must be locked in memory: run as root, or "
		"with CAP_IPC_LOCK and CAP_NET_RAW",
		name, area ? area->len >> 20 : 0, strerror(-err));
	xdp_area_free(area);
	return NULL;
}

static bool has_room(const struct xdp_area *area, unsigned workers, unsigned queues_a_worker)
{
	if (area->worker_count != workers)
		return false;
	for (unsigned worker = 0; worker < workers; worker++)
		if (area->pools[worker].given + queues_a_worker * XDP_FRAMES_A_QUEUE >
			area->pool_size)
			return false;
	return true;
}

struct xdp_area *xdp_area_find(
	const struct xdp_area *after, unsigned workers, unsigned queues_a_worker, bool is_zero_copy)
{
	struct xdp_area *area = after ? after->next : areas;

	while (area &&
		(area->is_zero_copy != is_zero_copy || !has_room(area, workers, queues_a_worker)))
		area = area->next;
	return area;
}

void xdp_area_join(struct xdp_area *area, const unsigned *queue_counts)
{
	for (unsigned worker = 0; worker < area->worker_count; worker++) {
		struct xdp_pool *pool = &area->pools[worker];

		for (unsigned i = 0; i < queue_counts[worker] * XDP_FRAMES_A_QUEUE; i++)
			xdp_pool_put(pool, (uint64_t)area->given++ * XDP_FRAME_SIZE);
		pool->given += queue_counts[worker] * XDP_FRAMES_A_QUEUE;
	}
	if (area->devices++ == 0) {
		area->next = areas;
		areas = area;
	}
}

void xdp_area_leave(struct xdp_area *area)
{
	struct xdp_area **at = &areas;

	if (--area->devices > 0)
		return;
	while (*at != area)
		at = &(*at)->next;
	*at = area->next;
	xdp_area_free(area);
}
