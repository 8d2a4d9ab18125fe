// SPDX-License-Identifier: BSD-3-Clause
// What we answer ourselves, walked whole: queries in, answers out, byte for byte.
#include "dataplane/path/path.h"
#include "tests/unit/lane.h"
#include "tests/unit/unit.h"

#define CLIENT "10.53.0.1"

#define HEADER     "\x12\x34\1\0\0\1\0\0\0\0\0\0"
#define HEADER_OPT "\x12\x34\1\0\0\1\0\0\0\0\0\1"
#define OPT        "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define A          "\0\1\0\1"
#define AAAA       "\0\x1c\0\1"
#define TXT        "\0\x10\0\1"
#define ANY        "\0\xff\0\1"

// A rule's SOA, its domain at `at` in the message; generation 1.
#define SOA(at)                                                                                  \
	"\xc0" at "\0\6\0\1\0\0\0\xa\0\x23\xc0" at "\12hostmaster\xc0" at "\0\0\0\1\0\0\x0e\x10" \
	"\0\0\1\x2c\0\x24\xea\0\0\0\0\xa"

static const struct image_rule_text rules[] = {
	{.domain = "gone.a.", .action = IMAGE_ACTION_NXDOMAIN},
	{.domain = "empty.a.", .action = IMAGE_ACTION_NODATA},
	{.domain = "shut.a.", .action = IMAGE_ACTION_REFUSE},
	{.domain = "mute.a.", .action = IMAGE_ACTION_DROP},
	{.domain = "host.a.",
		.action = IMAGE_ACTION_ADDRESSES,
		.addresses = "192.0.2.1,2001:db8::1,192.0.2.2"},
	{.domain = "carved.a.", .action = IMAGE_ACTION_DEFAULT},
	{.domain = "a.", .action = IMAGE_ACTION_REFUSE},
	{.domain = "."},
};

enum { GONE, EMPTY, SHUT, MUTE, HOST, CARVED, SHUT_A, ALL, RULE_COUNT };

static int set_up(void **state)
{
	*state = lane_new(rules, RULE_COUNT);
	return 0;
}

static int tear_down(void **state)
{
	lane_check_laws(*state);
	lane_free(*state);
	return 0;
}

static void ask(struct lane *lane, const void *message, size_t len)
{
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){CLIENT, IMAGES_INBOUND, 4242, 53, message, (uint16_t)len});
}

#define ASK(lane, literal) ask(lane, literal, sizeof(literal) - 1)

static void assert_answer(struct lane *lane, const void *expected, size_t expected_len)
{
	uint16_t len;
	const uint8_t *answer = lane_take(lane, LANE_CLIENTS, &len, NULL);

	assert_non_null(answer);
	assert_int_equal(len, expected_len);
	assert_memory_equal(answer, expected, len);
}

#define ASSERT_ANSWER(lane, literal) assert_answer(lane, literal, sizeof(literal) - 1)

static void assert_silence(struct lane *lane)
{
	uint16_t len;

	assert_null(lane_take(lane, LANE_CLIENTS, &len, NULL));
	assert_null(lane_take(lane, LANE_UPSTREAMS, &len, NULL));
}

static uint64_t queries(const struct lane *lane, unsigned rule)
{
	return counter_get(&lane->rule_counters[rule]);
}

static void nxdomain_says_that_the_name_is_not_there(void **state)
{
	ASK(*state, HEADER "\3wWw\4gOne\1a\0" A);
	ASSERT_ANSWER(*state, "\x12\x34\x85\x83\0\1\0\0\0\1\0\0\3wWw\4gOne\1a\0" A SOA("\x10"));
	assert_int_equal(queries(*state, GONE), 1);
	assert_silence(*state);
}

static void nodata_says_that_the_type_is_not_there(void **state)
{
	ASK(*state, HEADER "\5empty\1a\0" A);
	ASSERT_ANSWER(*state, "\x12\x34\x85\x80\0\1\0\0\0\1\0\0\5empty\1a\0" A SOA("\x0c"));
	assert_silence(*state);
}

static void a_refusal_names_its_rule_to_a_client_with_OPT(void **state)
{
	ASK(*state, HEADER "\4shut\1a\0" A);
	ASSERT_ANSWER(*state, "\x12\x34\x81\x85\0\1\0\0\0\0\0\0\4shut\1a\0" A);
	ASK(*state, HEADER_OPT "\4shut\1a\0" A OPT);
	ASSERT_ANSWER(*state,
		"\x12\x34\x81\x85\0\1\0\0\0\0\0\1\4shut\1a\0" A
		"\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\xf\0\x8\0\x12rule 2");
	ASK(*state, HEADER_OPT "\5empty\1a\0" A OPT);
	ASSERT_ANSWER(*state,
		"\x12\x34\x85\x80\0\1\0\0\0\1\0\1\5empty\1a\0" A SOA("\x0c") //
		"\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\xf\0\x8\0\xfrule 1");
}

static void drop_is_silence_and_counted(void **state)
{
	struct lane *lane = *state;

	ASK(lane, HEADER "\4mute\1a\0" A);
	assert_silence(lane);
	assert_int_equal(counter_get(&lane->counters[EXIT_match_dropped]), 1);
	assert_int_equal(queries(lane, MUTE), 1);
}

static void addresses_are_answered_by_type(void **state)
{
	ASK(*state, HEADER "\1b\4HOST\1a\0" A);
	ASSERT_ANSWER(*state,
		"\x12\x34\x85\x80\0\1\0\2\0\0\0\0\1b\4HOST\1a\0" A "\xc0\x0c" A
		"\0\0\1\x2c\0\4\xc0\0\2\1" //
		"\xc0\x0c" A "\0\0\1\x2c\0\4\xc0\0\2\2");
	ASK(*state, HEADER "\4host\1a\0" AAAA);
	ASSERT_ANSWER(*state,
		"\x12\x34\x85\x80\0\1\0\1\0\0\0\0\4host\1a\0" AAAA "\xc0\x0c" AAAA
		"\0\0\1\x2c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
}

static void H01_other_types_of_addresses_are_not_there(void **state)
{
	ASK(*state, HEADER "\1b\4host\1a\0" TXT);
	ASSERT_ANSWER(*state, "\x12\x34\x85\x80\0\1\0\0\0\1\0\0\1b\4host\1a\0" TXT SOA("\x0e"));
	assert_silence(*state);
}

static void H12_any_of_addresses_is_HINFO(void **state)
{
	ASK(*state, HEADER "\4host\1a\0" ANY);
	ASSERT_ANSWER(*state,
		"\x12\x34\x85\x80\0\1\0\1\0\0\0\0\4host\1a\0" ANY
		"\xc0\x0c\0\x0d\0\1\0\0\1\x2c\0\x9\7RFC8482\0");
}

static void carve_out_goes_on_to_the_rule_for_all_names(void **state)
{
	struct lane *lane = *state;
	uint16_t len;

	ASK(lane, HEADER "\1b\6carved\1a\0" A);
	assert_non_null(lane_take(lane, LANE_UPSTREAMS, &len, NULL));
	assert_int_equal(queries(lane, CARVED), 1);
	assert_int_equal(queries(lane, ALL), 0);
	ASK(lane, HEADER "\1a\0" A);
	ASSERT_ANSWER(lane, "\x12\x34\x81\x85\0\1\0\0\0\0\0\0\1a\0" A);
}

// It may have none; then the default of the network holds, here to refuse.
static void carve_out_without_such_a_rule_goes_to_the_default(void **state)
{
	struct lane *lane = *state;
	struct snapshot *before = lane_switch(lane, rules, ALL);

	ASK(lane, HEADER "\6carved\1a\0" A);
	ASSERT_ANSWER(lane, "\x12\x34\x81\x85\0\1\0\0\0\0\0\0\6carved\1a\0" A);
	snapshot_close(before);
}

static void RD_clear_is_answered_from_local_data(void **state)
{
	ASK(*state, "\x12\x34\0\0\0\1\0\0\0\0\0\0\4host\1a\0" TXT);
	ASSERT_ANSWER(*state, "\x12\x34\x84\x80\0\1\0\0\0\1\0\0\4host\1a\0" TXT SOA("\x0c"));
}

// A question that waits when its name gets such a rule: it is over, and the laws hold.
static void drop_ends_a_question_that_waits(void **state)
{
	struct lane *lane = *state;
	struct snapshot *before;
	uint16_t len;

	before = lane_switch(lane, rules + ALL, 1);
	ASK(lane, HEADER "\4mute\1a\0" A);
	assert_non_null(lane_take(lane, LANE_UPSTREAMS, &len, NULL));
	snapshot_close(before);
	before = lane_switch(lane, rules, RULE_COUNT);
	lane->now_us += 500000; // its target has had its time: it walks again
	ASK(lane, HEADER "\4mute\1a\0" A);
	assert_silence(lane);
	snapshot_close(before);
	assert_int_equal(counter_get(&lane->counters[EXIT_match_dropped]), 2);
	assert_int_equal(counter_get(&lane->counters[COUNT_waiting]), 0);
}

#define LOCAL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOCAL_TEST(nxdomain_says_that_the_name_is_not_there),
		LOCAL_TEST(nodata_says_that_the_type_is_not_there),
		LOCAL_TEST(a_refusal_names_its_rule_to_a_client_with_OPT),
		LOCAL_TEST(drop_is_silence_and_counted),
		LOCAL_TEST(addresses_are_answered_by_type),
		LOCAL_TEST(H01_other_types_of_addresses_are_not_there),
		LOCAL_TEST(H12_any_of_addresses_is_HINFO),
		LOCAL_TEST(carve_out_goes_on_to_the_rule_for_all_names),
		LOCAL_TEST(carve_out_without_such_a_rule_goes_to_the_default),
		LOCAL_TEST(RD_clear_is_answered_from_local_data),
		LOCAL_TEST(drop_ends_a_question_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
