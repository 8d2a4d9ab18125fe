// SPDX-License-Identifier: BSD-3-Clause
// A message's records one after the other, names in them uncompressed, so that they can stand in another message.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/msg.h"

enum { EXPAND_DATA_MAX = 2048 };

enum expand_section { EXPAND_ANSWER, EXPAND_AUTHORITY, EXPAND_ADDITIONAL, EXPAND_SECTION_COUNT };

struct expand_record {
	enum expand_section section;
	uint16_t type;
	uint16_t class;
	uint16_t data_len;
	uint32_t ttl;
	uint8_t owner[NAME_LEN_MAX];
	uint8_t data[EXPAND_DATA_MAX];
};

struct expand {
	struct bytes reader;
	uint16_t left[EXPAND_SECTION_COUNT];
	bool is_bad; // a record could not be read: sticky
};

// Of a message that msg_walk_reply() found good.
void expand_init(struct expand *, const struct msg *msg);
// False: there are no more, or the next can't be read.
[[nodiscard]] bool expand_next(struct expand *, struct expand_record *record);
