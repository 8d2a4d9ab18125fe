// SPDX-License-Identifier: BSD-3-Clause
// Lines on stderr.

#include "control/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_LEN_MAX = 1024 };

void log_line(const char *format, ...)
{
	char line[LINE_LEN_MAX];
	char shown[4 * LINE_LEN_MAX + 1];
	char *to = shown;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (const char *at = line; *at; at++)
		if (*at >= 0x20 && *at < 0x7f)
			*to++ = *at;
		else
			to += sprintf(to, "\\x%02x", (unsigned char)*at);
	*to = '\0';
	fprintf(stderr, "shunt-control: %s\n", shown);
}
