// SPDX-License-Identifier: BSD-3-Clause
// Images for tests, put together without a configuration: one network, one or two rulesets.
#pragma once

#include "core/image.h"

// A rule of a test's image.
struct image_rule_text {
	const char *domain; // presentation form
	enum image_rank rank;
	uint32_t ruleset; // 0 or 1
	enum image_policy policy;
	uint32_t upstream_flags; // of its targets; 0: all but IMAGE_RANDOMISES_CASE
	enum edns_subnet subnet;
	const char *target; // addresses, port 53, with commas between; NULL: 10.54.0.11
	enum image_action
		action; // a rule with another than forward is called "rule N" in answers, N its index
	const char *addresses; // of IMAGE_ACTION_ADDRESSES, with TTL 300, with commas between
};

// What stands in every image made here.
#define IMAGES_INBOUND     "10.53.0.2" // port 53
#define IMAGES_INBOUND_V6  "fd53::2"   // likewise
#define IMAGES_OUTBOUND    "10.54.0.2" // ports 10000 to 60999
#define IMAGES_OUTBOUND_V6 "fd54::2"   // likewise
#define IMAGES_CLIENTS     "10.53.0.0" // /16, a prefix of the network
#define IMAGES_CLIENTS_V6  "fd53::"    // /16, the other

// A sealed memfd with an image of `generation`; rule i has counter number i. Fails the test where it can't be made.
int images_make(const struct image_rule_text *rules, uint32_t rule_count, uint64_t generation);

// Likewise, mapped read-only and opened; never unmapped.
struct image images_open(const struct image_rule_text *rules, uint32_t rule_count);

// From presentation form.
struct ip images_ip(const char *text);
