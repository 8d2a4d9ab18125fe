// SPDX-License-Identifier: BSD-3-Clause
// An image being put together: one growing list a section, frozen into a sealed memfd at the end.
#pragma once

#include <stdbool.h>

#include "core/image.h"

struct assembly_section {
	uint8_t *data;
	size_t count; // elements
	size_t capacity;
};

struct assembly {
	struct assembly_section sections[IMAGE_SECTION_COUNT];
	bool is_out_of_memory; // sticky: asked once, by assembly_freeze()
};

void assembly_init(struct assembly *);
void assembly_fini(struct assembly *);

// Appends `count` elements (NULL: zeros) and gives the index of the first.
uint32_t assembly_add(struct assembly *, enum image_section_id, const void *elements, size_t count);
// How many elements a section has so far.
[[nodiscard]] uint32_t assembly_count(const struct assembly *, enum image_section_id);
// Where an element lies; until the next assembly_add() to its section.
[[nodiscard]] void *assembly_at(struct assembly *, enum image_section_id, uint32_t index);

// Writes `header` and all sections to a memfd and seals it. `header` brings generation, key and
// time-out; the rest of it is filled in. Gives the descriptor, owned by the caller, and the size; or -errno.
[[nodiscard]] int assembly_freeze(
	const struct assembly *, const struct image_header *header, size_t *size);
