// SPDX-License-Identifier: BSD-3-Clause
// What was made so far, by key, the case of letters ignored; grows.
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "control/config/index.h"

// All zero: empty.
struct seen {
	struct index index;
	struct seen_item *items;
	size_t count;
	size_t capacity;
};

struct seen_item {
	char *key;
	uint64_t hash;
	json_t *object; // borrowed
};

// NULL: there is none.
[[nodiscard]] json_t *seen_find(const struct seen *seen, const char *key);
// The caller has made sure that it is not there yet. 0 or -ENOMEM.
[[nodiscard]] int seen_add(struct seen *seen, const char *key, json_t *object);
void seen_fini(struct seen *seen);
