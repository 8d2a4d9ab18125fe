// SPDX-License-Identifier: BSD-3-Clause
// Questions that come back from whom they are asked of.
#include <string.h>

#include "tests/unit/dialogue.h"
#include "tests/unit/unit.h"

#define PEER   "10.53.0.9" // a target that is in our network, too
#define A      "10.54.0.11"
#define HEADER "\x12\x34\1\0\0\1\0\0\0\0\0"
#define OPT    "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define TEXT   "a loop: you are being asked this by the rule for loop\\046ed.lab."

static const struct image_rule_text rules[] = {
	{.domain = "loop\\.ed.lab.", .target = PEER},
	{.domain = "nat.lab.", .target = PEER, .upstream_flags = IMAGE_TRUSTS_AD},
	{.domain = "two.lab.", .target = A "," PEER},
};

static int set_up(void **state)
{
	*state = lane_new(rules, 3);
	return 0;
}

static int tear_down(void **state)
{
	dialogue_end(*state);
	return 0;
}

static void ask_from(struct lane *lane, const char *from, const char *message, size_t len)
{
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){from, IMAGES_INBOUND, 4242, 53, message, (uint16_t)len});
}

#define ASK(lane, from, literal) ask_from(lane, from, literal, sizeof(literal) - 1)

static void G10_question_from_its_own_target_ends_at_once_with_the_rule_named(void **state)
{
	static const char query[] = HEADER "\1\3wWw\7loop.ed\3lab\0\0\1\0\1" OPT;
	struct lane *lane = *state;
	struct dialogue_sent sent;
	const uint8_t *answer;
	uint16_t len;

	ASK(lane, DIALOGUE_CLIENT, query);
	sent = dialogue_expect(lane, PEER);
	ASK(lane, PEER, query);
	answer = dialogue_answer(lane, RCODE_SERVFAIL, &len);
	assert_memory_equal(answer + len - sizeof(TEXT) + 1, TEXT, sizeof(TEXT) - 1);
	dialogue_assert_silence(lane);
	assert_int_equal(counter_get(&lane->loop_counters[0]), 1);
	assert_int_equal(counter_get(&lane->counters[COUNT_shed_loop]), 1);
	ASK(lane, "10.53.0.8", query); // another client waits for the answer, and so does the first
	dialogue_assert_silence(lane);
	dialogue_echo(lane, &sent, RCODE_NOERROR);
	dialogue_answer(lane, RCODE_NOERROR, &len);
	dialogue_answer(lane, RCODE_NOERROR, &len);
	dialogue_assert_silence(lane);
	ASK(lane, PEER, query); // which is no loop any more
	dialogue_expect(lane, PEER);
	assert_int_equal(counter_get(&lane->loop_counters[0]), 1);
}

static void G10_loop_is_found_whatever_flags_and_options_the_question_came_back_with(void **state)
{
	struct lane *lane = *state;
	uint16_t len;

	ASK(lane, DIALOGUE_CLIENT, HEADER "\0\3wWw\7loop.ed\3lab\0\0\1\0\1");
	dialogue_expect(lane, PEER);
	ASK(lane, PEER,
		HEADER "\1\3www\7LOOP.ed\3lab\0\0\1\0\1"
		       "\0\0\x29\x04\xd0\0\0\x80\0\0\6\xfd\xe9\0\2hi");
	dialogue_answer(lane, RCODE_SERVFAIL, &len);
	dialogue_assert_silence(lane);
	ASK(lane, PEER, HEADER "\0\3wWw\7loop.ed\3lab\0\0\2\0\1"); // another type
	dialogue_expect(lane, PEER);
	assert_int_equal(counter_get(&lane->loop_counters[0]), 1);
}

static void target_that_is_a_client_too_may_be_excepted(void **state)
{
	static const char query[] = HEADER "\0\3wWw\3nat\3lab\0\0\1\0\1";
	struct lane *lane = *state;
	struct dialogue_sent sent;
	uint16_t len;

	ASK(lane, DIALOGUE_CLIENT, query);
	sent = dialogue_expect(lane, PEER);
	ASK(lane, PEER, query); // waits with the other
	dialogue_assert_silence(lane);
	dialogue_echo(lane, &sent, RCODE_NOERROR);
	dialogue_answer(lane, RCODE_NOERROR, &len);
	dialogue_answer(lane, RCODE_NOERROR, &len);
	assert_int_equal(counter_get(&lane->counters[COUNT_shed_loop]), 0);
}

static void target_that_was_not_asked_yet_may_ask(void **state)
{
	static const char query[] = HEADER "\0\3wWw\3two\3lab\0\0\1\0\1";
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	uint16_t len;

	ASK(lane, DIALOGUE_CLIENT, query);
	dialogue_expect(lane, A);
	ASK(lane, PEER, query);
	dialogue_assert_silence(lane);
	dialogue_expect_at(lane, start_us, 400, PEER);
	ASK(lane, PEER, query);
	dialogue_answer(lane, RCODE_SERVFAIL, &len);
	assert_int_equal(counter_get(&lane->loop_counters[2]), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(G10_question_from_its_own_target_ends_at_once_with_the_rule_named),
		TEST(G10_loop_is_found_whatever_flags_and_options_the_question_came_back_with),
		TEST(target_that_is_a_client_too_may_be_excepted),
		TEST(target_that_was_not_asked_yet_may_ask),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
