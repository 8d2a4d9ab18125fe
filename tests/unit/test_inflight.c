// SPDX-License-Identifier: BSD-3-Clause
// Outstanding questions: slots, sends, and the lists that say whose time has come.
#include <stdlib.h>

#include "dataplane/state/inflight.h"
#include "tests/unit/images.h"
#include "tests/unit/unit.h"

enum { SLOTS = 4, SENDS = SLOTS * INFLIGHT_SENDS_A_SLOT };

static uint32_t loads[8];

static int set_up(void **state)
{
	void *memory = aligned_alloc(64, inflight_size(SLOTS));

	assert_non_null(memory);
	*state = inflight_init(
		memory, &(struct inflight_options){.slot_count = SLOTS, .loads = loads});
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static struct inflight_slot *take(struct inflight *table)
{
	struct inflight_slot *slot = inflight_take(table, 4000000);

	assert_non_null(slot);
	slot->name_hash = 7;
	return slot;
}

static struct inflight_send *send_from(
	struct inflight *table, struct inflight_slot *slot, uint16_t port, uint16_t id)
{
	const struct attempt attempt = {.ours = images_ip(IMAGES_OUTBOUND), .upstream = 5};
	struct inflight_send *send = inflight_send(table, slot, &attempt, 1, 1000);

	if (send) {
		send->port = be16_of(port);
		send->id = id;
	}
	return send;
}

// By whatever number.
static struct inflight_send *find(struct inflight *table, uint16_t port, uint16_t id)
{
	struct ip ours = images_ip(IMAGES_OUTBOUND);
	struct inflight_send *found = NULL;

	for (uint32_t i = 0; i < SENDS && !found; i++)
		found = inflight_find(table, i, &ours, be16_of(port), id);
	return found;
}

static void C07_number_beyond_the_table_finds_nothing(void **state)
{
	struct ip ours = images_ip(IMAGES_OUTBOUND);

	assert_non_null(send_from(*state, take(*state), 10000, 7));
	assert_non_null(inflight_find(*state, 0, &ours, be16_of(10000), 7));
	assert_null(inflight_find(*state, 1, &ours, be16_of(10000), 7));
	assert_null(inflight_find(*state, SENDS, &ours, be16_of(10000), 7));
	assert_null(inflight_find(*state, UINT32_MAX, &ours, be16_of(10000), 7));
}

static void C07_a_send_has_another_turn_each_time_it_is_used(void **state)
{
	struct inflight *table = *state;
	uint32_t turn = 0;

	for (unsigned round = 0; round < 3; round++) {
		struct inflight_slot *slot = take(table);
		struct inflight_send *send = send_from(table, slot, 10000, 7);

		while (inflight_send_number(table, send) != 0)
			send = send_from(table, slot, 10000, 7);
		assert_true(round == 0 || send->turn > turn);
		turn = send->turn;
		inflight_release(table, slot);
		inflight_settle(table);
	}
}

static void send_is_found_by_port_and_id_while_its_question_waits(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slot = take(table), *other = take(table);
	struct inflight_send *a = send_from(table, slot, 10000, 7);
	struct inflight_send *b = send_from(table, other, 10001, 7);

	assert_ptr_equal(find(table, 10000, 7), a);
	assert_ptr_equal(find(table, 10001, 7), b);
	assert_null(find(table, 10002, 7));
	assert_null(find(table, 10000, 8));
	assert_ptr_equal(inflight_slot_of(table, a), slot);
	inflight_release(table, slot);
	assert_null(find(table, 10000, 7));
	assert_ptr_equal(find(table, 10001, 7), b);
	assert_int_equal(inflight_count(table), 1);
}

static void question_has_several_sends_at_a_time(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slot = take(table);
	struct inflight_send *sends[3];

	for (uint16_t i = 0; i < 3; i++)
		sends[i] = send_from(table, slot, 10000, i);
	inflight_drop(table, sends[1]);
	assert_null(find(table, 10000, 1));
	assert_ptr_equal(inflight_first(table, slot), sends[2]);
	assert_ptr_equal(inflight_next(table, sends[2]), sends[0]);
	assert_null(inflight_next(table, sends[0]));
	inflight_release(table, slot);
	assert_null(find(table, 10000, 0));
	assert_null(find(table, 10000, 2));
}

static void full_table_takes_no_more_until_the_pass_after_one_is_released(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *first = take(table);

	for (unsigned i = 1; i < SLOTS; i++)
		take(table);
	assert_null(inflight_take(table, 1));
	inflight_release(table, first);
	assert_null(inflight_take(table, 1));
	inflight_settle(table);
	assert_ptr_equal(inflight_take(table, 1), first);
}

static void C07_released_slot_rests_as_long_as_it_can(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *first = take(table);

	inflight_release(table, first);
	inflight_settle(table);
	for (unsigned i = 0; i < SLOTS - 1; i++)
		assert_ptr_not_equal(take(table), first);
	assert_ptr_equal(take(table), first);
}

static void all_sends_come_back(void **state)
{
	struct inflight *table = *state;

	for (unsigned round = 0; round < 3; round++) {
		struct inflight_slot *slot = take(table);

		for (uint16_t i = 0; i < SENDS; i++)
			assert_non_null(send_from(table, slot, 10000, i));
		assert_null(send_from(table, slot, 10000, SENDS));
		inflight_release(table, slot);
		inflight_settle(table);
	}
}

static void oldest_expires_first_and_not_before_its_deadline(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *first = inflight_take(table, 10);
	struct inflight_slot *second = inflight_take(table, 20);

	assert_null(inflight_expired(table, 9));
	assert_ptr_equal(inflight_expired(table, 10), first);
	inflight_release(table, first);
	assert_null(inflight_expired(table, 19));
	assert_ptr_equal(inflight_expired(table, 20), second);
	inflight_release(table, second);
	assert_null(inflight_expired(table, UINT64_MAX));
}

static void pauses_of_different_length_end_in_their_own_order(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slots[3] = {take(table), take(table), take(table)};

	inflight_pause(table, slots[0], 800000, 0);
	inflight_pause(table, slots[1], 200000, 0);
	inflight_pause(table, slots[2], 390001, 0); // rounded up to 400 ms
	assert_null(inflight_paused(table, 199999));
	assert_ptr_equal(inflight_paused(table, 200000), slots[1]);
	assert_null(inflight_paused(table, 399999));
	assert_ptr_equal(inflight_paused(table, 400000), slots[2]);
	assert_null(inflight_paused(table, 799999));
	assert_ptr_equal(inflight_paused(table, 800000), slots[0]);
	assert_null(inflight_paused(table, UINT64_MAX));
}

static void new_pause_takes_the_place_of_the_one_before(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slot = take(table);

	inflight_pause(table, slot, 200000, 0);
	inflight_pause(table, slot, 800000, 100000);
	assert_null(inflight_paused(table, 899999));
	assert_ptr_equal(inflight_paused(table, 900000), slot);
	inflight_pause(table, slot, 200000, 900000);
	inflight_release(table, slot);
	assert_null(inflight_paused(table, UINT64_MAX));
}

static void send_is_missed_once_unless_it_is_dropped(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slot = take(table);
	struct inflight_send *answered = send_from(table, slot, 10000, 1);
	struct inflight_send *missed = send_from(table, slot, 10000, 2);

	inflight_expect(table, answered, 1000000);
	inflight_expect(table, missed, 1300000); // rounded up to 1.5 s
	inflight_drop(table, answered);
	assert_null(inflight_missed(table, 1500999));
	assert_ptr_equal(inflight_missed(table, 1501000), missed);
	assert_null(inflight_missed(table, UINT64_MAX));
	assert_ptr_equal(find(table, 10000, 2), missed);
}

static void send_outlives_its_question_until_its_target_has_missed_its_time(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slot = take(table);
	struct inflight_send *send = send_from(table, slot, 10000, 1);

	inflight_expect(table, send, 1000000);
	inflight_release(table, slot);
	assert_ptr_equal(find(table, 10000, 1), send);
	assert_null(inflight_slot_of(table, send));
	assert_ptr_equal(inflight_missed(table, 1001000), send);
	assert_int_equal(send->upstream, 5);
	assert_int_equal(send->name_hash, 7);
	assert_null(find(table, 10000, 1));
}

static void late_answer_ends_what_its_question_left_behind(void **state)
{
	struct inflight *table = *state;
	struct inflight_slot *slot = take(table);
	struct inflight_send *send = send_from(table, slot, 10000, 1);

	inflight_expect(table, send, 1000000);
	inflight_release(table, slot);
	inflight_drop(table, send);
	assert_null(find(table, 10000, 1));
	assert_null(inflight_missed(table, UINT64_MAX));
}

static void hash_of_a_name_ignores_letter_case(void **state)
{
	(void)state;
	assert_int_equal(inflight_hash_name((const uint8_t *)"\1a\3CoM", 7),
		inflight_hash_name((const uint8_t *)"\1A\3cOm", 7));
	assert_int_not_equal(inflight_hash_name((const uint8_t *)"\1a\3com", 7),
		inflight_hash_name((const uint8_t *)"\1b\3com", 7));
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(C07_number_beyond_the_table_finds_nothing),
		TABLE_TEST(C07_a_send_has_another_turn_each_time_it_is_used),
		TABLE_TEST(send_is_found_by_port_and_id_while_its_question_waits),
		TABLE_TEST(question_has_several_sends_at_a_time),
		TABLE_TEST(full_table_takes_no_more_until_the_pass_after_one_is_released),
		TABLE_TEST(C07_released_slot_rests_as_long_as_it_can),
		TABLE_TEST(all_sends_come_back),
		TABLE_TEST(oldest_expires_first_and_not_before_its_deadline),
		TABLE_TEST(pauses_of_different_length_end_in_their_own_order),
		TABLE_TEST(new_pause_takes_the_place_of_the_one_before),
		TABLE_TEST(send_is_missed_once_unless_it_is_dropped),
		TABLE_TEST(send_outlives_its_question_until_its_target_has_missed_its_time),
		TABLE_TEST(late_answer_ends_what_its_question_left_behind),
		cmocka_unit_test(hash_of_a_name_ignores_letter_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
