// SPDX-License-Identifier: BSD-3-Clause
// How long an answer holds: the TTLs of its records, and for answers that say there is nothing, what their SOA says (RFC 2308).
//
// Nothing is owned: all that is found are places in the message.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/msg.h"

enum {
	TTL_RECORDS_MAX = 255,
	TTL_NEGATIVE_MAX_SEC =
		10800, // what says that there is nothing holds no longer (RFC 2308, 5)
};

struct ttls {
	uint16_t offs[TTL_RECORDS_MAX]; // of the TTL fields in the message
	uint16_t count;
	uint8_t counts[3]; // records of each section, but for OPT and what follows it
	bool is_negative;  // no name, or none of the type that was asked for
	bool is_nxdomain;
	bool has_soa;          // in the authority section
	uint32_t negative_sec; // what the SOA allows
	uint32_t least_sec;    // of all records; UINT32_MAX: there is none
};

// Of a reply that msg_walk_reply() found good, up to its OPT record. False: more records than TTL_RECORDS_MAX.
[[nodiscard]] bool ttl_find(struct ttls *, const struct msg *reply);

// For how many seconds the answer may be kept: for the shortest TTL. 0: not at all, as where nothing says how long there is nothing. A
// TTL with its top bit set is 0 (RFC 2181, 8). No less than `min_sec`, if it is an answer, and no more than `max_sec`.
[[nodiscard]] uint32_t ttl_life(const struct ttls *, uint32_t min_sec, uint32_t max_sec);

// Makes the TTLs in `bytes`, the reply's, what ttl_life() counts with: so whoever asks first sees what those see who ask later.
void ttl_settle(const struct ttls *, uint8_t *bytes, uint32_t min_sec, uint32_t max_sec);
