// SPDX-License-Identifier: BSD-3-Clause
// The client's virtual network is found: it says which rules there are for this client.
#include "core/prefix.h"
#include "dataplane/path/path.h"

void path_view(struct path *path)
{
	struct room *room = &path->rooms[STEP_view];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];
		const struct asker *asker = &query->asker;

		query->network = prefix_find(path->image, &asker->client.ip, &asker->inbound);
		if (query->network == IMAGE_NONE)
			path_decide(path, query, RCODE_REFUSED, EDE_PROHIBITED,
				"the client is in no virtual network");
		else
			path_move(path, query, STEP_match);
	}
}
