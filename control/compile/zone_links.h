// SPDX-License-Identifier: BSD-3-Clause
// All private zones of a config, and the start states of those that networks link.
#pragma once

#include "control/compile/suffix.h"
#include "control/compile/zone.h"

// Zones that a network links have one start state together; networks that link the same zones share it.
struct zone_links {
	const struct config *config;
	struct zone_rules *zones; // by private zone
	struct intern *sets;      // zones that are linked together -> start state
	uint32_t start_count;     // of all start states
};

// Writes all zones, and the table of their names. `start_count` start states are taken. 0, -ENOMEM, -E2BIG, or -EAGAIN: another
// key is needed. zone_links_fini() then too.
[[nodiscard]] int zone_links_init(struct zone_links *, const struct config *config,
	struct assembly *, const struct image_header *header, uint32_t start_count);
void zone_links_fini(struct zone_links *);

// The start state of a network's zones, of which there is one at least. 0, or as suffix_table_add().
[[nodiscard]] int zone_links_find(struct zone_links *, struct suffix_table *,
	const struct config_network *network, uint32_t *start);
