// SPDX-License-Identifier: BSD-3-Clause
// EAL's command line: a table of defaults, each of which stands back for what the operator says.
#include "dataplane/port/eal_args.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	// Without hugepages: address space only, the kernel gives pages as they are touched.
	NO_HUGE_MB = 1024,
	// Below this hugepages are of no use to us.
	HUGE_MIN_MB = 64,
	OPTIONS_MAX = 8,
};

// What EAL can be told for one matter; NULL ends a list.
struct matter {
	const char *options[OPTIONS_MAX];
};

static const struct matter matter_lcores = {{"-l", "-c", "-s", "-S", "--lcores"}};
static const struct matter matter_pages = {{"--no-huge", "--in-memory", "--huge-dir",
	"--huge-unlink", "--legacy-mem", "--proc-type", "--no-shconf"}};
static const struct matter matter_no_huge = {{"--no-huge"}};
static const struct matter matter_size = {{"-m", "--socket-mem"}};
static const struct matter matter_pci = {{"-a", "--allow", "-b", "--block", "--no-pci"}};
static const struct matter matter_block = {{"-b", "--block", "--no-pci"}};
static const struct matter matter_telemetry = {{"--telemetry", "--no-telemetry"}};
static const struct matter matter_log = {{"--log-level"}};

// `-l0-1` and `--lcores=0@1` count as well as `-l` and `--lcores` with the value apart.
static bool is_option(const char *arg, const char *option)
{
	size_t len = strlen(option);

	if (strncmp(arg, option, len) != 0)
		return false;
	return option[1] != '-' || arg[len] == '\0' || arg[len] == '=';
}

static bool has_said(const char *const *own, unsigned count, const struct matter *matter)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned o = 0; o < OPTIONS_MAX && matter->options[o]; o++) {
			if (is_option(own[i], matter->options[o]))
				return true;
		}
	}
	return false;
}

// One more argument; past the end only counted, for build() to see.
static void add(struct eal_args *args, const char *text)
{
	if (args->count < EAL_ARGS_MAX)
		args->v[args->count] = strdup(text);
	args->count++;
}

static unsigned free_huge_mb(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long pages = 0;
	unsigned long page_kb = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "HugePages_Free: %lu", &pages);
		sscanf(line, "Hugepagesize: %lu", &page_kb);
	}
	fclose(file);
	return (unsigned)(pages * page_kb >> 10);
}

// One lcore is all that EAL gets: the workers are threads of ours.
static void add_lcore(struct eal_args *args)
{
	char text[32];
	int cpu = sched_getcpu();

	snprintf(text, sizeof(text), "0@%d", cpu < 0 ? 0 : cpu);
	add(args, "--lcores");
	add(args, text);
}

static void add_memory(struct eal_args *args, const char *const *own, unsigned count)
{
	bool has_chosen = has_said(own, count, &matter_pages);
	bool is_huge =
		has_chosen ? !has_said(own, count, &matter_no_huge) : free_huge_mb() >= HUGE_MIN_MB;
	char text[16];

	if (!has_chosen && is_huge)
		add(args, "--in-memory");
	if (!has_chosen && !is_huge) {
		add(args, "--no-huge");
		add(args, "--no-shconf");
	}
	if (!is_huge && !has_said(own, count, &matter_size)) {
		snprintf(text, sizeof(text), "%d", NO_HUGE_MB);
		add(args, "-m");
		add(args, text);
	}
}

// `3b:00.0` and `0000:3b:00.0` are PCI addresses; names of virtual devices have no colon so early.
static bool is_pci(const char *device)
{
	size_t digits = strspn(device, "0123456789abcdefABCDEF");

	return digits >= 2 && device[digits] == ':';
}

static void add_devices(struct eal_args *args, const char *const *devices, unsigned device_count,
	const char *const *own, unsigned count)
{
	bool has_pci = false;

	for (unsigned i = 0; i < device_count; i++) {
		if (!is_pci(devices[i])) {
			add(args, "--vdev");
			add(args, devices[i]);
			continue;
		}
		has_pci = true;
		if (!has_said(own, count, &matter_block)) {
			add(args, "-a");
			add(args, devices[i]);
		}
	}
	if (!has_pci && !has_said(own, count, &matter_pci))
		add(args, "--no-pci");
}

int eal_args_build(struct eal_args *args, const char *const *devices, unsigned device_count,
	const char *const *own, unsigned own_count)
{
	*args = (struct eal_args){0};
	add(args, "shunt-dataplane");
	if (!has_said(own, own_count, &matter_lcores))
		add_lcore(args);
	add_memory(args, own, own_count);
	if (!has_said(own, own_count, &matter_telemetry))
		add(args, "--no-telemetry");
	if (!has_said(own, own_count, &matter_log))
		add(args, "--log-level=notice");
	add_devices(args, devices, device_count, own, own_count);
	for (unsigned i = 0; i < own_count; i++)
		add(args, own[i]);
	if (args->count > EAL_ARGS_MAX)
		return -E2BIG;
	for (int i = 0; i < args->count; i++) {
		if (!args->v[i])
			return -ENOMEM;
	}
	return 0;
}

void eal_args_format(const struct eal_args *args, char *text, unsigned size)
{
	unsigned len = 0;

	text[0] = '\0';
	for (int i = 1; i < args->count && i < EAL_ARGS_MAX && len < size; i++) {
		int more = snprintf(text + len, size - len, "%s%s", i > 1 ? " " : "",
			args->v[i] ? args->v[i] : "");

		len += more > 0 ? (unsigned)more : 0;
	}
}
