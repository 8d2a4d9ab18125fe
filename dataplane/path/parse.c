// SPDX-License-Identifier: BSD-3-Clause
// The query is read. What can't be served whatever the rules say is decided here.
#include "dataplane/path/path.h"

// What a query that can't be read is answered, by enum msg_verdict.
static const struct verdict unreadable[] = {
	[MSG_NOT_IMPLEMENTED] = {RCODE_NOTIMP, EDE_NOT_SUPPORTED, "this opcode is not served"},
	[MSG_MALFORMED] = {RCODE_FORMERR, EDE_OTHER, NULL},
	[MSG_BAD_VERSION] = {RCODE_BADVERS, EDE_OTHER, NULL},
};

static void keep_question(struct query *query)
{
	struct asker *asker = &query->asker;
	const struct msg *msg = &query->msg;

	asker->id = msg->id;
	asker->flags = msg->flags;
	asker->has_edns = msg->edns.is_present;
	asker->is_do = msg->edns.is_do;
	asker->size = msg->edns.size;
}

static bool is_transfer(const struct msg *msg)
{
	return msg->type == TYPE_AXFR || msg->type == TYPE_IXFR;
}

static void read_query(struct path *path, struct query *query)
{
	enum msg_verdict found = msg_parse_query(&query->msg, query->message, query->message_len);

	if (found == MSG_SHORT || found == MSG_IS_REPLY) {
		path_exit(path, query, found == MSG_SHORT ? EXIT_parse_short : EXIT_parse_is_reply);
		return;
	}
	keep_question(query);
	if (found != MSG_OK)
		path_decide(path, query, unreadable[found].rcode, unreadable[found].ede_code,
			unreadable[found].ede_text);
	else if (query->msg.class != CLASS_IN)
		path_decide(
			path, query, RCODE_REFUSED, EDE_NOT_SUPPORTED, "only class IN is served");
	else if (is_transfer(&query->msg))
		path_decide(path, query, RCODE_REFUSED, EDE_NOT_SUPPORTED,
			"zone transfers are not served");
	else
		path_move(path, query, STEP_view);
}

void path_parse(struct path *path)
{
	struct room *room = &path->rooms[STEP_parse];

	for (unsigned i = 0; i < room->count; i++)
		read_query(path, room->queries[i]);
}
