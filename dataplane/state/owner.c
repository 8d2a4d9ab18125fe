// SPDX-License-Identifier: BSD-3-Clause
// Ports are dealt out to the workers one by one, in turn.
#include "dataplane/state/owner.h"

unsigned owner_of(uint16_t port, unsigned worker_count)
{
	return port % worker_count;
}

// Ports from `first` to the worker's first one.
static uint32_t ports_before(uint16_t first, unsigned worker, unsigned worker_count)
{
	return (worker + worker_count - first % worker_count) % worker_count;
}

uint32_t owner_port_count(uint16_t first, uint16_t last, unsigned worker, unsigned worker_count)
{
	uint32_t before = ports_before(first, worker, worker_count);
	uint32_t port_count = (uint32_t)(last - first) + 1;

	return port_count > before ? (port_count - before - 1) / worker_count + 1 : 0;
}

uint16_t owner_port(uint16_t first, unsigned worker, unsigned worker_count, uint32_t index)
{
	return (uint16_t)(first + ports_before(first, worker, worker_count) + index * worker_count);
}
