// SPDX-License-Identifier: BSD-3-Clause
// Our XDP port as a bare reflector: what comes in goes back with its addresses exchanged, and nothing is looked at. What
// a worker answers a second is held against what this one does.
#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/path/frame.h"
#include "dataplane/port/xdp.h"

static _Atomic bool must_stop;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&must_stop, true);
}

static void exchange(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[6];

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

// Sums stay right: they do not depend on the order.
static void turn_round(uint8_t *frame)
{
	struct ethernet_header *ethernet = (struct ethernet_header *)frame;
	struct ipv4_header *ip = (struct ipv4_header *)(ethernet + 1);
	struct udp_header *udp = (struct udp_header *)(ip + 1);

	exchange(ethernet->target, ethernet->source, sizeof(ethernet->target));
	exchange(ip->source, ip->target, sizeof(ip->source));
	exchange((uint8_t *)&udp->source, (uint8_t *)&udp->target, sizeof(udp->source));
}

static void reflect(struct port *port)
{
	struct packet packets[PORT_BURST];

	while (!atomic_load_explicit(&must_stop, memory_order_relaxed)) {
		unsigned count = port->ops->receive(port, packets, PORT_BURST);

		for (unsigned i = 0; i < count; i++)
			turn_round(packets[i].data);
		if (count > 0)
			port->ops->send(port, packets, count);
	}
}

int main(int argc, char **argv)
{
	struct endpoint inbound = {.port = be16_of(53)};
	struct steering steering = {.inbound = &inbound, .inbound_count = 1};
	struct port_error error = {.text = "the address can't be steered"};
	struct port *siblings[1];
	struct device *device;
	uint8_t v4[4];

	if (argc != 3 || inet_pton(AF_INET, argv[2], v4) != 1) {
		fprintf(stderr, "usage: reflect INTERFACE ADDRESS\n");
		return 2;
	}
	inbound.ip = ip_from_v4(v4);
	device = port_xdp_open(argv[1], 1, &error);
	if (!device || device->ops->steer(device, &steering, &error) != 0) {
		fprintf(stderr, "reflect: %s\n", error.text);
		return 1;
	}
	siblings[0] = device->ops->port(device, 0);
	siblings[0]->siblings = siblings;
	signal(SIGTERM, on_signal);
	printf("reflecting (%s)\n", device->mode);
	fflush(stdout);
	reflect(siblings[0]);
	device->ops->close(device);
	return 0;
}
