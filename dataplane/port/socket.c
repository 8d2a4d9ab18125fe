// SPDX-License-Identifier: BSD-3-Clause
// Plain UDP sockets as a port. A datagram received gets the headers that it would have had on a wire, so that all steps
// are the same; of a frame sent, the headers say by which socket, and to whom, its datagram goes.
//
//   socket ──recvmmsg──▶ cell: │ headroom │ Ethernet, IP, UDP │ datagram │ ──▶ packet
//   socket ◀──sendmmsg──                                      │ datagram │ ◀── packet
//
// Main opens and closes the sockets (bound.h); the cells are the worker's.
#include "dataplane/port/socket.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "dataplane/port/address.h"
#include "dataplane/port/bound.h"

enum {
	CELL_SIZE = 2048,
	CELLS = 4 * PORT_BURST, // a burst in hand, one to originate, and as much again
	SHARE = PORT_BURST / 2, // of a receive that one socket gets, so that no other starves
	MTU = 1500,
	TTL = 64,
};

struct headers_v4 {
	struct ethhdr link;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));
static_assert(sizeof(struct headers_v4) == 42, "as on the wire");

struct headers_v6 {
	struct ethhdr link;
	struct ip6_hdr ip;
	struct udphdr udp;
} __attribute__((packed));
static_assert(sizeof(struct headers_v6) == 62, "as on the wire");

enum {
	DATAGRAM_OFF = PORT_HEADROOM + (int)sizeof(struct headers_v6), // in a cell
	DATAGRAM_ROOM = CELL_SIZE - DATAGRAM_OFF,
};
static_assert(CELL_SIZE - PORT_HEADROOM >= (int)PORT_BLANK_SIZE, "the contract of take()");

// Nobody else has these: they never leave the process.
static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
#define OUR_MAC  macs[0]
#define PEER_MAC macs[1]

struct socket_port {
	struct port port;
	struct bound *bound;
	unsigned free_count;
	uint16_t free[CELLS];
	struct mmsghdr messages[PORT_BURST]; // of one system call, as what follows
	struct iovec parts[PORT_BURST];
	union address peers[PORT_BURST];
	uint8_t cells[CELLS][CELL_SIZE];
};

struct socket_device {
	struct device device;
	struct bound bound;
	struct socket_port port;
};

static struct socket_port *self(struct port *base)
{
	return (struct socket_port *)base;
}

// A packet whose frame begins so far into the cell.
static void set_packet(
	struct socket_port *port, struct packet *packet, uint16_t cell, unsigned head, unsigned len)
{
	*packet = (struct packet){
		.data = port->cells[cell] + head,
		.buffer = port->cells[cell],
		.len = (uint16_t)len,
		.head = (uint16_t)head,
		.tail = (uint16_t)(CELL_SIZE - head - len),
		.pool = port->port.index,
		.port = port->port.index,
	};
}

// The i-th message of a system call: this datagram and the i-th peer.
static void set_message(
	struct socket_port *port, unsigned i, void *datagram, size_t len, socklen_t peer_len)
{
	port->parts[i] = (struct iovec){.iov_base = datagram, .iov_len = len};
	port->messages[i] = (struct mmsghdr){.msg_hdr = {
						     .msg_name = &port->peers[i],
						     .msg_namelen = peer_len,
						     .msg_iov = &port->parts[i],
						     .msg_iovlen = 1,
					     }};
}

static struct ethhdr link_of(uint16_t type)
{
	struct ethhdr link = {.h_proto = htons(type)};

	memcpy(link.h_dest, OUR_MAC, sizeof(OUR_MAC));
	memcpy(link.h_source, PEER_MAC, sizeof(PEER_MAC));
	return link;
}

static struct udphdr udp_of(const struct endpoint *from, const struct endpoint *to, unsigned len)
{
	struct udphdr udp = {.len = htons((uint16_t)len)};

	memcpy(&udp.source, &from->port, sizeof(udp.source));
	memcpy(&udp.dest, &to->port, sizeof(udp.dest));
	return udp;
}

// What the frame would have begun with, in front of its datagram; gives how long that is. The kernel has checked the
// sums: they are not made again.
static unsigned put_headers_v4(
	uint8_t *datagram, const struct endpoint *from, const struct endpoint *to, unsigned udp_len)
{
	struct headers_v4 headers = {
		.link = link_of(ETH_P_IP),
		.ip =
			{
				.version = 4,
				.ihl = sizeof(struct iphdr) / 4,
				.tot_len = htons((uint16_t)(udp_len + sizeof(struct iphdr))),
				.ttl = TTL,
				.protocol = IPPROTO_UDP,
			},
		.udp = udp_of(from, to, udp_len),
	};

	memcpy(&headers.ip.saddr, from->ip.b + 12, 4);
	memcpy(&headers.ip.daddr, to->ip.b + 12, 4);
	memcpy(datagram - sizeof(headers), &headers, sizeof(headers));
	return sizeof(headers);
}

// Likewise. Here a sum of 0 would say that there is none, which IPv6 forbids.
static unsigned put_headers_v6(
	uint8_t *datagram, const struct endpoint *from, const struct endpoint *to, unsigned udp_len)
{
	struct headers_v6 headers = {
		.link = link_of(ETH_P_IPV6),
		.ip =
			{
				.ip6_flow = htonl(6U << 28), // the version
				.ip6_plen = htons((uint16_t)udp_len),
				.ip6_nxt = IPPROTO_UDP,
				.ip6_hlim = TTL,
			},
		.udp = udp_of(from, to, udp_len),
	};

	headers.udp.check = 0xffff;
	memcpy(&headers.ip.ip6_src, from->ip.b, 16);
	memcpy(&headers.ip.ip6_dst, to->ip.b, 16);
	memcpy(datagram - sizeof(headers), &headers, sizeof(headers));
	return sizeof(headers);
}

// The packet of the i-th message, which is in this cell.
static void make_packet(struct socket_port *port, struct packet *packet, unsigned i, uint16_t cell,
	const struct bound_socket *socket)
{
	unsigned len = port->messages[i].msg_len;
	struct endpoint peer = address_parse(&port->peers[i]);
	uint8_t *datagram = port->cells[cell] + DATAGRAM_OFF;
	unsigned udp_len = len + (unsigned)sizeof(struct udphdr);
	unsigned headers_len = ip_is_v4(&socket->at.ip)
		? put_headers_v4(datagram, &peer, &socket->at, udp_len)
		: put_headers_v6(datagram, &peer, &socket->at, udp_len);

	set_packet(port, packet, cell, DATAGRAM_OFF - headers_len, headers_len + len);
	packet->flags = PACKET_IP_OK | PACKET_UDP_OK;
	if (port->messages[i].msg_hdr.msg_flags & MSG_TRUNC)
		packet->flags |= PACKET_CHAINED;
}

// At most `max` datagrams of this socket. Its cells are taken from the top of the free ones; those not filled stay there.
static unsigned receive_from(struct socket_port *port, const struct bound_socket *socket,
	struct packet *packets, unsigned max)
{
	const uint16_t *cells;
	int count;

	if (max > port->free_count) {
		max = port->free_count;
		port->port.counters.no_buffer++;
	}
	if (max == 0)
		return 0;
	cells = &port->free[port->free_count - 1];
	for (unsigned i = 0; i < max; i++)
		set_message(port, i, port->cells[*(cells - i)] + DATAGRAM_OFF, DATAGRAM_ROOM,
			sizeof(port->peers[i]));
	// An error that is not "nothing there" says what became of a datagram sent: it is spent by being read.
	count = recvmmsg(socket->fd, port->messages, max, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		make_packet(port, &packets[i], (unsigned)i, *(cells - i), socket);
	if (count <= 0)
		return 0;
	port->free_count -= (unsigned)count;
	return (unsigned)count;
}

static unsigned socket_receive(struct port *base, struct packet *packets, unsigned max)
{
	struct socket_port *port = self(base);
	struct epoll_event ready[PORT_BURST];
	unsigned count = 0;
	int ready_count;

	bound_turn(port->bound);
	ready_count = epoll_wait(port->bound->epoll_fd, ready, PORT_BURST, 0);
	for (int i = 0; i < ready_count && count < max; i++)
		count += receive_from(port, ready[i].data.ptr, packets + count,
			max - count < SHARE ? max - count : SHARE);
	base->counters.received += count;
	return count;
}

static unsigned socket_take(struct port *base, struct packet *packets, unsigned count)
{
	struct socket_port *port = self(base);
	unsigned taken = 0;

	while (taken < count && port->free_count > 0)
		set_packet(
			port, &packets[taken++], port->free[--port->free_count], PORT_HEADROOM, 0);
	if (taken < count)
		base->counters.no_buffer++;
	return taken;
}

static void socket_release(struct port *base, struct packet *packets, unsigned count)
{
	struct socket_port *port = self(base);

	for (unsigned i = 0; i < count; i++) {
		size_t off = (size_t)((uint8_t *)packets[i].buffer - port->cells[0]);

		port->free[port->free_count++] = (uint16_t)(off / CELL_SIZE);
	}
}

// Sends the first `count` messages. What a full buffer does not take is dropped, and so is what the kernel refuses: no route,
// or a firewall.
static void flush(struct socket_port *port, const struct bound_socket *socket, unsigned count)
{
	struct port_counters *counters = &port->port.counters;
	unsigned done = 0;

	while (done < count) {
		int sent = sendmmsg(socket->fd, port->messages + done, count - done, MSG_DONTWAIT);

		if (sent > 0) {
			counters->sent += (unsigned)sent;
			done += (unsigned)sent;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			counters->tx_full += count - done;
			return;
		} else if (errno != EINTR) {
			counters->tx_refused++;
			done++;
		}
	}
}

// What a frame is about to carry, and where to.
struct datagram {
	struct endpoint from, to;
	uint8_t *data;
	size_t len;
};

// The datagram behind headers of this length, of which UDP's are the last. False: it does not fit the packet.
static bool read_udp(const struct packet *packet, size_t headers_len, struct datagram *datagram)
{
	struct udphdr udp;
	size_t udp_len;

	memcpy(&udp, packet->data + headers_len - sizeof(udp), sizeof(udp));
	udp_len = ntohs(udp.len);
	if (udp_len < sizeof(udp) || headers_len - sizeof(udp) + udp_len > packet->len)
		return false;
	memcpy(&datagram->from.port, &udp.source, 2);
	memcpy(&datagram->to.port, &udp.dest, 2);
	datagram->data = packet->data + headers_len;
	datagram->len = udp_len - sizeof(udp);
	return true;
}

// The frames that the path makes: no tag, no options. False: another.
static bool read_frame(const struct packet *packet, struct datagram *datagram)
{
	struct headers_v4 v4;
	struct headers_v6 v6;

	if (packet->len < sizeof(v4))
		return false;
	memcpy(&v4, packet->data, sizeof(v4));
	if (v4.link.h_proto == htons(ETH_P_IP) && v4.ip.ihl == 5) {
		datagram->from.ip = ip_from_v4((const uint8_t *)&v4.ip.saddr);
		datagram->to.ip = ip_from_v4((const uint8_t *)&v4.ip.daddr);
		return read_udp(packet, sizeof(v4), datagram);
	}
	if (v4.link.h_proto != htons(ETH_P_IPV6) || packet->len < sizeof(v6))
		return false;
	memcpy(&v6, packet->data, sizeof(v6));
	memcpy(datagram->from.ip.b, &v6.ip.ip6_src, 16);
	memcpy(datagram->to.ip.b, &v6.ip.ip6_dst, 16);
	return v6.ip.ip6_nxt == IPPROTO_UDP && read_udp(packet, sizeof(v6), datagram);
}

static void queue_datagram(struct socket_port *port, unsigned i, const struct datagram *datagram)
{
	socklen_t peer_len = address_build(&port->peers[i], &datagram->to);

	set_message(port, i, datagram->data, datagram->len, peer_len);
}

// In runs of packets that leave by the same socket.
static void socket_send(struct port *base, struct packet *packets, unsigned count)
{
	struct socket_port *port = self(base);
	const struct bound_set *set = bound_get(port->bound);
	const struct bound_socket *current = NULL;
	unsigned queued = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct bound_socket *socket;
		struct datagram datagram;

		if (!read_frame(&packets[i], &datagram)) {
			base->counters.tx_foreign++;
			continue;
		}
		socket = bound_find(set, &datagram.from);
		if (!socket) {
			base->counters.tx_refused++;
			continue;
		}
		if (socket != current || queued == PORT_BURST) {
			if (queued)
				flush(port, current, queued);
			current = socket;
			queued = 0;
		}
		queue_datagram(port, queued++, &datagram);
	}
	if (queued)
		flush(port, current, queued);
	port_release_all(base->siblings, packets, count);
}

static int socket_wait_fd(struct port *base)
{
	return self(base)->bound->epoll_fd;
}

static const struct port_ops socket_ops = {
	.receive = socket_receive,
	.take = socket_take,
	.send = socket_send,
	.release = socket_release,
	.wait_fd = socket_wait_fd,
};

// The device.

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct port *device_port(struct device *base, unsigned worker)
{
	assert(worker == 0);
	return &((struct socket_device *)base)->port.port;
}

static int device_steer(
	struct device *base, const struct steering *steering, struct port_error *error)
{
	return bound_steer(&((struct socket_device *)base)->bound, steering, clock_ms(), error);
}

static void device_tick(struct device *base)
{
	bound_tick(&((struct socket_device *)base)->bound, clock_ms());
}

static void device_close(struct device *base)
{
	bound_fini(&((struct socket_device *)base)->bound);
	free(base);
}

static const struct device_ops device_ops = {
	.port = device_port,
	.steer = device_steer,
	.tick = device_tick,
	.close = device_close,
};

// A pool of sockets wants more files than the usual 1,024; up to the hard limit nobody need be asked.
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static struct device *device_new(void)
{
	struct socket_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->device = (struct device){
		.ops = &device_ops,
		.mtu = MTU,
		.is_kernel_routed = true,
		.name = "socket:",
		.mode = "256 source ports an address, renewed in 8 s: 24 bits with the ID",
	};
	static_assert(PORT_SOURCES_MAX == 256 && PORT_SOURCES_MAX / BOUND_RENEWED == 8,
		"what mode says of them");
	memcpy(device->device.mac, OUR_MAC, sizeof(OUR_MAC));
	device->port.port.ops = &socket_ops;
	device->port.bound = &device->bound;
	for (unsigned i = 0; i < CELLS; i++)
		device->port.free[device->port.free_count++] = (uint16_t)i;
	return &device->device;
}

struct device *port_socket_open(const char *spec, unsigned workers, struct port_error *error)
{
	struct device *base;

	if (spec[0] || workers != 1) {
		snprintf(error->text, sizeof(error->text),
			spec[0] ? "'%s' is one word too many: write --port socket:, the addresses "
				  "are the configuration's"
				: "%splain sockets are polled by one worker: leave --workers out",
			spec);
		return NULL;
	}
	raise_file_limit();
	base = device_new();
	if (!base || bound_init(&((struct socket_device *)base)->bound) != 0) {
		snprintf(error->text, sizeof(error->text), "socket: %s", strerror(errno));
		free(base);
		return NULL;
	}
	return base;
}
