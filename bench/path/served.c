// SPDX-License-Identifier: BSD-3-Clause
// A worker on its stand over a DPDK port, until SIGTERM. What it takes is written to a file that the load generator maps.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/load/words.h"
#include "bench/path/stand.h"
#include "dataplane/port/dpdk.h"

static _Atomic bool must_stop;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&must_stop, true);
}

static struct stand_record *make_record(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *mapped = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct stand_record)) == 0)
		mapped = mmap(NULL, sizeof(struct stand_record), PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	if (fd >= 0)
		close(fd);
	return mapped == MAP_FAILED ? NULL : mapped;
}

static struct device *open_device(
	const char *spec, const char *const *eal_args, unsigned count, struct port_error *error)
{
	if (port_dpdk_init(&spec, 1, eal_args, count, error) != 0)
		return NULL;
	return port_dpdk_open(spec, 1, error);
}

static int load(struct stand *stand, const struct image_setup *setup, char *error)
{
	for (unsigned i = 0; i < STAND_IMAGES; i++) {
		if (i > 0 && setup->swap_sec <= 0)
			break;
		if (stand_load(stand, i, setup, error) != 0)
			return -1;
	}
	stand_serve(stand, 0);
	if (setup->swap_sec > 0)
		stand_swap(stand, setup->swap_sec);
	return 0;
}

static void serve(struct stand *stand)
{
	signal(SIGTERM, on_signal);
	puts("serving");
	fflush(stdout);
	while (!atomic_load_explicit(&must_stop, memory_order_relaxed))
		(void)!stand_turn(stand);
}

int main(int argc, char **argv)
{
	static struct stand stand;
	struct image_setup image = {.rule_count = 1000000};
	const char *spec = "net_memif0,role=server", *record_path = NULL;
	const struct word words[] = {
		IMAGE_WORDS(&image),
		{"device", WORD_TEXT, &spec, NULL},
		{"record", WORD_TEXT, &record_path, NULL},
		{.kind = WORD_END},
	};
	int own = 1;
	struct stand_record *record;
	struct port_error port_error = {0};
	char error[IMAGE_ERROR_LEN];
	struct device *device;

	while (own < argc && strcmp(argv[own], "--") != 0)
		own++;
	if (words_read(words, own, argv) != 0)
		return 2;
	record = record_path ? make_record(record_path) : NULL;
	if (!record) {
		fprintf(stderr, "served: record=%s can't be written\n", record_path);
		return 1;
	}
	device = open_device(spec, (const char *const *)argv + own + 1,
		own < argc ? (unsigned)(argc - own - 1) : 0, &port_error);
	if (!device) {
		fprintf(stderr, "served: %s\n", port_error.text);
		return 1;
	}
	if (stand_init(&stand, device->ops->port(device, 0), record, error) != 0 ||
		load(&stand, &image, error) != 0) {
		fprintf(stderr, "served: %s\n", error);
		return 1;
	}
	serve(&stand);
	device->ops->close(device);
	stand_fini(&stand);
	port_dpdk_fini();
	return 0;
}
