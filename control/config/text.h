// SPDX-License-Identifier: BSD-3-Clause
// Small values to and from text: addresses, addresses with ports, prefixes, durations, port ranges.
//
// Parsers give 0, or -EINVAL with `*why` saying what is wrong with the text, as a constant
// sentence without the text itself. Formatters give `out`.
#pragma once

#include <stdint.h>

#include "control/config/config.h"
#include "core/ip.h"

enum {
	TEXT_IP_MAX = 46, // bytes, NUL included
	TEXT_ENDPOINT_MAX = 54,
	TEXT_PREFIX_MAX = 50,
	TEXT_DURATION_MAX = 24,
	TEXT_PORT_DNS = 53,
};

[[nodiscard]] int text_parse_ip(const char *text, struct ip *ip, const char **why);
// ADDR (then the port is 53), ADDR:PORT with IPv4, [ADDR]:PORT with IPv6. Port 0 is refused.
[[nodiscard]] int text_parse_endpoint(
	const char *text, struct endpoint *endpoint, const char **why);
// ADDR/BITS; without /BITS a single address. Host bits must be 0.
[[nodiscard]] int text_parse_prefix(
	const char *text, struct config_prefix *prefix, const char **why);
// A whole number with ms, s, m, h or d.
[[nodiscard]] int text_parse_duration(const char *text, uint64_t *duration_us, const char **why);
// A TTL in seconds, up to 2147483647 (RFC 2181, 8).
[[nodiscard]] int text_parse_ttl(const char *text, uint32_t *ttl_sec, const char **why);
// FIRST-LAST.
[[nodiscard]] int text_parse_ports(
	const char *text, uint16_t *first, uint16_t *last, const char **why);

char *text_format_ip(const struct ip *ip, char out[static TEXT_IP_MAX]);
// Without the port where it is 53.
char *text_format_endpoint(const struct endpoint *endpoint, char out[static TEXT_ENDPOINT_MAX]);
char *text_format_prefix(const struct config_prefix *prefix, char out[static TEXT_PREFIX_MAX]);
char *text_format_duration(uint64_t duration_us, char out[static TEXT_DURATION_MAX]);
