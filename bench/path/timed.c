// SPDX-License-Identifier: BSD-3-Clause
// A worker over our XDP port that says what a query costs outside receive and send: the port is wrapped, and the time
// inside it is taken off that of the turn. The image is the one that a dataplane kept.
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <x86intrin.h>

#include "dataplane/keep.h"
#include "dataplane/port/xdp.h"
#include "dataplane/worker.h"

enum { SLOTS = 1024, RULES = 1024 };

// The true port, and the ticks spent in it.
struct timed_port {
	struct port port;
	struct port *inner;
	uint64_t ticks;
};

static _Atomic bool must_stop;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&must_stop, true);
}

static unsigned timed_receive(struct port *base, struct packet *packets, unsigned max)
{
	struct timed_port *port = (struct timed_port *)base;
	uint64_t began = __rdtsc();
	unsigned count = port->inner->ops->receive(port->inner, packets, max);

	port->ticks += __rdtsc() - began;
	return count;
}

static unsigned timed_take(struct port *base, struct packet *packets, unsigned count)
{
	struct port *inner = ((struct timed_port *)base)->inner;

	return inner->ops->take(inner, packets, count);
}

static void timed_send(struct port *base, struct packet *packets, unsigned count)
{
	struct timed_port *port = (struct timed_port *)base;
	uint64_t began = __rdtsc();

	port->inner->ops->send(port->inner, packets, count);
	port->ticks += __rdtsc() - began;
}

static void timed_release(struct port *base, struct packet *packets, unsigned count)
{
	struct port *inner = ((struct timed_port *)base)->inner;

	inner->ops->release(inner, packets, count);
}

static int timed_wait_fd(struct port *base)
{
	(void)base;
	return -1;
}

static const struct port_ops timed_ops = {
	.receive = timed_receive,
	.take = timed_take,
	.send = timed_send,
	.release = timed_release,
	.wait_fd = timed_wait_fd,
};

// All that a worker stands on.
struct bench {
	struct device *device;
	struct port *inner_siblings[1];
	struct timed_port port;
	port_mac_t mac;
	struct snapshot_switch snapshots;
	struct snapshot_reader reader;
	struct worker_options options;
	struct keyring keyring; // nothing is asked upstream: any will do
	struct worker worker;
	counter_t counters[1024];
	counter_t rule_counters[RULES];
};

static bool open_port(struct bench *bench, const char *interface)
{
	struct port_error error;

	bench->device = port_xdp_open(interface, 1, &error);
	if (!bench->device) {
		fprintf(stderr, "timed: %s\n", error.text);
		return false;
	}
	bench->mac = port_mac_word(bench->device->mac);
	bench->port.inner = bench->device->ops->port(bench->device, 0);
	bench->inner_siblings[0] = bench->port.inner;
	bench->port.inner->siblings = bench->inner_siblings;
	bench->port.port.ops = &timed_ops;
	bench->worker.ports[0] = &bench->port.port;
	return true;
}

static bool serve_kept_image(struct bench *bench, const char *state_dir)
{
	char error[SNAPSHOT_ERROR_LEN];
	struct port_error port_error = {.text = "the image's addresses can't be steered"};
	int fd = keep_load(state_dir, error);
	struct snapshot *snapshot = fd < 0 ? NULL : snapshot_open(fd, 1, error);
	struct steering steering = {0};

	if (!snapshot) {
		fprintf(stderr, "timed: the image kept in %s: %s\n", state_dir, error);
		return false;
	}
	close(fd);
	steering.inbound = snapshot->image.inbound;
	steering.inbound_count = snapshot->image.inbound_count;
	if (bench->device->ops->steer(bench->device, &steering, &port_error) != 0) {
		fprintf(stderr, "timed: %s\n", port_error.text);
		return false;
	}
	(void)!snapshot_publish(&bench->snapshots, snapshot);
	return true;
}

static bool make_worker(struct bench *bench)
{
	bench->snapshots.reader_count = 1;
	bench->snapshots.readers = &bench->reader;
	bench->options = (struct worker_options){.slot_count = SLOTS,
		.is_busy = true,
		.port_count = 1,
		.port_macs = &bench->mac,
		.keyring = &bench->keyring};
	keyring_init(&bench->keyring, (const uint8_t[AES128_KEY_LEN]){0});
	bench->worker.options = &bench->options;
	bench->worker.snapshots = &bench->snapshots;
	bench->worker.reader = &bench->reader;
	bench->worker.counters = bench->counters;
	bench->worker.loop_counters = bench->rule_counters;
	return worker_init(&bench->worker, bench->rule_counters) == 0;
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Turns that moved something, the reading of the clock included.
static void run(struct bench *bench)
{
	uint64_t began_ns = clock_ns(), began = __rdtsc(), own = 0;
	uint64_t answered;
	double ns_per_tick;

	while (!atomic_load_explicit(&must_stop, memory_order_relaxed)) {
		uint64_t turn = __rdtsc(), inside = bench->port.ticks;

		if (worker_turn(&bench->worker, clock_ns() / 1000))
			own += __rdtsc() - turn - (bench->port.ticks - inside);
	}
	ns_per_tick = (double)(clock_ns() - began_ns) / (double)(__rdtsc() - began);
	answered = counter_get(&bench->counters[EXIT_answered]);
	printf("answered %llu own_ns %.1f\n", (unsigned long long)answered,
		answered ? (double)own * ns_per_tick / (double)answered : 0);
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc != 3) {
		fprintf(stderr, "usage: timed INTERFACE STATE-FOLDER\n");
		return 2;
	}
	if (!open_port(&bench, argv[1]) || !make_worker(&bench) ||
		!serve_kept_image(&bench, argv[2]))
		return 1;
	signal(SIGTERM, on_signal);
	printf("answering (%s)\n", bench.device->mode);
	fflush(stdout);
	run(&bench);
	bench.device->ops->close(bench.device);
	worker_fini(&bench.worker);
	snapshot_close(atomic_load(&bench.snapshots.current));
	return 0;
}
