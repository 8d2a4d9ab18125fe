// SPDX-License-Identifier: BSD-3-Clause
// Bytes from elsewhere as texts in JSON.

#include "control/serve/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" // U+FFFD

// The sequences of RFC 3629, 4: the first byte and what the second may be; others are 80 to BF.
static const struct {
	uint8_t first_low, first_high;
	uint8_t second_low, second_high;
	uint8_t len;
} forms[] = {
	{0x01, 0x7f, 0x00, 0xff, 1},
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

// The length of the character at `at`, which ends with NUL somewhere; 0: it is none.
static size_t character_len(const uint8_t *at)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t len = forms[i].len, got = 2;

		if (at[0] < forms[i].first_low || at[0] > forms[i].first_high)
			continue;
		if (len == 1)
			return 1;
		if (at[1] < forms[i].second_low || at[1] > forms[i].second_high)
			return 0;
		while (got < len && at[got] >= 0x80 && at[got] <= 0xbf)
			got++;
		return got == len ? len : 0;
	}
	return 0;
}

json_t *utf8_json(const char *bytes)
{
	char *text = malloc(strlen(bytes) * (sizeof(REPLACEMENT) - 1) + 1);
	char *out = text;
	json_t *json;

	if (!text)
		return NULL;
	while (*bytes) {
		size_t len = character_len((const uint8_t *)bytes);

		out = mempcpy(out, len ? bytes : REPLACEMENT, len ? len : sizeof(REPLACEMENT) - 1);
		bytes += len ? len : 1;
	}
	*out = '\0';
	json = json_string(text);
	free(text);
	return json;
}
