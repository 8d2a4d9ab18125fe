// SPDX-License-Identifier: BSD-3-Clause
// The options of an XDP port: a table of names and of what reads the value.
#include "dataplane/port/xdp_spec.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_POLL_MAX_US = 10000, VALUE_MAX = 1024 };

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

static bool read_ip(struct ip *ip, bool *is_v4, const char *text)
{
	uint8_t v4[4];

	*is_v4 = inet_pton(AF_INET, text, v4) == 1;
	if (*is_v4)
		*ip = ip_from_v4(v4);
	return *is_v4 || inet_pton(AF_INET6, text, ip->b) == 1;
}

static bool is_bit_set(const struct ip *ip, unsigned bit)
{
	return (ip->b[bit / 8] & 0x80 >> bit % 8) != 0;
}

static bool is_zero_behind(const struct ip *ip, unsigned bits)
{
	for (; bits < 128; bits++)
		if (is_bit_set(ip, bits))
			return false;
	return true;
}

// Does it hold ::ffff:0:0/96, which is how all of IPv4 is written here, or part of it?
static bool is_over_v4(const struct ip *ip, unsigned bits)
{
	const struct ip v4 = ip_from_v4((const uint8_t[4]){0});

	for (unsigned bit = 0; bit < bits && bit < 96; bit++)
		if (is_bit_set(ip, bit) != is_bit_set(&v4, bit))
			return false;
	return true;
}

// ADDRESS/BITS, or an address alone.
static bool read_prefix(struct steer_prefix *prefix, char *text)
{
	char *slash = strchr(text, '/');
	struct ip ip;
	bool is_v4;

	if (slash)
		*slash = '\0';
	if (!read_ip(&ip, &is_v4, text))
		return false;
	prefix->bits = is_v4 ? 32 : 128;
	if (slash) {
		const char *rest = read_number(slash + 1, prefix->bits, &prefix->bits);

		if (!rest || *rest)
			return false;
	}
	prefix->bits += is_v4 ? 96 : 0;
	memcpy(prefix->ip.b, ip.b, sizeof(ip.b));
	return is_zero_behind(&ip, prefix->bits) && is_v4 == is_over_v4(&ip, prefix->bits);
}

static bool read_drop(struct xdp_spec *spec, const char *value)
{
	char text[VALUE_MAX];
	char *next = text, *one;

	snprintf(text, sizeof(text), "%s", value);
	while ((one = strsep(&next, "+"))) {
		if (spec->drop_count == XDP_DROPS_MAX ||
			!read_prefix(&spec->drops[spec->drop_count++], one))
			return false;
	}
	return true;
}

static const struct option {
	const char *name;
	bool (*read)(struct xdp_spec *spec, const char *value);
	const char *wanted;
} options[] = {
	{"mode", read_mode, "zero-copy, copy or generic"},
	{"queues", read_queues, "a queue's number, or a range as in 0-3; 255 is the last"},
	{"busy-poll", read_busy_poll, "microseconds, from 1 to 10000"},
	{"drop", read_drop,
		"up to 64 prefixes of clients, joined by '+', as in 198.51.100.0/24+2001:db8::/32"},
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
		"unknown option '%.*s'; an XDP port takes mode=, queues=, busy-poll= and drop=",
		(int)len, text);
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
