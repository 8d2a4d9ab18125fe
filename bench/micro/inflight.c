// SPDX-License-Identifier: BSD-3-Clause
// Permutation, table and ring, each for itself, as the path uses them: a room at a time.
#include "bench/micro/inflight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/permutation.h"
#include "dataplane/state/handover.h"
#include "dataplane/state/inflight.h"

enum { ROOM = 64, SLOTS = 65536, PORTS = 51000, RECORDS = 1024, REPLY_LEN = 100 };

struct body {
	struct permutation permutation;
	struct place places[ROOM];
	struct inflight *table;
	struct inflight_slot *waiting[SLOTS / 2]; // oldest first, from `oldest` on
	unsigned oldest;
	uint32_t loads[1];
	struct handover *ring;
	uint32_t sum; // so that nothing can be left out
};

static struct body *new_body(void)
{
	struct body *body = aligned_alloc(64, (sizeof(*body) + 63) & ~(size_t)63);

	if (body)
		memset(body, 0, sizeof(*body));
	return body;
}

bool permutation_setup(struct micro_state *state)
{
	struct body *body = state->body = new_body();

	if (!body)
		return false;
	permutation_init(&body->permutation, (const uint8_t[AES128_KEY_LEN]){1});
	for (uint32_t i = 0; i < ROOM; i++)
		body->places[i] = (struct place){PORTS, i * 700, (uint16_t)(i * i)};
	snprintf(state->note, sizeof(state->note), "%d ports, %d at a time", PORTS, ROOM);
	return true;
}

void permutation_run_apply(struct micro_state *state)
{
	struct body *body = state->body;

	for (unsigned i = 0; i < MICRO_BATCH; i += ROOM)
		permutation_apply(&body->permutation, body->places, ROOM);
}

void permutation_run_undo(struct micro_state *state)
{
	struct body *body = state->body;

	for (unsigned i = 0; i < MICRO_BATCH; i += ROOM)
		permutation_undo(&body->permutation, body->places, ROOM);
}

void inflight_teardown(struct micro_state *state)
{
	struct body *body = state->body;

	if (body) {
		free(body->table);
		free(body->ring);
	}
	free(body);
	state->body = NULL;
}

static const struct attempt attempt = {.upstream = 0};

// The port and ID are the send's number, which is unlike any other's.
static struct inflight_slot *take(struct body *body)
{
	struct inflight_slot *slot = inflight_take(body->table, UINT64_MAX);
	struct inflight_send *send = inflight_send(body->table, slot, &attempt, 0, 1);
	uint32_t number = inflight_send_number(body->table, send);

	send->port = be16_of((uint16_t)(number >> 8));
	send->id = (uint16_t)number;
	return slot;
}

bool inflight_setup(struct micro_state *state)
{
	struct body *body = state->body = new_body();
	void *memory = aligned_alloc(64, (inflight_size(SLOTS) + 63) & ~(size_t)63);

	if (!body || !memory) {
		free(memory);
		return false;
	}
	body->table = inflight_init(
		memory, &(struct inflight_options){.slot_count = SLOTS, .loads = body->loads});
	for (unsigned i = 0; i < SLOTS / 2; i++)
		body->waiting[i] = take(body);
	snprintf(state->note, sizeof(state->note), "%d of %d slots taken", SLOTS / 2, SLOTS);
	return true;
}

void inflight_run(struct micro_state *state)
{
	struct body *body = state->body;

	for (unsigned i = 0; i < MICRO_BATCH; i++) {
		struct inflight_slot **oldest = &body->waiting[body->oldest];
		const struct inflight_send *send = inflight_first(body->table, *oldest);
		uint32_t number = inflight_send_number(body->table, send);

		body->sum += inflight_find(body->table, number, &attempt.ours,
				     be16_of((uint16_t)(number >> 8)), (uint16_t)number) == send;
		inflight_release(body->table, *oldest);
		inflight_settle(body->table);
		*oldest = take(body);
		body->oldest = (body->oldest + 1) % (SLOTS / 2);
	}
}

bool handover_setup(struct micro_state *state)
{
	struct body *body = state->body = new_body();
	void *memory = aligned_alloc(64, (handover_size(RECORDS) + 63) & ~(size_t)63);

	if (!body || !memory) {
		free(memory);
		return false;
	}
	body->ring = handover_init(memory, RECORDS);
	snprintf(state->note, sizeof(state->note),
		"replies of %d bytes, %d at a time, both ends on one core", REPLY_LEN, ROOM);
	return true;
}

void handover_run(struct micro_state *state)
{
	static const uint8_t message[REPLY_LEN];
	const struct handover_reply reply = {.message = message, .len = sizeof(message)};
	struct body *body = state->body;
	struct handover_reply taken;

	for (unsigned i = 0; i < MICRO_BATCH; i += ROOM) {
		for (unsigned n = 0; n < ROOM; n++)
			body->sum += handover_put(body->ring, &reply);
		handover_publish(body->ring);
		while (handover_take(body->ring, &taken))
			body->sum += taken.message[taken.len - 1];
		handover_release(body->ring);
	}
}
