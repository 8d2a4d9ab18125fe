// SPDX-License-Identifier: BSD-3-Clause
// The query that goes upstream: what of the client's options it takes along, and how it is written.
#pragma once

#include "dataplane/path/path.h"

// For a query that is new and that `route` is for: finds what of the client's options goes on, and moves it to where
// compose_query() wants it. Sets options, options_len and passes.
void compose_options(struct query *query, const struct image_route *route);
// The question's slot, which has the question already, keeps them, if they are short enough; else it can be sent but once, from where they stand.
void compose_keep(const struct query *query, struct inflight_slot *slot);
// How this attempt is asked: with our OPT, in a letter case drawn at random. False: no random number.
[[nodiscard]] bool compose_manner(
	struct path *path, struct query *query, const struct image_upstream *target);
// Writes it for the attempt, in place of what the packet holds.
void compose_query(struct query *query);
