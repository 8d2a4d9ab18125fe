// SPDX-License-Identifier: BSD-3-Clause
// What steps remember, and what they draw from.
#include <stdlib.h>

#include "core/chance.h"
#include "dataplane/snapshot.h"
#include "dataplane/state/inflight.h"
#include "dataplane/state/nexthop.h"
#include "tests/unit/images.h"
#include "tests/unit/unit.h"

enum { SLOTS = 4 };

static struct inflight *new_table(void)
{
	void *memory = aligned_alloc(64, inflight_size(SLOTS));

	assert_non_null(memory);
	return inflight_init(memory, SLOTS);
}

static struct attempt attempt_of(uint16_t port, uint16_t id)
{
	return (struct attempt){
		.ours = images_ip(IMAGES_OUTBOUND), .port = be16_of(port), .id = id};
}

static struct inflight_slot *find(struct inflight *table, uint16_t port, uint16_t id)
{
	struct ip ours = images_ip(IMAGES_OUTBOUND);

	return inflight_find(table, &ours, be16_of(port), id);
}

static void slot_is_found_by_port_and_id_while_it_waits(void **state)
{
	struct inflight *table = new_table();
	struct attempt first = attempt_of(10000, 7), second = attempt_of(10001, 7);
	struct inflight_slot *a = inflight_take(table, &first, 10);
	struct inflight_slot *b = inflight_take(table, &second, 10);

	(void)state;
	assert_ptr_equal(find(table, 10000, 7), a);
	assert_ptr_equal(find(table, 10001, 7), b);
	assert_null(find(table, 10002, 7));
	assert_null(find(table, 10000, 8));
	inflight_release(table, a);
	assert_null(find(table, 10000, 7));
	assert_ptr_equal(find(table, 10001, 7), b);
	assert_int_equal(inflight_count(table), 1);
	free(table);
}

static void full_table_takes_no_more_until_one_is_released(void **state)
{
	struct inflight *table = new_table();
	struct attempt attempt = attempt_of(10000, 0);
	struct inflight_slot *first = NULL;

	(void)state;
	for (uint16_t id = 0; id < SLOTS; id++) {
		struct inflight_slot *slot;

		attempt.id = id;
		slot = inflight_take(table, &attempt, 10);
		assert_non_null(slot);
		first = first ? first : slot;
	}
	assert_null(inflight_take(table, &attempt, 10));
	inflight_release(table, first);
	assert_ptr_equal(inflight_take(table, &attempt, 10), first);
	free(table);
}

static void C07_released_slot_rests_as_long_as_it_can(void **state)
{
	struct inflight *table = new_table();
	struct attempt attempt = attempt_of(10000, 1);
	struct inflight_slot *first = inflight_take(table, &attempt, 10);

	(void)state;
	inflight_release(table, first);
	for (unsigned i = 0; i < SLOTS - 1; i++)
		assert_ptr_not_equal(inflight_take(table, &attempt, 10), first);
	assert_ptr_equal(inflight_take(table, &attempt, 10), first);
	free(table);
}

static void oldest_expires_first_and_not_before_its_deadline(void **state)
{
	struct inflight *table = new_table();
	struct attempt attempt = attempt_of(10000, 1);
	struct inflight_slot *first = inflight_take(table, &attempt, 10);
	struct inflight_slot *second = inflight_take(table, &attempt, 20);

	(void)state;
	assert_null(inflight_expired(table, 9));
	assert_ptr_equal(inflight_expired(table, 10), first);
	inflight_release(table, first);
	assert_null(inflight_expired(table, 19));
	assert_ptr_equal(inflight_expired(table, 20), second);
	inflight_release(table, second);
	assert_null(inflight_expired(table, UINT64_MAX));
	free(table);
}

static void next_hop_is_read_as_it_was_written(void **state)
{
	struct nexthop_line line = {0};
	struct nexthop hop = {.state = NEXTHOP_RESOLVED,
		.port = 3,
		.source_mac = {1, 2, 3, 4, 5, 6},
		.target_mac = {7, 8, 9, 10, 11, 12}};
	struct nexthop read;

	(void)state;
	assert_int_equal(nexthop_get(&line).state, NEXTHOP_UNRESOLVED);
	nexthop_set(&line, &hop);
	read = nexthop_get(&line);
	assert_memory_equal(&read, &hop, sizeof(hop));
}

static void X29_next_hop_being_written_counts_as_unresolved(void **state)
{
	struct nexthop_line line = {0};
	struct nexthop hop = {.state = NEXTHOP_RESOLVED};

	(void)state;
	nexthop_set(&line, &hop);
	atomic_fetch_add(&line.sequence, 1);
	assert_int_equal(nexthop_get(&line).state, NEXTHOP_UNRESOLVED);
}

static void X48_empty_pool_gives_nothing(void **state)
{
	struct chance chance = {.left = 4};
	uint32_t bits;

	(void)state;
	assert_true(chance_draw(&chance, &bits));
	assert_false(chance_draw(&chance, &bits));
	assert_false(chance_below(&chance, 10, &bits));
	assert_int_equal(bits, 0);
}

static void no_random_bytes_are_drawn_twice(void **state)
{
	struct chance chance;
	uint32_t len, bits;

	(void)state;
	memset(chance.pool, 0xa5, sizeof(chance.pool));
	chance_refilled(&chance);
	for (unsigned i = 0; i < CHANCE_POOL_SIZE / 4; i++)
		assert_true(chance_draw(&chance, &bits));
	assert_ptr_equal(chance_spent(&chance, &len), chance.pool);
	assert_int_equal(len, CHANCE_POOL_SIZE);
	for (unsigned i = 0; i < CHANCE_POOL_SIZE; i++)
		assert_int_equal(chance.pool[i], 0);
}

static void number_below_a_bound_stays_below(void **state)
{
	struct chance chance;
	uint32_t number, seen = 0;

	(void)state;
	for (unsigned i = 0; i < CHANCE_POOL_SIZE; i++)
		chance.pool[i] = (uint8_t)(i * 167 + i / 256);
	chance_refilled(&chance);
	for (unsigned i = 0; i < 512; i++) {
		assert_true(chance_below(&chance, 3, &number));
		assert_in_range(number, 0, 2);
		seen |= 1u << number;
	}
	assert_int_equal(seen, 7);
}

// A worker that has not turned since the switch may still read what was there before.
static void snapshot_is_quiet_when_every_worker_turned_or_parked(void **state)
{
	static struct snapshot_reader readers[2];
	struct snapshot_switch source = {.reader_count = 2, .readers = readers};
	struct snapshot *first = (struct snapshot *)&readers[0],
			*second = (struct snapshot *)&readers[1];

	(void)state;
	assert_null(snapshot_enter(&source, &readers[0]));
	assert_null(snapshot_enter(&source, &readers[1]));
	assert_null(snapshot_publish(&source, first));
	assert_false(snapshot_is_quiet(&source));
	assert_ptr_equal(snapshot_enter(&source, &readers[0]), first);
	assert_false(snapshot_is_quiet(&source));
	snapshot_park(&readers[1]);
	assert_true(snapshot_is_quiet(&source));
	assert_ptr_equal(snapshot_publish(&source, second), first);
	assert_false(snapshot_is_quiet(&source));
	assert_ptr_equal(snapshot_enter(&source, &readers[0]), second);
	assert_ptr_equal(snapshot_enter(&source, &readers[1]), second);
	assert_true(snapshot_is_quiet(&source));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slot_is_found_by_port_and_id_while_it_waits),
		cmocka_unit_test(full_table_takes_no_more_until_one_is_released),
		cmocka_unit_test(C07_released_slot_rests_as_long_as_it_can),
		cmocka_unit_test(oldest_expires_first_and_not_before_its_deadline),
		cmocka_unit_test(next_hop_is_read_as_it_was_written),
		cmocka_unit_test(X29_next_hop_being_written_counts_as_unresolved),
		cmocka_unit_test(X48_empty_pool_gives_nothing),
		cmocka_unit_test(no_random_bytes_are_drawn_twice),
		cmocka_unit_test(number_below_a_bound_stays_below),
		cmocka_unit_test(snapshot_is_quiet_when_every_worker_turned_or_parked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
