// SPDX-License-Identifier: BSD-3-Clause
// The longest rule that covers the name is found, for the whole room at once, and what it says is done.
#include "dataplane/path/path.h"

void path_match(struct path *path)
{
	struct room *room = &path->rooms[STEP_match];
	// Filled as far as they are read: zeros for the rest would cost more than the search.
	struct suffix_query names[PATH_ROOM] __attribute__((uninitialized));
	struct suffix_match matches[PATH_ROOM] __attribute__((uninitialized));

	for (unsigned i = 0; i < room->count; i++) {
		const struct query *query = room->queries[i];

		names[i] = (struct suffix_query){
			.name = msg_name(&query->msg),
			.name_len = query->msg.name_len,
			.network = query->network,
			.type = query->msg.type,
		};
	}
	suffix_match(path->image, names, matches, room->count);
	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (matches[i].has_regex)
			suffix_match_scanned(path->image, &names[i], path->scanner, &matches[i]);
		route_find(path->image, &names[i], path->scanner, &matches[i], &query->found);
		do
			path_count_rule(path, query);
		while (route_follow(path->image, &names[i], path->scanner, &query->found));
		path_follow(path, query);
	}
}
