// SPDX-License-Identifier: BSD-3-Clause
// Whose a source port and ID are: a send's number decides which it gets, and they decide whose send a reply is for.
//
//   number = (turn x workers + worker) x sends + send        row, column = number / 65536, number % 65536
//                                                               │ permutation, secret
//                                                               ▼
//   port = the address's port number `row`,  ID = column
//
// So every worker draws from all ports and IDs of an address, no pair is anybody's twice at a time, and who receives a reply knows
// whose it is. A send has another turn each time it is used: its pairs come again only when all its turns are over.
#pragma once

#include <stdint.h>

#include "core/permutation.h"

enum { OWNER_TURNS_MIN = 16 };

// Who draws.
struct owner_crowd {
	uint32_t worker_count;
	uint32_t send_count; // of each worker
};

// A send of a worker, used for the so many-th time.
struct owner {
	uint32_t worker;
	uint32_t send;
	uint32_t turn;
};

// How often each send can be used until it is given a pair again. Under OWNER_TURNS_MIN, the ports are too few for so many sends;
// with 0 some have no pair at all.
[[nodiscard]] uint32_t owner_turns(const struct owner_crowd *, uint32_t port_count);

// The place of an owner's pair before the permutation, and whose a place is after it was undone; worker_count: nobody's. The
// address has at least a turn for each.
[[nodiscard]] struct place owner_place(
	const struct owner_crowd *, const struct owner *, uint32_t port_count);
[[nodiscard]] struct owner owner_at(const struct owner_crowd *, const struct place *);
