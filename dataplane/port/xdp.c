// SPDX-License-Identifier: BSD-3-Clause
// AF_XDP ports: a device is our steering program on an interface and one socket a queue, which the workers share out.
#include "dataplane/port/xdp.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xdp/xsk.h>

#include "dataplane/port/interface.h"
#include "dataplane/port/steer.h"
#include "dataplane/port/xdp_area.h"
#include "dataplane/port/xdp_port.h"
#include "dataplane/port/xdp_spec.h"

enum {
	// An Ethernet header, and a tag that it may have.
	MTU_MAX = XDP_FRAME_SIZE - XDP_FRAME_HEAD - 14 - 4,
	BUSY_POLL_BUDGET = PORT_BURST,
};

struct xdp_device {
	struct device device;
	struct xdp_spec spec;
	struct steer *steer;
	struct xdp_area *area;
	unsigned worker_count;
	unsigned queue_count;
	unsigned *queue_counts;   // of each worker
	struct xdp_queue *queues; // worker 0's, worker 1's, …
	struct xdp_port *ports;   // one a worker
	char mode[64];
};

static void close_sockets(struct xdp_device *device)
{
	for (unsigned i = 0; i < device->queue_count; i++) {
		if (device->queues[i].socket)
			xsk_socket__delete(device->queues[i].socket);
		device->queues[i].socket = NULL;
	}
}

// The kernel then polls the NIC within our calls, and keeps its interrupts off meanwhile.
static int prefer_busy_poll(struct xdp_queue *queue, unsigned busy_poll_us)
{
	const struct {
		int name, value;
	} options[] = {
		{SO_PREFER_BUSY_POLL, 1},
		{SO_BUSY_POLL, (int)busy_poll_us},
		{SO_BUSY_POLL_BUDGET, BUSY_POLL_BUDGET},
	};

	if (busy_poll_us == 0)
		return 0;
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (setsockopt(queue->fd, SOL_SOCKET, options[i].name, &options[i].value,
			    sizeof(options[i].value)) < 0)
			return -errno;
	queue->is_busy_polled = true;
	return 0;
}

// The socket of one queue. An area's first takes the rings that came with it: libxdp needs to be given the very
// same structs. The others take the area's mode.
static int open_socket(struct xdp_device *device, struct xdp_area *area, unsigned index)
{
	const struct xsk_socket_config config = {
		.rx_size = XDP_POSTED_MAX,
		.tx_size = XDP_IN_FLIGHT_MAX,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP |
			(area->is_zero_copy ? (uint16_t)XDP_ZEROCOPY : (uint16_t)XDP_COPY),
	};
	struct xdp_queue *queue = &device->queues[index];
	bool is_first = area->devices == 0 && index == 0;
	int err;

	queue->number = (uint16_t)(device->spec.queue_first + index);
	err = xsk_socket__create_shared(&queue->socket, device->spec.interface, queue->number,
		area->umem, &queue->rx, &queue->tx, is_first ? &area->fill : &queue->fill,
		is_first ? &area->completion : &queue->completion, &config);
	if (err < 0)
		return err;
	if (is_first) {
		queue->fill = area->fill;
		queue->completion = area->completion;
	}
	queue->fd = xsk_socket__fd(queue->socket);
	err = prefer_busy_poll(queue, device->spec.busy_poll_us);
	if (err < 0)
		return err;
	return xsk_socket__update_xskmap(queue->socket, steer_sockets_fd(device->steer));
}

// Gives each worker its end: its queues, and its frames of the area.
static void share_out(struct xdp_device *device)
{
	struct xdp_queue *next = device->queues;

	xdp_area_join(device->area, device->queue_counts);
	for (unsigned worker = 0; worker < device->worker_count; worker++) {
		struct xdp_port *port = &device->ports[worker];

		port->pool = &device->area->pools[worker];
		port->frames = device->area->frames;
		port->queues = next;
		port->queue_count = device->queue_counts[worker];
		next += port->queue_count;
		xdp_port_post(port);
	}
}

static int open_sockets(struct xdp_device *device, struct xdp_area *area)
{
	for (unsigned i = 0; i < device->queue_count; i++) {
		int err = open_socket(device, area, i);

		if (err < 0) {
			close_sockets(device);
			return err;
		}
	}
	device->area = area;
	share_out(device);
	return 0;
}

static const char *socket_hint(int err, enum xdp_mode mode)
{
	switch (err) {
	case -EBUSY: return "another process has a socket on this queue";
	case -ENETDOWN: return "bring the interface up first";
	case -EPERM: return "run as root, or with CAP_NET_RAW, and CAP_NET_ADMIN for busy-poll=";
	case -EOPNOTSUPP:
		return mode == XDP_MODE_ZERO_COPY ? "its driver has no zero-copy; leave mode= out"
						  : "the kernel has no AF_XDP for it";
	default: return "see AF_XDP in the kernel's log";
	}
}

// Joins an area there is, if the kernel lets these interfaces share one, else makes one.
static int open_in_area(struct xdp_device *device, enum xdp_mode mode, struct port_error *error)
{
	unsigned workers = device->worker_count;
	unsigned most = device->queue_counts[0]; // of a worker: the first has the most
	bool is_zero_copy = mode == XDP_MODE_ZERO_COPY;
	struct xdp_area *area = NULL;
	int err;

	while ((area = xdp_area_find(area, workers, most, is_zero_copy)))
		if (open_sockets(device, area) == 0)
			return 0;
	area = xdp_area_new(workers, most, is_zero_copy, device->device.name, error);
	if (!area)
		return -1;
	err = open_sockets(device, area);
	if (err == 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "%s: opening %u AF_XDP sockets (%s): %s; %s",
		device->device.name, device->queue_count, xdp_mode_name(mode), strerror(-err),
		socket_hint(err, mode));
	xdp_area_free(area);
	return -1;
}

// The first mode that works, or the one that is wanted.
static int open_in_mode(struct xdp_device *device, struct port_error *error)
{
	static const char *const titles[XDP_MODE_COUNT] = {
		[XDP_MODE_ZERO_COPY] = "driver zero-copy",
		[XDP_MODE_COPY] = "driver copy",
		[XDP_MODE_GENERIC] = "generic",
	};
	const struct xdp_spec *spec = &device->spec;
	char busy[32] = "";

	for (enum xdp_mode mode = 0; mode < XDP_MODE_COUNT; mode++) {
		if (spec->has_mode && mode != spec->mode)
			continue;
		if (steer_attach(device->steer, device->device.ifindex, mode == XDP_MODE_GENERIC,
			    spec->interface, error) < 0 ||
			open_in_area(device, mode, error) < 0)
			continue;
		if (spec->busy_poll_us)
			snprintf(busy, sizeof(busy), ", busy poll %u us", spec->busy_poll_us);
		snprintf(device->mode, sizeof(device->mode), "%s, %u queue%s%s", titles[mode],
			device->queue_count, device->queue_count == 1 ? "" : "s", busy);
		device->device.mode = device->mode;
		return 0;
	}
	return -1;
}

static struct port *xdp_device_port(struct device *base, unsigned worker)
{
	return &((struct xdp_device *)base)->ports[worker].port;
}

static int xdp_device_steer(
	struct device *base, const struct steering *steering, struct port_error *error)
{
	(void)error;
	return steer_set(((struct xdp_device *)base)->steer, steering);
}

static void xdp_device_tick(struct device *base)
{
	steer_tick(((struct xdp_device *)base)->steer);
}

// What the kernel says of our sockets, beside what became of frames before they came there.
static unsigned xdp_device_count(
	struct device *base, struct device_counter counters[DEVICE_COUNTERS_MAX])
{
	const struct xdp_device *device = (const struct xdp_device *)base;
	unsigned count = steer_count(device->steer, counters);
	struct xdp_statistics sum = {0};

	for (unsigned i = 0; i < device->queue_count; i++) {
		struct xdp_statistics one = {0};
		socklen_t len = sizeof(one);

		if (getsockopt(device->queues[i].fd, SOL_XDP, XDP_STATISTICS, &one, &len) < 0)
			continue;
		sum.rx_dropped += one.rx_dropped;
		sum.rx_ring_full += one.rx_ring_full;
		sum.rx_fill_ring_empty_descs += one.rx_fill_ring_empty_descs;
		sum.tx_invalid_descs += one.tx_invalid_descs;
	}
	counters[count++] = (struct device_counter){"kernel_rx_dropped", sum.rx_dropped};
	counters[count++] = (struct device_counter){"kernel_rx_ring_full", sum.rx_ring_full};
	counters[count++] =
		(struct device_counter){"kernel_no_frame", sum.rx_fill_ring_empty_descs};
	counters[count++] = (struct device_counter){"kernel_tx_invalid", sum.tx_invalid_descs};
	return count;
}

static_assert(STEER_FRAME_MAX == XDP_FRAME_SIZE - XDP_FRAME_HEAD, "what a frame holds");
static_assert(STEER_COUNTER_COUNT + 4 <= DEVICE_COUNTERS_MAX, "they fit");

static void xdp_device_close(struct device *base)
{
	struct xdp_device *device = (struct xdp_device *)base;

	steer_free(device->steer);
	if (device->queues)
		close_sockets(device);
	if (device->area)
		xdp_area_leave(device->area);
	for (unsigned worker = 0; device->ports && worker < device->worker_count; worker++)
		if (device->ports[worker].epoll >= 0)
			close(device->ports[worker].epoll);
	free(device->queue_counts);
	free(device->queues);
	free(device->ports);
	free(device);
}

static const struct device_ops xdp_device_ops = {
	.port = xdp_device_port,
	.steer = xdp_device_steer,
	.tick = xdp_device_tick,
	.count = xdp_device_count,
	.close = xdp_device_close,
};

// All queues there are, or those that are wanted: one a worker at least.
static int choose_queues(struct xdp_device *device, struct port_error *error)
{
	struct xdp_spec *spec = &device->spec;
	int count = interface_count_queues(
		spec->interface, &device->device, device->worker_count, error);

	if (count < 0)
		return -1;
	if (!spec->has_queues)
		spec->queue_last = (unsigned)count - 1;
	device->queue_count = spec->queue_last - spec->queue_first + 1;
	if (spec->queue_last >= (unsigned)count)
		snprintf(error->text, sizeof(error->text),
			"%s: there is no queue %u: it has 0 to %d; ask for those, or leave queues= out",
			device->device.name, spec->queue_last, count - 1);
	else if (device->queue_count < device->worker_count)
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and %u chosen; choose more, or "
			"start with --workers %u",
			device->device.name, device->worker_count, device->queue_count,
			device->queue_count);
	else
		return 0;
	return -1;
}

static void *calloc_aligned(size_t count, size_t size)
{
	void *memory = aligned_alloc(64, count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

// Queues dealt out as evenly as they can be, the first workers having one more.
static int make_ports(struct xdp_device *device, struct port_error *error)
{
	unsigned workers = device->worker_count;

	device->queues = calloc_aligned(device->queue_count, sizeof(*device->queues));
	device->ports = calloc_aligned(workers, sizeof(*device->ports));
	device->queue_counts = calloc(workers, sizeof(*device->queue_counts));
	if (!device->queues || !device->ports || !device->queue_counts) {
		free(device->ports);
		device->ports = NULL;
		snprintf(error->text, sizeof(error->text), "%s: no memory", device->device.name);
		return -1;
	}
	for (unsigned worker = 0; worker < workers; worker++) {
		device->queue_counts[worker] =
			device->queue_count / workers + (worker < device->queue_count % workers);
		xdp_port_init(&device->ports[worker]);
		if (interface_is_on_host(device->spec.interface))
			device->ports[worker].flags = PACKET_UDP_PARTIAL;
	}
	return 0;
}

// What a worker sleeps on: its socket, or a descriptor for several.
static int make_wait_fd(struct xdp_port *port)
{
	struct epoll_event event = {.events = EPOLLIN};

	port->wait_fd = port->queues[0].fd;
	if (port->queue_count == 1)
		return 0;
	port->wait_fd = port->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (port->epoll < 0)
		return -errno;
	for (unsigned i = 0; i < port->queue_count; i++)
		if (epoll_ctl(port->epoll, EPOLL_CTL_ADD, port->queues[i].fd, &event) < 0)
			return -errno;
	return 0;
}

static int make_wait_fds(struct xdp_device *device, struct port_error *error)
{
	for (unsigned worker = 0; worker < device->worker_count; worker++) {
		int err = make_wait_fd(&device->ports[worker]);

		if (err < 0) {
			snprintf(error->text, sizeof(error->text), "%s: waiting for packets: %s",
				device->device.name, strerror(-err));
			return -1;
		}
	}
	return 0;
}

static int read_spec(struct xdp_device *device, const char *text, struct port_error *error)
{
	struct port_error wrong;

	snprintf(device->device.name, sizeof(device->device.name), "xdp:%s", text);
	if (xdp_spec_parse(&device->spec, text, &wrong) == 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "%s: %.400s", device->device.name, wrong.text);
	return -1;
}

static int drop_clients(struct xdp_device *device, struct port_error *error)
{
	const struct xdp_spec *spec = &device->spec;
	int err = steer_drop(device->steer, spec->drops, spec->drop_count);

	if (err < 0)
		snprintf(error->text, sizeof(error->text), "%s: listing the clients to drop: %s",
			device->device.name, strerror(-err));
	return err;
}

static int open_device(struct xdp_device *device, const char *text, struct port_error *error)
{
	struct device *base = &device->device;
	const char *interface = device->spec.interface;

	if (read_spec(device, text, error) < 0 || interface_read(interface, base, error) < 0 ||
		choose_queues(device, error) < 0 || make_ports(device, error) < 0 ||
		steer_clear(base->ifindex, interface, error) < 0)
		return -1;
	if (base->mtu > MTU_MAX)
		base->mtu = MTU_MAX;
	device->steer = steer_new(interface, error);
	if (!device->steer || drop_clients(device, error) < 0 || open_in_mode(device, error) < 0)
		return -1;
	return make_wait_fds(device, error);
}

struct device *port_xdp_open(const char *spec, unsigned workers, struct port_error *error)
{
	struct xdp_device *device = calloc(1, sizeof(*device));

	if (!device) {
		snprintf(error->text, sizeof(error->text), "xdp:%s: no memory", spec);
		return NULL;
	}
	device->device.ops = &xdp_device_ops;
	device->worker_count = workers;
	if (open_device(device, spec, error) == 0)
		return &device->device;
	xdp_device_close(&device->device);
	return NULL;
}
