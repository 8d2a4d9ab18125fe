// SPDX-License-Identifier: BSD-3-Clause
// EDNS options: any bytes, whole or not. What is copied is what was counted, in place as well as elsewhere, and a copy of a copy
// changes nothing.
#include <stdlib.h>
#include <string.h>

#include "core/edns.h"
#include "tests/fuzz/fuzz.h"

enum { ALL = EDNS_ECS | EDNS_EDE | EDNS_OTHER, LEN_MAX = 2048 };

static void try_kinds(const uint8_t *options, unsigned len, unsigned kinds, unsigned room)
{
	uint8_t copy[LEN_MAX], again[LEN_MAX], moved[LEN_MAX + 11];
	unsigned counted = edns_len(options, len, kinds);
	unsigned copied = edns_copy(copy, room, options, len, kinds);

	HOLDS(counted <= len && copied <= counted && copied <= room);
	HOLDS(room < counted || copied == counted);
	HOLDS((edns_kinds(copy, copied) & ~kinds) == 0);
	HOLDS(edns_copy(again, copied, copy, copied, kinds) == copied);
	HOLDS(memcmp(copy, again, copied) == 0);
	memcpy(moved + 11, options, len);
	HOLDS(edns_copy(moved, room, moved + 11, len, kinds) == copied);
	HOLDS(memcmp(copy, moved, copied) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *options;
	unsigned len;

	if (size < 3 || size - 3 > LEN_MAX)
		return 0;
	len = (unsigned)size - 3;
	options = malloc(len + 1); // whose end the sanitizer knows
	if (!options)
		return 0;
	memcpy(options, data + 3, len);
	try_kinds(options, len, data[0] & ALL, (data[1] | data[2] << 8) % (LEN_MAX + 1));
	try_kinds(options, len, data[0] & ALL, LEN_MAX);
	HOLDS(!edns_hides_subnet(options, len) || (edns_kinds(options, len) & EDNS_ECS));
	free(options);
	return 0;
}
