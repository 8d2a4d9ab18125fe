// SPDX-License-Identifier: BSD-3-Clause
// An answer being written behind its question: records of class IN, names compressed (RFC 1035, 4.1.4).
//
// The message is the caller's, header and question written. Once a record does not fit, the answer is full for good and
// ends before that record; the caller asks once at the end. The header is not touched.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/name.h"

enum {
	ANSWER_LABELS_MAX = 40, // places that a name can point to
	ANSWER_SOA_MAX = 2 * NAME_LEN_MAX + 20,
};

enum answer_section { ANSWER_ANSWER, ANSWER_AUTHORITY, ANSWER_SECTION_COUNT };

struct answer {
	uint8_t *message;
	size_t at; // where the next record begins
	size_t limit;
	uint16_t counts[ANSWER_SECTION_COUNT];
	bool is_full;
	uint8_t label_count;
	uint16_t labels[ANSWER_LABELS_MAX]; // where labels of names written begin
};

struct answer_record {
	const uint8_t *owner; // in wire form
	uint16_t type;
	uint16_t data_len;
	uint32_t ttl;
	const uint8_t *data; // names in it are not compressed
};

// `end` is where the question ends; `limit` is how long the message may become.
void answer_init(struct answer *, uint8_t *message, size_t end, size_t limit);
// Sections in their order.
void answer_add(struct answer *, enum answer_section, const struct answer_record *record);

// The data of a zone's SOA record where none is given: the zone itself as primary, hostmaster below it, refresh 3600, retry
// 300, expire 2419200, minimum ANSWER_NEGATIVE_TTL. Gives its length.
unsigned answer_build_soa(uint8_t out[static ANSWER_SOA_MAX], const uint8_t *zone, uint32_t serial);

#define ANSWER_NEGATIVE_TTL 10
