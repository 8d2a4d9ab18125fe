// SPDX-License-Identifier: BSD-3-Clause
// EDNS options (RFC 6891, 6.1.2): which of them pass a forwarder, and the ones that it makes.
//
// Options are read where they stand, and were found whole before (core/msg).
#pragma once

#include "core/ip.h"

// Kinds of options, as bits. Cookie, keepalive and padding are between two neighbours (RFC 7873, RFC 7828, RFC 7830): they are of
// no kind, and never pass.
enum edns_kind {
	EDNS_ECS = 1,   // the client's subnet (RFC 7871)
	EDNS_EDE = 2,   // an extended error (RFC 8914)
	EDNS_OTHER = 4, // what we need not know
};

// By whose subnet a rule's questions are asked.
enum edns_subnet { EDNS_SUBNET_STRIP, EDNS_SUBNET_PASS, EDNS_SUBNET_ADD, EDNS_SUBNET_COUNT };

enum { EDNS_ECS_LEN_MAX = 15 }; // of a client's /56

// The kinds that there are among these options.
[[nodiscard]] unsigned edns_kinds(const uint8_t *options, unsigned len);
// Bytes that the options of `kinds` take.
[[nodiscard]] unsigned edns_len(const uint8_t *options, unsigned len, unsigned kinds);
// Copies them to `out`, in order, but for those that go beyond `room`; gives the length. `out` may lie in front of `options`, and
// overlap.
unsigned edns_copy(
	uint8_t *out, unsigned room, const uint8_t *options, unsigned len, unsigned kinds);

// A client that wants its subnet to be known to nobody says so by a prefix of 0 bits (RFC 7871, 7.1.2).
[[nodiscard]] bool edns_hides_subnet(const uint8_t *options, unsigned len);
// The option with this client's prefix: /24 or /56 (RFC 7871, 6). Gives its length.
unsigned edns_build_ecs(uint8_t out[static EDNS_ECS_LEN_MAX], const struct ip *client);
