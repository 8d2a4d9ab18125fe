// SPDX-License-Identifier: BSD-3-Clause
// The ports that the kernel draws for its own connections, beside those that we send questions from.
//
// On an address that both have, each must draw from ports of its own: a reply to the kernel that came to a port of our
// range would be taken for ours, and dropped.
#pragma once

#include <stdint.h>

#include "core/image.h"

enum {
	KERNEL_PORTS_FIRST = 1024, // below are those that services are known by
	KERNEL_PORTS_LEAST = 2000, // that the kernel keeps: without any, no connect() works
	KERNEL_PORTS_TEXT_LEN = 256,
};

// A set of ports, a bit each.
struct kernel_ports_set {
	uint64_t words[65536 / 64];
};

struct kernel_ports_range {
	uint32_t first;
	uint32_t last; // inclusive
};

enum kernel_ports_verdict {
	KERNEL_PORTS_APART,
	KERNEL_PORTS_OVERLAP, // `text` says which line sets it right
	KERNEL_PORTS_TOO_FEW, // `text` says what to change in the config
	KERNEL_PORTS_UNKNOWN, // the kernel's ports can't be read: `text` says why
};

void kernel_ports_add(struct kernel_ports_set *set, uint32_t first, uint32_t last);

// Reads net.ipv4.ip_local_port_range ("32768\t60999") and ip_local_reserved_ports ("8080,9000-9010"; empty: none): which
// ports the kernel draws from. 0, or -EINVAL.
[[nodiscard]] int kernel_ports_parse(
	const char *range, const char *reserved, struct kernel_ports_set *kernel);

// Do the ports of ours, on addresses that the kernel has too, and the kernel's keep apart?
enum kernel_ports_verdict kernel_ports_judge(const struct kernel_ports_set *ours,
	const struct kernel_ports_set *kernel, char text[static KERNEL_PORTS_TEXT_LEN]);

// The same for the outbound addresses of the image that are addresses of this host.
enum kernel_ports_verdict kernel_ports_check(
	const struct image *image, char text[static KERNEL_PORTS_TEXT_LEN]);
