// SPDX-License-Identifier: BSD-3-Clause
// Asking upstream: whom, when again, and what becomes of the answers. The clock is the test's.
#include "dataplane/path/path.h"

#include <stdlib.h>

#include "tests/unit/dialogue.h"
#include "tests/unit/unit.h"

#define CLIENT "10.53.0.1"
#define A      "10.54.0.11"
#define B      "10.54.0.12"
#define C      "10.54.0.13"

#define ONE_NAME   "\3wWw\3one\0\0\1\0\1"
#define THREE_NAME "\3wWw\5three\0\0\1\0\1"
#define HEADER     "\x12\x34\1\0\0\1\0\0\0\0\0"
#define ONE        HEADER "\0" ONE_NAME
#define THREE      HEADER "\0" THREE_NAME
#define OPT        "\0\0\x29\x04\xd0\0\0\0\0\0\0"

#define LITERAL(text) (const uint8_t *)(text), sizeof(text) - 1

enum { MS = 1000, SECOND = 1000000, FLAGS_OFF = 2, QUESTION_OFF = 12 };

static const struct image_rule_text rules[] = {
	{.domain = "one.", .target = A},
	{.domain = "three.", .target = A "," B "," C},
	{.domain = "turns.", .target = A "," B "," C, .policy = IMAGE_POLICY_ROUND_ROBIN},
	{.domain = "fastest.", .target = A "," B "," C, .policy = IMAGE_POLICY_LOWEST_LATENCY},
	{.domain = "random.", .target = A "," B "," C, .policy = IMAGE_POLICY_RANDOM},
};

static int set_up(void **state)
{
	*state = lane_new(rules, 5);
	return 0;
}

// Ends with all that waited answered or timed out, and every send given back.
static int tear_down(void **state)
{
	dialogue_end(*state);
	return 0;
}

static uint64_t count(const struct lane *lane, enum path_counter counter)
{
	return counter_get(&lane->counters[counter]);
}

// A question for a name of its own below `three.`
static void ask_name(struct lane *lane, char letter)
{
	uint8_t message[] = THREE;

	message[QUESTION_OFF + 1] = (uint8_t)letter;
	dialogue_ask(lane, message, sizeof(message) - 1);
}

// Likewise, of a type of its own: there are more of those.
static void ask_type(struct lane *lane, uint8_t type)
{
	uint8_t message[] = THREE;

	message[sizeof(message) - 1 - 4] = 1;
	message[sizeof(message) - 1 - 3] = type;
	dialogue_ask(lane, message, sizeof(message) - 1);
}

static void reply(struct lane *lane, const struct dialogue_sent *sent)
{
	dialogue_echo(lane, sent, RCODE_NOERROR);
}

static void assert_answered(struct lane *lane, unsigned rcode)
{
	uint16_t len;

	dialogue_answer(lane, rcode, &len);
	dialogue_assert_silence(lane);
}

static void single_target_is_asked_again_three_times_in_all(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;

	dialogue_ask(lane, LITERAL(ONE));
	dialogue_expect(lane, A);
	dialogue_expect_at(lane, start_us, 400, A);
	dialogue_expect_at(lane, start_us, 1200, A); // doubled
	lane->now_us = start_us + 4 * SECOND - 1;
	dialogue_turn(lane);
	dialogue_assert_silence(lane);
	assert_int_equal(count(lane, COUNT_waiting), 1);
	lane->now_us++;
	dialogue_turn(lane);
	assert_answered(lane, RCODE_SERVFAIL);
	assert_int_equal(counter_get(&lane->lines[0].sent), 3);
	assert_int_equal(counter_get(&lane->lines[0].missed), 1); // one question, one miss
}

static void G01_next_target_is_asked_in_order_until_the_deadline(void **state)
{
	static const struct {
		unsigned at_ms;
		const char *to;
	} wanted[] = {{400, B}, {800, C}, {1200, A}, {2000, B}, {2800, C}, {3600, A}};
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	const uint8_t *answer;
	uint16_t len;

	dialogue_ask(lane, LITERAL(HEADER "\1" THREE_NAME OPT));
	dialogue_expect(lane, A);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		dialogue_expect_at(lane, start_us, wanted[i].at_ms, wanted[i].to);
	lane->now_us = start_us + 4 * SECOND;
	dialogue_turn(lane);
	answer = dialogue_answer(lane, RCODE_SERVFAIL, &len);
	assert_memory_equal(answer + len - 31 - 6, "\0\x0f\0\x21\0\x16", 6); // EDE 22, 31 bytes
	dialogue_assert_silence(lane);
}

static void pause_follows_what_the_target_took_before(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned i = 0; i < 60; i++) {
		dialogue_ask(lane, LITERAL(THREE));
		sent = dialogue_expect(lane, A);
		lane->now_us += 2 * MS;
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
	}
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, A);
	dialogue_expect_at(lane, lane->now_us, 200, B);
	dialogue_expect_at(lane, lane->now_us, 400, C);
}

static void every_send_has_a_port_and_ID_of_its_own_and_the_same_question(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent first, second;

	dialogue_ask(lane,
		LITERAL("\x12\x34\1\x10\0\1\0\0\0\0\0\1" THREE_NAME
			"\0\0\x29\x04\xd0\0\0\x80\0\0\0"));
	first = dialogue_expect(lane, A);
	second = dialogue_expect_at(lane, start_us, 400, B);
	assert_true(first.port != second.port || memcmp(first.message, second.message, 2) != 0);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.message + 2, second.message + 2, first.len - 2u);
}

static void G03_every_send_may_be_answered_and_the_first_answer_wins(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent first, second;

	dialogue_ask(lane, LITERAL(THREE));
	first = dialogue_expect(lane, A);
	second = dialogue_expect_at(lane, start_us, 400, B);
	dialogue_expect_at(lane, start_us, 800, C);
	lane->now_us = start_us + 900 * MS;
	reply(lane, &first);
	assert_answered(lane, RCODE_NOERROR);
	reply(lane, &second);
	dialogue_assert_silence(lane);
	assert_int_equal(count(lane, EXIT_upstream_late), 1);
	assert_int_equal(count(lane, EXIT_accepted), 1);
	lane->now_us = start_us + 3 * SECOND;
	dialogue_turn(lane);
	dialogue_assert_silence(lane);
}

static void G02_slow_answer_is_delivered(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent sent;

	dialogue_ask(lane, LITERAL(ONE));
	sent = dialogue_expect(lane, A);
	dialogue_expect_at(lane, start_us, 400, A);
	dialogue_expect_at(lane, start_us, 1200, A);
	lane->now_us = start_us + 3 * SECOND;
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
}

static void failure_of_a_target_has_the_next_asked_at_once(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, A);
	dialogue_echo(lane, &sent, RCODE_SERVFAIL);
	sent = dialogue_expect(lane, B);
	assert_memory_equal(
		sent.message + QUESTION_OFF, THREE_NAME OPT, sizeof(THREE_NAME OPT) - 1);
	dialogue_echo(lane, &sent, RCODE_REFUSED);
	sent = dialogue_expect(lane, C);
	dialogue_assert_silence(lane);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
	assert_int_equal(count(lane, EXIT_upstream_failed), 2);
	assert_int_equal(count(lane, EXIT_accepted), 1);
}

static void all_targets_failed_the_last_code_is_the_answer(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, A);
	dialogue_echo(lane, &sent, RCODE_SERVFAIL);
	sent = dialogue_expect(lane, B);
	dialogue_echo(lane, &sent, RCODE_SERVFAIL);
	sent = dialogue_expect(lane, C);
	dialogue_echo(lane, &sent, RCODE_REFUSED);
	assert_answered(lane, RCODE_REFUSED);
	assert_int_equal(count(lane, COUNT_waiting), 0);
	assert_int_equal(count(lane, EXIT_upstream_failed), 2);
	assert_int_equal(count(lane, EXIT_accepted), 1);
}

static void NXDOMAIN_is_an_answer(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, A);
	dialogue_echo(lane, &sent, RCODE_NXDOMAIN);
	assert_answered(lane, RCODE_NXDOMAIN);
}

static void failed_target_is_not_asked_again_and_a_silent_one_is(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent sent;

	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, A);
	dialogue_echo(lane, &sent, RCODE_SERVFAIL);
	dialogue_expect(lane, B);
	dialogue_expect_at(lane, start_us, 400, C);
	dialogue_expect_at(lane, start_us, 800, B);
	dialogue_expect_at(lane, start_us, 1600, C);
	dialogue_expect_at(lane, start_us, 2400, B);
	dialogue_expect_at(lane, start_us, 3200, C);
	lane->now_us = start_us + 4 * SECOND;
	dialogue_turn(lane);
	assert_answered(lane, RCODE_SERVFAIL);
}

static void C05_failure_without_question_has_the_next_asked(void **state)
{
	struct lane *lane = *state;
	uint8_t failure[12] = {[2] = 0x81, [3] = 0x80 | RCODE_SERVFAIL};
	struct dialogue_sent sent;

	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, A);
	memcpy(failure, sent.message, 2);
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){A, IMAGES_OUTBOUND, 53, sent.port, failure, 12});
	dialogue_expect(lane, B);
	dialogue_assert_silence(lane);
}

static void C02_malformed_reply_does_not_end_the_wait(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent sent, lie;

	dialogue_ask(lane, LITERAL(THREE));
	sent = lie = dialogue_expect(lane, A);
	lie.message[7] = 9; // answers that are not there
	reply(lane, &lie);
	dialogue_assert_silence(lane);
	assert_int_equal(count(lane, EXIT_upstream_malformed), 1);
	dialogue_expect_at(lane, start_us, 400, B);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
}

static void signed_query_is_sent_once(void **state)
{
	struct lane *lane = *state;

	dialogue_ask(lane,
		LITERAL("\x12\x34\1\0\0\1\0\0\0\0\0\1" THREE_NAME
			"\3key\0\0\xfa\0\xff\0\0\0\0\0\2ab"));
	dialogue_expect(lane, A);
	lane->now_us += 4 * SECOND - 1;
	dialogue_turn(lane);
	dialogue_assert_silence(lane);
	lane->now_us++;
	dialogue_turn(lane);
	assert_answered(lane, RCODE_SERVFAIL);
}

static void target_without_route_is_passed_over(void **state)
{
	struct lane *lane = *state;
	struct snapshot *snapshot = atomic_load(&lane->snapshots.current);

	nexthop_set(&snapshot->hops[1], &(struct nexthop){.state = NEXTHOP_UNRESOLVED});
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, B);
	dialogue_assert_silence(lane);
}

// Three questions for different names that A did not answer, and the second that it takes to know it.
static void make_A_rest(struct lane *lane)
{
	struct dialogue_sent sent[3];

	for (char letter = 'a'; letter <= 'c'; letter++) {
		ask_name(lane, letter);
		dialogue_expect(lane, A);
	}
	lane->now_us += 400 * MS;
	dialogue_turn(lane);
	for (unsigned i = 0; i < 3; i++)
		sent[i] = dialogue_expect(lane, B);
	for (unsigned i = 0; i < 3; i++) {
		reply(lane, &sent[i]);
		assert_answered(lane, RCODE_NOERROR);
	}
	lane->now_us += 600 * MS;
	dialogue_turn(lane);
	dialogue_assert_silence(lane);
	assert_int_equal(lane->upstreams[0].rest >> 8, lane->now_us);
}

static void resting_target_is_not_asked_until_a_probe_is_answered(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent, probe;
	uint64_t start_us;

	make_A_rest(lane);
	start_us = lane->now_us;
	lane->now_us = start_us + 2 * SECOND - 1;
	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, B);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);

	lane->now_us = start_us + 2 * SECOND; // the rest is over: the first query goes there too
	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, B);
	probe = dialogue_expect(lane, A);
	assert_true(sent.port != probe.port || memcmp(sent.message, probe.message, 2) != 0);
	assert_memory_equal(sent.message + 2, probe.message + 2, sent.len - 2u);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
	dialogue_ask(lane, LITERAL(THREE)); // and no other
	sent = dialogue_expect(lane, B);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);

	reply(lane, &probe); // late for its question, but A is back
	dialogue_assert_silence(lane);
	assert_int_equal(count(lane, EXIT_upstream_late), 1);
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, A);
}

static void rest_doubles_while_probes_are_missed(void **state)
{
	static const unsigned seconds[] = {2, 4, 8, 16, 30, 30};
	struct lane *lane = *state;
	uint64_t probed_us;

	make_A_rest(lane);
	probed_us = lane->now_us;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct dialogue_sent sent;

		lane->now_us = probed_us + seconds[i] * SECOND - 1;
		dialogue_turn(lane);
		dialogue_ask(lane, LITERAL(THREE));
		sent = dialogue_expect(lane, B);
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
		lane->now_us++;
		probed_us = lane->now_us;
		dialogue_ask(lane, LITERAL(THREE));
		sent = dialogue_expect(lane, B);
		dialogue_expect(lane, A);
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
		lane->now_us += SECOND;
		dialogue_turn(lane);
		dialogue_assert_silence(lane);
	}
}

static void probe_may_be_the_answer(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent probe;

	make_A_rest(lane);
	lane->now_us += 2 * SECOND;
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, B);
	probe = dialogue_expect(lane, A);
	reply(lane, &probe);
	assert_answered(lane, RCODE_NOERROR);
	assert_int_equal(count(lane, EXIT_accepted), 4);
}

static void G08_one_name_that_is_not_answered_makes_nobody_rest(void **state)
{
	struct lane *lane = *state;

	for (unsigned i = 0; i < 5; i++) {
		struct dialogue_sent sent;

		dialogue_ask(lane, LITERAL(THREE));
		dialogue_expect(lane, A);
		lane->now_us += 400 * MS;
		dialogue_turn(lane);
		sent = dialogue_expect(lane, B);
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
		lane->now_us += SECOND;
		dialogue_turn(lane);
	}
	assert_int_equal(counter_get(&lane->lines[0].missed), 5);
	assert_int_equal(lane->upstreams[0].rest, 0);
}

static void late_answer_is_no_miss(void **state)
{
	struct lane *lane = *state;

	for (char letter = 'a'; letter <= 'f'; letter++) {
		struct dialogue_sent late, sent;

		ask_name(lane, letter);
		late = dialogue_expect(lane, A);
		lane->now_us += 800 * MS;
		dialogue_turn(lane);
		sent = dialogue_expect(lane, B);
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
		reply(lane, &late);
		dialogue_assert_silence(lane);
		lane->now_us += 4 * SECOND;
		dialogue_turn(lane);
	}
	assert_int_equal(counter_get(&lane->lines[0].missed), 0);
	assert_int_equal(counter_get(&lane->lines[0].answered), 6);
}

static void C03_forged_replies_charge_no_upstream(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent, forged;

	dialogue_ask(lane, LITERAL(THREE));
	sent = forged = dialogue_expect(lane, A);
	for (unsigned i = 0; i < 1000; i++) {
		forged.message[0] = (uint8_t)(sent.message[0] + 1 + i % 250);
		dialogue_echo(lane, &forged, RCODE_SERVFAIL);
	}
	dialogue_assert_silence(lane);
	assert_int_equal(count(lane, EXIT_upstream_unknown), 1000);
	assert_int_equal(lane->upstreams[0].misses, 0);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
}

static void X50_misses_after_a_gap_of_the_loop_charge_nobody(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (char letter = 'a'; letter <= 'f'; letter++) {
		ask_name(lane, letter);
		dialogue_expect(lane, A);
	}
	lane->now_us += SECOND;
	lane->worker.path.lenient_until_us = lane->now_us + 1;
	dialogue_turn(lane);
	while (dialogue_take(lane, &sent))
		assert_string_equal(sent.to, B);
	assert_int_equal(counter_get(&lane->lines[0].missed), 0);
	assert_int_equal(lane->upstreams[0].rest, 0);
}

static void X50_probe_that_a_gap_hid_is_sent_again(void **state)
{
	struct lane *lane = *state;

	make_A_rest(lane);
	lane->now_us += 2 * SECOND;
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, B);
	dialogue_expect(lane, A);
	lane->now_us += SECOND;
	lane->worker.path.lenient_until_us = lane->now_us + 1;
	dialogue_turn(lane);
	dialogue_expect(lane, C);
	ask_name(lane, 'x');
	dialogue_expect(lane, B);
	dialogue_expect(lane, A);
}

static void make_rest(struct lane *lane, unsigned upstream, uint64_t start_us)
{
	atomic_store(&lane->upstreams[upstream].rest, upstream_rest_of(start_us, 3));
}

static void G09_all_resting_each_query_goes_once_to_the_longest_rested(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	make_rest(lane, 0, lane->now_us - 3);
	make_rest(lane, 1, lane->now_us - 5);
	make_rest(lane, 2, lane->now_us - 4);
	for (unsigned i = 0; i < 2; i++) {
		dialogue_ask(lane, LITERAL(THREE));
		sent = dialogue_expect(lane, B);
		lane->now_us += 3 * SECOND;
		dialogue_turn(lane);
		dialogue_assert_silence(lane);
		lane->now_us += SECOND;
		dialogue_turn(lane);
		assert_answered(lane, RCODE_SERVFAIL);
	}
	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, B);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
	assert_int_equal(lane->upstreams[1].rest, 0);
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, B);
}

static void all_rested_a_query_goes_once_though_its_target_comes_back(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent sent;

	for (unsigned i = 0; i < 3; i++)
		make_rest(lane, i, lane->now_us);
	ask_name(lane, 'a');
	dialogue_expect(lane, A);
	ask_name(lane, 'b');
	sent = dialogue_expect(lane, A);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
	lane->now_us = start_us + 4 * SECOND - 1;
	dialogue_turn(lane);
	dialogue_assert_silence(lane);
}

static void failure_of_the_only_one_asked_is_the_answer(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned i = 0; i < 3; i++)
		make_rest(lane, i, lane->now_us);
	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, A);
	dialogue_echo(lane, &sent, RCODE_REFUSED);
	assert_answered(lane, RCODE_REFUSED);
}

static void drained_target_is_not_asked(void **state)
{
	struct lane *lane = *state;

	lane->upstreams[0].is_drained = true;
	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, B);
	lane->upstreams[1].is_drained = lane->upstreams[2].is_drained = true;
	ask_name(lane, 'x');
	assert_answered(lane, RCODE_SERVFAIL);
}

// An image in which the name has other targets, of a later generation.
static void switch_image(struct lane *lane, const char *targets)
{
	const struct image_rule_text next[] = {{.domain = "three.", .target = targets}};
	struct snapshot *before = lane_switch(lane, next, 1);

	dialogue_turn(lane);
	snapshot_close(before);
}

static void question_that_waits_goes_on_by_the_next_image(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent first, second;

	dialogue_ask(lane, LITERAL(THREE));
	first = dialogue_expect(lane, A);
	switch_image(lane, C);
	second = dialogue_expect_at(lane, start_us, 400, C);
	assert_memory_equal(first.message + 2, second.message + 2, first.len - 2u);
	assert_int_equal(counter_get(&lane->rule_counters[1]), 1);
	assert_int_equal(counter_get(&lane->rule_counters[0]), 0);
	reply(lane, &first);
	assert_answered(lane, RCODE_NOERROR);
}

static void C12_sends_to_a_target_count_across_images(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;

	dialogue_ask(lane, LITERAL(ONE));
	dialogue_expect(lane, A);
	dialogue_expect_at(lane, start_us, 400, A);
	for (unsigned i = 0; i < 2; i++) {
		const struct image_rule_text next[] = {{.domain = "one.", .target = A}};
		struct snapshot *before = lane_switch(lane, next, 1);

		dialogue_turn(lane);
		snapshot_close(before);
		lane->now_us += 800 * MS;
		dialogue_turn(lane);
		if (i == 0)
			dialogue_expect(lane, A);
		dialogue_assert_silence(lane);
	}
}

static void question_whose_rule_is_gone_is_refused_when_its_time_comes(void **state)
{
	static const struct image_rule_text next[] = {{.domain = "other.", .target = A}};
	struct lane *lane = *state;
	struct snapshot *before;

	dialogue_ask(lane, LITERAL(THREE));
	dialogue_expect(lane, A);
	before = lane_switch(lane, next, 1);
	dialogue_turn(lane);
	snapshot_close(before);
	lane->now_us += 400 * MS;
	dialogue_turn(lane);
	assert_answered(lane, RCODE_REFUSED);
	assert_int_equal(count(lane, COUNT_waiting), 0);
}

static void health_of_an_upstream_survives_the_next_image(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	make_A_rest(lane);
	switch_image(lane, A "," B);
	dialogue_ask(lane, LITERAL(THREE));
	sent = dialogue_expect(lane, B);
	reply(lane, &sent);
	assert_answered(lane, RCODE_NOERROR);
}

static void X23_full_table_drains_whatever_is_sent_again(void **state)
{
	struct lane *lane = *state;
	uint16_t len;
	struct dialogue_sent sent;
	unsigned answered = 0;

	lane->worker.path.upstream_max = UINT32_MAX;
	for (unsigned i = 0; i < lane->options.slot_count; i++)
		ask_type(lane, (uint8_t)i);
	assert_int_equal(count(lane, COUNT_waiting), lane->options.slot_count);
	ask_type(lane, UINT8_MAX);
	dialogue_answer(lane, RCODE_SERVFAIL, &len);
	for (unsigned i = 0; i < 450; i++) {
		lane->now_us += 10 * MS;
		dialogue_turn(lane);
		while (dialogue_take(lane, &sent))
			continue;
		while (lane_take(lane, LANE_CLIENTS, &len, NULL))
			answered++;
	}
	assert_int_equal(answered, lane->options.slot_count);
	assert_int_equal(count(lane, COUNT_waiting), 0);
}

#define TURNS   HEADER "\0\1a\5turns\0\0\1\0\1"
#define FASTEST HEADER "\0\1a\7fastest\0\0\1\0\1"
#define RANDOM  HEADER "\0\1a\6random\0\0\1\0\1"

// A question for a name of its own below `turns.`
static void ask_in_turn(struct lane *lane, char letter)
{
	uint8_t message[] = TURNS;

	message[QUESTION_OFF + 1] = (uint8_t)letter;
	dialogue_ask(lane, message, sizeof(message) - 1);
}

static void round_robin_asks_each_in_turn(void **state)
{
	static const char *const wanted[] = {A, B, C, A, B, C};
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ask_in_turn(lane, (char)('a' + i));
		dialogue_expect(lane, wanted[i]);
	}
	lane->upstreams[0].is_drained = true;
	ask_in_turn(lane, 'z');
	dialogue_expect(lane, B);
	lane->now_us = start_us + 400 * MS;
	dialogue_turn(lane);
	dialogue_expect(lane, B); // of the first question, that A has not answered
	dialogue_expect(lane, C);
	dialogue_expect(lane, B); // of the third: C was its first, and A is drained
}

static void lowest_latency_asks_the_fastest_once_all_are_measured(void **state)
{
	static const unsigned took_ms[] = {30, 10, 20};
	struct lane *lane = *state;
	unsigned counts[3] = {0};

	for (unsigned i = 0; i < 2 * HEALTH_LOOK_AROUND; i++) {
		struct dialogue_sent sent;
		unsigned target;

		dialogue_ask(lane, LITERAL(FASTEST));
		assert_true(dialogue_take(lane, &sent));
		target = (unsigned)(sent.to[9] - '1');
		counts[target]++;
		if (i < 3)
			assert_int_equal(target, i);
		lane->now_us += took_ms[target] * MS;
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
	}
	assert_int_equal(counts[0], 2); // at first, and when it had its turn
	assert_int_equal(counts[2], 1);
}

static void random_asks_all_that_are_up_alike(void **state)
{
	struct lane *lane = *state;
	unsigned counts[3] = {0};

	lane->upstreams[2].is_drained = true;
	for (unsigned i = 0; i < 1000; i++) {
		struct dialogue_sent sent;

		dialogue_ask(lane, LITERAL(RANDOM));
		assert_true(dialogue_take(lane, &sent));
		counts[sent.to[9] - '1']++;
		reply(lane, &sent);
		assert_answered(lane, RCODE_NOERROR);
	}
	assert_in_range(counts[0], 400, 600); // 6 standard deviations
	assert_int_equal(counts[2], 0);
}

// Questions, replies good and bad, switches and rests, at random: the laws hold, and nothing is lost.
static void any_order_of_events_keeps_the_laws(void **state)
{
	static const uint8_t rcodes[] = {
		RCODE_NOERROR, RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_SERVFAIL, RCODE_REFUSED};
	static struct dialogue_sent sent[64];
	struct lane *lane = *state;
	unsigned sent_count = 0, answered = 0, asked = 0;
	uint16_t len;

	srandom(1);
	for (unsigned i = 0; i < 100000; i++) {
		switch (random() % 8) {
		case 0:
		case 1: ask_name(lane, (char)('a' + random() % 26)), asked++; break;
		case 2:
		case 3:
		case 4:
			if (sent_count > 0)
				dialogue_echo(
					lane, &sent[random() % sent_count], rcodes[random() % 5]);
			break;
		case 5: lane->upstreams[random() % 3].is_drained ^= 1; break;
		default: lane->now_us += (uint64_t)random() % 50000; dialogue_turn(lane);
		}
		if (i % 1000 == 0)
			switch_image(lane, i % 2000 ? B "," A : A "," B "," C);
		while (dialogue_take(lane, &sent[sent_count % 64]))
			sent_count = sent_count % 64 + 1;
		while (lane_take(lane, LANE_CLIENTS, &len, NULL))
			answered++;
	}
	for (unsigned i = 0; i < 3; i++)
		lane->upstreams[i].is_drained = false;
	assert_int_equal(asked, answered + count(lane, COUNT_waiting));
}

#define LANE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LANE_TEST(single_target_is_asked_again_three_times_in_all),
		LANE_TEST(G01_next_target_is_asked_in_order_until_the_deadline),
		LANE_TEST(pause_follows_what_the_target_took_before),
		LANE_TEST(every_send_has_a_port_and_ID_of_its_own_and_the_same_question),
		LANE_TEST(G03_every_send_may_be_answered_and_the_first_answer_wins),
		LANE_TEST(G02_slow_answer_is_delivered),
		LANE_TEST(failure_of_a_target_has_the_next_asked_at_once),
		LANE_TEST(all_targets_failed_the_last_code_is_the_answer),
		LANE_TEST(NXDOMAIN_is_an_answer),
		LANE_TEST(failed_target_is_not_asked_again_and_a_silent_one_is),
		LANE_TEST(C05_failure_without_question_has_the_next_asked),
		LANE_TEST(C02_malformed_reply_does_not_end_the_wait),
		LANE_TEST(signed_query_is_sent_once),
		LANE_TEST(target_without_route_is_passed_over),
		LANE_TEST(resting_target_is_not_asked_until_a_probe_is_answered),
		LANE_TEST(rest_doubles_while_probes_are_missed),
		LANE_TEST(probe_may_be_the_answer),
		LANE_TEST(G08_one_name_that_is_not_answered_makes_nobody_rest),
		LANE_TEST(late_answer_is_no_miss),
		LANE_TEST(C03_forged_replies_charge_no_upstream),
		LANE_TEST(X50_misses_after_a_gap_of_the_loop_charge_nobody),
		LANE_TEST(X50_probe_that_a_gap_hid_is_sent_again),
		LANE_TEST(G09_all_resting_each_query_goes_once_to_the_longest_rested),
		LANE_TEST(all_rested_a_query_goes_once_though_its_target_comes_back),
		LANE_TEST(failure_of_the_only_one_asked_is_the_answer),
		LANE_TEST(drained_target_is_not_asked),
		LANE_TEST(question_that_waits_goes_on_by_the_next_image),
		LANE_TEST(C12_sends_to_a_target_count_across_images),
		LANE_TEST(question_whose_rule_is_gone_is_refused_when_its_time_comes),
		LANE_TEST(health_of_an_upstream_survives_the_next_image),
		LANE_TEST(X23_full_table_drains_whatever_is_sent_again),
		LANE_TEST(round_robin_asks_each_in_turn),
		LANE_TEST(lowest_latency_asks_the_fastest_once_all_are_measured),
		LANE_TEST(random_asks_all_that_are_up_alike),
		LANE_TEST(any_order_of_events_keeps_the_laws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
