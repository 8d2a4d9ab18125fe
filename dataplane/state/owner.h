// SPDX-License-Identifier: BSD-3-Clause
// Whose a source port is: a reply goes to the worker that drew the port it is sent to.
//
//   port     10000  10001  10002  10003 …
//   worker       0      1      2      0        of three: the port modulo the number of workers
//
// A worker draws from its own ports only, so each has 1 in worker_count of a range: log2(worker_count) bits
// less to guess than the whole range would be.
#pragma once

#include <stdint.h>

// The worker that waits at this port.
[[nodiscard]] unsigned owner_of(uint16_t port, unsigned worker_count);
// How many ports of a range are the worker's; 0 where the range is shorter than there are workers.
[[nodiscard]] uint32_t owner_port_count(
	uint16_t first, uint16_t last, unsigned worker, unsigned worker_count);
// The worker's port number `index`, which is below that count, from `first` on.
[[nodiscard]] uint16_t owner_port(
	uint16_t first, unsigned worker, unsigned worker_count, uint32_t index);
