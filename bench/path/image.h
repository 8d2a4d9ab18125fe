// SPDX-License-Identifier: BSD-3-Clause
// Images that benchmarks serve: as control compiles them, of one ruleset and one network.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"

// Who is who on the wire. Clients have addresses below the first.
#define BENCH_CLIENTS  "10.53.16.0"
#define BENCH_NETWORK  "10.53.0.0" // /16
#define BENCH_INBOUND  "10.53.0.2"
#define BENCH_OUTBOUND "10.54.0.2"
#define BENCH_UPSTREAM "10.54.0.11"
#define BENCH_SILENT   "10.54.0.12" // an upstream that never answers

enum { BENCH_PORT = 53, IMAGE_ERROR_LEN = 256, DEEP_RULES = 1000 };

extern const uint8_t bench_our_mac[6], bench_peer_mac[6];

struct image_setup {
	const char *rules_path; // domains, one a line; NULL: `rule_count` are made up
	uint64_t rule_count;
	bool has_regex;  // each 16th rule is a pattern that finds `www`
	bool has_deep;   // and DEEP_RULES of 34 labels
	double swap_sec; // over 0: another image of the same rules follows after so long, in turn
	bool has_silent; // each rule has a second upstream, which is asked first by half of them
};

// The keys of a table of words (bench/load/words.h), for `s`, a struct image_setup *.
// clang-format off
#define IMAGE_WORDS(s)                                         \
	{"rules-file", WORD_TEXT, &(s)->rules_path, NULL},     \
	{"rules", WORD_NUMBER, &(s)->rule_count, NULL},        \
	{"regex", WORD_FLAG, &(s)->has_regex, NULL},           \
	{"deep", WORD_FLAG, &(s)->has_deep, NULL},             \
	{"swap", WORD_DECIMAL, &(s)->swap_sec, NULL},          \
	{"silent", WORD_FLAG, &(s)->has_silent, NULL}
// clang-format on

// A sealed memfd, which the caller closes; or -1 with `error` set.
[[nodiscard]] int bench_image_make(
	const struct image_setup *setup, uint64_t generation, char error[static IMAGE_ERROR_LEN]);

// From presentation form, which is known to be right.
struct ip bench_ip(const char *text);
