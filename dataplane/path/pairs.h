// SPDX-License-Identifier: BSD-3-Clause
// Pairs of source port and ID: which one a send leaves by, and whose one a reply came to.
#pragma once

#include "dataplane/path/path.h"
#include "dataplane/state/owner.h"

// What an address can be told apart by: the current image's range and the one before, under the key that is issued by and the other.
enum { PAIRS_READINGS = 4 };

// Gives port and ID to what these queries send, each from its source.
void pairs_draw(const struct path *, struct query *const *queries, unsigned count);

// Finds the source addresses' ranges that a reply may belong to. False: there is none, so that it is no reply.
[[nodiscard]] bool pairs_find_sources(const struct path *, struct query *reply);
// Whose each reply is by its first reading.
void pairs_own(
	const struct path *, struct query *const *replies, struct owner *owners, unsigned count);
// Likewise by any reading. False: there is nobody, or no such reading.
[[nodiscard]] bool pairs_read(
	const struct path *, const struct query *reply, unsigned reading, struct owner *owner);
