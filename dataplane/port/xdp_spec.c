// SPDX-License-Identifier: BSD-3-Clause
// The options of an XDP port: a table of names and of what reads the value.
#include "dataplane/port/xdp_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/steer.h"

enum { BUSY_POLL_MAX_US = 10000, VALUE_MAX = 32 };

static const char *const mode_names[XDP_MODE_COUNT] = {
	[XDP_MODE_ZERO_COPY] = "zero-copy",
	[XDP_MODE_COPY] = "copy",
	[XDP_MODE_GENERIC] = "generic",
};

const char *xdp_mode_name(enum xdp_mode mode)
{
	return mode_names[mode];
}

static bool read_mode(struct xdp_spec *spec, const char *value)
{
	for (unsigned mode = 0; mode < XDP_MODE_COUNT; mode++) {
		if (strcmp(value, mode_names[mode]) == 0) {
			spec->mode = mode;
			spec->has_mode = true;
			return true;
		}
	}
	return false;
}

// A decimal number of at most `max`, up to `end`. NULL: it is not one; else what follows.
static const char *read_number(const char *text, unsigned max, unsigned *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || value > max)
		return NULL;
	*number = (unsigned)value;
	return end;
}

static bool read_queues(struct xdp_spec *spec, const char *value)
{
	const char *rest = read_number(value, STEER_QUEUES - 1, &spec->queue_first);

	spec->has_queues = true;
	spec->queue_last = spec->queue_first;
	if (rest && *rest == '-')
		rest = read_number(rest + 1, STEER_QUEUES - 1, &spec->queue_last);
	return rest && *rest == '\0' && spec->queue_first <= spec->queue_last;
}

static bool read_busy_poll(struct xdp_spec *spec, const char *value)
{
	const char *rest = read_number(value, BUSY_POLL_MAX_US, &spec->busy_poll_us);

	return rest && *rest == '\0' && spec->busy_poll_us > 0;
}

static const struct option {
	const char *name;
	bool (*read)(struct xdp_spec *spec, const char *value);
	const char *wanted;
} options[] = {
	{"mode", read_mode, "zero-copy, copy or generic"},
	{"queues", read_queues, "a queue's number, or a range as in 0-3; 255 is the last"},
	{"busy-poll", read_busy_poll, "microseconds, from 1 to 10000"},
};

// One `NAME=VALUE` of `len` bytes.
static int read_option(
	struct xdp_spec *spec, const char *text, size_t len, struct port_error *error)
{
	size_t name_len = strcspn(text, "=,");
	char value[VALUE_MAX];

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *option = &options[i];

		if (strlen(option->name) != name_len || strncmp(text, option->name, name_len) != 0)
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)(len - name_len),
			text + name_len + (text[name_len] == '='));
		value[strcspn(value, ",")] = '\0';
		if (len - name_len <= sizeof(value) && option->read(spec, value))
			return 0;
		snprintf(error->text, sizeof(error->text), "option '%.*s': wanted is %s=%s",
			(int)len, text, option->name, option->wanted);
		return -1;
	}
	snprintf(error->text, sizeof(error->text),
		"unknown option '%.*s'; an XDP port takes mode=, queues= and busy-poll=", (int)len,
		text);
	return -1;
}

int xdp_spec_parse(struct xdp_spec *spec, const char *text, struct port_error *error)
{
	size_t len = strcspn(text, ",");

	*spec = (struct xdp_spec){0};
	if (len == 0 || len >= sizeof(spec->interface)) {
		snprintf(error->text, sizeof(error->text),
			"an interface name of 1 to %zu bytes is wanted, as in xdp:eth0",
			sizeof(spec->interface) - 1);
		return -1;
	}
	memcpy(spec->interface, text, len);
	while (text[len] == ',') {
		text += len + 1;
		len = strcspn(text, ",");
		if (read_option(spec, text, len, error) < 0)
			return -1;
	}
	return 0;
}
