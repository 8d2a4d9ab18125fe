// SPDX-License-Identifier: BSD-3-Clause
// Images for benchmarks: as control compiles them, of one ruleset and one network.
#pragma once

#include "bench/micro/names.h"
#include "control/compile/compile.h"

// The configuration whose rules are `names`, rule i with counter number i. Owns its list of rules only.
struct automaton_config {
	struct config config;
	struct config_inbound inbound;
	struct config_outbound outbound;
	struct config_ruleset ruleset;
	struct config_network network;
	struct endpoint inbound_address, target;
	struct ip outbound_address;
	char *outbound_name;
	char *ruleset_name;
	char *inbound_name;
};

void automaton_config_init(struct automaton_config *, const struct names *);
void automaton_config_fini(struct automaton_config *);
