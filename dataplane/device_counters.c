// SPDX-License-Identifier: BSD-3-Clause
// From devices to the counters file.
#include "dataplane/device_counters.h"

#include <stdio.h>

static unsigned read_counters(struct device *device, struct device_counter *counters)
{
	return device->ops->count ? device->ops->count(device, counters) : 0;
}

unsigned device_counter_entries(
	struct counter_entry *entries, struct device *const *devices, unsigned device_count)
{
	unsigned total = 0;

	for (unsigned i = 0; i < device_count; i++) {
		struct device_counter counters[DEVICE_COUNTERS_MAX];
		unsigned count = read_counters(devices[i], counters);

		for (unsigned c = 0; entries && c < count; c++) {
			struct counter_entry *entry = &entries[total + c];

			entry->kind = COUNTER_PORT;
			snprintf(
				entry->name, sizeof(entry->name), "port%u.%s", i, counters[c].name);
		}
		total += count;
	}
	return total;
}

void device_counters_publish(counter_t *out, struct device *const *devices, unsigned device_count)
{
	for (unsigned i = 0; i < device_count; i++) {
		struct device_counter counters[DEVICE_COUNTERS_MAX];
		unsigned count = read_counters(devices[i], counters);

		for (unsigned c = 0; c < count; c++)
			atomic_store_explicit(out++, counters[c].value, memory_order_relaxed);
	}
}
