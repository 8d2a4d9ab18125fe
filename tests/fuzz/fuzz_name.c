// SPDX-License-Identifier: BSD-3-Clause
// Names: any bytes as wire form and as text. What is accepted survives the way to text and back.
#include <string.h>

#include "core/name.h"
#include "tests/fuzz/fuzz.h"

static void try_wire(const uint8_t *data, size_t size)
{
	uint8_t folded[NAME_LEN_MAX], back[NAME_LEN_MAX], labels[NAME_LABELS_MAX];
	char text[NAME_TEXT_MAX];
	const char *why;
	unsigned len = name_check(data, size);

	HOLDS(len <= size && len <= NAME_LEN_MAX);
	if (len == 0)
		return;
	HOLDS(name_labels(data, labels) <= NAME_LABELS_MAX);
	name_fold(folded, data, len);
	HOLDS(name_check(folded, len) == len);
	HOLDS(name_equal_folded(folded, data, len));
	HOLDS(name_format(data, text) == strlen(text));
	HOLDS(name_parse(text, strlen(text), back, &why) == len);
	HOLDS(memcmp(back, data, len) == 0);
}

static void try_text(const char *text, size_t size)
{
	uint8_t wire[NAME_LEN_MAX];
	const char *why = NULL;
	unsigned len = name_parse(text, size, wire, &why);

	HOLDS(len == 0 ? why != NULL : name_check(wire, len) == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_wire(data, size);
	try_text((const char *)data, size);
	return 0;
}
