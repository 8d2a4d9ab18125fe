// SPDX-License-Identifier: BSD-3-Clause
// Small values to and from text: addresses, addresses with ports, prefixes, durations, port ranges.
#include "control/config/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char **why, const char *reason)
{
	*why = reason;
	return -EINVAL;
}

int text_parse_ip(const char *text, struct ip *ip, const char **why)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		*ip = ip_from_v4(v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, ip->b) == 1)
		return 0;
	return refuse(why, "is not an IPv4 or IPv6 address");
}

// Decimal digits and nothing else, up to `max`.
static bool parse_number(const char *text, size_t len, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (len == 0 || len > 19)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*number = value;
	return value <= max;
}

static int parse_port(const char *text, be16_t *port, const char **why)
{
	uint64_t number;

	if (!parse_number(text, strlen(text), UINT16_MAX, &number))
		return refuse(why, "has a port that is not a number from 1 to 65535");
	if (number == 0)
		return refuse(why, "has port 0, where nobody can be reached");
	*port = be16_of((uint16_t)number);
	return 0;
}

// The address part of `text`, `len` characters long.
static int parse_ip_part(const char *text, size_t len, struct ip *ip, const char **why)
{
	char part[TEXT_IP_MAX];

	if (len >= sizeof(part))
		return refuse(why, "is not an IPv4 or IPv6 address");
	memcpy(part, text, len);
	part[len] = '\0';
	return text_parse_ip(part, ip, why);
}

static int parse_bracketed(const char *text, struct endpoint *endpoint, const char **why)
{
	const char *close = strchr(text, ']');
	int error;

	if (!close || (close[1] != '\0' && close[1] != ':'))
		return refuse(why, "is not of the form [ADDRESS]:PORT");
	error = parse_ip_part(text + 1, (size_t)(close - text) - 1, &endpoint->ip, why);
	if (error || close[1] == '\0')
		return error;
	return parse_port(close + 2, &endpoint->port, why);
}

int text_parse_endpoint(const char *text, struct endpoint *endpoint, const char **why)
{
	const char *colon = strchr(text, ':');
	int error;

	endpoint->port = be16_of(TEXT_PORT_DNS);
	if (text[0] == '[')
		return parse_bracketed(text, endpoint, why);
	if (!colon || strchr(colon + 1, ':')) // none, or those of an IPv6 address
		return text_parse_ip(text, &endpoint->ip, why);
	error = parse_ip_part(text, (size_t)(colon - text), &endpoint->ip, why);
	return error ? error : parse_port(colon + 1, &endpoint->port, why);
}

static bool has_host_bits(const struct config_prefix *prefix)
{
	for (unsigned bit = prefix->bits; bit < 128; bit++)
		if (prefix->ip.b[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

int text_parse_prefix(const char *text, struct config_prefix *prefix, const char **why)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned above; // bits of the v4-mapped part
	uint64_t bits;
	int error;

	error = parse_ip_part(text, len, &prefix->ip, why);
	if (error)
		return error;
	above = ip_is_v4(&prefix->ip) ? 96 : 0;
	bits = 128 - above;
	if (slash && !parse_number(slash + 1, strlen(slash + 1), bits, &bits))
		return refuse(why,
			"has a prefix length that is not a number from 0 to the "
			"address's bits");
	prefix->bits = (uint8_t)(above + bits);
	if (has_host_bits(prefix))
		return refuse(why,
			"has bits set behind the prefix length: set them to 0, or "
			"write a longer prefix");
	return 0;
}

struct unit {
	const char *name;
	uint64_t us;
};

// The shortest unit first: a duration is printed in the longest that divides it.
static const struct unit units[] = {
	{"ms", 1000},
	{"s", 1000000},
	{"m", 60000000},
	{"h", 3600000000},
	{"d", 86400000000},
};

enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]) };

int text_parse_duration(const char *text, uint64_t *duration_us, const char **why)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number;

	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		if (!parse_number(text, digits, UINT32_MAX, &number))
			break;
		*duration_us = number * units[i].us;
		return 0;
	}
	return refuse(why, "is not a duration: write a whole number and ms, s, m, h or d, as 4s");
}

int text_parse_ttl(const char *text, uint32_t *ttl_sec, const char **why)
{
	uint64_t number;

	if (!parse_number(text, strlen(text), INT32_MAX, &number))
		return refuse(why, "is not a TTL: write whole seconds, up to 2147483647");
	*ttl_sec = (uint32_t)number;
	return 0;
}

int text_parse_ports(const char *text, uint16_t *first, uint16_t *last, const char **why)
{
	const char *dash = strchr(text, '-');
	uint64_t from;
	uint64_t to;

	if (!dash || !parse_number(text, (size_t)(dash - text), UINT16_MAX, &from) ||
		!parse_number(dash + 1, strlen(dash + 1), UINT16_MAX, &to))
		return refuse(why, "is not a range of ports: write FIRST-LAST, as 10000-60999");
	*first = (uint16_t)from;
	*last = (uint16_t)to;
	return 0;
}

char *text_format_ip(const struct ip *ip, char out[static TEXT_IP_MAX])
{
	if (ip_is_v4(ip))
		inet_ntop(AF_INET, ip->b + 12, out, TEXT_IP_MAX);
	else
		inet_ntop(AF_INET6, ip->b, out, TEXT_IP_MAX);
	return out;
}

char *text_format_endpoint(const struct endpoint *endpoint, char out[static TEXT_ENDPOINT_MAX])
{
	bool is_v4 = ip_is_v4(&endpoint->ip);
	unsigned port = be16_get(endpoint->port);
	char ip[TEXT_IP_MAX];

	text_format_ip(&endpoint->ip, ip);
	if (port == TEXT_PORT_DNS)
		snprintf(out, TEXT_ENDPOINT_MAX, "%s", ip);
	else
		snprintf(out, TEXT_ENDPOINT_MAX, is_v4 ? "%s:%u" : "[%s]:%u", ip, port);
	return out;
}

char *text_format_prefix(const struct config_prefix *prefix, char out[static TEXT_PREFIX_MAX])
{
	// ::/0 to ::/95 hold the mapped addresses too, but are written as IPv6.
	bool is_v4 = ip_is_v4(&prefix->ip) && prefix->bits >= 96;
	char ip[TEXT_IP_MAX];

	text_format_ip(&prefix->ip, ip);
	snprintf(out, TEXT_PREFIX_MAX, "%s/%u", ip, prefix->bits - (is_v4 ? 96u : 0u));
	return out;
}

char *text_format_duration(uint64_t duration_us, char out[static TEXT_DURATION_MAX])
{
	const struct unit *unit = &units[0];

	for (size_t i = 1; i < UNIT_COUNT; i++)
		if (duration_us > 0 && duration_us % units[i].us == 0)
			unit = &units[i];
	snprintf(out, TEXT_DURATION_MAX, "%llu%s", (unsigned long long)(duration_us / unit->us),
		unit->name);
	return out;
}
