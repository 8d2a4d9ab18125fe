// SPDX-License-Identifier: BSD-3-Clause
// A whole config as somebody wrote it, and the way from there to struct config.
//
// These structs are what libcyaml fills from YAML and the store from JSON. They own nothing. NULL
// and 0 mean: not given.
#pragma once

#include <stddef.h>

#include "control/config/config.h"

struct build_inbound {
	const char *name;
	const char *const *addresses;
	size_t addresses_count;
};

struct build_outbound {
	const char *name;
	const char *const *addresses;
	size_t addresses_count;
	const char *ports;
	const char *replies;
};

struct build_zone {
	const char *name;
	const char *domain;
	const char *ttl;
	const char *reverse;
	const char *on_nxdomain;
	const char *file;
	const char *hosts;
	const char *const *records;
	size_t records_count;
	const char *const
		*file_records; // what the files said when they were read last; NULL: read them
	size_t file_records_count;
	const char *const *hosts_records;
	size_t hosts_records_count;
};

struct build_network {
	const char *name;
	const char *const *prefixes;
	size_t prefixes_count;
	const char *const *inbound_endpoints;
	size_t inbound_endpoints_count;
	const char *const *rulesets;
	size_t rulesets_count;
	const char *const *private_zones;
	size_t private_zones_count;
	const char *fallback; // `default`
	const char *const *default_targets;
	size_t default_targets_count;
	const char *const *default_outbound_endpoints;
	size_t default_outbound_endpoints_count;
};

struct build_backoff {
	const char *initial;
	const char *max;
};

struct build_upstream {
	const char *address;
	const char *case_randomisation;
	const char *trust_ad;
	const char *loop_check;
	const char *max_inflight;
};

struct build_text {
	const char *profile;
	const char *query_timeout;
	const char *max_waiters;
	const char *unknown_clients;
	const struct build_backoff *backoff; // NULL: not given
	struct build_inbound *inbounds;
	size_t inbounds_count;
	struct build_outbound *outbounds;
	size_t outbounds_count;
	struct config_ruleset_text *rulesets;
	size_t rulesets_count;
	struct build_network *networks;
	size_t networks_count;
	struct build_zone *zones;
	size_t zones_count;
	struct build_upstream *upstreams;
	size_t upstreams_count;
};

// A config of all that `text` says. Objects stand in the config at the positions they have in
// `text`, and faults name those. 0, or -errno of the first fault and no config.
[[nodiscard]] int build_config(
	const struct build_text *text, struct config **out, struct config_faults *faults);

// What holds between objects: names that others point to are there, what must be there once is. 0
// or -errno of the first fault. Of rules' own targets only whether one is
// ours is looked at.
[[nodiscard]] int build_check_links(const struct config *config, struct config_faults *faults);
