// SPDX-License-Identifier: BSD-3-Clause
// What steps remember, and what they draw from.
#include "core/chance.h"
#include "dataplane/snapshot.h"
#include "dataplane/state/nexthop.h"
#include "tests/unit/unit.h"

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
		cmocka_unit_test(next_hop_is_read_as_it_was_written),
		cmocka_unit_test(X29_next_hop_being_written_counts_as_unresolved),
		cmocka_unit_test(X48_empty_pool_gives_nothing),
		cmocka_unit_test(no_random_bytes_are_drawn_twice),
		cmocka_unit_test(number_below_a_bound_stays_below),
		cmocka_unit_test(snapshot_is_quiet_when_every_worker_turned_or_parked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
