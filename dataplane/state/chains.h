// SPDX-License-Identifier: BSD-3-Clause
// Answers that are pieced together along CNAMEs: the client's question, and what was found so far, while a further name is asked
// for. One worker's own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msg.h"
#include "dataplane/state/list.h"

enum {
	CHAINS_COUNT = 2048,
	CHAIN_RECORDS_MAX = 1232, // bytes: what an answer holds
};

// Records are {owner in wire form, be16 type, be32 TTL, be16 length, data}, names not compressed.
struct chain {
	struct list_link link;
	uint64_t deadline_us; // of the client's question
	bool has_ad;          // every part so far was authentic data
	uint8_t cname_count;
	uint16_t question_len;
	uint16_t records_len;
	uint8_t question[MSG_QUESTION_LEN_MAX]; // the client's
	uint8_t name[NAME_LEN_MAX];             // where the last CNAME leads
	uint8_t records[CHAIN_RECORDS_MAX];
};

struct chain_record {
	const uint8_t *owner;
	uint16_t type;
	uint16_t data_len;
	uint32_t ttl;
	const uint8_t *data;
};

struct chains;

// Bytes that they need, 64-byte aligned; the caller owns them.
[[nodiscard]] size_t chains_size(void);
struct chains *chains_init(void *memory);

// Before each pass: what was released since the last becomes free.
void chains_settle(struct chains *);
// One without records. NULL: all are taken.
[[nodiscard]] struct chain *chains_take(struct chains *);
void chains_release(struct chains *, struct chain *);
// LIST_END: NULL.
[[nodiscard]] struct chain *chains_get(struct chains *, uint32_t index);
[[nodiscard]] uint32_t chains_index(const struct chains *, const struct chain *);

// False: there is no room.
[[nodiscard]] bool chain_add(struct chain *, const struct chain_record *record);
// The record at `*at`, which is stepped on; from 0. False: there are no more.
[[nodiscard]] bool chain_next(const struct chain *, size_t *at, struct chain_record *record);
