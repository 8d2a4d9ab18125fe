// SPDX-License-Identifier: BSD-3-Clause
// Which ports the kernel draws from, by its own settings, and whether they are ours too.
#include "dataplane/kernel_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RANGE_PATH    "/proc/sys/net/ipv4/ip_local_port_range"
#define RESERVED_PATH "/proc/sys/net/ipv4/ip_local_reserved_ports"

enum { PORT_MAX = 65535, SETTING_LEN = 8192 };

static bool has(const struct kernel_ports_set *set, uint32_t port)
{
	return set->words[port / 64] >> (port % 64) & 1;
}

void kernel_ports_add(struct kernel_ports_set *set, uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last && port <= PORT_MAX; port++)
		set->words[port / 64] |= UINT64_C(1) << (port % 64);
}

static void take_out(struct kernel_ports_set *set, uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last && port <= PORT_MAX; port++)
		set->words[port / 64] &= ~(UINT64_C(1) << (port % 64));
}

static uint32_t count(const struct kernel_ports_set *set, uint32_t first)
{
	uint32_t sum = 0;

	for (uint32_t port = first; port <= PORT_MAX; port++)
		sum += has(set, port);
	return sum;
}

int kernel_ports_parse(const char *range, const char *reserved, struct kernel_ports_set *kernel)
{
	unsigned first, last;
	int len;

	*kernel = (struct kernel_ports_set){0};
	if (sscanf(range, "%u %u", &first, &last) != 2)
		return -EINVAL;
	kernel_ports_add(kernel, first, last);
	while (sscanf(reserved, "%u%n", &first, &len) == 1) {
		last = first;
		reserved += len;
		if (sscanf(reserved, "-%u%n", &last, &len) == 1)
			reserved += len;
		take_out(kernel, first, last);
		reserved += *reserved == ',';
	}
	return *reserved == '\0' || *reserved == '\n' ? 0 : -EINVAL;
}

// The longest run of ports, from 1024 on, that are not in the set.
static struct kernel_ports_range longest_free(const struct kernel_ports_set *set)
{
	struct kernel_ports_range best = {.first = 1}; // of no port
	uint32_t first = KERNEL_PORTS_FIRST;

	for (uint32_t port = KERNEL_PORTS_FIRST; port <= PORT_MAX + 1; port++) {
		if (port <= PORT_MAX && !has(set, port))
			continue;
		if (port - first > best.last + 1 - best.first)
			best = (struct kernel_ports_range){first, port - 1};
		first = port + 1;
	}
	return best;
}

enum kernel_ports_verdict kernel_ports_judge(const struct kernel_ports_set *ours,
	const struct kernel_ports_set *kernel, char text[static KERNEL_PORTS_TEXT_LEN])
{
	uint32_t left = PORT_MAX + 1 - KERNEL_PORTS_FIRST - count(ours, KERNEL_PORTS_FIRST);
	struct kernel_ports_range free_run = longest_free(ours);
	uint32_t both = 0;

	for (uint32_t port = 0; port <= PORT_MAX; port++)
		both += has(ours, port) && has(kernel, port);
	if (left < KERNEL_PORTS_LEAST) {
		snprintf(text, KERNEL_PORTS_TEXT_LEN,
			"the outbound endpoints leave the kernel %u ports on addresses that it has too, and "
			"it needs %d: give them a smaller range (ports), or addresses of their own",
			left, KERNEL_PORTS_LEAST);
		return KERNEL_PORTS_TOO_FEW;
	}
	if (both == 0)
		return KERNEL_PORTS_APART;
	snprintf(text, KERNEL_PORTS_TEXT_LEN,
		"the kernel may draw %u ports that questions leave from too, and would miss its replies: "
		"sysctl -w net.ipv4.ip_local_port_range=\"%u %u\"",
		both, free_run.first, free_run.last);
	return KERNEL_PORTS_OVERLAP;
}

// One that can be bound to is an address of this host.
static bool is_of_host(const struct ip *ip)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	bool is_v4 = ip_is_v4(ip);
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return false;
	memcpy(&v4.sin_addr, ip->b + 12, 4);
	memcpy(&address.sin6_addr, ip->b, 16);
	err = is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
		    : bind(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return err == 0;
}

static int read_setting(const char *path, char text[static SETTING_LEN])
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return -errno;
	len = fread(text, 1, SETTING_LEN - 1, file);
	text[len] = '\0';
	fclose(file);
	return len < SETTING_LEN - 1 ? 0 : -EFBIG;
}

enum kernel_ports_verdict kernel_ports_check(
	const struct image *image, char text[static KERNEL_PORTS_TEXT_LEN])
{
	char range[SETTING_LEN], reserved[SETTING_LEN];
	struct kernel_ports_set ours = {0}, kernel;

	for (uint32_t i = 0; i < image->outbound_count; i++)
		if (is_of_host(&image->outbound[i].ip))
			kernel_ports_add(
				&ours, image->outbound[i].port_first, image->outbound[i].port_last);
	if (count(&ours, 0) == 0)
		return KERNEL_PORTS_APART;
	if (read_setting(RANGE_PATH, range) != 0 || read_setting(RESERVED_PATH, reserved) != 0 ||
		kernel_ports_parse(range, reserved, &kernel) != 0) {
		snprintf(text, KERNEL_PORTS_TEXT_LEN,
			"%s and %s can't be read: whether the kernel draws ports that are ours is unknown",
			RANGE_PATH, RESERVED_PATH);
		return KERNEL_PORTS_UNKNOWN;
	}
	return kernel_ports_judge(&ours, &kernel, text);
}
