// SPDX-License-Identifier: BSD-3-Clause
// Private zones, write side: names, records and the table that finds them, as core/zone reads them.
#pragma once

#include "control/compile/assembly.h"
#include "control/config/config.h"
#include "core/name.h"

// What a zone brings into each network that links it: a rule for its domain, and one for each name of its own elsewhere (hosts,
// and addresses' PTR records).
struct zone_rules {
	uint32_t apex_route; // IMAGE_NONE: none
	uint32_t host_route;
	uint8_t *hosts; // their names in wire form, one behind the other
	size_t hosts_len, hosts_size;
	uint8_t apex[NAME_LEN_MAX];
};

// Writes the config's zone of this index; key and generation are the header's. 0, -ENOMEM or -E2BIG; zone_rules_fini() then too.
[[nodiscard]] int zone_compile(struct assembly *, const struct image_header *header,
	const struct config *config, size_t index, struct zone_rules *rules);
void zone_rules_fini(struct zone_rules *);

// Once all zones are written: the table of their names. 0, -ENOMEM, or -EAGAIN: another key is needed.
[[nodiscard]] int zone_fill_slots(struct assembly *, const uint8_t key[static IMAGE_KEY_LEN]);
