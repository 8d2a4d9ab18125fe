// SPDX-License-Identifier: BSD-3-Clause
// Checks of single values: names, domains, targets, choices. Each reports what is wrong.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/config.h"
#include "core/name.h"

enum {
	CHECK_NAME_LEN_MAX = 300, // above that of a domain of 253 characters with `d-` and `-N`
	CHECK_NOT_BUILT = -1,     // the value of a choice
};

// One word that a key may say, and what it means: 0 or more, or CHECK_NOT_BUILT. Tables end with a
// NULL text.
struct check_choice {
	const char *text;
	int value;
};

// `^[A-Za-z][A-Za-z0-9_-]*$`
[[nodiscard]] bool check_name(
	struct config_faults *faults, const char *key, size_t idx, const char *name);
// A copy of a good name, for free(); NULL: it was reported.
[[nodiscard]] char *check_copy_name(struct config_faults *faults, const char *name);
// Dot-terminated, printable and legal, no `*` label.
[[nodiscard]] bool check_domain(struct config_faults *faults, const char *key, const char *domain);
// Whether the last dot ends a label: an escaped one is a byte of it.
[[nodiscard]] bool check_has_final_dot(const char *text, size_t len);
// The word's value in `choices`, or -1. NULL gives the first.
[[nodiscard]] int check_choice(struct config_faults *faults, const char *key, const char *word,
	const struct check_choice *choices);
// A whole number from `min` to `max`. False: it was reported, and `*number` stays.
[[nodiscard]] bool check_number(struct config_faults *faults, const char *key, const char *text,
	uint32_t min, uint32_t max, uint32_t *number);
// An address that can be somebody's: not unspecified, not multicast, not broadcast.
[[nodiscard]] bool check_unicast(struct config_faults *faults, const char *key, size_t idx,
	const char *text, const struct ip *ip);
// A list of targets: 1 to 64, none twice, an IPv4 one first. `out` holds CONFIG_TARGETS_MAX.
[[nodiscard]] bool check_targets(struct config_faults *faults, const char *key,
	const char *const *texts, size_t count, struct endpoint *out);
// A list of addresses to answer: 1 to 64, any, none twice. `out` holds CONFIG_ADDRESSES_MAX.
[[nodiscard]] bool check_addresses(struct config_faults *faults, const char *key,
	const char *const *texts, size_t count, struct ip *out);
