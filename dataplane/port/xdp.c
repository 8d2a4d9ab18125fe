// SPDX-License-Identifier: BSD-3-Clause
// AF_XDP ports: a device is our steering program on an interface and one socket a worker.
//
// All devices share one area of frames (a UMEM), so that what came in by one leaves by another as it
// is. Each worker has frames of its own in it and polls rings of its own: no locks.
//
//            ┌───────────────────────── pool of the worker ◀──────────────┐
//            ▼                                                            │
//   fill ring ── kernel ── RX ring ── packet ── TX ring ── kernel ── completion ring
//   └──────── posted ──────────────┘          └──────── in flight ────────────────┘
//
// A frame is in exactly one of those places. It is 2,048 bytes: 256 that the kernel keeps free before
// what it receives, which are our headroom, and 1,792 for the packet.
#include "dataplane/port/xdp.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xdp/xsk.h>

#include "dataplane/port/interface.h"
#include "dataplane/port/steer.h"

enum {
	FRAME_SIZE = 2048,
	FRAME_HEAD = 256, // XDP_PACKET_HEADROOM
	POSTED_MAX =
		2048, // frames that wait for packets: 2 ms at 1 M/s, the longest pause to survive
	IN_FLIGHT_MAX = 1024,
	// What a device adds to a worker's frames: its rings, a burst in hand and one to originate.
	FRAMES_A_PORT = POSTED_MAX + IN_FLIGHT_MAX + 2 * (int)PORT_BURST,
	AREA_DEVICES = 4, // devices that fit into one area; the next opens another
	KICKS = 4,        // a kick moves 32 packets: two bursts in one go
	MTU_MAX =
		FRAME_SIZE - FRAME_HEAD - 14 - 4, // an Ethernet header, and a tag that it may have
};

static_assert(FRAME_HEAD >= (int)PORT_HEADROOM, "the contract of struct packet");
static_assert(FRAME_SIZE - FRAME_HEAD >= (int)PORT_BLANK_SIZE, "the contract of take()");

// The frames of one worker that are in no ring and no packet. That worker only.
struct pool {
	uint32_t count;
	uint32_t frames[AREA_DEVICES * FRAMES_A_PORT]; // numbers of frames, a stack
} __attribute__((aligned(64)));

// A UMEM: what sockets of several interfaces share.
struct area {
	struct area *next;
	struct xsk_umem *umem;
	uint8_t *frames;
	size_t len;
	uint32_t given;   // frames that pools have been given
	unsigned devices; // that use it now
	unsigned worker_count;
	struct pool *pools;        // one a worker
	struct xsk_ring_prod fill; // where libxdp leaves the first socket's rings meanwhile
	struct xsk_ring_cons completion;
};

struct xdp_port {
	struct port port;
	struct pool *pool;
	uint8_t *frames;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod fill;
	struct xsk_ring_prod tx;
	struct xsk_ring_cons completion;
	uint32_t posted;
	uint32_t in_flight;
	int fd;
	uint16_t queue;
	struct xsk_socket *socket;
} __attribute__((aligned(64)));

struct xdp_device {
	struct device device;
	struct steer *steer;
	struct area *area;
	unsigned worker_count;
	struct xdp_port *ports; // one a worker
	char interface[IF_NAMESIZE];
};

// The areas of the process, the newest first; main only. Sharing is the point of them, and devices are
// opened one by one.
static struct area *areas;

static uint32_t frame_of(uint64_t addr)
{
	return (uint32_t)(addr / FRAME_SIZE);
}

static void *buffer_of(uint32_t frame)
{
	return (void *)(uintptr_t)((uint64_t)frame * FRAME_SIZE);
}

static void put_frame(struct pool *pool, uint64_t addr)
{
	pool->frames[pool->count++] = frame_of(addr);
}

// Takes back what the kernel has sent.
static void reap(struct xdp_port *port)
{
	uint32_t at = 0;
	uint32_t count;

	if (port->in_flight == 0)
		return;
	count = xsk_ring_cons__peek(&port->completion, IN_FLIGHT_MAX, &at);
	if (count == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
		put_frame(port->pool, *xsk_ring_cons__comp_addr(&port->completion, at + i));
	xsk_ring_cons__release(&port->completion, count);
	port->in_flight -= count;
}

static bool has_unsent(const struct xdp_port *port)
{
	return __atomic_load_n(port->tx.consumer, __ATOMIC_ACQUIRE) != port->tx.cached_prod;
}

// Has the kernel send, where it does not look by itself. What is left is tried again at the next
// receive: the device was busy, or down.
static void kick(struct xdp_port *port)
{
	for (unsigned i = 0; i < KICKS && has_unsent(port); i++) {
		if (!xsk_ring_prod__needs_wakeup(&port->tx))
			return;
		sendto(port->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	}
}

// Gives the kernel frames to receive into, a burst at a time.
static void post(struct xdp_port *port)
{
	uint32_t wanted = POSTED_MAX - port->posted;
	struct pool *pool = port->pool;
	uint32_t at = 0;

	if (wanted >= PORT_BURST) {
		if (wanted > pool->count) {
			wanted = pool->count;
			port->port.counters.no_buffer++;
		}
		if (wanted && xsk_ring_prod__reserve(&port->fill, wanted, &at) == wanted) {
			for (uint32_t i = 0; i < wanted; i++)
				*xsk_ring_prod__fill_addr(&port->fill, at + i) =
					(uint64_t)pool->frames[--pool->count] * FRAME_SIZE;
			xsk_ring_prod__submit(&port->fill, wanted);
			port->posted += wanted;
		}
	}
	if (xsk_ring_prod__needs_wakeup(&port->fill))
		recvfrom(port->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static struct packet packet_at(const struct xdp_port *port, uint64_t addr, uint32_t len)
{
	uint16_t head = (uint16_t)(addr % FRAME_SIZE);

	return (struct packet){
		.data = port->frames + addr,
		.buffer = buffer_of(frame_of(addr)),
		.len = (uint16_t)len,
		.head = head,
		.tail = (uint16_t)(FRAME_SIZE - head - len),
		.pool = port->port.index,
		.port = port->port.index,
		.queue = port->queue,
	};
}

static unsigned xdp_receive(struct port *base, struct packet *packets, unsigned max)
{
	struct xdp_port *port = (struct xdp_port *)base;
	uint32_t at = 0;
	uint32_t count;

	if (has_unsent(port))
		kick(port);
	reap(port);
	count = xsk_ring_cons__peek(&port->rx, max, &at);
	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&port->rx, at + i);

		packets[i] = packet_at(port, desc->addr, desc->len);
		__builtin_prefetch(packets[i].data);
	}
	if (count)
		xsk_ring_cons__release(&port->rx, count);
	port->posted -= count;
	port->port.counters.received += count;
	post(port);
	return count;
}

static unsigned xdp_take(struct port *base, struct packet *packets, unsigned count)
{
	struct xdp_port *port = (struct xdp_port *)base;
	struct pool *pool = port->pool;

	if (count > pool->count) {
		count = pool->count;
		port->port.counters.no_buffer++;
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t frame = pool->frames[--pool->count];

		packets[i] = packet_at(port, frame * FRAME_SIZE + FRAME_HEAD, 0);
	}
	return count;
}

static void xdp_release(struct port *base, struct packet *packets, unsigned count)
{
	struct xdp_port *port = (struct xdp_port *)base;

	for (unsigned i = 0; i < count; i++)
		put_frame(port->pool, (uintptr_t)packets[i].buffer);
}

static const struct port_ops xdp_port_ops;

static bool is_own_frame(const struct xdp_port *port, const struct packet *packet)
{
	const struct port *owner = port->port.siblings[packet->pool];

	return owner->ops == &xdp_port_ops && ((const struct xdp_port *)owner)->pool == port->pool;
}

// Puts a copy of another pool's packet in its place; that is given back. False: no room, or no frame.
static bool adopt(struct xdp_port *port, struct packet *packet)
{
	struct packet foreign = *packet;
	bool fits = foreign.len <= FRAME_SIZE - FRAME_HEAD;

	if (!fits)
		port->port.counters.tx_foreign++;
	if (fits && xdp_take(&port->port, packet, 1) == 1) {
		memcpy(packet->data, foreign.data, foreign.len);
		packet->len = foreign.len;
		port->port.counters.tx_copied++;
	} else {
		fits = false;
	}
	port_release_all(port->port.siblings, &foreign, 1);
	return fits;
}

// Makes all packets our own; gives how many there still are.
static unsigned adopt_all(struct xdp_port *port, struct packet *packets, unsigned count)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++) {
		if (is_own_frame(port, &packets[i]) || adopt(port, &packets[i]))
			packets[kept++] = packets[i];
	}
	return kept;
}

static void queue_packet(struct xdp_port *port, uint32_t at, const struct packet *packet)
{
	struct xdp_desc *desc = xsk_ring_prod__tx_desc(&port->tx, at);

	// The kernel skips, and never gives back, what is empty or passes its frame's end.
	desc->addr = (uint64_t)(packet->data - port->frames);
	assert(packet->len > 0 && desc->addr % FRAME_SIZE + packet->len <= FRAME_SIZE);
	desc->len = packet->len;
	desc->options = 0;
}

static void xdp_send(struct port *base, struct packet *packets, unsigned count)
{
	struct xdp_port *port = (struct xdp_port *)base;
	uint32_t at = 0;
	uint32_t room;

	count = adopt_all(port, packets, count);
	if (IN_FLIGHT_MAX - port->in_flight < count)
		reap(port);
	room = IN_FLIGHT_MAX - port->in_flight;
	if (room < count) {
		port->port.counters.tx_full += count - room;
		xdp_release(base, packets + room, count - room);
		count = room;
	}
	if (count == 0 || xsk_ring_prod__reserve(&port->tx, count, &at) != count)
		return;
	for (unsigned i = 0; i < count; i++)
		queue_packet(port, at + i, &packets[i]);
	xsk_ring_prod__submit(&port->tx, count);
	port->in_flight += count;
	port->port.counters.sent += count;
	kick(port);
}

static int xdp_wait_fd(struct port *base)
{
	return ((struct xdp_port *)base)->fd;
}

static const struct port_ops xdp_port_ops = {
	.receive = xdp_receive,
	.take = xdp_take,
	.send = xdp_send,
	.release = xdp_release,
	.wait_fd = xdp_wait_fd,
};

static void area_free(struct area *area)
{
	if (!area)
		return;
	if (area->umem)
		xsk_umem__delete(area->umem);
	if (area->frames != MAP_FAILED)
		munmap(area->frames, area->len);
	free(area->pools);
	free(area);
}

static int map_frames(struct area *area)
{
	const struct xsk_umem_config config = {
		.fill_size = POSTED_MAX,
		.comp_size = IN_FLIGHT_MAX,
		.frame_size = FRAME_SIZE,
	};

	area->frames =
		mmap(NULL, area->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area->frames == MAP_FAILED)
		return -ENOMEM;
	madvise(area->frames, area->len, MADV_HUGEPAGE);
	return xsk_umem__create(
		&area->umem, area->frames, area->len, &area->fill, &area->completion, &config);
}

static struct area *area_new(unsigned workers, const char *name, struct port_error *error)
{
	struct area *area = calloc(1, sizeof(*area));
	int err = -ENOMEM;

	if (!area)
		goto err;
	area->frames = MAP_FAILED;
	area->worker_count = workers;
	area->len = (size_t)workers * AREA_DEVICES * FRAMES_A_PORT * FRAME_SIZE;
	area->pools = aligned_alloc(64, workers * sizeof(*area->pools));
	if (!area->pools)
		goto err;
	for (unsigned worker = 0; worker < workers; worker++)
		area->pools[worker].count = 0;
	err = map_frames(area);
	if (err == 0)
		return area;
err:
	snprintf(error->text, sizeof(error->text),
		"%s: %zu MiB of frames for AF_XDP: %s; they must be locked in memory: run as root, or "
		"with CAP_IPC_LOCK and CAP_NET_RAW",
		name, area ? area->len >> 20 : 0, strerror(-err));
	area_free(area);
	return NULL;
}

// A device joins: each worker's pool gets the frames that its port can hold.
static void area_join(struct area *area)
{
	for (unsigned worker = 0; worker < area->worker_count; worker++) {
		for (unsigned i = 0; i < FRAMES_A_PORT; i++)
			put_frame(&area->pools[worker], (uint64_t)area->given++ * FRAME_SIZE);
	}
	if (area->devices++ == 0) {
		area->next = areas;
		areas = area;
	}
}

static void area_leave(struct area *area)
{
	struct area **at = &areas;

	if (--area->devices > 0)
		return;
	while (*at != area)
		at = &(*at)->next;
	*at = area->next;
	area_free(area);
}

static bool area_has_room(const struct area *area, unsigned workers)
{
	return area->worker_count == workers &&
		area->given + workers * FRAMES_A_PORT <= workers * AREA_DEVICES * FRAMES_A_PORT;
}

static void close_sockets(struct xdp_device *device)
{
	for (unsigned worker = 0; worker < device->worker_count; worker++) {
		if (device->ports[worker].socket)
			xsk_socket__delete(device->ports[worker].socket);
		device->ports[worker].socket = NULL;
	}
}

// The socket of one queue. A first socket takes the rings that came with the area: libxdp needs to be
// given the very same structs.
static int open_socket(struct xdp_device *device, struct area *area, unsigned worker)
{
	const struct xsk_socket_config config = {
		.rx_size = POSTED_MAX,
		.tx_size = IN_FLIGHT_MAX,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags =
			XDP_USE_NEED_WAKEUP, // zero-copy where the driver can: the kernel tries
	};
	struct xdp_port *port = &device->ports[worker];
	bool is_first = area->devices == 0 && worker == 0;
	int err = xsk_socket__create_shared(&port->socket, device->interface, worker, area->umem,
		&port->rx, &port->tx, is_first ? &area->fill : &port->fill,
		is_first ? &area->completion : &port->completion, &config);

	if (err < 0)
		return err;
	if (is_first) {
		port->fill = area->fill;
		port->completion = area->completion;
	}
	port->port.ops = &xdp_port_ops;
	port->pool = &area->pools[worker];
	port->frames = area->frames;
	port->queue = (uint16_t)worker;
	port->fd = xsk_socket__fd(port->socket);
	return xsk_socket__update_xskmap(port->socket, steer_sockets_fd(device->steer));
}

static int open_sockets(struct xdp_device *device, struct area *area)
{
	for (unsigned worker = 0; worker < device->worker_count; worker++) {
		int err = open_socket(device, area, worker);

		if (err < 0) {
			close_sockets(device);
			return err;
		}
	}
	device->area = area;
	area_join(area);
	for (unsigned worker = 0; worker < device->worker_count; worker++)
		post(&device->ports[worker]);
	return 0;
}

static const char *socket_hint(int err)
{
	switch (err) {
	case -EBUSY: return "another process has a socket on this queue";
	case -ENETDOWN: return "bring the interface up first";
	case -EPERM: return "run as root, or with CAP_NET_RAW";
	case -EOPNOTSUPP: return "the kernel has no AF_XDP for it";
	default: return "see AF_XDP in the kernel's log";
	}
}

// Joins an area there is, if the kernel lets these interfaces share one (a driver that is bound
// zero-copy and one that can't do it may not), else makes one.
static int open_in_area(struct xdp_device *device, struct port_error *error)
{
	struct area *area;
	int err;

	for (area = areas; area; area = area->next) {
		if (area_has_room(area, device->worker_count) && open_sockets(device, area) == 0)
			return 0;
	}
	area = area_new(device->worker_count, device->device.name, error);
	if (!area)
		return -1;
	err = open_sockets(device, area);
	if (err == 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "%s: opening %u AF_XDP sockets: %s (%s)",
		device->device.name, device->worker_count, strerror(-err), socket_hint(err));
	area_free(area);
	return -1;
}

static bool is_zero_copy(const struct xdp_device *device)
{
	struct xdp_options options = {0};
	socklen_t len = sizeof(options);

	return getsockopt(device->ports[0].fd, SOL_XDP, XDP_OPTIONS, &options, &len) == 0 &&
		(options.flags & XDP_OPTIONS_ZEROCOPY);
}

static struct port *xdp_device_port(struct device *base, unsigned worker)
{
	return &((struct xdp_device *)base)->ports[worker].port;
}

static int xdp_device_steer(struct device *base, const struct steering *steering)
{
	return steer_set(((struct xdp_device *)base)->steer, steering);
}

static void xdp_device_close(struct device *base)
{
	struct xdp_device *device = (struct xdp_device *)base;

	steer_free(device->steer);
	if (device->ports)
		close_sockets(device);
	if (device->area)
		area_leave(device->area);
	free(device->ports);
	free(device);
}

static const struct device_ops xdp_device_ops = {
	.port = xdp_device_port,
	.steer = xdp_device_steer,
	.close = xdp_device_close,
};

// `INTERFACE[,OPTION…]`, and there are no options yet.
static int parse_spec(struct xdp_device *device, const char *spec, struct port_error *error)
{
	size_t len = strcspn(spec, ",");

	snprintf(device->device.name, sizeof(device->device.name), "xdp:%s", spec);
	if (len == 0 || len >= sizeof(device->interface)) {
		snprintf(error->text, sizeof(error->text),
			"xdp:%s: an interface name of 1 to %zu bytes is wanted, as in xdp:eth0",
			spec, sizeof(device->interface) - 1);
		return -1;
	}
	if (spec[len]) {
		snprintf(error->text, sizeof(error->text),
			"xdp:%s: unknown option '%s'; an XDP port takes none", spec,
			spec + len + 1);
		return -1;
	}
	memcpy(device->interface, spec, len);
	return 0;
}

static struct xdp_device *device_new(unsigned workers)
{
	struct xdp_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->device.ops = &xdp_device_ops;
	device->worker_count = workers;
	device->ports = aligned_alloc(64, workers * sizeof(*device->ports));
	if (!device->ports) {
		free(device);
		return NULL;
	}
	memset(device->ports, 0, workers * sizeof(*device->ports));
	return device;
}

struct device *port_xdp_open(const char *spec, unsigned workers, struct port_error *error)
{
	struct xdp_device *device = device_new(workers);
	struct device *base = &device->device;

	if (!device) {
		snprintf(error->text, sizeof(error->text), "xdp:%s: no memory", spec);
		return NULL;
	}
	if (parse_spec(device, spec, error) < 0 ||
		interface_read(device->interface, base, error) < 0 ||
		interface_check_queues(device->interface, base, workers, error) < 0 ||
		steer_clear(base->ifindex, device->interface, error) < 0)
		goto err;
	if (base->mtu > MTU_MAX)
		base->mtu = MTU_MAX;
	device->steer = steer_new(device->interface, error);
	if (!device->steer || open_in_area(device, error) < 0 ||
		steer_attach(device->steer, base->ifindex, device->interface, error) < 0)
		goto err;
	base->mode = steer_is_generic(device->steer) ? "generic"
		: is_zero_copy(device)               ? "driver zero-copy"
						     : "driver copy";
	return base;
err:
	xdp_device_close(base);
	return NULL;
}
