// SPDX-License-Identifier: BSD-3-Clause
// The longest rule that covers the name is found, for the whole room at once.
#include "core/suffix.h"
#include "dataplane/path/path.h"

// The rule's route, else the network's default.
static uint32_t find_route(struct path *path, const struct query *query, uint32_t offset)
{
	const struct image *image = path->image;
	struct image_rule rule;

	if (offset == IMAGE_NONE)
		return image->networks[query->network].default_route;
	rule = image_rule(image, offset);
	if (!query->slot) // else it was counted when it was asked
		counter_add(&path->rule_counters[rule.counter], 1);
	return rule.route;
}

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
			.network = query->network,
			.type = query->msg.type,
		};
	}
	suffix_match(path->image, names, matches, room->count);
	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (matches[i].has_regex)
			suffix_match_scanned(path->image, &names[i], path->scanner, &matches[i]);
		query->route = find_route(path, query, matches[i].rule);
		if (query->route == IMAGE_NONE)
			path_decide(path, query, RCODE_REFUSED, EDE_PROHIBITED,
				"no rule covers this name");
		else
			path_move(path, query, STEP_forward);
	}
}
