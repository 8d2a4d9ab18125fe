// SPDX-License-Identifier: BSD-3-Clause
// Virtual networks: from text, checked; copies; their end; what holds between them and other
// objects.
#pragma once

#include "control/config/build.h"

// Fills what it can and reports the rest.
void network_parse(const struct build_network *text, struct config_network *network,
	struct config_faults *faults);
// What the network names is there, and its default's targets can be reached.
void network_check_links(const struct config *config, const struct config_network *network,
	struct config_faults *faults);
// The prefixes by which it knows clients: those given, or all of IPv4 and all of IPv6. Live as long as
// the network. Gives their count.
size_t network_prefixes(
	const struct config_network *network, const struct config_prefix **prefixes);
// No two networks are alike: the same prefix, bound to the same inbound endpoint or to none.
void network_check_alike(const struct config *config, struct config_faults *faults);

// 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int network_copy(struct config_network *copy, const struct config_network *network);
void network_fini(struct config_network *network);
