// SPDX-License-Identifier: BSD-3-Clause
// The kinds of objects that a config lists, as one table: for what is done to all of them alike.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/config.h"

struct kind {
	enum config_kind kind;
	const char *noun;     // as in messages
	const char *list_key; // as in files
	const char *name_key; // of the key by which an object is known
	size_t list_off;      // in struct config
	size_t count_off;
	size_t size;       // of an object, which begins with its name
	size_t hash_off;   // of its file_hash
	size_t edited_off; // of the flag that it was changed at run time; CONFIG_NONE: it has none
	int (*copy)(void *copy, const void *object); // as ruleset_copy()
	void (*fini)(void *object);
};

enum { KIND_COUNT = CONFIG_ZONE + 1 }; // CONFIG_GLOBAL, which is none, among them

// In the order in which they may name one another: endpoints first.
[[nodiscard]] const struct kind *kind_get(enum config_kind kind);

[[nodiscard]] size_t kind_count(const struct kind *kind, const struct config *config);
[[nodiscard]] void *kind_object(const struct kind *kind, const struct config *config, size_t i);
// By name, case ignored; NULL: none. Objects whose name was refused have none.
[[nodiscard]] void *kind_find(
	const struct kind *kind, const struct config *config, const char *name);
const char *kind_name(const void *object);
uint64_t *kind_hash(const struct kind *kind, void *object);
void kind_set_edited(const struct kind *kind, void *object);
bool kind_is_edited(const struct kind *kind, const void *object);

// An empty list with room for `count`, in a config that has none. 0 or -ENOMEM.
[[nodiscard]] int kind_reserve(const struct kind *kind, struct config *config, size_t count);
// Room for one more at the end, all zero; NULL: no memory.
[[nodiscard]] void *kind_append(const struct kind *kind, struct config *config);
// Finishes the object and closes the gap.
void kind_remove(const struct kind *kind, struct config *config, void *object);

// All objects of all kinds. 0 or -ENOMEM; the copy can be finished then too.
[[nodiscard]] int kind_copy_all(struct config *copy, const struct config *config);
void kind_fini_all(struct config *config);
