// SPDX-License-Identifier: BSD-3-Clause
// Bursts in and out of the rings of AF_XDP sockets.
#include "dataplane/port/xdp_port.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

enum { KICKS = 4 }; // a kick moves 32 packets: two bursts in one go

// Takes back what the kernel has sent.
static void reap(struct xdp_port *port, struct xdp_queue *queue)
{
	uint32_t at = 0;
	uint32_t count;

	if (queue->in_flight == 0)
		return;
	count = xsk_ring_cons__peek(&queue->completion, XDP_IN_FLIGHT_MAX, &at);
	if (count == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
		xdp_pool_put(port->pool, *xsk_ring_cons__comp_addr(&queue->completion, at + i));
	xsk_ring_cons__release(&queue->completion, count);
	queue->in_flight -= count;
}

static bool has_unsent(const struct xdp_queue *queue)
{
	return __atomic_load_n(queue->tx.consumer, __ATOMIC_ACQUIRE) != queue->tx.cached_prod;
}

// Has the kernel send, where it does not look by itself. What is left is tried again at the next
// receive: the device was busy, or down.
static void kick(struct xdp_queue *queue)
{
	for (unsigned i = 0; i < KICKS && has_unsent(queue); i++) {
		if (!xsk_ring_prod__needs_wakeup(&queue->tx))
			return;
		sendto(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	}
}

// Gives the kernel frames to receive into, a burst at a time.
static void post(struct xdp_port *port, struct xdp_queue *queue)
{
	uint32_t wanted = XDP_POSTED_MAX - queue->posted;
	struct xdp_pool *pool = port->pool;
	uint32_t at = 0;

	if (wanted >= PORT_BURST) {
		if (wanted > pool->count) {
			wanted = pool->count;
			port->port.counters.no_buffer++;
		}
		if (wanted && xsk_ring_prod__reserve(&queue->fill, wanted, &at) == wanted) {
			for (uint32_t i = 0; i < wanted; i++)
				*xsk_ring_prod__fill_addr(&queue->fill, at + i) =
					xdp_pool_take(pool);
			xsk_ring_prod__submit(&queue->fill, wanted);
			queue->posted += wanted;
		}
	}
	if (queue->is_busy_polled || xsk_ring_prod__needs_wakeup(&queue->fill))
		recvfrom(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static struct packet packet_at(const struct xdp_port *port, uint64_t addr, uint32_t len)
{
	uint16_t head = (uint16_t)(addr % XDP_FRAME_SIZE);

	return (struct packet){
		.data = port->frames + addr,
		.buffer = (void *)(uintptr_t)(addr - head),
		.len = (uint16_t)len,
		.head = head,
		.tail = (uint16_t)(XDP_FRAME_SIZE - head - len),
		.pool = port->port.index,
		.port = port->port.index,
		.flags = port->flags,
	};
}

static unsigned receive_from(
	struct xdp_port *port, struct xdp_queue *queue, struct packet *packets, unsigned max)
{
	uint32_t at = 0;
	uint32_t count;

	if (has_unsent(queue))
		kick(queue);
	reap(port, queue);
	count = xsk_ring_cons__peek(&queue->rx, max, &at);
	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&queue->rx, at + i);

		packets[i] = packet_at(port, desc->addr, desc->len);
		packets[i].queue = queue->number;
		__builtin_prefetch(packets[i].data);
	}
	if (count)
		xsk_ring_cons__release(&queue->rx, count);
	queue->posted -= count;
	port->port.counters.received += count;
	post(port, queue);
	return count;
}

// Another queue is the first each time, so that none starves.
static unsigned xdp_receive(struct port *base, struct packet *packets, unsigned max)
{
	struct xdp_port *port = (struct xdp_port *)base;
	unsigned at = port->receive_first;
	unsigned count = 0;

	for (unsigned i = 0; i < port->queue_count; i++) {
		count += receive_from(port, &port->queues[at], packets + count, max - count);
		at = at + 1 < port->queue_count ? at + 1 : 0;
	}
	port->receive_first =
		port->receive_first + 1 < port->queue_count ? port->receive_first + 1 : 0;
	return count;
}

static unsigned xdp_take(struct port *base, struct packet *packets, unsigned count)
{
	struct xdp_port *port = (struct xdp_port *)base;
	struct xdp_pool *pool = port->pool;

	if (count > pool->count) {
		count = pool->count;
		port->port.counters.no_buffer++;
	}
	for (unsigned i = 0; i < count; i++)
		packets[i] = packet_at(port, xdp_pool_take(pool) + XDP_FRAME_HEAD, 0);
	return count;
}

static void xdp_release(struct port *base, struct packet *packets, unsigned count)
{
	struct xdp_port *port = (struct xdp_port *)base;

	for (unsigned i = 0; i < count; i++)
		xdp_pool_put(port->pool, (uintptr_t)packets[i].buffer);
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
	bool fits = foreign.len <= XDP_FRAME_SIZE - XDP_FRAME_HEAD;

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

static void queue_packet(const struct xdp_port *port, struct xdp_queue *queue, uint32_t at,
	const struct packet *packet)
{
	struct xdp_desc *desc = xsk_ring_prod__tx_desc(&queue->tx, at);

	// The kernel skips, and never gives back, what is empty or passes its frame's end.
	desc->addr = (uint64_t)(packet->data - port->frames);
	assert(packet->len > 0 && desc->addr % XDP_FRAME_SIZE + packet->len <= XDP_FRAME_SIZE);
	desc->len = packet->len;
	desc->options = 0;
}

// A burst leaves by one queue, the next by another.
static struct xdp_queue *choose_queue(struct xdp_port *port)
{
	struct xdp_queue *queue = &port->queues[port->send_next];

	port->send_next = port->send_next + 1 < port->queue_count ? port->send_next + 1 : 0;
	return queue;
}

static void xdp_send(struct port *base, struct packet *packets, unsigned count)
{
	struct xdp_port *port = (struct xdp_port *)base;
	struct xdp_queue *queue = choose_queue(port);
	uint32_t at = 0;
	uint32_t room;

	count = adopt_all(port, packets, count);
	if (XDP_IN_FLIGHT_MAX - queue->in_flight < count)
		reap(port, queue);
	room = XDP_IN_FLIGHT_MAX - queue->in_flight;
	if (room < count) {
		port->port.counters.tx_full += count - room;
		xdp_release(base, packets + room, count - room);
		count = room;
	}
	if (count == 0 || xsk_ring_prod__reserve(&queue->tx, count, &at) != count)
		return;
	for (unsigned i = 0; i < count; i++)
		queue_packet(port, queue, at + i, &packets[i]);
	xsk_ring_prod__submit(&queue->tx, count);
	queue->in_flight += count;
	port->port.counters.sent += count;
	kick(queue);
}

static int xdp_wait_fd(struct port *base)
{
	return ((struct xdp_port *)base)->wait_fd;
}

static const struct port_ops xdp_port_ops = {
	.receive = xdp_receive,
	.take = xdp_take,
	.send = xdp_send,
	.release = xdp_release,
	.wait_fd = xdp_wait_fd,
};

void xdp_port_init(struct xdp_port *port)
{
	port->port.ops = &xdp_port_ops;
	port->epoll = -1;
}

void xdp_port_post(struct xdp_port *port)
{
	for (unsigned i = 0; i < port->queue_count; i++)
		post(port, &port->queues[i]);
}
