// SPDX-License-Identifier: BSD-3-Clause
// Upstreams: how long each is waited for, when it rests, and when it is back.
#include "dataplane/state/health.h"

#include <errno.h>

#include "dataplane/upstreams.h"
#include "tests/unit/unit.h"

enum { COUNT = 4, SECOND = 1000000 };

struct stand {
	struct upstream upstreams[COUNT];
	struct upstream_line lines[2][COUNT];
	struct health workers[2];
};

static struct stand stand;

static int set_up(void **state)
{
	stand = (struct stand){0};
	for (unsigned i = 0; i < 2; i++)
		stand.workers[i] =
			(struct health){stand.upstreams, stand.lines[i], 2 * SECOND, 30 * SECOND};
	*state = &stand;
	return 0;
}

static void miss(struct health *health, uint32_t name_hash, uint64_t now_us)
{
	const struct health_miss miss = {0, name_hash, now_us - SECOND, false};

	health_missed(health, &miss, now_us);
}

static void rest(struct health *health, uint32_t upstream, uint64_t now_us)
{
	for (uint32_t name = 1; name <= HEALTH_MISSES; name++)
		health_missed(health, &(struct health_miss){upstream, name, now_us - SECOND, false},
			now_us);
	assert_int_equal(health_state(health, upstream), HEALTH_RESTING);
}

static void time_to_wait_is_smoothed_and_bounded(void **state)
{
	struct health *health = &((struct stand *)*state)->workers[0];

	assert_int_equal(health_rto_us(health, 0), 400000);
	health_answered(health, 0, 100000); // srtt 100 ms, rttvar 50 ms
	assert_int_equal(health_rto_us(health, 0), 300000);
	health_answered(health, 0, 100000); // rttvar 37.5 ms
	assert_int_equal(health_rto_us(health, 0), 250000);
	for (unsigned i = 0; i < 50; i++)
		health_answered(health, 0, 1000);
	assert_int_equal(health_rto_us(health, 0), 200000);
	health_answered(health, 1, 3 * SECOND);
	assert_int_equal(health_rto_us(health, 1), 2000000);
}

static void each_worker_measures_for_itself(void **state)
{
	struct stand *all = *state;

	health_answered(&all->workers[0], 0, 100000);
	assert_int_equal(health_rto_us(&all->workers[1], 0), 400000);
	assert_int_equal(upstream_srtt_us(&all->upstreams[0], &all->lines[0][0]), 100000);
	all->upstreams[0].epoch++;
	assert_int_equal(health_rto_us(&all->workers[0], 0), 400000);
}

static void three_misses_for_different_names_make_it_rest(void **state)
{
	struct stand *all = *state;

	miss(&all->workers[0], 1, 5 * SECOND);
	miss(&all->workers[1], 2, 5 * SECOND);
	assert_int_equal(health_state(&all->workers[0], 0), HEALTH_UP);
	miss(&all->workers[0], 3, 5 * SECOND);
	assert_int_equal(health_state(&all->workers[0], 0), HEALTH_RESTING);
	assert_int_equal(health_state(&all->workers[1], 0), HEALTH_RESTING);
	assert_int_equal(health_state(&all->workers[0], 1), HEALTH_UP);
}

static void G08_misses_for_few_names_do_not_make_it_rest(void **state)
{
	struct health *health = &((struct stand *)*state)->workers[0];

	for (unsigned i = 0; i < 10; i++) {
		miss(health, 1, 5 * SECOND);
		miss(health, 2, 5 * SECOND);
	}
	assert_int_equal(health_state(health, 0), HEALTH_UP);
}

static void valid_answer_between_makes_misses_count_anew(void **state)
{
	struct stand *all = *state;

	miss(&all->workers[0], 1, 5 * SECOND);
	miss(&all->workers[0], 2, 5 * SECOND);
	health_answered(&all->workers[1], 0, 1000);
	miss(&all->workers[0], 3, 5 * SECOND);
	miss(&all->workers[0], 4, 5 * SECOND);
	assert_int_equal(health_state(&all->workers[0], 0), HEALTH_UP);
	miss(&all->workers[0], 5, 5 * SECOND);
	assert_int_equal(health_state(&all->workers[0], 0), HEALTH_RESTING);
}

static void rests_double_from_probe_to_probe_up_to_the_longest(void **state)
{
	static const uint64_t seconds[] = {2, 4, 8, 16, 30, 30, 30};
	struct health *health = &((struct stand *)*state)->workers[0];
	uint64_t start_us = 10 * SECOND;

	rest(health, 0, start_us);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		uint64_t end_us = start_us + seconds[i] * SECOND;

		assert_false(health_take_probe(health, 0, end_us - 1));
		assert_true(health_take_probe(health, 0, end_us));
		assert_false(health_take_probe(health, 0, end_us));
		health_missed(health, &(struct health_miss){0, 9, end_us, true}, end_us + SECOND);
		start_us = end_us; // when the probe was sent
	}
}

static void one_worker_alone_probes(void **state)
{
	struct stand *all = *state;

	rest(&all->workers[0], 0, 10 * SECOND);
	assert_true(health_take_probe(&all->workers[1], 0, 12 * SECOND));
	assert_false(health_take_probe(&all->workers[0], 0, 12 * SECOND));
	health_forgive(&all->workers[1], 0);
	assert_true(health_take_probe(&all->workers[0], 0, 12 * SECOND));
}

static void misses_of_other_queries_do_not_prolong_a_rest(void **state)
{
	struct health *health = &((struct stand *)*state)->workers[0];

	rest(health, 0, 10 * SECOND);
	assert_true(health_take_probe(health, 0, 12 * SECOND));
	rest(health, 0, 12 * SECOND);
	// A probe of an earlier rest, whose miss is heard of only now.
	health_missed(health, &(struct health_miss){0, 9, 9 * SECOND, true}, 12 * SECOND);
	health_forgive(health, 0);
	assert_true(health_take_probe(health, 0, 12 * SECOND));
}

static void valid_answer_ends_a_rest_and_the_next_is_short_again(void **state)
{
	struct health *health = &((struct stand *)*state)->workers[0];

	rest(health, 0, 10 * SECOND);
	assert_true(health_take_probe(health, 0, 12 * SECOND));
	health_missed(health, &(struct health_miss){0, 9, 12 * SECOND, true}, 13 * SECOND);
	health_answered(health, 0, 1000);
	assert_int_equal(health_state(health, 0), HEALTH_UP);
	rest(health, 0, 20 * SECOND);
	assert_true(health_take_probe(health, 0, 22 * SECOND));
}

static void longest_rested_is_found_among_the_resting(void **state)
{
	static const uint32_t all[] = {0, 1, 2, 3};
	struct health *health = &((struct stand *)*state)->workers[0];

	assert_int_equal(health_longest_rested(health, all, 0xf), -1);
	rest(health, 2, 10 * SECOND);
	rest(health, 1, 11 * SECOND);
	rest(health, 3, 12 * SECOND);
	assert_int_equal(health_up(health, all, 0xf), 1);
	assert_int_equal(health_longest_rested(health, all, 0xf), 2);
	assert_int_equal(health_longest_rested(health, all, 0xb), 1);
	health->upstreams[1].is_drained = true;
	assert_int_equal(health_longest_rested(health, all, 0xb), 3);
	health->upstreams[0].is_drained = true;
	assert_int_equal(health_up(health, all, 0xf), 0);
}

static void upstream_keeps_its_place_through_images(void **state)
{
	struct image_header header = {.generation = 3};
	struct image_upstream named[3] = {
		{.endpoint = {{{1}}, be16_of(53)}},
		{.endpoint = {{{1}}, be16_of(54)}},
		{.endpoint = {{{2}}, be16_of(53)}},
	};
	struct image image = {.header = &header, .upstreams = named, .upstreams_count = 2};
	struct stand *all = *state;
	_Atomic uint32_t count = 0;
	struct upstreams *upstreams = upstreams_new(all->upstreams, &count, 3);
	uint32_t places[3];

	assert_int_equal(upstreams_find(upstreams, &named[1].endpoint), UINT32_MAX);
	assert_int_equal(upstreams_follow(upstreams, &image, places), 0);
	upstreams_name(upstreams, &image, places);
	assert_int_equal(places[0], 0);
	assert_int_equal(places[1], 1);
	header.generation = 4;
	image.upstreams = named + 1;
	assert_int_equal(upstreams_follow(upstreams, &image, places), 0);
	upstreams_name(upstreams, &image, places);
	assert_int_equal(places[0], 1);
	assert_int_equal(places[1], 2);
	assert_int_equal(all->upstreams[0].generation, 3);
	assert_int_equal(all->upstreams[1].generation, 4);
	assert_int_equal(upstreams_find(upstreams, &named[0].endpoint), 0);
	named[2].endpoint.port = be16_of(99);
	assert_int_equal(upstreams_follow(upstreams, &image, places), -ENOSPC);
	assert_int_equal(count, 3);
	upstreams_free(upstreams);
}

static void operator_drains_enables_and_resets(void **state)
{
	struct image_upstream named = {.endpoint = {{{1}}, be16_of(53)}};
	struct endpoint unknown = {.ip = {{1}}, .port = be16_of(54)};
	struct image image = {.upstreams = &named, .upstreams_count = 1};
	struct stand *all = *state;
	struct health *health = &all->workers[0];
	_Atomic uint32_t count = 0;
	struct upstreams *upstreams = upstreams_new(all->upstreams, &count, COUNT);
	uint32_t place;

	assert_int_equal(upstreams_follow(upstreams, &image, &place), 0);
	upstreams_order(upstreams, &unknown, LINK_DRAIN);
	upstreams_order(upstreams, &named.endpoint, LINK_DRAIN);
	assert_int_equal(health_state(health, 0), HEALTH_DRAINED);
	assert_int_equal(health_state(health, 1), HEALTH_UP);
	upstreams_order(upstreams, &named.endpoint, LINK_ENABLE);
	health_answered(health, 0, 100000);
	rest(health, 0, 10 * SECOND);
	miss(health, 1, 10 * SECOND);
	upstreams_order(upstreams, &named.endpoint, LINK_RESET);
	assert_int_equal(health_state(health, 0), HEALTH_UP);
	assert_int_equal(health_rto_us(health, 0), HEALTH_RTO_UNKNOWN_US);
	assert_int_equal(all->upstreams[0].misses, 0);
	upstreams_free(upstreams);
}

#define HEALTH_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEALTH_TEST(time_to_wait_is_smoothed_and_bounded),
		HEALTH_TEST(each_worker_measures_for_itself),
		HEALTH_TEST(three_misses_for_different_names_make_it_rest),
		HEALTH_TEST(G08_misses_for_few_names_do_not_make_it_rest),
		HEALTH_TEST(valid_answer_between_makes_misses_count_anew),
		HEALTH_TEST(rests_double_from_probe_to_probe_up_to_the_longest),
		HEALTH_TEST(one_worker_alone_probes),
		HEALTH_TEST(misses_of_other_queries_do_not_prolong_a_rest),
		HEALTH_TEST(valid_answer_ends_a_rest_and_the_next_is_short_again),
		HEALTH_TEST(longest_rested_is_found_among_the_resting),
		HEALTH_TEST(upstream_keeps_its_place_through_images),
		HEALTH_TEST(operator_drains_enables_and_resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
