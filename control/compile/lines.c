// SPDX-License-Identifier: BSD-3-Clause
// Room for accepts in whole cache lines: best fit among those that are open.
#include "control/compile/lines.h"

#include <string.h>

enum { ACCEPT_LEN_MIN = 2 + sizeof(struct image_rule) };

void lines_init(struct lines *lines)
{
	memset(lines, 0, sizeof(*lines));
}

static uint32_t add_lines(struct assembly *assembly, uint32_t len)
{
	uint32_t first = assembly_add(assembly, IMAGE_accepts, NULL, len);

	if (!assembly->is_out_of_memory)
		memset(assembly_at(assembly, IMAGE_accepts, first), IMAGE_FILLER, len);
	return first;
}

static void put_room(struct lines *lines, uint32_t at, uint32_t room)
{
	if (room < ACCEPT_LEN_MIN || lines->open_count[room] == LINES_OPEN_MAX)
		return;
	lines->open[room][lines->open_count[room]++] = at;
	lines->rooms |= UINT64_C(1) << room;
}

// A room of at least `len` bytes, or 0.
static uint32_t take_room(struct lines *lines, uint32_t len, uint32_t *at)
{
	uint64_t fits = len < IMAGE_LINE ? lines->rooms >> len << len : 0;
	uint32_t room = fits ? (uint32_t)__builtin_ctzll(fits) : 0;

	if (room == 0)
		return 0;
	*at = lines->open[room][--lines->open_count[room]];
	if (lines->open_count[room] == 0)
		lines->rooms &= ~(UINT64_C(1) << room);
	return room;
}

uint32_t lines_take(struct lines *lines, struct assembly *assembly, uint32_t len)
{
	uint32_t at, room = take_room(lines, len, &at);

	if (room == 0) {
		room = (len + IMAGE_LINE - 1) / IMAGE_LINE * IMAGE_LINE;
		at = add_lines(assembly, room);
	}
	put_room(lines, at + len, room - len);
	return at;
}
