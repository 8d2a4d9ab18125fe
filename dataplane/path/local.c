// SPDX-License-Identifier: BSD-3-Clause
// We answer ourselves: header and question, no records, and the verdict for rewrite to put in.
#include "dataplane/path/path.h"

// The slot's question, which rewrite puts in, or else the one in the message, if it could be read.
static uint16_t question_len(const struct query *query)
{
	return query->slot ? query->slot->question_len : msg_question_len(&query->msg);
}

void path_local(struct path *path)
{
	struct room *room = &path->rooms[STEP_local];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];
		uint16_t len = question_len(query);
		struct msg_header header = {.question_count = be16_of(len > 0)};

		memcpy(query->message, &header, sizeof(header));
		query->msg = (struct msg){
			.bytes = query->message,
			.len = (uint16_t)(MSG_HEADER_LEN + len),
			.name_len = len ? (uint8_t)(len - 4) : 0,
		};
		path_move(path, query, STEP_rewrite);
	}
}
