// SPDX-License-Identifier: BSD-3-Clause
// Letter case drawn at random (0x20): sent, held against what comes back, and left where a target does not bear it.
#include <stdlib.h>
#include <string.h>

#include "tests/unit/dialogue.h"
#include "tests/unit/unit.h"

#define A      "10.54.0.11"
#define B      "10.54.0.12"
#define HEADER "\x12\x34\1\0\0\1\0\0\0\0\0"
#define NAME   "\x14wWwaBcdefGhijklmnopq\4case\0"
#define QUERY  HEADER "\0" NAME "\0\1\0\1"

enum { QUESTION_OFF = 12, NAME_LEN = sizeof(NAME) - 1 };

static const struct image_rule_text rules[] = {
	{.domain = "case.", .target = A, .upstream_flags = IMAGE_RANDOMISES_CASE},
	{.domain = "plain.", .target = A},
	{.domain = "two.", .target = A "," B, .upstream_flags = IMAGE_RANDOMISES_CASE},
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

static struct dialogue_sent ask(struct lane *lane)
{
	dialogue_ask(lane, (const uint8_t *)QUERY, sizeof(QUERY) - 1);
	return dialogue_expect(lane, A);
}

static bool is_client_case(const struct dialogue_sent *sent)
{
	return memcmp(sent->message + QUESTION_OFF, NAME, NAME_LEN) == 0;
}

// Comes back in lower case.
static void reply_folded(struct lane *lane, const struct dialogue_sent *sent)
{
	struct dialogue_sent folded = *sent;

	name_fold(folded.message + QUESTION_OFF, folded.message + QUESTION_OFF, NAME_LEN);
	dialogue_echo(lane, &folded, RCODE_NOERROR);
}

static void assert_answered(struct lane *lane)
{
	uint16_t len;
	const uint8_t *answer = dialogue_answer(lane, RCODE_NOERROR, &len);

	assert_memory_equal(answer + QUESTION_OFF, NAME, NAME_LEN);
	dialogue_assert_silence(lane);
}

static uint64_t count_lost(const struct lane *lane)
{
	return counter_get(&lane->counters[EXIT_upstream_wrong_case]);
}

static bool is_upper(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static void I06_case_is_drawn_anew_for_each_send_and_the_client_gets_its_own(void **state)
{
	enum { SENDS = 400 };
	struct lane *lane = *state;
	unsigned upper[NAME_LEN] = {0};

	for (unsigned i = 0; i < SENDS; i++) {
		struct dialogue_sent sent = ask(lane);
		const uint8_t *name = sent.message + QUESTION_OFF;

		assert_true(name_equal_folded(name, (const uint8_t *)NAME, NAME_LEN));
		for (unsigned at = 0; at < NAME_LEN; at++)
			upper[at] += is_upper(name[at]);
		dialogue_echo(lane, &sent, RCODE_NOERROR);
		assert_answered(lane);
	}
	// Each letter is upper case in half of all sends: 200, and ten standard deviations of 10 off at most.
	for (unsigned at = 0; at < NAME_LEN; at++)
		if (NAME[at] >= 'A')
			assert_in_range(upper[at], 100, 300);
		else
			assert_int_equal(upper[at], 0);
	assert_int_equal(count_lost(lane), 0);
}

static void reply_in_another_case_has_the_question_sent_again_without_0x20(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent, again;

	do { // until what came back would be another case
		sent = ask(lane);
		if (is_client_case(&sent))
			dialogue_echo(lane, &sent, RCODE_NOERROR);
	} while (is_client_case(&sent));
	reply_folded(lane, &sent);
	again = dialogue_expect(lane, A);
	assert_true(is_client_case(&again));
	assert_true(again.port != sent.port || memcmp(again.message, sent.message, 2) != 0);
	dialogue_assert_silence(lane);
	assert_int_equal(count_lost(lane), 1);
	// The send before is over: what comes for it is unknown.
	dialogue_echo(lane, &sent, RCODE_NOERROR);
	dialogue_assert_silence(lane);
	assert_int_equal(counter_get(&lane->counters[EXIT_upstream_unknown]), 1);
	reply_folded(lane, &again); // which needs no case now
	assert_answered(lane);
	assert_int_equal(counter_get(&lane->lines[0].missed), 0);
	assert_int_equal(counter_get(&lane->lines[0].sent), 2);
}

// A question whose reply loses the case, and what is sent instead.
static void lose_case(struct lane *lane)
{
	struct dialogue_sent sent = ask(lane);

	reply_folded(lane, &sent);
	sent = dialogue_expect(lane, A);
	reply_folded(lane, &sent);
	assert_answered(lane);
}

static void two_in_a_row_switch_0x20_off_for_an_hour(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	lose_case(lane);
	lose_case(lane);
	assert_int_equal(count_lost(lane), 2);
	for (unsigned i = 0; i < 20; i++) {
		sent = ask(lane);
		assert_true(is_client_case(&sent));
		reply_folded(lane, &sent);
		assert_answered(lane);
	}
	lane->now_us += UINT64_C(3601) * DIALOGUE_SECOND;
	lose_case(lane); // it is on again
	assert_int_equal(count_lost(lane), 3);
	lose_case(lane);
	sent = ask(lane);
	assert_true(is_client_case(&sent));
	reply_folded(lane, &sent);
	assert_answered(lane);
}

static void a_reply_that_keeps_the_case_between_two_that_do_not_keeps_0x20_on(void **state)
{
	struct lane *lane = *state;

	for (unsigned i = 0; i < 5; i++) {
		struct dialogue_sent sent;

		lose_case(lane);
		sent = ask(lane);
		dialogue_echo(lane, &sent, RCODE_NOERROR);
		assert_answered(lane);
	}
	assert_int_equal(count_lost(lane), 5);
}

static void operator_may_leave_0x20_off(void **state)
{
	struct lane *lane = *state;

	for (unsigned i = 0; i < 20; i++) {
		static const char query[] = HEADER "\0\x14wWwaBcdefGhijklmnopq\5pLain\0\0\1\0\1";
		struct dialogue_sent sent;
		uint16_t len;

		dialogue_ask(lane, (const uint8_t *)query, sizeof(query) - 1);
		sent = dialogue_expect(lane, A);
		assert_memory_equal(sent.message + QUESTION_OFF, query + QUESTION_OFF,
			sizeof(query) - 1 - QUESTION_OFF);
		dialogue_echo(lane, &sent, RCODE_NOERROR);
		dialogue_answer(lane, RCODE_NOERROR, &len);
	}
}

static void D20_case_of_a_signed_query_is_the_clients(void **state)
{
	static const char query[] = HEADER "\1" NAME "\0\1\0\1"
					   "\0\0\xfa\0\xff\0\0\0\0\0\0"; // TSIG
	struct lane *lane = *state;

	for (unsigned i = 0; i < 20; i++) {
		struct dialogue_sent sent;
		uint16_t len;

		dialogue_ask(lane, (const uint8_t *)query, sizeof(query) - 1);
		sent = dialogue_expect(lane, A);
		assert_int_equal(sent.len, sizeof(query) - 1);
		assert_memory_equal(sent.message + 2, query + 2, sent.len - 2u);
		dialogue_echo(lane, &sent, RCODE_NOERROR);
		dialogue_answer(lane, RCODE_NOERROR, &len);
	}
}

// A target that always loses the case is asked three times in all, as any other.
static void C12_a_lost_case_does_not_add_to_the_sends(void **state)
{
	static const char query[] = HEADER "\0\x14wWwaBcdefGhijklmnopq\3two\0\0\1\0\1";
	struct lane *lane = *state;
	unsigned sends[2] = {0};
	uint16_t len;

	dialogue_ask(lane, (const uint8_t *)query, sizeof(query) - 1);
	for (unsigned ms = 0; ms < 4000; ms += 25) {
		struct lane_datagram datagram;
		const uint8_t *message;

		while ((message = lane_take(lane, LANE_UPSTREAMS, &len, &datagram))) {
			struct dialogue_sent sent = {.port = datagram.from_port, .len = len};
			bool is_plain;

			strcpy(sent.to, datagram.to);
			memcpy(sent.message, message, len);
			is_plain = memcmp(message + QUESTION_OFF, query + QUESTION_OFF, 20) == 0;
			sends[strcmp(sent.to, B) == 0]++;
			name_fold(sent.message + QUESTION_OFF, sent.message + QUESTION_OFF, 26);
			if (!is_plain) // and what is sent without 0x20 is lost
				dialogue_echo(lane, &sent, RCODE_NOERROR);
		}
		lane->now_us += 25 * DIALOGUE_MS;
		dialogue_turn(lane);
	}
	assert_int_equal(sends[0], 3);
	assert_int_equal(sends[1], 3);
	dialogue_answer(lane, RCODE_SERVFAIL, &len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(I06_case_is_drawn_anew_for_each_send_and_the_client_gets_its_own),
		TEST(reply_in_another_case_has_the_question_sent_again_without_0x20),
		TEST(two_in_a_row_switch_0x20_off_for_an_hour),
		TEST(a_reply_that_keeps_the_case_between_two_that_do_not_keeps_0x20_on),
		TEST(operator_may_leave_0x20_off),
		TEST(D20_case_of_a_signed_query_is_the_clients),
		TEST(C12_a_lost_case_does_not_add_to_the_sends),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
