// SPDX-License-Identifier: BSD-3-Clause
// A ring between two workers. Positions only grow; each side keeps what it last saw of the other's, and looks again
// only where that does not suffice.
#include "dataplane/state/handover.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

struct record {
	struct endpoint from, to;
	uint16_t len; // over HANDOVER_RECORD_LEN: the message is in the next cell
	uint16_t reading;
	uint8_t message[HANDOVER_RECORD_LEN];
};
static_assert(sizeof(struct record) == 192, "three cache lines a reply");

// How far somebody is in the records and in the cells.
struct place {
	uint32_t record;
	uint32_t cell;
};

struct handover {
	uint32_t record_count;
	uint32_t cell_count;
	struct record *records;
	uint8_t (*cells)[HANDOVER_CELL_LEN];
	// the receiving worker writes
	alignas(64) _Atomic uint32_t published; // records that the owner may take
	struct place put;
	struct place seen_released;
	// the owner writes
	alignas(64) _Atomic uint32_t released_records;
	_Atomic uint32_t released_cells;
	struct place taken;
	uint32_t seen_published;
};

static size_t head_size(void)
{
	return (sizeof(struct handover) + 63) & ~(size_t)63;
}

size_t handover_size(uint32_t record_count)
{
	return head_size() + record_count * sizeof(struct record) +
		(size_t)record_count / 2 * HANDOVER_CELL_LEN;
}

struct handover *handover_init(void *memory, uint32_t record_count)
{
	struct handover *ring = memory;

	assert(record_count >= 2 && (record_count & (record_count - 1)) == 0);
	memset(ring, 0, sizeof(*ring));
	ring->record_count = record_count;
	ring->cell_count = record_count / 2;
	ring->records = (struct record *)((uint8_t *)memory + head_size());
	ring->cells = (uint8_t(*)[HANDOVER_CELL_LEN])(ring->records + record_count);
	return ring;
}

static bool has_room(const struct handover *ring, uint32_t cells_wanted)
{
	return ring->put.record - ring->seen_released.record < ring->record_count &&
		ring->put.cell + cells_wanted - ring->seen_released.cell <= ring->cell_count;
}

static bool find_room(struct handover *ring, uint32_t cells_wanted)
{
	if (has_room(ring, cells_wanted))
		return true;
	ring->seen_released.record =
		atomic_load_explicit(&ring->released_records, memory_order_acquire);
	ring->seen_released.cell =
		atomic_load_explicit(&ring->released_cells, memory_order_acquire);
	return has_room(ring, cells_wanted);
}

static uint8_t *cell_at(const struct handover *ring, uint32_t at)
{
	return ring->cells[at & (ring->cell_count - 1)];
}

static struct record *record_at(const struct handover *ring, uint32_t at)
{
	return &ring->records[at & (ring->record_count - 1)];
}

bool handover_put(struct handover *ring, const struct handover_reply *reply)
{
	bool is_long = reply->len > HANDOVER_RECORD_LEN;
	struct record *record = record_at(ring, ring->put.record);

	if (reply->len > HANDOVER_CELL_LEN || !find_room(ring, is_long))
		return false;
	record->from = reply->from;
	record->to = reply->to;
	record->len = reply->len;
	record->reading = reply->reading;
	memcpy(is_long ? cell_at(ring, ring->put.cell) : record->message, reply->message,
		reply->len);
	ring->put.record++;
	ring->put.cell += is_long;
	return true;
}

void handover_publish(struct handover *ring)
{
	if (atomic_load_explicit(&ring->published, memory_order_relaxed) != ring->put.record)
		atomic_store_explicit(&ring->published, ring->put.record, memory_order_release);
}

bool handover_take(struct handover *ring, struct handover_reply *reply)
{
	const struct record *record = record_at(ring, ring->taken.record);
	bool is_long;

	if (ring->taken.record == ring->seen_published)
		ring->seen_published = atomic_load_explicit(&ring->published, memory_order_acquire);
	if (ring->taken.record == ring->seen_published)
		return false;
	is_long = record->len > HANDOVER_RECORD_LEN;
	*reply = (struct handover_reply){
		.from = record->from,
		.to = record->to,
		.message = is_long ? cell_at(ring, ring->taken.cell) : record->message,
		.len = record->len,
		.reading = (uint8_t)record->reading,
	};
	ring->taken.record++;
	ring->taken.cell += is_long;
	return true;
}

void handover_release(struct handover *ring)
{
	if (atomic_load_explicit(&ring->released_records, memory_order_relaxed) ==
		ring->taken.record)
		return;
	atomic_store_explicit(&ring->released_cells, ring->taken.cell, memory_order_release);
	atomic_store_explicit(&ring->released_records, ring->taken.record, memory_order_release);
}
