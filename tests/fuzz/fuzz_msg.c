// SPDX-License-Identifier: BSD-3-Clause
// Messages: any bytes as query and as reply. What is accepted says the same when it is read again without what
// follows its last record.
#include <stdlib.h>
#include <string.h>

#include "core/expand.h"
#include "tests/fuzz/fuzz.h"

static bool is_same(const struct msg *a, const struct msg *b)
{
	return a->len == b->len && a->id == b->id && a->flags == b->flags && a->type == b->type &&
		a->class == b->class && a->name_len == b->name_len && a->opt_off == b->opt_off &&
		a->is_signed == b->is_signed && a->edns.size == b->edns.size;
}

static void try_query(const uint8_t *data, uint16_t size)
{
	struct msg msg, again;

	if (msg_parse_query(&msg, data, size) != MSG_OK)
		return;
	HOLDS(msg.len <= size && msg.name_len > 0);
	HOLDS(MSG_HEADER_LEN + msg_question_len(&msg) <= msg.len);
	HOLDS(msg_parse_query(&again, data, msg.len) == MSG_OK);
	HOLDS(is_same(&msg, &again));
}

static void try_reply(const uint8_t *data, uint16_t size)
{
	struct expand_record record;
	struct expand expand;
	struct msg msg;

	if (msg_parse_reply(&msg, data, size) != MSG_OK || !msg_walk_reply(&msg, size))
		return;
	expand_init(&expand, &msg);
	while (expand_next(&expand, &record)) {
		HOLDS(record.data_len <= sizeof(record.data));
		HOLDS(name_check(record.owner, NAME_LEN_MAX) > 0);
		HOLDS(record.type != TYPE_CNAME || record.data_len == 0 ||
			name_check(record.data, record.data_len) > 0);
	}
	HOLDS(msg.len <= size && msg.opt_off < msg.len);
	HOLDS(MSG_HEADER_LEN + msg_question_len(&msg) <= msg.len);
}

// A copy of its own length, so that a read behind it is seen.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size == 0 || size > UINT16_MAX)
		return 0;
	copy = malloc(size);
	HOLDS(copy);
	memcpy(copy, data, size);
	try_query(copy, (uint16_t)size);
	try_reply(copy, (uint16_t)size);
	free(copy);
	return 0;
}
