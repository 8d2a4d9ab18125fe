// SPDX-License-Identifier: BSD-3-Clause
// What devices count beside their ports, in the counters file: main reads it from the kernel once a second and writes
// it into worker 0's block, behind what that worker writes.
#pragma once

#include "core/counters.h"
#include "dataplane/port/port.h"

// The entries of these devices, in order. Gives their number; `entries` may be NULL.
unsigned device_counter_entries(
	struct counter_entry *entries, struct device *const *devices, unsigned device_count);

// Writes the values from `out` on, in the same order.
void device_counters_publish(counter_t *out, struct device *const *devices, unsigned device_count);
