// SPDX-License-Identifier: BSD-3-Clause
// Plain sockets as a port, over loopback: the test is the clients, the upstreams and the clock.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/port/bound.h"
#include "dataplane/port/socket.h"
#include "tests/unit/images.h"
#include "tests/unit/unit.h"

// Addresses of loopback that no other process has.
#define INBOUND  loopback(1)
#define SECOND   loopback(2)
#define OUTBOUND loopback(3)
#define CLIENT   loopback(4)

enum {
	INBOUND_PORT = 5300,
	RANGE_FIRST = 20000,
	RANGE_LAST = 29999,
	NOW_MS = 1000000,
	PATIENCE_MS = 10000,
};

struct headers {
	struct ethhdr link;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

// What a configuration would say.
struct setup {
	struct endpoint inbound[2];
	struct steering_range outbound;
	struct port_sources sources;
	struct steering steering;
};

static const char *loopback(unsigned host)
{
	static char texts[8][INET_ADDRSTRLEN];
	unsigned pid = (unsigned)getpid();

	snprintf(texts[host], sizeof(texts[host]), "127.%u.%u.%u", 64 + (pid >> 8 & 63), pid & 255,
		host);
	return texts[host];
}

static struct endpoint endpoint_of(const char *ip, uint16_t port)
{
	return (struct endpoint){images_ip(ip), be16_of(port)};
}

static void make_setup(struct setup *setup, const char *first, const char *second)
{
	memset(setup, 0, sizeof(*setup));
	setup->steering.inbound = setup->inbound;
	setup->steering.outbound = &setup->outbound;
	if (first)
		setup->inbound[setup->steering.inbound_count++] = endpoint_of(first, INBOUND_PORT);
	if (second)
		setup->inbound[setup->steering.inbound_count++] = endpoint_of(second, INBOUND_PORT);
	setup->outbound = (struct steering_range){
		.ip = images_ip(OUTBOUND),
		.port_first = RANGE_FIRST,
		.port_last = RANGE_LAST,
		.sources = &setup->sources,
	};
	setup->steering.outbound_count = 1;
}

static struct sockaddr_in address_of(const char *ip, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, ip, &address.sin_addr), 1);
	return address;
}

static int peer_at(const char *ip, uint16_t port)
{
	struct sockaddr_in address = address_of(ip, port);
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool is_free(const char *ip, uint16_t port)
{
	struct sockaddr_in address = address_of(ip, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return is_bound;
}

static void say(int fd, const char *ip, uint16_t port, const void *bytes, size_t len)
{
	struct sockaddr_in address = address_of(ip, port);

	assert_int_equal(
		sendto(fd, bytes, len, 0, (struct sockaddr *)&address, sizeof(address)), len);
}

// The port of a device of its own, ready to be polled.
struct end {
	struct device *device;
	struct port *port;
	struct port *siblings[1];
};

static struct end open_end(const struct steering *steering)
{
	struct port_error error = {0};
	struct end end = {.device = port_socket_open("", 1, &error)};

	assert_non_null(end.device);
	end.port = end.device->ops->port(end.device, 0);
	assert_int_equal(end.device->ops->steer(end.device, steering, &error), 0);
	return end;
}

static unsigned receive_some(struct end *end, struct packet *packets)
{
	struct pollfd fd = {.fd = end->port->ops->wait_fd(end->port), .events = POLLIN};

	end->siblings[0] = end->port;
	end->port->siblings = end->siblings;
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	return end->port->ops->receive(end->port, packets, PORT_BURST);
}

// The frame goes back to whom it came from.
static void turn_round(struct packet *packet)
{
	struct headers headers;
	uint32_t ip;
	uint16_t port;

	memcpy(&headers, packet->data, sizeof(headers));
	ip = headers.ip.saddr;
	headers.ip.saddr = headers.ip.daddr;
	headers.ip.daddr = ip;
	port = headers.udp.source;
	headers.udp.source = headers.udp.dest;
	headers.udp.dest = port;
	memcpy(packet->data, &headers, sizeof(headers));
}

static void datagram_comes_in_as_a_frame(void **state)
{
	struct setup setup;
	struct packet packets[PORT_BURST];
	struct headers headers;
	struct end end;
	int client;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	end = open_end(&setup.steering);
	client = peer_at(CLIENT, 40000);
	say(client, INBOUND, INBOUND_PORT, "hello", 5);
	assert_int_equal(receive_some(&end, packets), 1);
	assert_int_equal(packets[0].len, sizeof(headers) + 5);
	assert_true(packets[0].head >= PORT_HEADROOM);
	assert_true(packets[0].len + packets[0].tail >= PORT_ROOM);
	assert_int_equal(packets[0].flags, PACKET_IP_OK | PACKET_UDP_OK);
	memcpy(&headers, packets[0].data, sizeof(headers));
	assert_memory_equal(headers.link.h_dest, end.device->mac, 6);
	assert_int_equal(headers.link.h_proto, htons(ETH_P_IP));
	assert_int_equal(headers.ip.version, 4);
	assert_int_equal(headers.ip.ihl, 5);
	assert_int_equal(headers.ip.tot_len, htons(20 + 8 + 5));
	assert_int_equal(headers.ip.protocol, IPPROTO_UDP);
	assert_int_equal(headers.ip.frag_off, 0);
	assert_int_equal(headers.ip.saddr, inet_addr(CLIENT));
	assert_int_equal(headers.ip.daddr, inet_addr(INBOUND));
	assert_int_equal(headers.udp.source, htons(40000));
	assert_int_equal(headers.udp.dest, htons(INBOUND_PORT));
	assert_int_equal(headers.udp.len, htons(8 + 5));
	assert_memory_equal(packets[0].data + sizeof(headers), "hello", 5);
	close(client);
	end.device->ops->close(end.device);
}

static void answer_leaves_from_the_endpoint_that_was_asked(void **state)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	struct packet packets[PORT_BURST];
	struct setup setup;
	struct end end;
	char bytes[16];
	int client;

	(void)state;
	make_setup(&setup, INBOUND, SECOND);
	end = open_end(&setup.steering);
	client = peer_at(CLIENT, 40000);
	say(client, SECOND, INBOUND_PORT, "hello", 5);
	assert_int_equal(receive_some(&end, packets), 1);
	turn_round(&packets[0]);
	packets[0].len += 10; // as a frame that is padded: UDP says where it ends
	end.port->ops->send(end.port, packets, 1);
	assert_int_equal(end.port->counters.sent, 1);
	assert_int_equal(
		recvfrom(client, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len), 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(from.sin_addr.s_addr, inet_addr(SECOND));
	assert_int_equal(from.sin_port, htons(INBOUND_PORT));
	close(client);
	end.device->ops->close(end.device);
}

static void what_no_socket_can_send_is_dropped_and_counted(void **state)
{
	struct packet packets[PORT_BURST];
	struct setup setup;
	struct headers headers;
	struct end end;
	int client;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	end = open_end(&setup.steering);
	client = peer_at(CLIENT, 40000);
	for (unsigned i = 0; i < 3; i++)
		say(client, INBOUND, INBOUND_PORT, "hello", 5);
	while (end.port->counters.received < 3)
		receive_some(&end, packets + end.port->counters.received);
	for (unsigned i = 0; i < 3; i++)
		turn_round(&packets[i]);
	memcpy(&headers, packets[0].data, sizeof(headers));
	headers.udp.source = htons(5301);
	memcpy(packets[0].data, &headers, sizeof(headers));
	memcpy(&headers, packets[1].data, sizeof(headers));
	headers.ip.daddr = htonl(INADDR_BROADCAST); // the kernel lets nobody send there unasked
	memcpy(packets[1].data, &headers, sizeof(headers));
	packets[2].len = 41;
	end.port->ops->send(end.port, packets, 3);
	assert_int_equal(end.port->counters.tx_refused, 2);
	assert_int_equal(end.port->counters.tx_foreign, 1);
	assert_int_equal(end.port->counters.sent, 0);
	close(client);
	end.device->ops->close(end.device);
}

static void a_peer_that_is_gone_ends_nothing(void **state)
{
	struct packet packets[PORT_BURST];
	struct setup setup;
	struct end end;
	int client;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	end = open_end(&setup.steering);
	client = peer_at(CLIENT, 40000);
	for (unsigned i = 0; i < 2; i++)
		say(client, INBOUND, INBOUND_PORT, "hello", 5);
	while (end.port->counters.received < 2)
		receive_some(&end, packets + end.port->counters.received);
	close(client);
	for (unsigned i = 0; i < 2; i++) { // the first brings "port unreachable"
		turn_round(&packets[i]);
		end.port->ops->send(end.port, &packets[i], 1);
	}
	client = peer_at(CLIENT, 40001);
	say(client, INBOUND, INBOUND_PORT, "again", 5);
	assert_int_equal(receive_some(&end, packets), 1);
	assert_memory_equal(packets[0].data + sizeof(struct headers), "again", 5);
	close(client);
	end.device->ops->close(end.device);
}

static void datagram_too_long_for_a_cell_is_not_to_be_parsed(void **state)
{
	static const uint8_t zeros[8000];
	struct packet packets[PORT_BURST];
	struct setup setup;
	struct end end;
	int client;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	end = open_end(&setup.steering);
	client = peer_at(CLIENT, 40000);
	say(client, INBOUND, INBOUND_PORT, zeros, sizeof(zeros));
	assert_int_equal(receive_some(&end, packets), 1);
	assert_true(packets[0].flags & PACKET_CHAINED);
	close(client);
	end.device->ops->close(end.device);
}

static void all_cells_come_back(void **state)
{
	struct packet packets[PORT_BURST], blanks[1000];
	struct setup setup;
	struct end end;
	unsigned cells;
	int client;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	end = open_end(&setup.steering);
	cells = end.port->ops->take(end.port, blanks, 1000);
	end.port->ops->release(end.port, blanks, cells);
	client = peer_at(CLIENT, 40000);
	for (unsigned i = 0; i < 3 * cells; i++) {
		say(client, INBOUND, INBOUND_PORT, "hello", 5);
		assert_int_equal(receive_some(&end, packets), 1);
		turn_round(packets);
		end.port->ops->send(end.port, packets, 1);
	}
	assert_int_equal(end.port->ops->take(end.port, blanks, 1000), cells);
	close(client);
	end.device->ops->close(end.device);
}

static void two_workers_and_a_device_name_are_refused(void **state)
{
	struct port_error error = {0};

	(void)state;
	assert_null(port_socket_open("", 2, &error));
	assert_non_null(strstr(error.text, "one worker"));
	assert_null(port_socket_open("eth0", 1, &error));
	assert_non_null(strstr(error.text, "eth0"));
}

// Sockets without a worker: the test turns in its place, and says what time it is.

struct clock {
	struct bound bound;
	uint64_t now_ms;
};

static void start(struct clock *clock, const struct setup *setup)
{
	struct port_error error;

	clock->now_ms = NOW_MS;
	assert_int_equal(bound_init(&clock->bound), 0);
	assert_int_equal(bound_steer(&clock->bound, &setup->steering, clock->now_ms, &error), 0);
}

static void pass_second(struct clock *clock)
{
	bound_turn(&clock->bound);
	clock->now_ms += 1000;
	bound_tick(&clock->bound, clock->now_ms);
}

static void read_sources(const struct setup *setup, uint16_t ports[static PORT_SOURCES_MAX])
{
	assert_int_equal(atomic_load(&setup->sources.count), PORT_SOURCES_MAX);
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++)
		ports[i] = atomic_load(&setup->sources.ports[i]);
}

static bool is_bound(const struct bound *bound, const char *ip, uint16_t port)
{
	struct endpoint at = endpoint_of(ip, port);

	return bound_find(bound_get(bound), &at) != NULL;
}

static void source_ports_are_open_in_range_and_distinct(void **state)
{
	static uint8_t seen[65536];
	uint16_t ports[PORT_SOURCES_MAX];
	struct setup setup;
	struct clock clock;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	start(&clock, &setup);
	read_sources(&setup, ports);
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++) {
		assert_in_range(ports[i], RANGE_FIRST, RANGE_LAST);
		assert_int_equal(seen[ports[i]]++, 0);
		assert_true(is_bound(&clock.bound, OUTBOUND, ports[i]));
		assert_false(is_free(OUTBOUND, ports[i]));
	}
	bound_fini(&clock.bound);
}

static void source_ports_are_renewed_and_old_ones_drain_before_they_close(void **state)
{
	uint16_t before[PORT_SOURCES_MAX], after[PORT_SOURCES_MAX];
	struct setup setup;
	struct clock clock;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	start(&clock, &setup);
	read_sources(&setup, before);
	pass_second(&clock);
	read_sources(&setup, after);
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++)
		if (i < BOUND_RENEWED)
			assert_int_not_equal(before[i], after[i]);
		else
			assert_int_equal(before[i], after[i]);
	for (unsigned ms = 1000; ms < BOUND_DRAIN_MS; ms += 1000) {
		pass_second(&clock);
		assert_true(is_bound(&clock.bound, OUTBOUND, before[0]));
	}
	pass_second(&clock);
	assert_false(is_bound(&clock.bound, OUTBOUND, before[0]));
	assert_false(is_free(OUTBOUND, before[0])); // the worker may still hold the set before
	pass_second(&clock);
	assert_true(is_free(OUTBOUND, before[0]));
	for (unsigned i = 0; i < 100; i++)
		pass_second(&clock);
	assert_in_range(clock.bound.socket_count, PORT_SOURCES_MAX + 1,
		PORT_SOURCES_MAX + 1 + (BOUND_DRAIN_MS / 1000 + 2) * BOUND_RENEWED);
	bound_fini(&clock.bound);
}

static void worker_that_does_not_turn_keeps_its_sockets(void **state)
{
	uint16_t before[PORT_SOURCES_MAX];
	struct setup setup;
	struct clock clock;

	(void)state;
	make_setup(&setup, INBOUND, NULL);
	start(&clock, &setup);
	bound_turn(&clock.bound);
	read_sources(&setup, before);
	for (unsigned i = 0; i < 20; i++) {
		clock.now_ms += 1000;
		bound_tick(&clock.bound, clock.now_ms);
	}
	assert_false(is_bound(&clock.bound, OUTBOUND, before[0]));
	assert_false(is_free(OUTBOUND, before[0]));
	bound_turn(&clock.bound);
	bound_tick(&clock.bound, clock.now_ms);
	assert_true(is_free(OUTBOUND, before[0]));
	bound_fini(&clock.bound);
}

static void inbound_endpoint_drains_and_can_come_back_at_any_time(void **state)
{
	struct setup first, second;
	struct port_error error;
	struct clock clock;

	(void)state;
	make_setup(&first, INBOUND, NULL);
	make_setup(&second, SECOND, NULL);
	for (unsigned seconds = 0; seconds < 10; seconds++) {
		start(&clock, &first);
		assert_int_equal(
			bound_steer(&clock.bound, &second.steering, clock.now_ms, &error), 0);
		assert_true(is_bound(&clock.bound, INBOUND, INBOUND_PORT));
		for (unsigned i = 0; i < seconds; i++)
			pass_second(&clock);
		assert_int_equal(is_free(INBOUND, INBOUND_PORT), seconds > 6);
		assert_int_equal(
			bound_steer(&clock.bound, &first.steering, clock.now_ms, &error), 0);
		for (unsigned i = 0; i < 10; i++)
			pass_second(&clock);
		assert_true(is_bound(&clock.bound, INBOUND, INBOUND_PORT));
		assert_false(is_bound(&clock.bound, SECOND, INBOUND_PORT));
		bound_fini(&clock.bound);
	}
}

static void pool_goes_on_in_the_next_configuration(void **state)
{
	uint16_t before[PORT_SOURCES_MAX], after[PORT_SOURCES_MAX];
	struct setup first, second;
	struct port_error error;
	struct clock clock;

	(void)state;
	make_setup(&first, INBOUND, NULL);
	make_setup(&second, SECOND, NULL);
	start(&clock, &first);
	read_sources(&first, before);
	assert_int_equal(bound_steer(&clock.bound, &second.steering, clock.now_ms, &error), 0);
	read_sources(&second, after);
	assert_memory_equal(before, after, sizeof(before));
	pass_second(&clock);
	read_sources(&first, after);
	assert_memory_equal(before, after, sizeof(before)); // the caller's own again
	bound_fini(&clock.bound);
}

static void inbound_endpoint_in_the_outbound_range_takes_its_port_from_the_pool(void **state)
{
	uint16_t before[PORT_SOURCES_MAX], after[PORT_SOURCES_MAX];
	struct setup setup;
	struct port_error error;
	struct clock clock;

	(void)state;
	make_setup(&setup, NULL, NULL);
	start(&clock, &setup);
	read_sources(&setup, before);
	setup.inbound[setup.steering.inbound_count++] = endpoint_of(OUTBOUND, before[7]);
	assert_int_equal(bound_steer(&clock.bound, &setup.steering, clock.now_ms, &error), 0);
	read_sources(&setup, after);
	assert_int_not_equal(after[7], before[7]);
	for (unsigned i = 0; i < 20; i++)
		pass_second(&clock);
	assert_true(is_bound(&clock.bound, OUTBOUND, before[7]));
	bound_fini(&clock.bound);
}

static void two_endpoints_of_one_range_have_a_pool_each(void **state)
{
	struct steering_range ranges[2];
	struct setup first, second;
	struct port_error error;
	struct clock clock;

	(void)state;
	make_setup(&first, INBOUND, NULL);
	make_setup(&second, INBOUND, NULL);
	ranges[0] = first.outbound;
	ranges[1] = second.outbound;
	first.steering.outbound = ranges;
	first.steering.outbound_count = 2;
	start(&clock, &first);
	assert_int_equal(bound_steer(&clock.bound, &first.steering, clock.now_ms, &error), 0);
	for (unsigned second_count = 0; second_count < 20; second_count++)
		pass_second(&clock);
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++) {
		assert_true(is_bound(&clock.bound, OUTBOUND, atomic_load(&first.sources.ports[i])));
		assert_true(
			is_bound(&clock.bound, OUTBOUND, atomic_load(&second.sources.ports[i])));
	}
	bound_fini(&clock.bound);
}

static void steering_that_fails_changes_nothing_and_says_where(void **state)
{
	uint16_t before[PORT_SOURCES_MAX];
	struct setup first, second;
	struct port_error error;
	struct clock clock;
	int other = peer_at(SECOND, INBOUND_PORT);

	(void)state;
	make_setup(&first, INBOUND, NULL);
	make_setup(&second, CLIENT, SECOND);
	start(&clock, &first);
	read_sources(&first, before);
	assert_int_equal(
		bound_steer(&clock.bound, &second.steering, clock.now_ms, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, SECOND));
	assert_non_null(strstr(error.text, ":5300"));
	assert_int_equal(atomic_load(&second.sources.count), 0);
	for (unsigned i = 0; i < 20; i++)
		pass_second(&clock);
	assert_true(is_bound(&clock.bound, INBOUND, INBOUND_PORT));
	assert_true(is_bound(&clock.bound, OUTBOUND, before[0]));
	assert_true(is_free(CLIENT, INBOUND_PORT));
	close(other);
	assert_int_equal(bound_steer(&clock.bound, &second.steering, clock.now_ms, &error), 0);
	assert_true(is_bound(&clock.bound, CLIENT, INBOUND_PORT));
	bound_fini(&clock.bound);
}

// A worker's thread that sends everything back, while main steers and time flies.

struct echo {
	struct end end;
	_Atomic bool must_stop;
};

static void *echo(void *argument)
{
	struct echo *echo = argument;
	struct port *port = echo->end.port;
	struct packet packets[PORT_BURST];

	while (!atomic_load(&echo->must_stop)) {
		unsigned count = port->ops->receive(port, packets, PORT_BURST);

		for (unsigned i = 0; i < count; i++)
			turn_round(&packets[i]);
		port->ops->send(port, packets, count);
	}
	return NULL;
}

static void ask_echo(int client, const char *ip)
{
	char bytes[16];

	say(client, ip, INBOUND_PORT, ip, strlen(ip));
	assert_int_equal(recv(client, bytes, sizeof(bytes), 0), strlen(ip));
	assert_memory_equal(bytes, ip, strlen(ip));
}

static void sockets_come_and_go_while_a_worker_polls(void **state)
{
	const char *const inbound[] = {INBOUND, SECOND};
	struct echo worker = {0};
	struct setup setups[2];
	pthread_t thread;
	int client;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		make_setup(&setups[i], inbound[i], NULL);
	worker.end = open_end(&setups[0].steering);
	worker.end.siblings[0] = worker.end.port;
	worker.end.port->siblings = worker.end.siblings;
	client = peer_at(CLIENT, 40000);
	assert_int_equal(pthread_create(&thread, NULL, echo, &worker), 0);
	for (unsigned i = 0; i < 100; i++) {
		struct device *device = worker.end.device;
		struct port_error error;

		ask_echo(client, inbound[i % 2]);
		assert_int_equal(
			device->ops->steer(device, &setups[(i + 1) % 2].steering, &error), 0);
		device->ops->tick(device);
		ask_echo(client, inbound[i % 2]); // it drains
	}
	atomic_store(&worker.must_stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(worker.end.port->counters.sent, 200);
	close(client);
	worker.end.device->ops->close(worker.end.device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagram_comes_in_as_a_frame),
		cmocka_unit_test(answer_leaves_from_the_endpoint_that_was_asked),
		cmocka_unit_test(what_no_socket_can_send_is_dropped_and_counted),
		cmocka_unit_test(a_peer_that_is_gone_ends_nothing),
		cmocka_unit_test(datagram_too_long_for_a_cell_is_not_to_be_parsed),
		cmocka_unit_test(all_cells_come_back),
		cmocka_unit_test(two_workers_and_a_device_name_are_refused),
		cmocka_unit_test(source_ports_are_open_in_range_and_distinct),
		cmocka_unit_test(source_ports_are_renewed_and_old_ones_drain_before_they_close),
		cmocka_unit_test(worker_that_does_not_turn_keeps_its_sockets),
		cmocka_unit_test(inbound_endpoint_drains_and_can_come_back_at_any_time),
		cmocka_unit_test(pool_goes_on_in_the_next_configuration),
		cmocka_unit_test(
			inbound_endpoint_in_the_outbound_range_takes_its_port_from_the_pool),
		cmocka_unit_test(two_endpoints_of_one_range_have_a_pool_each),
		cmocka_unit_test(steering_that_fails_changes_nothing_and_says_where),
		cmocka_unit_test(sockets_come_and_go_while_a_worker_polls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
