// SPDX-License-Identifier: BSD-3-Clause
// Pairs of source port and ID: whose each is, and how the key by which they are drawn is replaced. And who sees to it that workers turn.
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dataplane/rekey.h"
#include "dataplane/state/owner.h"
#include "dataplane/watchdog.h"
#include "tests/unit/unit.h"

// Random numbers, in place of the library's: as many as there are left.
static unsigned keys_left;

int RAND_bytes(unsigned char *bytes, int len)
{
	if (keys_left == 0)
		return 0;
	memset(bytes, (int)keys_left--, (size_t)len);
	return 1;
}

static void each_send_has_a_place_of_its_own(void **state)
{
	const struct owner_crowd crowd = {3, 1000};
	const uint32_t ports = 2; // 131,072 places: 43 turns for each of 3,000 sends
	bool *is_taken = calloc(ports << 16, sizeof(bool));

	(void)state;
	assert_non_null(is_taken);
	assert_int_equal(owner_turns(&crowd, ports), 43);
	for (struct owner owner = {0}; owner.turn < 43; owner.turn++)
		for (owner.worker = 0; owner.worker < 3; owner.worker++)
			for (owner.send = 0; owner.send < 1000; owner.send++) {
				struct place place = owner_place(&crowd, &owner, ports);
				struct owner back = owner_at(&crowd, &place);

				assert_in_range(place.row, 0, ports - 1);
				assert_false(is_taken[place.row << 16 | place.column]);
				is_taken[place.row << 16 | place.column] = true;
				assert_memory_equal(&back, &owner, sizeof(owner));
			}
	free(is_taken);
}

static void turns_begin_anew_when_all_are_over(void **state)
{
	const struct owner_crowd crowd = {3, 1000};
	struct place first = owner_place(&crowd, &(struct owner){1, 7, 0}, 2);
	struct place again = owner_place(&crowd, &(struct owner){1, 7, 43}, 2);

	(void)state;
	assert_memory_equal(&first, &again, sizeof(first));
}

static void what_is_left_over_is_nobodys(void **state)
{
	const struct owner_crowd crowd = {3, 1000};

	(void)state;
	for (uint32_t i = 43 * 3000; i < 2 << 16; i++) {
		struct place place = {2, i >> 16, (uint16_t)i};

		assert_int_equal(owner_at(&crowd, &place).worker, crowd.worker_count);
	}
}

static void too_many_sends_for_the_ports_have_no_turn(void **state)
{
	(void)state;
	assert_int_equal(owner_turns(&(struct owner_crowd){64, 1 << 21}, 1024), 0);
	assert_int_equal(owner_turns(&(struct owner_crowd){4, 1 << 21}, 51000), 398);
}

// Main with two workers, one of which may not have turned.
struct stage {
	struct keyring ring;
	struct snapshot_switch snapshots;
	struct snapshot_reader readers[2];
	struct rekey rekey;
};

static struct stage stage;

static void turn(unsigned reader)
{
	(void)snapshot_enter(&stage.snapshots, &stage.readers[reader]);
}

static int set_up(void **state)
{
	memset(&stage, 0, sizeof(stage));
	stage.snapshots.reader_count = 2;
	stage.snapshots.readers = stage.readers;
	keys_left = 10;
	turn(0);
	turn(1);
	assert_int_equal(rekey_init(&stage.rekey, &stage.ring, &stage.snapshots, 5), 0);
	*state = &stage;
	return 0;
}

static void tick(uint64_t now_ms)
{
	assert_int_equal(rekey_tick(&stage.rekey, now_ms), 0);
}

static void assert_keys(unsigned issued, bool has_other)
{
	struct keyring_view view = keyring_view(&stage.ring);

	assert_ptr_equal(view.issued, &stage.ring.keys[issued]);
	assert_ptr_equal(view.other, has_other ? &stage.ring.keys[!issued] : NULL);
}

static bool is_wiped(unsigned key)
{
	static const struct permutation zero;

	return memcmp(&stage.ring.keys[key], &zero, sizeof(zero)) == 0;
}

static void key_lasts_an_hour(void **state)
{
	(void)state;
	tick(5 + REKEY_INTERVAL_MS - 1);
	assert_keys(0, false);
	tick(5 + REKEY_INTERVAL_MS);
	assert_keys(0, true);
}

static void next_key_is_issued_by_once_every_worker_accepts_it(void **state)
{
	uint64_t now_ms = 5 + REKEY_INTERVAL_MS;

	(void)state;
	tick(now_ms);
	turn(0);
	tick(now_ms += 1000);
	assert_keys(0, true);
	turn(1);
	tick(now_ms += 1000);
	assert_keys(1, true);
}

static void parked_worker_holds_no_step_up(void **state)
{
	uint64_t now_ms = 5 + REKEY_INTERVAL_MS;

	(void)state;
	tick(now_ms);
	turn(0);
	snapshot_park(&stage.readers[1]);
	tick(now_ms + 1000);
	assert_keys(1, true);
}

static void old_key_is_wiped_when_nobody_waits_by_it_nor_reads_it(void **state)
{
	uint64_t now_ms = 5 + REKEY_INTERVAL_MS;

	(void)state;
	tick(now_ms);
	turn(0), turn(1);
	tick(now_ms);
	turn(0), turn(1);
	tick(now_ms + REKEY_OVERLAP_MS - 1);
	assert_keys(1, true);
	tick(now_ms += REKEY_OVERLAP_MS);
	assert_keys(1, false);
	turn(0);
	tick(now_ms += 1000);
	assert_false(is_wiped(0));
	turn(1);
	tick(now_ms);
	assert_true(is_wiped(0));
	assert_false(is_wiped(1));
	tick(now_ms + REKEY_INTERVAL_MS - 1);
	assert_keys(1, false);
	turn(0), turn(1);
	tick(now_ms + REKEY_INTERVAL_MS);
	assert_keys(1, true);
}

static void X48_without_random_numbers_nothing_starts(void **state)
{
	(void)state;
	keys_left = 0;
	assert_true(rekey_init(&stage.rekey, &stage.ring, &stage.snapshots, 0) < 0);
}

static void X48_without_random_numbers_the_key_before_serves_on(void **state)
{
	(void)state;
	keys_left = 0;
	assert_true(rekey_tick(&stage.rekey, 5 + REKEY_INTERVAL_MS) < 0);
	assert_keys(0, false);
	keys_left = 1;
	tick(5 + REKEY_INTERVAL_MS + 1000);
	assert_keys(0, true);
}

// Looks every 250 ms up to that time; worker 0 turns each time, worker 1 does as long as it is not stuck.
static int watch(struct watchdog *watchdog, uint64_t *now_ms, uint64_t end_ms, bool is_stuck)
{
	int found = WATCHDOG_ALL_TURN;

	for (; *now_ms < end_ms && found == WATCHDOG_ALL_TURN; *now_ms += WATCHDOG_LOOK_MS) {
		found = watchdog_look(watchdog, *now_ms);
		turn(0);
		if (!is_stuck)
			turn(1);
	}
	return found;
}

static void X35_worker_that_does_not_turn_is_found_in_its_second_second(void **state)
{
	struct watchdog watchdog = {.snapshots = &stage.snapshots};
	uint64_t now_ms = 50000;

	(void)state;
	assert_int_equal(watch(&watchdog, &now_ms, 60000, false), WATCHDOG_ALL_TURN);
	assert_int_equal(watch(&watchdog, &now_ms, 70000, true), 1);
	assert_in_range(now_ms, 61000, 61500);
}

static void X35_worker_that_sleeps_is_not_stuck(void **state)
{
	struct watchdog watchdog = {.snapshots = &stage.snapshots};
	uint64_t now_ms = 50000;

	(void)state;
	snapshot_park(&stage.readers[1]);
	assert_int_equal(watch(&watchdog, &now_ms, 60000, true), WATCHDOG_ALL_TURN);
}

// The whole process was stopped, or starved: when main looks again, the worker has had no more time than main.
static void X47_X50_looks_that_are_late_themselves_charge_nobody(void **state)
{
	struct watchdog watchdog = {.snapshots = &stage.snapshots};
	uint64_t now_ms = 50000;

	(void)state;
	assert_int_equal(watch(&watchdog, &now_ms, 51000, false), WATCHDOG_ALL_TURN);
	assert_int_equal(watch(&watchdog, &now_ms, 51500, true), WATCHDOG_ALL_TURN);
	now_ms += 3600 * 1000;
	assert_int_equal(watchdog_look(&watchdog, now_ms), WATCHDOG_ALL_TURN);
	turn(1);
	now_ms += WATCHDOG_LOOK_MS;
	assert_int_equal(watch(&watchdog, &now_ms, now_ms + 5000, false), WATCHDOG_ALL_TURN);
}

#define STAGE_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_send_has_a_place_of_its_own),
		cmocka_unit_test(turns_begin_anew_when_all_are_over),
		cmocka_unit_test(what_is_left_over_is_nobodys),
		cmocka_unit_test(too_many_sends_for_the_ports_have_no_turn),
		STAGE_TEST(key_lasts_an_hour),
		STAGE_TEST(next_key_is_issued_by_once_every_worker_accepts_it),
		STAGE_TEST(parked_worker_holds_no_step_up),
		STAGE_TEST(old_key_is_wiped_when_nobody_waits_by_it_nor_reads_it),
		STAGE_TEST(X35_worker_that_does_not_turn_is_found_in_its_second_second),
		STAGE_TEST(X35_worker_that_sleeps_is_not_stuck),
		STAGE_TEST(X47_X50_looks_that_are_late_themselves_charge_nobody),
		STAGE_TEST(X48_without_random_numbers_nothing_starts),
		STAGE_TEST(X48_without_random_numbers_the_key_before_serves_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
