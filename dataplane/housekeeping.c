// SPDX-License-Identifier: BSD-3-Clause
// The main thread's loop, and how an image is adopted: steered to, its next hops found, switched to, and the one
// before let go once no worker reads it.
#include "dataplane/housekeeping.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/keep.h"
#include "dataplane/kernel_ports.h"

enum {
	TICK_MS = 1000,
	QUIET_WAIT_MS = 1000, // a worker that has not turned by then is stuck
	HOPS_WAIT_MS = 300,   // for the neighbours of targets that are new
	PAUSE_US = 100,
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int steer_device(
	struct device *device, const struct snapshot *snapshot, struct port_error *error)
{
	const struct image *image = &snapshot->image;
	struct steering_range *ranges = calloc(image->outbound_count + 1, sizeof(*ranges));
	struct steering steering = {
		.inbound = image->inbound,
		.inbound_count = image->inbound_count,
		.outbound = ranges,
		.outbound_count = image->outbound_count,
	};
	int err;

	if (!ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < image->outbound_count; i++)
		ranges[i] = (struct steering_range){
			.ip = image->outbound[i].ip,
			.port_first = image->outbound[i].port_first,
			.port_last = image->outbound[i].port_last,
			.sources = &snapshot->sources[i],
		};
	err = device->ops->steer(device, &steering, error);
	free(ranges);
	return err;
}

static int steer_all(struct housekeeping *house, const struct snapshot *snapshot, char *error)
{
	for (unsigned i = 0; i < house->device_count; i++) {
		struct device *device = house->devices[i];
		struct port_error why = {0};
		int err = steer_device(device, snapshot, &why);

		if (err) {
			snprintf(error, SNAPSHOT_ERROR_LEN, "%s can't be steered: %.160s",
				device->name, why.text[0] ? why.text : strerror(-err));
			return err;
		}
	}
	return 0;
}

static bool has_upstream(const struct snapshot *snapshot, const struct endpoint *upstream)
{
	for (uint32_t i = 0; snapshot && i < snapshot->image.upstreams_count; i++)
		if (endpoint_equal(&snapshot->image.upstreams[i].endpoint, upstream))
			return true;
	return false;
}

// Does a target that the image before did not have still lack its next hop?
static bool is_hop_awaited(const struct snapshot *next, const struct snapshot *current)
{
	for (uint32_t i = 0; i < next->image.upstreams_count; i++)
		if (nexthop_get(&next->hops[i]).state != NEXTHOP_RESOLVED &&
			!has_upstream(current, &next->image.upstreams[i].endpoint))
			return true;
	return false;
}

// New targets get a moment to be found, so that the first query to them does not fail; a dead one does not hold the
// image up for longer.
static int find_hops(struct housekeeping *house, struct snapshot *next, char *error)
{
	const struct snapshot *current = atomic_load(&house->snapshots->current);
	uint64_t deadline_ms = clock_ms() + HOPS_WAIT_MS;
	int err = neighbours_follow(
		house->neighbours, next->image.upstreams, next->hops, next->image.upstreams_count);

	if (err) {
		snprintf(error, SNAPSHOT_ERROR_LEN, "the kernel's routes can't be read: %s",
			strerror(-err));
		return err;
	}
	while (is_hop_awaited(next, current) && clock_ms() < deadline_ms) {
		struct pollfd fd = {.fd = neighbours_fd(house->neighbours), .events = POLLIN};

		if (poll(&fd, 1, (int)(deadline_ms - clock_ms())) > 0)
			neighbours_handle(house->neighbours);
	}
	return 0;
}

static bool wait_until_quiet(struct housekeeping *house)
{
	uint64_t deadline_ms = clock_ms() + QUIET_WAIT_MS;

	while (!snapshot_is_quiet(house->snapshots)) {
		if (clock_ms() > deadline_ms)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_US * 1000}, NULL);
	}
	return true;
}

// Switches to `next`. Every worker answers by it afterwards, but for one that is stuck: then the image before
// stays mapped, and no further one is adopted until it turns again.
static void switch_to(struct housekeeping *house, struct snapshot *next)
{
	house->retired = snapshot_publish(house->snapshots, next);
	if (wait_until_quiet(house)) {
		snapshot_close(house->retired);
		house->retired = NULL;
	} else {
		fprintf(stderr,
			"shunt-dataplane: a worker has not turned for a second; its image stays\n");
	}
}

static bool is_acceptable(const struct housekeeping *house, const struct snapshot *next,
	uint64_t generation, char *error)
{
	const struct snapshot *current = atomic_load(&house->snapshots->current);
	uint64_t served = current ? current->image.header->generation : 0;

	if (house->retired && !snapshot_is_quiet(house->snapshots))
		snprintf(error, SNAPSHOT_ERROR_LEN, "a worker is stuck in the image before");
	else if (next->image.header->generation != generation)
		snprintf(error, SNAPSHOT_ERROR_LEN,
			"the image is of generation %" PRIu64 ", not %" PRIu64,
			next->image.header->generation, generation);
	else if (generation <= served)
		snprintf(error, SNAPSHOT_ERROR_LEN,
			"generation %" PRIu64 " is not newer than %" PRIu64 ", which is served",
			generation, served);
	else
		return true;
	return false;
}

// Devices and next hops follow the current image again, after a next one could not be served.
static void turn_back(struct housekeeping *house)
{
	struct snapshot *current = atomic_load(&house->snapshots->current);
	char error[SNAPSHOT_ERROR_LEN];

	if (!current)
		return;
	if (steer_all(house, current, error) != 0 || find_hops(house, current, error) != 0)
		fprintf(stderr, "shunt-dataplane: the image served may not be reached: %s\n",
			error);
}

static int find_upstreams(struct housekeeping *house, struct snapshot *next, char *error)
{
	int err = upstreams_follow(house->upstreams, &next->image, next->upstreams);

	if (err)
		snprintf(error, SNAPSHOT_ERROR_LEN,
			"more than %d upstreams were named since this dataplane started; restart it",
			UPSTREAMS_CAPACITY);
	return err;
}

static bool is_any_shared(const struct housekeeping *house)
{
	for (unsigned i = 0; i < house->device_count; i++)
		if (!house->devices[i]->is_kernel_routed)
			return true;
	return false;
}

// Where the kernel has our outbound addresses too, it must draw its own ports from elsewhere. Devices that go through
// the kernel have their ports from it.
static bool keeps_off_kernel_ports(
	struct housekeeping *house, const struct image *image, char *error)
{
	char text[KERNEL_PORTS_TEXT_LEN];
	enum kernel_ports_verdict verdict =
		is_any_shared(house) ? kernel_ports_check(image, text) : KERNEL_PORTS_APART;

	if (verdict == KERNEL_PORTS_TOO_FEW) {
		snprintf(error, SNAPSHOT_ERROR_LEN, "%s", text);
		return false;
	}
	if (verdict != KERNEL_PORTS_APART && !house->has_warned_of_ports)
		fprintf(stderr, "shunt-dataplane: %s\n", text);
	house->has_warned_of_ports = verdict != KERNEL_PORTS_APART;
	return true;
}

// Every send that may be outstanding has pairs of source port and ID of its own, at each address.
static bool has_ports_for_all(
	const struct housekeeping *house, const struct snapshot *next, char *error)
{
	uint64_t sends = (uint64_t)house->crowd.worker_count * house->crowd.send_count;
	uint64_t wanted = (sends * OWNER_TURNS_MIN + UINT16_MAX) >> 16;

	for (uint32_t i = 0; i < next->image.outbound_count; i++) {
		const struct image_outbound *outbound = &next->image.outbound[i];
		uint32_t open = atomic_load(&next->sources[i].count);
		uint32_t count = open ? open : outbound->port_last - outbound->port_first + 1u;

		if (owner_turns(&house->crowd, count) >= OWNER_TURNS_MIN)
			continue;
		snprintf(error, SNAPSHOT_ERROR_LEN,
			"an outbound address has %" PRIu32 " source ports, too few for %" PRIu32
			" workers with %" PRIu32 " sends each: %" PRIu64
			" are wanted; widen its ports, or start with fewer --workers or --slots",
			count, house->crowd.worker_count, house->crowd.send_count, wanted);
		return false;
	}
	return true;
}

// Serves `next`, which it owns from now on, or stays with the current image.
static bool serve(struct housekeeping *house, struct snapshot *next, char *error)
{
	if (!keeps_off_kernel_ports(house, &next->image, error)) {
		snapshot_close(next);
		return false;
	}
	if (snapshot_follow(next, atomic_load(&house->snapshots->current)) != 0) {
		snprintf(error, SNAPSHOT_ERROR_LEN, "no memory to follow the image before");
		snapshot_close(next);
		return false;
	}
	if (find_upstreams(house, next, error) != 0 || steer_all(house, next, error) != 0 ||
		!has_ports_for_all(house, next, error) || find_hops(house, next, error) != 0) {
		turn_back(house);
		snapshot_close(next);
		return false;
	}
	upstreams_name(house->upstreams, &next->image, next->upstreams);
	snapshot_close(house->retired);
	switch_to(house, next);
	return true;
}

static bool adopt(void *context, int fd, uint64_t generation, char error[UPLINK_ERROR_LEN])
{
	struct housekeeping *house = context;
	struct snapshot *next = snapshot_open(fd, house->snapshots->reader_count, error);
	char keep_error[KEEP_ERROR_LEN];

	if (!next)
		return false;
	if (!is_acceptable(house, next, generation, error)) {
		snapshot_close(next);
		return false;
	}
	if (!serve(house, next, error))
		return false;
	if (keep_save(house->state_dir, fd, keep_error) != 0)
		fprintf(stderr, "shunt-dataplane: %s\n", keep_error);
	return true;
}

static void take_order(void *context, const struct link_upstream *order)
{
	struct housekeeping *house = context;

	upstreams_order(house->upstreams, &order->endpoint, order->order);
}

int housekeeping_init(
	struct housekeeping *house, const char *run_dir, char error[static UPLINK_ERROR_LEN])
{
	int err = rekey_init(&house->rekey, house->keyring, house->snapshots, clock_ms());

	if (err) {
		snprintf(error, UPLINK_ERROR_LEN,
			"the system gives no random numbers (RAND_bytes), and source ports and IDs "
			"that can be guessed are worse than none");
		return err;
	}
	house->watchdog.snapshots = house->snapshots;
	err = uplink_open(&house->uplink, run_dir, error);
	if (err)
		return err;
	house->uplink.adopt = adopt;
	house->uplink.order = take_order;
	house->uplink.context = house;
	return 0;
}

void housekeeping_restore(struct housekeeping *house)
{
	char error[SNAPSHOT_ERROR_LEN];
	int fd = keep_load(house->state_dir, error);
	struct snapshot *kept;
	uint64_t generation;

	if (fd == -ENOENT)
		return;
	kept = fd < 0 ? NULL : snapshot_open(fd, house->snapshots->reader_count, error);
	if (fd >= 0)
		close(fd);
	if (kept) {
		generation = kept->image.header->generation;
		if (serve(house, kept, error)) {
			house->uplink.generation = generation;
			return;
		}
	}
	fprintf(stderr, "shunt-dataplane: the kept image is not served: %s\n", error);
}

// An interface that is deleted takes its sockets with it, for good: another of that name is another interface. The other
// ports go on.
static void watch_interfaces(struct housekeeping *house)
{
	char name[IF_NAMESIZE];

	for (unsigned i = 0; i < house->device_count; i++) {
		const struct device *device = house->devices[i];

		if (device->ifindex == 0 || (house->gone & 1u << i) ||
			if_indextoname(device->ifindex, name) || errno != ENXIO)
			continue;
		house->gone |= 1u << i;
		fprintf(stderr,
			"shunt-dataplane: %s: the interface was deleted; this port is dead, the others "
			"go on: restart shunt-dataplane once it is back\n",
			device->name);
	}
}

static void tick(struct housekeeping *house)
{
	neighbours_tick(house->neighbours);
	for (unsigned i = 0; i < house->device_count; i++)
		if (house->devices[i]->ops->tick)
			house->devices[i]->ops->tick(house->devices[i]);
	watch_interfaces(house);
	if (rekey_tick(&house->rekey, clock_ms()) != 0)
		fprintf(stderr,
			"shunt-dataplane: no random numbers for another key; the one before serves on\n");
	device_counters_publish(house->device_counters, house->devices, house->device_count);
}

// Whoever started us starts us again; going on would leave some clients without an answer for as long as nobody looks.
static void watch_workers(struct housekeeping *house)
{
	int stuck = watchdog_look(&house->watchdog, clock_ms());

	if (stuck == WATCHDOG_ALL_TURN)
		return;
	fprintf(stderr,
		"shunt-dataplane: worker %d has not turned for %d ms: this process ends, to be "
		"started again\n",
		stuck, WATCHDOG_STUCK_MS);
	abort();
}

static int ms_until(uint64_t when_ms)
{
	uint64_t now_ms = clock_ms();

	return now_ms < when_ms ? (int)(when_ms - now_ms) : 0;
}

void housekeeping_run(struct housekeeping *house)
{
	uint64_t next_tick_ms = clock_ms() + TICK_MS, next_look_ms = 0;

	for (;;) {
		struct pollfd fds[UPLINK_FDS + 2];

		uplink_prepare(&house->uplink, fds);
		fds[UPLINK_FDS] =
			(struct pollfd){.fd = neighbours_fd(house->neighbours), .events = POLLIN};
		fds[UPLINK_FDS + 1] = (struct pollfd){.fd = house->signal_fd, .events = POLLIN};
		poll(fds, UPLINK_FDS + 2,
			ms_until(next_look_ms < next_tick_ms ? next_look_ms : next_tick_ms));
		if (fds[UPLINK_FDS + 1].revents)
			return;
		if (fds[UPLINK_FDS].revents)
			neighbours_handle(house->neighbours);
		uplink_handle(&house->uplink, fds);
		if (clock_ms() >= next_tick_ms) {
			tick(house);
			next_tick_ms = clock_ms() + TICK_MS;
		}
		if (clock_ms() >= next_look_ms) {
			watch_workers(house);
			next_look_ms = clock_ms() + WATCHDOG_LOOK_MS;
		}
	}
}

void housekeeping_fini(struct housekeeping *house)
{
	uplink_close(&house->uplink);
	snapshot_close(house->retired);
	snapshot_close(atomic_load(&house->snapshots->current));
}
