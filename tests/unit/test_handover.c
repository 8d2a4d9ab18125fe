// SPDX-License-Identifier: BSD-3-Clause
// The ring between two workers, and who owns a port. The last test has a thread at each end: the thread sanitizer
// watches it (tests/run.py).
#include <pthread.h>
#include <stdlib.h>

#include "dataplane/state/handover.h"
#include "tests/unit/unit.h"

enum { RECORDS = 8, CELLS = RECORDS / 2 };

static int set_up(void **state)
{
	void *memory = aligned_alloc(64, (handover_size(RECORDS) + 63) / 64 * 64);

	assert_non_null(memory);
	*state = handover_init(memory, RECORDS);
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

// Every byte of the message, its ends and its length follow from the number.
static struct handover_reply make(uint8_t *message, uint32_t number, uint16_t len)
{
	struct handover_reply reply = {.message = message, .len = len};

	memset(message, (uint8_t)number, len);
	memset(&reply.from, (uint8_t)(number + 1), sizeof(reply.from));
	memset(&reply.to, (uint8_t)(number + 2), sizeof(reply.to));
	return reply;
}

static bool put(struct handover *ring, uint32_t number, uint16_t len)
{
	uint8_t message[HANDOVER_CELL_LEN + 1];
	struct handover_reply reply = make(message, number, len);

	return handover_put(ring, &reply);
}

static void assert_is(const struct handover_reply *reply, uint32_t number, uint16_t len)
{
	uint8_t message[HANDOVER_CELL_LEN];
	struct handover_reply wanted = make(message, number, len);

	assert_int_equal(reply->len, len);
	assert_memory_equal(reply->message, message, len);
	assert_memory_equal(&reply->from, &wanted.from, sizeof(wanted.from));
	assert_memory_equal(&reply->to, &wanted.to, sizeof(wanted.to));
}

static void assert_next(struct handover *ring, uint32_t number, uint16_t len)
{
	struct handover_reply reply;

	assert_true(handover_take(ring, &reply));
	assert_is(&reply, number, len);
}

static void assert_empty(struct handover *ring)
{
	struct handover_reply reply;

	assert_false(handover_take(ring, &reply));
}

static void replies_come_out_whole_and_in_order(void **state)
{
	static const uint16_t lens[] = {
		12, HANDOVER_RECORD_LEN, HANDOVER_RECORD_LEN + 1, HANDOVER_CELL_LEN};
	struct handover *ring = *state;

	for (uint32_t round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 4; i++)
			assert_true(put(ring, round + i, lens[i]));
		handover_publish(ring);
		for (unsigned i = 0; i < 4; i++)
			assert_next(ring, round + i, lens[i]);
		assert_empty(ring);
		handover_release(ring);
	}
}

static void nothing_is_seen_before_it_is_published(void **state)
{
	struct handover *ring = *state;

	assert_true(put(ring, 1, 12));
	assert_empty(ring);
	handover_publish(ring);
	assert_next(ring, 1, 12);
}

static void full_ring_takes_no_more_until_some_are_released(void **state)
{
	struct handover *ring = *state;

	for (uint32_t i = 0; i < RECORDS; i++)
		assert_true(put(ring, i, 12));
	assert_false(put(ring, 99, 12));
	handover_publish(ring);
	assert_next(ring, 0, 12);
	assert_false(put(ring, 99, 12));
	handover_release(ring);
	assert_true(put(ring, 99, 12));
	assert_false(put(ring, 99, 12));
}

static void full_cells_take_no_long_message_but_short_ones(void **state)
{
	struct handover *ring = *state;

	for (uint32_t i = 0; i < CELLS; i++)
		assert_true(put(ring, i, HANDOVER_RECORD_LEN + 1));
	assert_false(put(ring, 99, HANDOVER_RECORD_LEN + 1));
	assert_true(put(ring, 50, HANDOVER_RECORD_LEN));
	handover_publish(ring);
	for (uint32_t i = 0; i < CELLS; i++)
		assert_next(ring, i, HANDOVER_RECORD_LEN + 1);
	assert_next(ring, 50, HANDOVER_RECORD_LEN);
	handover_release(ring);
	assert_true(put(ring, 99, HANDOVER_RECORD_LEN + 1));
}

static void message_longer_than_a_cell_is_not_taken(void **state)
{
	assert_false(put(*state, 1, HANDOVER_CELL_LEN + 1));
	assert_true(put(*state, 1, HANDOVER_CELL_LEN));
}

enum { CROSSING = 200000, BATCH = 5 };

static uint16_t len_of(uint32_t number)
{
	return number % 7 == 0 ? HANDOVER_RECORD_LEN + 1 + number % 100 : 12 + number % 100;
}

static void *send_all(void *ring)
{
	for (uint32_t number = 0; number < CROSSING;) {
		for (unsigned i = 0; i < BATCH && number < CROSSING; i++)
			number += put(ring, number, len_of(number));
		handover_publish(ring);
	}
	return NULL;
}

static void replies_cross_between_threads(void **state)
{
	struct handover *ring = *state;
	struct handover_reply reply;
	pthread_t sender;

	assert_int_equal(pthread_create(&sender, NULL, send_all, ring), 0);
	for (uint32_t number = 0; number < CROSSING;) {
		while (handover_take(ring, &reply)) {
			assert_is(&reply, number, len_of(number));
			number++;
		}
		handover_release(ring);
	}
	pthread_join(sender, NULL);
	assert_empty(ring);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(replies_come_out_whole_and_in_order),
		RING_TEST(nothing_is_seen_before_it_is_published),
		RING_TEST(full_ring_takes_no_more_until_some_are_released),
		RING_TEST(full_cells_take_no_long_message_but_short_ones),
		RING_TEST(message_longer_than_a_cell_is_not_taken),
		RING_TEST(replies_cross_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
