// SPDX-License-Identifier: BSD-3-Clause
// What was made so far, by key; grows.
#include "control/config/import/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_CAPACITY = 64 };

static bool is_key(const void *list, size_t position, const void *wanted)
{
	const struct seen_item *items = list;

	return strcasecmp(items[position].key, wanted) == 0;
}

json_t *seen_find(const struct seen *seen, const char *key)
{
	size_t i = INDEX_NONE;

	if (seen->count > 0)
		i = index_find(&seen->index, index_hash_folded(key), is_key, seen->items, key);
	return i == INDEX_NONE ? NULL : seen->items[i].object;
}

// Twice the room; the index is made anew.
static int grow(struct seen *seen)
{
	size_t capacity = seen->capacity ? 2 * seen->capacity : FIRST_CAPACITY;
	struct seen_item *items = reallocarray(seen->items, capacity, sizeof(*items));
	struct index index;

	if (!items)
		return -ENOMEM;
	seen->items = items;
	if (index_init(&index, capacity))
		return -ENOMEM;
	for (size_t i = 0; i < seen->count; i++)
		index_put(&index, items[i].hash, i);
	index_fini(&seen->index);
	seen->index = index;
	seen->capacity = capacity;
	return 0;
}

int seen_add(struct seen *seen, const char *key, json_t *object)
{
	struct seen_item item = {strdup(key), index_hash_folded(key), object};

	if (!item.key || (seen->count == seen->capacity && grow(seen))) {
		free(item.key);
		return -ENOMEM;
	}
	index_put(&seen->index, item.hash, seen->count);
	seen->items[seen->count++] = item;
	return 0;
}

void seen_fini(struct seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		free(seen->items[i].key);
	free(seen->items);
	index_fini(&seen->index);
}
