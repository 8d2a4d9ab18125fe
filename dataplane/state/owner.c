// SPDX-License-Identifier: BSD-3-Clause
// Numbers of sends, and the places that they stand for.
#include "dataplane/state/owner.h"

enum { COLUMN_BITS = 16 };

uint32_t owner_turns(const struct owner_crowd *crowd, uint32_t port_count)
{
	uint64_t sends = (uint64_t)crowd->worker_count * crowd->send_count;

	return (uint32_t)(((uint64_t)port_count << COLUMN_BITS) / sends);
}

struct place owner_place(
	const struct owner_crowd *crowd, const struct owner *owner, uint32_t port_count)
{
	uint64_t turn = owner->turn % owner_turns(crowd, port_count);
	uint64_t number =
		(turn * crowd->worker_count + owner->worker) * crowd->send_count + owner->send;

	return (struct place){port_count, (uint32_t)(number >> COLUMN_BITS), (uint16_t)number};
}

// What is left over behind the last turn is nobody's.
struct owner owner_at(const struct owner_crowd *crowd, const struct place *place)
{
	uint64_t number = (uint64_t)place->row << COLUMN_BITS | place->column;
	uint64_t worker = number / crowd->send_count;
	struct owner owner = {
		.worker = (uint32_t)(worker % crowd->worker_count),
		.send = (uint32_t)(number % crowd->send_count),
		.turn = (uint32_t)(worker / crowd->worker_count),
	};

	if (owner.turn >= owner_turns(crowd, place->rows))
		owner.worker = crowd->worker_count;
	return owner;
}
