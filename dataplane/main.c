// SPDX-License-Identifier: BSD-3-Clause
// shunt-dataplane: arguments, lock, ports, workers; then housekeeping until a signal; then all of it backwards.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/counters_file.h"
#include "dataplane/device_counters.h"
#include "dataplane/helper.h"
#include "dataplane/housekeeping.h"
#include "dataplane/keep.h"
#include "dataplane/options.h"
#include "dataplane/port/socket.h"
#include "dataplane/worker.h"
#if HAVE_DPDK
#include "dataplane/port/dpdk.h"
#endif
#if HAVE_XDP
#include "dataplane/port/xdp.h"
#endif

enum { EXIT_USAGE = 2, SPEC_MAX = PORT_MAX };

// All there is, in the order in which it comes to be.
struct dataplane {
	struct options options;
	struct account account; // to become
	struct helper helper;   // pid 0: there is none
	int lock_fd;
	int signal_fd;
	struct device *devices[PORT_MAX];
	unsigned device_count;
	port_mac_t macs[PORT_MAX];
	struct counters_file counters;
	struct snapshot_switch snapshots;
	struct keyring keyring;
	struct worker_options worker_options;
	struct worker *workers;
	unsigned started_count; // workers that run
	struct housekeeping house;
	bool has_eal;
};

static bool fail(const char *doing, const char *what, const char *why)
{
	fprintf(stderr, "shunt-dataplane: %s %s: %s\n", doing, what, why);
	return false;
}

static bool make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	return fail("can't make the folder", path, strerror(errno));
}

// Before all else: the helper is to have nothing of what is opened later, nor threads.
static bool start_helper(struct dataplane *plane)
{
	const struct options *options = &plane->options;
	int err;

	if (!options->user)
		return true;
	for (unsigned i = 0; i < options->port_count; i++)
		if (strncmp(options->ports[i], "dpdk:", 5) == 0)
			return fail("can't become", options->user,
				"DPDK ports need their privileges while they run: leave --user out");
	err = privileges_find(options->user, &plane->account);
	if (err)
		return fail("can't become", options->user, "there is no such user");
	err = helper_start(&plane->helper, &plane->account);
	return !err ||
		fail("can't become", options->user,
			err == -EPERM ? "start as root, or as that user with CAP_NET_ADMIN"
				      : strerror(-err));
}

// What the user is to write: the folder, and the image that an earlier run kept there.
static bool give_state(const struct dataplane *plane)
{
	const char *folder = plane->options.state_dir;
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct account *account = &plane->account;
	bool is_given = dir >= 0 && fchown(dir, account->uid, account->gid) == 0 &&
		(fchownat(dir, KEEP_NAME, account->uid, account->gid, AT_SYMLINK_NOFOLLOW) == 0 ||
			errno == ENOENT);

	if (!is_given)
		fail("can't give the folder to --user", folder, strerror(errno));
	if (dir >= 0)
		close(dir);
	return is_given;
}

// All is open, and no thread of ours runs yet.
static bool drop_privileges(struct dataplane *plane)
{
	int err;

	if (!plane->options.user)
		return true;
	if (!give_state(plane))
		return false;
	err = privileges_drop(&plane->account, false);
	return !err || fail("can't become", plane->options.user, strerror(-err));
}

// One dataplane a run folder: the lock goes with the process, whatever ends it.
static bool take_lock(struct dataplane *plane)
{
	char path[4096];

	if (!make_folder(plane->options.run_dir, 0755) ||
		!make_folder(plane->options.state_dir, 0700))
		return false;
	snprintf(path, sizeof(path), "%s/dataplane.lock", plane->options.run_dir);
	plane->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (plane->lock_fd < 0)
		return fail("can't open the lock", path, strerror(errno));
	if (flock(plane->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return fail("already running: the lock is held", path,
			"end the other instance, or give this one a --run-dir of its own");
	return true;
}

// Signals come by descriptor, to main alone. A closed socket is an error, not a signal, and a closed terminal is no
// reason to end.
static bool take_signals(struct dataplane *plane)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	plane->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return plane->signal_fd >= 0 || fail("can't take", "signals", strerror(errno));
}

#if HAVE_DPDK
// EAL starts once, and wants to know of all its devices at that time.
static bool start_eal(struct dataplane *plane)
{
	const struct options *options = &plane->options;
	const char *devices[PORT_MAX];
	struct port_error error;
	unsigned count = 0;

	for (unsigned i = 0; i < options->port_count; i++)
		if (strncmp(options->ports[i], "dpdk:", 5) == 0)
			devices[count++] = options->ports[i] + 5;
	if (count == 0)
		return true;
	if (port_dpdk_init(devices, count, options->eal_args, options->eal_arg_count, &error) != 0)
		return fail("can't start", "DPDK", error.text);
	plane->has_eal = true;
	plane->worker_options.begin = port_dpdk_register_thread;
	return true;
}
#else
static bool start_eal(struct dataplane *plane)
{
	(void)plane;
	return true;
}
#endif

typedef struct device *(*open_t)(const char *spec, unsigned workers, struct port_error *error);

// The kinds of ports; NULL: this build has no such.
struct kind {
	const char *prefix;
	open_t open;
};

static const struct kind kinds[] = {
#if HAVE_XDP
	{"xdp:", port_xdp_open},
#else
	{"xdp:", NULL},
#endif
#if HAVE_DPDK
	{"dpdk:", port_dpdk_open},
#else
	{"dpdk:", NULL},
#endif
	{"socket:", port_socket_open},
};

static struct device *open_device(const char *port, unsigned worker_count, struct port_error *error)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(port, kinds[i].prefix, len) != 0)
			continue;
		if (kinds[i].open)
			return kinds[i].open(port + len, worker_count, error);
		snprintf(error->text, sizeof(error->text), "this build has no ports of this kind");
	}
	return NULL;
}

static bool open_devices(struct dataplane *plane)
{
	const struct options *options = &plane->options;

	for (unsigned i = 0; i < options->port_count; i++) {
		struct port_error error = {0};
		struct device *device =
			open_device(options->ports[i], options->worker_count, &error);

		if (!device)
			return fail("can't open the port", options->ports[i], error.text);
		plane->devices[plane->device_count] = device;
		plane->macs[plane->device_count++] = port_mac_word(device->mac);
	}
	return true;
}

static bool make_counters(struct dataplane *plane)
{
	unsigned own = worker_counter_entries(NULL, plane->device_count);
	unsigned count = own + device_counter_entries(NULL, plane->devices, plane->device_count);
	struct counter_entry *entries = calloc(count, sizeof(*entries));
	int err = entries ? 0 : -ENOMEM;

	if (!err) {
		worker_counter_entries(entries, plane->device_count);
		device_counter_entries(entries + own, plane->devices, plane->device_count);
		err = counters_file_init(
			&plane->counters, entries, count, plane->options.worker_count);
	}
	free(entries);
	return !err || fail("can't make", "the counters", strerror(-err));
}

static void give_ports(struct dataplane *plane, struct worker *worker)
{
	for (unsigned i = 0; i < plane->device_count; i++) {
		struct port *port = plane->devices[i]->ops->port(plane->devices[i], worker->index);

		port->index = (uint8_t)i;
		port->siblings = worker->ports;
		worker->ports[i] = port;
	}
}

static bool make_workers(struct dataplane *plane)
{
	unsigned count = plane->options.worker_count;

	struct worker *workers[PATH_WORKERS_MAX];

	plane->worker_options.slot_count = plane->options.slot_count;
	plane->worker_options.keyring = &plane->keyring;
	plane->worker_options.is_busy = plane->options.is_busy;
	plane->worker_options.port_count = plane->device_count;
	plane->worker_options.port_macs = plane->macs;
	plane->workers = calloc(count, sizeof(*plane->workers));
	plane->snapshots.readers = aligned_alloc(64, count * sizeof(*plane->snapshots.readers));
	if (!plane->workers || !plane->snapshots.readers)
		return fail("can't make", "the workers", strerror(ENOMEM));
	for (unsigned i = 0; i < count; i++) {
		struct worker *worker = &plane->workers[i];

		worker->index = i;
		worker->options = &plane->worker_options;
		worker->snapshots = &plane->snapshots;
		worker->reader = &plane->snapshots.readers[i];
		worker->counters = counters_file_worker(&plane->counters, i);
		worker->upstreams = counters_file_upstreams(&plane->counters);
		worker->lines = counters_file_lines(&plane->counters, i);
		worker->loop_counters = counters_file_loops(&plane->counters, i);
		give_ports(plane, worker);
		if (worker_init(worker, counters_file_rules(&plane->counters, i)) != 0)
			return fail("can't make", "a worker", strerror(ENOMEM));
		plane->snapshots.reader_count = i + 1;
		workers[i] = worker;
	}
	if (worker_connect(workers, count) != 0)
		return fail("can't make", "the rings between workers", strerror(ENOMEM));
	return true;
}

static void fill_hello(const struct dataplane *plane, struct link_hello *hello)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	*hello = (struct link_hello){
		.pid = (uint32_t)getpid(),
		.worker_count = (uint16_t)plane->options.worker_count,
		.port_count = (uint16_t)plane->device_count,
		.started_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
		.version = SHUNT_VERSION,
	};
	for (unsigned i = 0; i < plane->device_count && i < LINK_PORTS_MAX; i++)
		snprintf(hello->ports[i], sizeof(hello->ports[i]), "%s (%s)",
			plane->devices[i]->name, plane->devices[i]->mode);
}

static bool make_house(struct dataplane *plane)
{
	struct housekeeping *house = &plane->house;
	struct port_error port_error;
	char error[UPLINK_ERROR_LEN];

	house->state_dir = plane->options.state_dir;
	house->devices = plane->devices;
	house->device_count = plane->device_count;
	house->device_counters = counters_file_worker(&plane->counters, 0) +
		worker_counter_entries(NULL, plane->device_count);
	house->snapshots = &plane->snapshots;
	house->signal_fd = plane->signal_fd;
	house->crowd = plane->workers[0].path.crowd;
	house->keyring = &plane->keyring;
	house->uplink.counters_fd = plane->counters.fd;
	fill_hello(plane, &house->uplink.hello);
	house->upstreams = upstreams_new(counters_file_upstreams(&plane->counters),
		&plane->counters.header->upstream_count, UPSTREAMS_CAPACITY);
	if (!house->upstreams)
		return fail("can't make", "the table of upstreams", strerror(ENOMEM));
	house->neighbours =
		neighbours_new(plane->devices, plane->macs, plane->device_count, &port_error);
	if (!house->neighbours)
		return fail("can't follow", "routes and neighbours", port_error.text);
	if (plane->helper.pid)
		neighbours_use(house->neighbours, &plane->helper);
	if (housekeeping_init(house, plane->options.run_dir, error) != 0)
		return fail("can't keep", "house", error);
	return true;
}

static bool start_workers(struct dataplane *plane)
{
	for (unsigned i = 0; i < plane->options.worker_count; i++) {
		int err = worker_start(&plane->workers[i]);

		if (err)
			return fail("can't start", "a worker", strerror(-err));
		plane->started_count++;
	}
	return true;
}

static bool start(struct dataplane *plane)
{
	return start_helper(plane) && take_lock(plane) && take_signals(plane) && start_eal(plane) &&
		open_devices(plane) && make_counters(plane) && make_workers(plane) &&
		make_house(plane) && drop_privileges(plane) && start_workers(plane);
}

// Backwards through what start() did, as far as it came.
static void stop(struct dataplane *plane)
{
	for (unsigned i = 0; i < plane->started_count; i++)
		worker_stop(&plane->workers[i]);
	if (plane->house.uplink.adopt)
		housekeeping_fini(&plane->house);
	neighbours_free(plane->house.neighbours);
	upstreams_free(plane->house.upstreams);
	for (unsigned i = 0; i < plane->snapshots.reader_count; i++)
		worker_fini(&plane->workers[i]);
	free(plane->snapshots.readers);
	free(plane->workers);
	if (plane->counters.header)
		counters_file_fini(&plane->counters);
	for (unsigned i = 0; i < plane->device_count; i++)
		plane->devices[i]->ops->close(plane->devices[i]);
#if HAVE_DPDK
	if (plane->has_eal)
		port_dpdk_fini();
#endif
	if (plane->helper.pid)
		helper_stop(&plane->helper);
}

int main(int argc, char **argv)
{
	static struct dataplane plane;
	char error[OPTIONS_ERROR_LEN];
	bool has_started;

	switch (options_parse(&plane.options, argc, argv, error)) {
	case OPTIONS_RUN: break;
	case OPTIONS_DONE: return EXIT_SUCCESS;
	case OPTIONS_WRONG: fprintf(stderr, "shunt-dataplane: %s\n", error); return EXIT_USAGE;
	}
	has_started = start(&plane);
	if (has_started) {
		housekeeping_restore(&plane.house);
		fprintf(stderr, "shunt-dataplane: polling %u port(s), generation %llu\n",
			plane.device_count, (unsigned long long)plane.house.uplink.generation);
		housekeeping_run(&plane.house);
	}
	stop(&plane);
	return has_started ? EXIT_SUCCESS : EXIT_FAILURE;
}
