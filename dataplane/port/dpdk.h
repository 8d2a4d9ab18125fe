// SPDX-License-Identifier: BSD-3-Clause
// DPDK ports: any ethdev, by PCI address or virtual device string.
#pragma once

#include "dataplane/port/port.h"

// Starts EAL once, before any device is opened, with one lcore and the operator's own options (the
// arguments after `--`). `devices` are the texts after `dpdk:` of all such ports. 0, or -1 with `error` set.
[[nodiscard]] int port_dpdk_init(const char *const *devices, unsigned device_count,
	const char *const *eal_args, unsigned eal_arg_count, struct port_error *error);

// Opens the ethdev `spec`, one queue pair a worker. NULL: `error` says why.
[[nodiscard]] struct device *port_dpdk_open(
	const char *spec, unsigned workers, struct port_error *error);

// Makes the calling thread known to EAL (and gives it a place in mempool caches). Each worker, once.
[[nodiscard]] int port_dpdk_register_thread(void);

// Ends EAL; after all devices are closed.
void port_dpdk_fini(void);
