// SPDX-License-Identifier: BSD-3-Clause
// The name of a rule that nobody named: made of its domain.
#include "control/config/autoname.h"

#include <stdint.h>
#include <string.h>

#include "core/name.h"

static char name_byte(uint8_t byte)
{
	uint8_t folded = name_fold_byte(byte);
	bool is_legal = (folded >= 'a' && folded <= 'z') || (byte >= '0' && byte <= '9') ||
		byte == '-' || byte == '_';

	return is_legal ? (char)byte : '-';
}

// The labels of a name with escapes, which count as the byte they stand for.
static char *put_labels(char *out, const uint8_t *wire)
{
	for (unsigned label = 0; wire[label]; label += 1u + wire[label]) {
		if (label > 0)
			*out++ = '_';
		for (unsigned i = 1; i <= wire[label]; i++)
			*out++ = name_byte(wire[label + i]);
	}
	return out;
}

char *autoname_put(char *out, const char *domain, size_t len)
{
	uint8_t wire[NAME_LEN_MAX];
	const char *why;

	out = stpcpy(out, "d-");
	if (memchr(domain, '\\', len) && name_parse(domain, len, wire, &why))
		out = put_labels(out, wire);
	else
		for (size_t i = 0; i < len; i++)
			*out++ = domain[i] == '.' ? '_' : name_byte((uint8_t)domain[i]);
	*out = '\0';
	return out;
}
