// SPDX-License-Identifier: BSD-3-Clause
// Clients who ask the same: one question goes upstream, and each gets an answer of his own.
#include <sys/mman.h>

#include "dataplane/path/path.h"
#include "tests/unit/dialogue.h"
#include "tests/unit/unit.h"

#define SERVER "10.54.0.11"
#define OTHER  "10.54.0.12"

#define HEADER "\0\0\1\0\0\1\0\0\0\0\0\0"
#define NAME   "\3wWw\1A\3com\0"
#define QUERY  HEADER NAME "\0\1\0\1"
#define OPT    "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define OPT_DO "\0\0\x29\x04\xd0\0\0\x80\0\0\0"
#define RECORD "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x0b"

enum { FLAGS_OFF = 2, COUNTS_OFF = 4, ADDITIONAL_OFF = 11, NAME_OFF = 12, FIRST_PORT = 1024 };

static const struct image_rule_text rules[] = {
	{.domain = "a.com.", .target = SERVER},
	{.domain = "b.com.", .target = OTHER},
};

static int set_up(void **state)
{
	struct lane *lane = lane_new(rules, 2);

	lane->worker.path.upstream_max = 120; // of 128 slots
	*state = lane;
	return 0;
}

static void turn(struct lane *lane)
{
	worker_turn(&lane->worker, lane->now_us);
}

static uint64_t count(const struct lane *lane, enum path_counter counter)
{
	return counter_get(&lane->counters[counter]);
}

// Ends with all that waited answered or timed out.
static int tear_down(void **state)
{
	struct lane *lane = *state;

	for (unsigned i = 0; i < 100; i++) {
		lane->now_us += 100000;
		turn(lane);
		while (memory_take_sent(lane->ports[0]) || memory_take_sent(lane->ports[1]))
			continue;
	}
	assert_int_equal(count(lane, COUNT_waiting), 0);
	for (unsigned i = 0; i < LANE_UPSTREAM_PLACES; i++)
		assert_int_equal(inflight_load(lane->worker.path.inflight, i), 0);
	lane_check_laws(lane);
	lane_free(lane);
	return 0;
}

// The image, to be changed.
static struct snapshot *unlock_image(struct lane *lane)
{
	struct snapshot *snapshot = atomic_load(&lane->snapshots.current);

	assert_int_equal(
		mprotect(snapshot->mapped, snapshot->mapped_size, PROT_READ | PROT_WRITE), 0);
	return snapshot;
}

// Client n asks from a port of his own, with his number as ID.
static void ask_as(struct lane *lane, unsigned n, const void *message, size_t len)
{
	uint8_t query[512];

	memcpy(query, message, len);
	query[0] = (uint8_t)(n >> 8);
	query[1] = (uint8_t)n;
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){"10.53.0.1", IMAGES_INBOUND, (uint16_t)(FIRST_PORT + n), 53,
			query, (uint16_t)len});
}

#define ASK_AS(lane, n, literal) ask_as(lane, n, literal, sizeof(literal) - 1)

static unsigned count_sent(struct lane *lane, struct dialogue_sent *last)
{
	unsigned sent_count = 0;

	while (dialogue_take(lane, last))
		sent_count++;
	return sent_count;
}

// What was asked, with one record, from whom it was asked.
static void reply(struct lane *lane, const struct dialogue_sent *sent)
{
	uint16_t question_end = (uint16_t)(sent->len - MSG_OPT_LEN);
	uint8_t message[512];

	memcpy(message, sent->message, question_end);
	memcpy(message + FLAGS_OFF, "\x81\x80\0\1\0\1\0\0\0\0", 10);
	memcpy(message + question_end, RECORD, sizeof(RECORD) - 1);
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){sent->to, IMAGES_OUTBOUND, 53, sent->port, message,
			(uint16_t)(question_end + sizeof(RECORD) - 1)});
}

// The next answer; its ID is held to be that of the client it goes to, whose number comes back.
static const uint8_t *take_answer(struct lane *lane, unsigned *n, unsigned rcode, uint16_t *len)
{
	struct lane_datagram datagram;
	const uint8_t *answer = lane_take(lane, LANE_CLIENTS, len, &datagram);

	if (!answer)
		return NULL;
	*n = (unsigned)(answer[0] << 8 | answer[1]);
	assert_int_equal(datagram.to_port, FIRST_PORT + *n);
	assert_int_equal(answer[FLAGS_OFF] & 0x80, 0x80);
	assert_int_equal(answer[FLAGS_OFF + 1] & 0x0f, rcode);
	return answer;
}

// As many answers of this kind as are there, each to another client.
static unsigned count_answers(struct lane *lane, unsigned rcode)
{
	bool is_answered[4096] = {false};
	unsigned answered = 0, n;
	uint16_t len;

	while (take_answer(lane, &n, rcode, &len)) {
		assert_false(is_answered[n]);
		is_answered[n] = true;
		answered++;
	}
	return answered;
}

static void G05_one_question_goes_upstream_for_all_who_ask_it(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned n = 0; n < 100; n++)
		ASK_AS(lane, n, QUERY);
	assert_int_equal(count_sent(lane, &sent), 1);
	assert_int_equal(count(lane, COUNT_waiting), 100);
	assert_int_equal(count(lane, COUNT_shared), 99);
	reply(lane, &sent);
	turn(lane);
	turn(lane);
	assert_int_equal(count_answers(lane, RCODE_NOERROR), 100);
	assert_int_equal(count(lane, COUNT_waiting), 0);
	assert_int_equal(count(lane, EXIT_accepted), 1);
	ASK_AS(lane, 0, QUERY);
	assert_int_equal(count_sent(lane, &sent), 1);
}

static void B09_B24_each_gets_its_own_ID_case_and_EDNS(void **state)
{
	static const char *const names[] = {"\3wWw\1A\3com", "\3www\1a\3COM", "\3WWW\1a\3com"};
	struct lane *lane = *state;
	struct dialogue_sent sent;
	uint16_t len;
	unsigned n;

	for (n = 0; n < 3; n++) {
		uint8_t query[] = QUERY OPT;

		memcpy(query + NAME_OFF, names[n], sizeof(NAME) - 2);
		query[FLAGS_OFF + 1] = n == 2 ? 0x20 : 0; // AD: it tells no other question
		query[ADDITIONAL_OFF] = n != 1;
		ask_as(lane, n, query, sizeof(query) - 1 - (n == 1 ? sizeof(OPT) - 1 : 0));
	}
	assert_int_equal(count_sent(lane, &sent), 1);
	reply(lane, &sent);
	turn(lane);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *answer = take_answer(lane, &n, RCODE_NOERROR, &len);

		assert_non_null(answer);
		assert_memory_equal(answer + NAME_OFF, names[n], sizeof(NAME) - 2);
		assert_int_equal(answer[ADDITIONAL_OFF], n != 1);
		assert_int_equal(len,
			sizeof(QUERY) - 1 + sizeof(RECORD) - 1 + (n != 1 ? sizeof(OPT) - 1 : 0));
	}
}

static void DO_and_CD_make_another_question(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;
	uint8_t query[] = QUERY OPT_DO;

	query[ADDITIONAL_OFF] = 1;
	ASK_AS(lane, 0, QUERY);
	ask_as(lane, 1, query, sizeof(query) - 1);
	query[FLAGS_OFF + 1] = 0x10; // CD
	ask_as(lane, 2, query, sizeof(query) - 1);
	assert_int_equal(count_sent(lane, &sent), 3);
	ask_as(lane, 3, query, sizeof(query) - 1);
	assert_int_equal(count_sent(lane, &sent), 0);
}

static void signed_question_shares_nothing(void **state)
{
	static const char query[] =
		"\0\0\1\0\0\1\0\0\0\0\0\1" NAME "\0\1\0\1" // one additional record: a TSIG
		"\1k\0\0\xfa\0\xff\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct lane *lane = *state;
	struct dialogue_sent sent;

	ASK_AS(lane, 0, QUERY);
	ASK_AS(lane, 1, query);
	ASK_AS(lane, 2, query);
	assert_int_equal(count_sent(lane, &sent), 3);
}

static void G06_no_more_wait_than_may_and_the_rest_hear_so_at_once(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	((struct image_header *)unlock_image(lane)->base)->max_waiters = 10;
	for (unsigned n = 0; n < 50; n++)
		ASK_AS(lane, n, QUERY);
	assert_int_equal(count_answers(lane, RCODE_SERVFAIL), 40);
	assert_int_equal(count(lane, COUNT_shed_waiters), 40);
	assert_int_equal(count_sent(lane, &sent), 1);
	reply(lane, &sent);
	turn(lane);
	assert_int_equal(count_answers(lane, RCODE_NOERROR), 10);
}

static void all_who_wait_hear_of_the_failure(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned n = 0; n < 100; n++)
		ASK_AS(lane, n, QUERY);
	lane->now_us += 4000000;
	for (unsigned i = 0; i < 3; i++)
		turn(lane);
	assert_int_equal(count_answers(lane, RCODE_SERVFAIL), 100);
	assert_int_equal(count(lane, COUNT_waiting), 0);
	assert_in_range(count_sent(lane, &sent), 1, 3);
}

static void D14_the_ninth_question_for_a_name_and_type_is_refused(void **state)
{
	static const char query[] =
		"\0\0\1\0\0\1\0\0\0\0\0\1" NAME "\0\1\0\1"
		"\1k\0\0\xfa\0\xff\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned n = 0; n < 20; n++) // none of which may share
		ASK_AS(lane, n, query);
	assert_int_equal(count_sent(lane, &sent), 8);
	assert_int_equal(count_answers(lane, RCODE_SERVFAIL), 12);
	assert_int_equal(count(lane, COUNT_shed_name), 12);
	ASK_AS(lane, 20, HEADER NAME "\0\2\0\1"); // of another type
	assert_int_equal(count_sent(lane, &sent), 1);
}

static void more_answers_than_a_pass_has_room_for_follow_in_the_next(void **state)
{
	struct lane *lane = *state;
	unsigned answered, turns = 0;
	struct dialogue_sent sent;

	for (unsigned n = 0; n < lane->options.slot_count; n++)
		ASK_AS(lane, n, QUERY);
	lane->worker.path.upstream_max = 1000;
	count_sent(lane, &sent);
	answered = count_answers(lane, RCODE_SERVFAIL); // beyond the upstream's share of slots
	reply(lane, &sent);
	while (count(lane, COUNT_waiting) > 0 && turns++ < 10)
		turn(lane);
	assert_int_equal(answered + count_answers(lane, RCODE_NOERROR), lane->options.slot_count);
}

static void waiters_are_served_by_the_image_that_is_current(void **state)
{
	static const struct image_rule_text moved[] = {{.domain = "a.com.", .target = OTHER}};
	struct lane *lane = *state;
	struct snapshot *old;
	struct dialogue_sent sent;

	for (unsigned n = 0; n < 10; n++)
		ASK_AS(lane, n, QUERY);
	assert_int_equal(count_sent(lane, &sent), 1);
	old = lane_switch(lane, moved, 1);
	turn(lane);
	snapshot_close(old);
	lane->now_us += 800000; // the question is sent again, to where it belongs now
	turn(lane);
	turn(lane);
	assert_true(dialogue_take(lane, &sent));
	assert_string_equal(sent.to, OTHER);
	assert_false(dialogue_take(lane, &(struct dialogue_sent){0}));
	assert_int_equal(count(lane, COUNT_waiting), 10);
	reply(lane, &sent);
	turn(lane);
	assert_int_equal(count_answers(lane, RCODE_NOERROR), 10);
}

static void dead_upstream_takes_its_share_and_no_more(void **state)
{
	struct lane *lane = *state;
	unsigned share = lane->worker.path.upstream_max = lane->options.slot_count / 4;
	struct dialogue_sent sent;

	for (unsigned n = 0; n < 100; n++) {
		uint8_t query[] = QUERY;

		query[NAME_OFF + 1] = (uint8_t)n;
		ask_as(lane, n, query, sizeof(query) - 1);
	}
	assert_int_equal(count_sent(lane, &sent), share);
	assert_int_equal(count_answers(lane, RCODE_SERVFAIL), 100 - share);
	assert_int_equal(count(lane, COUNT_shed_upstream), 100 - share);
	ASK_AS(lane, 200, HEADER "\3www\1b\3com\0\0\1\0\1");
	assert_int_equal(count_sent(lane, &sent), 1);
	assert_string_equal(sent.to, OTHER);
	reply(lane, &sent);
	assert_int_equal(count_answers(lane, RCODE_NOERROR), 1);
}

static void max_inflight_of_an_upstream_is_kept(void **state)
{
	struct lane *lane = *state;
	struct image_upstream *upstreams =
		(struct image_upstream *)(uintptr_t)unlock_image(lane)->image.upstreams;
	struct dialogue_sent sent;

	upstreams[0].max_inflight = 3;
	for (unsigned n = 0; n < 10; n++) {
		uint8_t query[] = QUERY;

		query[NAME_OFF + 1] = (uint8_t)n;
		ask_as(lane, n, query, sizeof(query) - 1);
	}
	assert_int_equal(count_sent(lane, &sent), 3);
	assert_int_equal(count_answers(lane, RCODE_SERVFAIL), 7);
}

// More answers at a time are waited for than can be kept: a reply that can't be is lost, and its question asked again.
static void reply_that_can_not_be_kept_is_as_if_lost(void **state)
{
	struct lane *lane = *state;
	uint32_t kept_free = lane->worker.path.kept_free;
	struct dialogue_sent sent;

	ASK_AS(lane, 0, QUERY);
	ASK_AS(lane, 1, QUERY);
	assert_int_equal(count_sent(lane, &sent), 1);
	lane->worker.path.kept_free = LIST_END;
	reply(lane, &sent);
	assert_int_equal(count(lane, EXIT_upstream_not_kept), 1);
	assert_int_equal(count_answers(lane, RCODE_NOERROR), 0);
	lane->worker.path.kept_free = kept_free;
	lane->now_us += 800000;
	turn(lane);
	assert_int_equal(count_sent(lane, &sent), 1);
	reply(lane, &sent);
	turn(lane);
	assert_int_equal(count_answers(lane, RCODE_NOERROR), 2);
}

#define SHARE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARE_TEST(G05_one_question_goes_upstream_for_all_who_ask_it),
		SHARE_TEST(B09_B24_each_gets_its_own_ID_case_and_EDNS),
		SHARE_TEST(DO_and_CD_make_another_question),
		SHARE_TEST(signed_question_shares_nothing),
		SHARE_TEST(G06_no_more_wait_than_may_and_the_rest_hear_so_at_once),
		SHARE_TEST(all_who_wait_hear_of_the_failure),
		SHARE_TEST(D14_the_ninth_question_for_a_name_and_type_is_refused),
		SHARE_TEST(more_answers_than_a_pass_has_room_for_follow_in_the_next),
		SHARE_TEST(waiters_are_served_by_the_image_that_is_current),
		SHARE_TEST(dead_upstream_takes_its_share_and_no_more),
		SHARE_TEST(max_inflight_of_an_upstream_is_kept),
		SHARE_TEST(reply_that_can_not_be_kept_is_as_if_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
