// SPDX-License-Identifier: BSD-3-Clause
// A query's way, walked whole: frames in, frames out, every one counted.
#include "dataplane/path/path.h"

#include <stdlib.h>

#include "dataplane/path/frame.h"
#include "tests/unit/lane.h"
#include "tests/unit/unit.h"

#define CLIENT "10.53.0.1"
#define SERVER "10.54.0.11"

// ID 0x1234, RD, one question: wWw.A.com. A IN
#define QUESTION "\3wWw\1A\3com\0\0\1\0\1"
#define QUERY    "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
#define OPT      "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define OPT_DO   "\0\0\x29\x04\xd0\0\0\x80\0\0\0"
#define RECORD   "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x0b"

enum { ID_OFF = 0, FLAGS_OFF = 2, COUNTS_OFF = 4, QUESTION_OFF = 12 };

static const struct image_rule_text rules[] = {{.domain = "a.com.", .target = SERVER}};

static int set_up(void **state)
{
	*state = lane_new(rules, 1);
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

// A question for a name of its own.
static void ask_nth(struct lane *lane, unsigned n)
{
	uint8_t message[] = QUERY;

	message[QUESTION_OFF + 1] = (uint8_t)('a' + n % 26);
	message[QUESTION_OFF + 2] = (uint8_t)('a' + n / 26);
	ask(lane, message, sizeof(message) - 1);
}

// What went upstream: where from, and with which ID.
struct sent {
	uint16_t port;
	uint16_t len;
	uint8_t message[512];
};

static struct sent take_upstream(struct lane *lane)
{
	struct lane_datagram datagram;
	struct sent sent;
	const uint8_t *message = lane_take(lane, LANE_UPSTREAMS, &sent.len, &datagram);

	assert_non_null(message);
	assert_string_equal(datagram.from, IMAGES_OUTBOUND);
	assert_string_equal(datagram.to, SERVER);
	assert_int_equal(datagram.to_port, 53);
	assert_in_range(datagram.from_port, 10000, 60999);
	sent.port = datagram.from_port;
	memcpy(sent.message, message, sent.len);
	return sent;
}

static void assert_silence(struct lane *lane)
{
	uint16_t len;

	assert_null(lane_take(lane, LANE_CLIENTS, &len, NULL));
	assert_null(lane_take(lane, LANE_UPSTREAMS, &len, NULL));
}

static uint64_t count(const struct lane *lane, enum path_counter counter)
{
	return counter_get(&lane->counters[counter]);
}

// A reply to what was sent: its ID, these flags, the question, then one record and more.
static uint16_t make_reply(uint8_t *reply, const struct sent *sent, const char *flags_and_counts,
	const void *rest, size_t rest_len)
{
	memcpy(reply, sent->message, 2);
	memcpy(reply + FLAGS_OFF, flags_and_counts, 10);
	memcpy(reply + QUESTION_OFF, rest, rest_len);
	return (uint16_t)(QUESTION_OFF + rest_len);
}

static void reply_from(struct lane *lane, const struct sent *sent, const char *from,
	uint16_t from_port, const uint8_t *message, uint16_t len)
{
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){
			from, IMAGES_OUTBOUND, from_port, sent->port, message, len});
}

#define ONE_ANSWER "\x81\x80\0\1\0\1\0\0\0\0"

static void reply_well(struct lane *lane, const struct sent *sent)
{
	uint8_t reply[512];
	uint16_t len =
		make_reply(reply, sent, ONE_ANSWER, QUESTION RECORD, sizeof(QUESTION RECORD) - 1);

	reply_from(lane, sent, SERVER, 53, reply, len);
}

// The answer that the client got, with its rcode; its ID and question are held to be the client's.
static const uint8_t *take_answer(struct lane *lane, uint16_t *len, unsigned rcode)
{
	struct lane_datagram datagram;
	const uint8_t *answer = lane_take(lane, LANE_CLIENTS, len, &datagram);

	assert_non_null(answer);
	assert_string_equal(datagram.from, IMAGES_INBOUND);
	assert_string_equal(datagram.to, CLIENT);
	assert_int_equal(datagram.from_port, 53);
	assert_int_equal(datagram.to_port, 4242);
	assert_memory_equal(answer + ID_OFF, "\x12\x34", 2);
	assert_int_equal(answer[FLAGS_OFF] & 0x80, 0x80);
	assert_int_equal(answer[FLAGS_OFF + 1] & 0x0f, rcode);
	return answer;
}

static void query_goes_upstream_and_its_reply_comes_back(void **state)
{
	struct lane *lane = *state;
	struct sent sent;
	const uint8_t *answer;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	assert_int_equal(count(lane, COUNT_waiting), 1);
	reply_well(lane, &sent);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_memory_equal(answer + COUNTS_OFF, "\0\1\0\1\0\0\0\0", 8);
	assert_int_equal(len, QUESTION_OFF + sizeof(QUESTION RECORD) - 1);
	assert_memory_equal(answer + QUESTION_OFF, QUESTION RECORD, sizeof(QUESTION RECORD) - 1);
	assert_int_equal(count(lane, COUNT_waiting), 0);
	assert_int_equal(counter_get(&lane->rule_counters[0]), 1);
}

static void what_goes_upstream_is_written_anew(void **state)
{
	struct lane *lane = *state;
	struct sent sent;

	// AA, TC off, RA, Z, AD, CD and RCODE 5 set; junk behind the last record.
	ASK(lane, "\x12\x34\x05\xf5\0\1\0\0\0\0\0\1" QUESTION OPT_DO "junk");
	sent = take_upstream(lane);
	assert_memory_equal(sent.message + FLAGS_OFF, "\x01\x30\0\1\0\0\0\0\0\1", 10);
	assert_memory_equal(
		sent.message + QUESTION_OFF, QUESTION OPT_DO, sizeof(QUESTION OPT_DO) - 1);
	assert_int_equal(sent.len, QUESTION_OFF + sizeof(QUESTION OPT_DO) - 1);
}

static void two_queries_differ_in_port_and_id(void **state)
{
	struct lane *lane = *state;
	struct sent first, second;

	ask_nth(lane, 1);
	first = take_upstream(lane);
	ask_nth(lane, 2);
	second = take_upstream(lane);
	assert_true(first.port != second.port || memcmp(first.message, second.message, 2) != 0);
}

static void where_only_some_source_ports_are_open_questions_leave_from_those(void **state)
{
	struct lane *lane = *state;
	struct port_sources *sources = atomic_load(&lane->snapshots.current)->sources;
	unsigned drawn[2] = {0};

	atomic_store(&sources->ports[0], 60000);
	atomic_store(&sources->ports[1], 20000);
	atomic_store(&sources->count, 2);
	for (unsigned i = 0; i < 100; i++) {
		struct sent sent;

		ASK(lane, QUERY);
		sent = take_upstream(lane);
		assert_true(sent.port == 60000 || sent.port == 20000);
		drawn[sent.port == 20000]++;
		reply_well(lane, &sent);
	}
	assert_true(drawn[0] > 0 && drawn[1] > 0);
}

static void B07_bits_that_mean_nothing_in_a_query_change_nothing(void **state)
{
	struct lane *lane = *state;
	struct sent sent;
	const uint8_t *answer;
	uint16_t len;

	ASK(lane, "\x12\x34\x05\xc5\0\1\0\0\0\0\0\0" QUESTION);
	sent = take_upstream(lane);
	reply_well(lane, &sent);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_memory_equal(answer + FLAGS_OFF, "\x81\x80", 2);
}

static void B11_AD_comes_back_only_to_who_asked(void **state)
{
	struct lane *lane = *state;
	uint8_t reply[512];
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, "\x12\x34\x01\x20\0\1\0\0\0\0\0\0" QUESTION);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, "\x81\xa0\0\1\0\0\0\0\0\0", QUESTION, sizeof(QUESTION) - 1);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_int_equal(answer[FLAGS_OFF + 1], 0xa0);

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, "\x81\xa0\0\1\0\0\0\0\0\0", QUESTION, sizeof(QUESTION) - 1);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_int_equal(answer[FLAGS_OFF + 1], 0x80);
}

static void D02_client_without_OPT_gets_none(void **state)
{
	struct lane *lane = *state;
	uint8_t reply[512];
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, "\x81\x80\0\1\0\1\0\0\0\1", QUESTION RECORD OPT,
		sizeof(QUESTION RECORD OPT) - 1);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_memory_equal(answer + COUNTS_OFF, "\0\1\0\1\0\0\0\0", 8);
	assert_int_equal(len, QUESTION_OFF + sizeof(QUESTION RECORD) - 1);
}

static void D03_client_with_OPT_gets_one_of_ours(void **state)
{
	struct lane *lane = *state;
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, "\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION OPT_DO);
	sent = take_upstream(lane);
	reply_well(lane, &sent);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_memory_equal(answer + COUNTS_OFF, "\0\1\0\1\0\0\0\1", 8);
	assert_memory_equal(answer + len - MSG_OPT_LEN, OPT_DO, MSG_OPT_LEN);
}

static void answer_too_large_for_the_client_is_truncated(void **state)
{
	struct lane *lane = *state;
	uint8_t reply[1200] = {0}, rest[1100] = QUESTION "\xc0\x0c\0\x10\0\1\0\0\0\x3c\x03\x84";
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, ONE_ANSWER, rest, sizeof(QUESTION) - 1 + 12 + 900);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_int_equal(answer[FLAGS_OFF] & 0x02, 0x02);
	assert_memory_equal(answer + COUNTS_OFF, "\0\1\0\0\0\0\0\0", 8);
	assert_int_equal(len, QUESTION_OFF + sizeof(QUESTION) - 1);
}

static void B24_answer_has_the_clients_letter_case(void **state)
{
	struct lane *lane = *state;
	uint8_t reply[512];
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, "\x81\x80\0\1\0\0\0\0\0\0", "\3www\1a\3com\0\0\1\0\1",
		sizeof(QUESTION) - 1);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_memory_equal(answer + QUESTION_OFF, QUESTION, sizeof(QUESTION) - 1);
}

static void name_without_rule_is_refused(void **state)
{
	struct lane *lane = *state;
	uint16_t len;

	ASK(lane, "\x12\x34\1\0\0\1\0\0\0\0\0\0\1b\3com\0\0\1\0\1");
	take_answer(lane, &len, RCODE_REFUSED);
	assert_silence(lane);
}

static void client_outside_every_network_is_refused(void **state)
{
	struct lane *lane = *state;
	struct lane_datagram datagram;
	const uint8_t *answer;
	uint16_t len;

	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){
			"192.0.2.1", IMAGES_INBOUND, 4242, 53, QUERY, sizeof(QUERY) - 1});
	answer = lane_take(lane, LANE_CLIENTS, &len, &datagram);
	assert_non_null(answer);
	assert_string_equal(datagram.to, "192.0.2.1");
	assert_int_equal(answer[FLAGS_OFF + 1] & 0x0f, RCODE_REFUSED);
}

static void refusal_says_why_to_a_client_with_OPT(void **state)
{
	struct lane *lane = *state;
	const uint8_t *answer;
	uint16_t len;

	ASK(lane, "\x12\x34\1\0\0\1\0\0\0\0\0\1\1b\3com\0\0\1\0\1" OPT);
	answer = take_answer(lane, &len, RCODE_REFUSED);
	assert_memory_equal(answer + len - 24, "no rule covers this name", 24);
}

static void silence_upstream_ends_in_SERVFAIL(void **state)
{
	struct lane *lane = *state;
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	lane->now_us += 3999999;
	worker_turn(&lane->worker, lane->now_us);
	take_upstream(lane); // once more
	assert_silence(lane);
	lane->now_us += 1;
	worker_turn(&lane->worker, lane->now_us);
	answer = take_answer(lane, &len, RCODE_SERVFAIL);
	assert_memory_equal(answer + QUESTION_OFF, QUESTION, sizeof(QUESTION) - 1);
	reply_well(lane, &sent);
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_upstream_unknown), 1);
}

// A burst of this many replies that nobody waits for, and one turn.
static void give_junk(struct lane *lane, unsigned frame_count)
{
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(
		frame, &(struct lane_datagram){SERVER, IMAGES_OUTBOUND, 53, 10000, "junk", 4});

	for (unsigned i = 0; i < frame_count; i++)
		assert_true(memory_put(lane->ports[LANE_UPSTREAMS], frame, len));
	worker_turn(&lane->worker, lane->now_us);
}

static void time_outs_are_taken_in_a_turn_with_packets_too(void **state)
{
	static const unsigned frame_counts[] = {1, PORT_BURST - 1, PORT_BURST};
	struct lane *lane = *state;
	uint16_t len;

	for (unsigned i = 0; i < sizeof(frame_counts) / sizeof(frame_counts[0]); i++) {
		ASK(lane, QUERY);
		take_upstream(lane);
		lane->now_us += 4000000;
		give_junk(lane, frame_counts[i]);
		take_answer(lane, &len, RCODE_SERVFAIL);
	}
	assert_int_equal(count(lane, EXIT_upstream_bad_header), 1 + 63 + 64);
}

static void full_table_ends_in_SERVFAIL_and_drains(void **state)
{
	struct lane *lane = *state;
	uint16_t len;

	lane->worker.path.upstream_max = UINT32_MAX;
	for (unsigned i = 0; i < lane->options.slot_count; i++) {
		ask_nth(lane, i);
		take_upstream(lane);
	}
	ask_nth(lane, lane->options.slot_count);
	take_answer(lane, &len, RCODE_SERVFAIL);
	lane->now_us += 4000000;
	while (count(lane, COUNT_waiting) > 0)
		worker_turn(&lane->worker, lane->now_us);
	for (unsigned i = 0; i < lane->options.slot_count; i++)
		take_answer(lane, &len, RCODE_SERVFAIL);
	assert_silence(lane);
}

static void X29_unresolved_next_hop_ends_in_SERVFAIL(void **state)
{
	struct lane *lane = *state;
	struct snapshot *snapshot = atomic_load(&lane->snapshots.current);
	uint16_t len;

	nexthop_set(&snapshot->hops[0], &(struct nexthop){.state = NEXTHOP_UNRESOLVED});
	ASK(lane, QUERY);
	take_answer(lane, &len, RCODE_SERVFAIL);
	assert_silence(lane);
}

// A row: what is wrong with a reply that is right in all else, and how it is counted.
struct lie {
	const char *from;
	uint16_t from_port;
	uint8_t port_change, id_change; // bits turned over
	const char *flags_and_counts;
	const char *rest;
	uint16_t rest_len;
	enum path_counter refusal;
};

#define REST(literal) literal, sizeof(literal) - 1

static const struct lie lies[] = {
	{"10.54.0.12", 53, 0, 0, ONE_ANSWER, REST(QUESTION RECORD), EXIT_upstream_bad_source},
	{SERVER, 54, 0, 0, ONE_ANSWER, REST(QUESTION RECORD), EXIT_upstream_bad_source},
	{SERVER, 53, 1, 0, ONE_ANSWER, REST(QUESTION RECORD), EXIT_upstream_unknown},
	{SERVER, 53, 0, 1, ONE_ANSWER, REST(QUESTION RECORD), EXIT_upstream_unknown},
	{SERVER, 53, 0, 0, ONE_ANSWER, REST("\3wWw\1B\3com\0\0\1\0\1" RECORD),
		EXIT_upstream_bad_question},
	{SERVER, 53, 0, 0, ONE_ANSWER, REST("\3wWw\1A\3com\0\0\2\0\1" RECORD),
		EXIT_upstream_bad_question},
	{SERVER, 53, 0, 0, ONE_ANSWER, REST("\3wWw\1A\3com\0\0\1\0\3" RECORD),
		EXIT_upstream_bad_question},
	{SERVER, 53, 0, 0, "\x81\x80\0\0\0\0\0\0\0\0", REST(""), EXIT_upstream_bad_question},
	{SERVER, 53, 0, 0, "\x01\x80\0\1\0\1\0\0\0\0", REST(QUESTION RECORD),
		EXIT_upstream_bad_header},
	{SERVER, 53, 0, 0, "\xa1\x80\0\1\0\1\0\0\0\0", REST(QUESTION RECORD),
		EXIT_upstream_bad_header},
	{SERVER, 53, 0, 0, "\x81\x80\0\2\0\0\0\0\0\0", REST(QUESTION QUESTION),
		EXIT_upstream_bad_header},
	{SERVER, 53, 0, 0, "\x81\x80\0\1\0\2\0\0\0\0", REST(QUESTION RECORD),
		EXIT_upstream_malformed},
};

static void C01_C02_reply_that_lies_is_counted_and_the_right_one_still_counts(void **state)
{
	struct lane *lane = *state;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct lie *lie = &lies[i];
		uint64_t before = count(lane, lie->refusal);
		struct sent sent, forged;
		uint8_t reply[512];
		uint16_t len;

		ASK(lane, QUERY);
		forged = sent = take_upstream(lane);
		forged.port ^= lie->port_change;
		forged.message[1] ^= lie->id_change;
		len = make_reply(reply, &forged, lie->flags_and_counts, lie->rest, lie->rest_len);
		reply_from(lane, &forged, lie->from, lie->from_port, reply, len);
		assert_silence(lane);
		assert_int_equal(count(lane, lie->refusal), before + 1);
		reply_well(lane, &sent);
		take_answer(lane, &len, RCODE_NOERROR);
	}
}

static void C05_failure_without_question_is_the_answer(void **state)
{
	struct lane *lane = *state;
	uint8_t reply[512];
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, "\x81\x85\0\0\0\0\0\0\0\0", "", 0);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_REFUSED);
	assert_memory_equal(answer + QUESTION_OFF, QUESTION, sizeof(QUESTION) - 1);
}

static void C06_second_reply_is_dropped(void **state)
{
	struct lane *lane = *state;
	struct sent sent;
	uint16_t len;

	ASK(lane, QUERY);
	sent = take_upstream(lane);
	reply_well(lane, &sent);
	reply_well(lane, &sent);
	take_answer(lane, &len, RCODE_NOERROR);
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_upstream_unknown), 1);
}

// A row: a query that is answered at once, with what.
struct answered {
	const char *message;
	uint16_t len;
	unsigned rcode;
	unsigned question_count;
};

static const struct answered answered[] = {
	{REST("\x12\x34\x21\0\0\1\0\0\0\0\0\0" QUESTION), RCODE_NOTIMP, 0}, // NOTIFY
	{REST("\x12\x34\1\0\0\2\0\0\0\0\0\0" QUESTION QUESTION), RCODE_FORMERR, 0},
	{REST("\x12\x34\1\0\0\0\0\0\0\0\0\0"), RCODE_FORMERR, 0},
	{REST("\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION), RCODE_FORMERR, 1},
	{REST("\x12\x34\3\0\0\1\0\0\0\0\0\0" QUESTION), RCODE_FORMERR, 1}, // TC
	{REST("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"), RCODE_FORMERR, 0},
	{REST("\x12\x34\1\0\0\1\0\0\0\0\0\0\3wWw\1A\3com\0\0\1\0\3"), RCODE_REFUSED, 1},   // CH
	{REST("\x12\x34\1\0\0\1\0\0\0\0\0\0\3wWw\1A\3com\0\0\xfc\0\1"), RCODE_REFUSED, 1}, // AXFR
	{REST("\x12\x34\0\0\0\1\0\0\0\0\0\0" QUESTION), RCODE_REFUSED, 1},                 // RD off
};

static void query_that_can_not_be_served_is_answered_at_once(void **state)
{
	struct lane *lane = *state;

	for (size_t i = 0; i < sizeof(answered) / sizeof(answered[0]); i++) {
		const uint8_t *answer;
		uint16_t len;

		ask(lane, answered[i].message, answered[i].len);
		answer = take_answer(lane, &len, answered[i].rcode);
		assert_int_equal(answer[COUNTS_OFF + 1], answered[i].question_count);
		assert_int_equal(answer[FLAGS_OFF] & 0x79, answered[i].message[FLAGS_OFF] & 0x79);
		assert_silence(lane);
	}
}

static void D06_other_EDNS_version_gets_BADVERS(void **state)
{
	struct lane *lane = *state;
	const uint8_t *answer;
	uint16_t len;

	ASK(lane, "\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION "\0\0\x29\x04\xd0\0\1\0\0\0\0");
	answer = take_answer(lane, &len, RCODE_BADVERS & 0x0f);
	assert_memory_equal(
		answer + len - MSG_OPT_LEN, "\0\0\x29\x04\xd0\1\0\0\0\0\0", MSG_OPT_LEN);
}

static void B01_B02_what_must_not_be_answered_is_not(void **state)
{
	struct lane *lane = *state;

	for (uint16_t len = 0; len < 12; len++)
		ask(lane, QUERY, len);
	ASK(lane, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0" QUESTION);
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_parse_short), 12);
	assert_int_equal(count(lane, EXIT_parse_is_reply), 1);
	ASK(lane, QUERY);
	take_upstream(lane);
}

static void signed_query_keeps_all_but_its_ID(void **state)
{
	struct lane *lane = *state;
	static const char tsig[] =
		"\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION "\3key\0\0\xfa\0\xff\0\0\0\0\0\2ab";
	uint8_t reply[512];
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ask(lane, tsig, sizeof(tsig) - 1);
	sent = take_upstream(lane);
	assert_int_equal(sent.len, sizeof(tsig) - 1);
	assert_memory_equal(sent.message + 2, tsig + 2, sizeof(tsig) - 3);
	memcpy(reply, sent.message, sent.len);
	reply[FLAGS_OFF] |= 0x80;
	reply_from(lane, &sent, SERVER, 53, reply, sent.len);
	answer = take_answer(lane, &len, RCODE_NOERROR);
	assert_int_equal(len, sizeof(tsig) - 1);
	assert_memory_equal(answer + COUNTS_OFF, tsig + COUNTS_OFF, len - COUNTS_OFF);
}

static void ask_signed(struct lane *lane)
{
	ASK(lane, "\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION "\3key\0\0\xfa\0\xff\0\0\0\0\0\2ab");
}

// Nothing of the upstream is there to be kept: the answer is ours, whole.
static void signed_query_without_reply_ends_in_SERVFAIL(void **state)
{
	struct lane *lane = *state;
	const uint8_t *answer;
	uint16_t len;

	ask_signed(lane);
	take_upstream(lane);
	lane->now_us += 4000000;
	worker_turn(&lane->worker, lane->now_us);
	answer = take_answer(lane, &len, RCODE_SERVFAIL);
	assert_int_equal(len, QUESTION_OFF + sizeof(QUESTION) - 1);
	assert_memory_equal(answer + QUESTION_OFF, QUESTION, sizeof(QUESTION) - 1);
}

static void signed_query_refused_without_question_is_answered_with_one(void **state)
{
	struct lane *lane = *state;
	uint8_t reply[512];
	const uint8_t *answer;
	struct sent sent;
	uint16_t len;

	ask_signed(lane);
	sent = take_upstream(lane);
	len = make_reply(reply, &sent, "\x81\x85\0\0\0\0\0\0\0\0", "", 0);
	reply_from(lane, &sent, SERVER, 53, reply, len);
	answer = take_answer(lane, &len, RCODE_REFUSED);
	assert_memory_equal(answer + QUESTION_OFF, QUESTION, sizeof(QUESTION) - 1);
}

// A row: a byte of a good frame changed, and the exit it leaves by.
struct damage {
	unsigned off;
	uint8_t value;
	bool is_summed_anew; // the IP checksum is made right again
	enum path_counter exit;
};

enum { IP = 14, UDP = 34 };

static const struct damage damages[] = {
	{IP + 10, 0xff, false, EXIT_rx_bad_ip_csum},  // A01
	{UDP + 6, 0xff, false, EXIT_rx_bad_udp_csum}, // A02
	{UDP + 9, 0xff, false, EXIT_rx_bad_udp_csum}, // A02: the message
	{UDP + 5, 7, false, EXIT_rx_bad_length},      // A06: UDP length under 8
	{UDP + 4, 4, false, EXIT_rx_bad_length},      // A06: beyond the packet
	{IP + 0, 0x44, true, EXIT_rx_bad_length},     // A07: IHL under 5
	{IP + 0, 0x55, true, EXIT_rx_bad_length},     // A07: version
	{IP + 2, 4, true, EXIT_rx_bad_length},        // A07: beyond the frame
	{IP + 3, 19, true, EXIT_rx_bad_length},       // A07: under the header
	{IP + 6, 0x20, true, EXIT_rx_fragment},       // A10: more fragments
	{IP + 7, 1, true, EXIT_rx_fragment},          // A10: an offset
	{IP + 9, 6, true, EXIT_rx_not_ours},          // TCP
	{0, 4, false, EXIT_rx_not_ours},              // A11: another MAC address
	{IP + 19, 9, true, EXIT_rx_bad_udp_csum},     // A11, but its sum is wrong too
	{13, 6, false, EXIT_rx_not_ours},             // ARP
	{IP + 12, 0, true, EXIT_rx_bad_udp_csum},     // not summed anew over UDP
};

static void sum_ip_anew(uint8_t *frame)
{
	struct ipv4_header *ip = (struct ipv4_header *)(frame + IP);
	unsigned len = (ip->version_and_len & 0x0fu) * 4;
	uint16_t folded;

	ip->checksum = be16_of(0);
	folded = (uint16_t)~frame_fold(frame_sum(ip, len, 0));
	memcpy(&ip->checksum, &folded, 2);
}

// Byte by byte, as RFC 1071 has it.
static uint16_t plain_sum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void sum_of_wide_words_is_that_of_narrow_ones(void **state)
{
	uint8_t bytes[128];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = round == 0 ? 0xff : (uint8_t)(i * 151 + round * 89);
		for (size_t off = 0; off < 8; off++) {
			for (size_t len = 0; off + len <= sizeof(bytes); len++) {
				uint16_t folded = frame_fold(frame_sum(bytes + off, len, 0));
				be16_t found;

				memcpy(&found, &folded, sizeof(found));
				assert_int_equal(be16_get(found), plain_sum(bytes + off, len));
			}
		}
	}
	// Nothing is lost where a sum is carried on.
	assert_int_equal(
		frame_fold(frame_sum(bytes, 7, UINT64_MAX)), frame_fold(frame_sum(bytes, 7, 0)));
}

static void A01_A11_damaged_frame_leaves_by_one_exit(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {
		CLIENT, IMAGES_INBOUND, 4242, 53, QUERY, sizeof(QUERY) - 1};

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *damage = &damages[i];
		uint64_t before = count(lane, damage->exit);
		uint8_t frame[MEMORY_CELL_SIZE];
		uint16_t len = lane_frame(frame, &datagram);

		frame[damage->off] = damage->value;
		if (damage->is_summed_anew)
			sum_ip_anew(frame);
		lane_give(lane, LANE_CLIENTS, frame, len);
		assert_silence(lane);
		assert_int_equal(count(lane, damage->exit), before + 1);
	}
}

// What the kernel leaves in the field where a device is to complete it: the sum of the pseudo header.
static void begin_sum(uint8_t *frame)
{
	struct ipv4_header *ip = (struct ipv4_header *)(frame + IP);
	struct udp_header *udp = (struct udp_header *)(frame + UDP);
	uint16_t folded = frame_fold(frame_pseudo_sum(frame_sum_v4(ip), be16_get(udp->len)));

	memcpy(&udp->checksum, &folded, 2);
}

static void A02_begun_UDP_checksum_is_accepted_from_this_host_only(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {
		CLIENT, IMAGES_INBOUND, 4242, 53, QUERY, sizeof(QUERY) - 1};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &datagram);

	begin_sum(frame);
	lane_give(lane, LANE_CLIENTS, frame, len);
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_rx_bad_udp_csum), 1);
	memory_set_flags(lane->ports[LANE_CLIENTS], PACKET_UDP_PARTIAL);
	lane_give(lane, LANE_CLIENTS, frame, len);
	take_upstream(lane);
	assert_int_equal(count(lane, EXIT_rx_bad_udp_csum), 1);
}

static void A02_no_other_wrong_UDP_checksum_is_accepted_from_this_host(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {
		CLIENT, IMAGES_INBOUND, 4242, 53, QUERY, sizeof(QUERY) - 1};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &datagram);
	unsigned accepted = 0;

	memory_set_flags(lane->ports[LANE_CLIENTS], PACKET_UDP_PARTIAL);
	for (uint32_t sum = 0; sum <= UINT16_MAX; sum++) {
		uint64_t before = count(lane, EXIT_rx_bad_udp_csum);

		memcpy(frame + UDP + 6, &(uint16_t){(uint16_t)sum}, 2);
		lane->now_us += 4000000;
		lane_give(lane, LANE_CLIENTS, frame, len);
		accepted += count(lane, EXIT_rx_bad_udp_csum) == before;
		while (memory_take_sent(lane->ports[LANE_UPSTREAMS]) ||
			memory_take_sent(lane->ports[LANE_CLIENTS]))
			continue;
	}
	assert_int_equal(accepted, 3); // the right one, none (0), and the begun one
}

static void A03_UDP_checksum_0_is_accepted(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {
		CLIENT, IMAGES_INBOUND, 4242, 53, QUERY, sizeof(QUERY) - 1};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &datagram);

	frame[UDP + 6] = frame[UDP + 7] = 0;
	lane_give(lane, LANE_CLIENTS, frame, len);
	take_upstream(lane);
}

static void A05_padding_is_neither_read_nor_sent(void **state)
{
	struct lane *lane = *state;
	// 17 bytes of DNS: the root, asked for NS. No rule covers it.
	const struct lane_datagram datagram = {
		CLIENT, IMAGES_INBOUND, 4242, 53, REST("\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1")};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &datagram);
	const struct memory_frame *sent;

	memset(frame + len, 0xee, sizeof(frame) - len);
	lane_give(lane, LANE_CLIENTS, frame, FRAME_MIN);
	sent = memory_take_sent(lane->ports[LANE_CLIENTS]);
	assert_non_null(sent);
	assert_int_equal(sent->len, FRAME_MIN);
	assert_int_equal(sent->data[FRAME_MIN - 1], 0);
}

static void A08_options_of_IP_are_stepped_over(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {
		CLIENT, IMAGES_INBOUND, 4242, 53, QUERY, sizeof(QUERY) - 1};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &datagram);

	memmove(frame + UDP + 4, frame + UDP, len - UDP);
	memcpy(frame + UDP, "\7\3\4\0", 4); // record route, no room
	frame[IP] = 0x46;
	frame[IP + 3] = (uint8_t)(frame[IP + 3] + 4);
	sum_ip_anew(frame);
	lane_give(lane, LANE_CLIENTS, frame, (uint16_t)(len + 4));
	take_upstream(lane);
}

static void A12_A13_source_that_can_not_be_answered_is_dropped(void **state)
{
	static const char *const sources[] = {
		"0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.2.3", "127.0.0.1", "240.0.0.1"};
	struct lane *lane = *state;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		lane_give_datagram(lane, LANE_CLIENTS,
			&(struct lane_datagram){sources[i], IMAGES_INBOUND, 4242, 53, REST(QUERY)});
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){IMAGES_INBOUND, IMAGES_INBOUND, 53, 53, REST(QUERY)});
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){CLIENT, IMAGES_INBOUND, 0, 53, REST(QUERY)});
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_rx_bad_source), 8);
}

static void A15_tag_of_the_query_is_on_the_answer(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {CLIENT, IMAGES_INBOUND, 4242, 53,
		REST("\x12\x34\1\0\0\1\0\0\0\0\0\0\1b\3com\0\0\1\0\1")};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &datagram);
	const struct memory_frame *sent;

	memmove(frame + 16, frame + 12, len - 12u);
	memcpy(frame + 12, "\x81\0\0\7", 4);
	lane_give(lane, LANE_CLIENTS, frame, (uint16_t)(len + 4));
	sent = memory_take_sent(lane->ports[LANE_CLIENTS]);
	assert_non_null(sent);
	assert_memory_equal(sent->data + 12, "\x81\0\0\7\x08\0\x45", 7);
}

static void before_the_first_image_nothing_is_ours(void **state)
{
	struct lane *lane = *state;
	struct snapshot *snapshot = snapshot_publish(&lane->snapshots, NULL);

	ASK(lane, QUERY);
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_rx_not_ours), 1);
	assert_null(snapshot_publish(&lane->snapshots, snapshot));
}

static void port_with_another_MAC_address_takes_frames_to_that_one(void **state)
{
	struct lane *lane = *state;
	uint64_t before = lane->macs[LANE_CLIENTS];

	lane->macs[LANE_CLIENTS] = before + 1;
	ASK(lane, QUERY);
	assert_silence(lane);
	assert_int_equal(count(lane, EXIT_rx_not_ours), 1);
	lane->macs[LANE_CLIENTS] = before;
	ASK(lane, QUERY);
	take_upstream(lane);
}

// Queries changed at random: whatever comes of them, the laws hold and nothing is lost. tear_down() checks.
static void mutated_frames_keep_the_laws(void **state)
{
	struct lane *lane = *state;
	const struct lane_datagram datagram = {CLIENT, IMAGES_INBOUND, 4242, 53,
		REST("\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION OPT_DO)};
	uint16_t len;

	srandom(1);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t frame[MEMORY_CELL_SIZE];
		uint16_t frame_len = lane_frame(frame, &datagram);
		unsigned changes = 1 + (unsigned)random() % 4;

		while (changes-- > 0)
			frame[random() % frame_len] = (uint8_t)random();
		if (random() % 4 == 0)
			frame_len = (uint16_t)(1 + random() % frame_len);
		else if (random() % 2 == 0)
			sum_ip_anew(frame);
		lane->now_us += 40000;
		lane_give(lane, random() % LANE_PORTS, frame, frame_len);
		while (memory_take_sent(lane->ports[LANE_CLIENTS]) ||
			memory_take_sent(lane->ports[LANE_UPSTREAMS]))
			continue;
	}
	assert_int_equal(count(lane, COUNT_received) + count(lane, COUNT_replies), 200000);
	assert_null(lane_take(lane, LANE_CLIENTS, &len, NULL));
}

static void every_door_leads_on_in_the_order_of_the_table(void **state)
{
	(void)state;
#define DOOR_LEADS_ON(from, to) assert_true(STEP_##from < STEP_##to);
	PATH_DOORS(DOOR_LEADS_ON)
#undef DOOR_LEADS_ON
}

#define PATH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(query_goes_upstream_and_its_reply_comes_back),
		PATH_TEST(what_goes_upstream_is_written_anew),
		PATH_TEST(two_queries_differ_in_port_and_id),
		PATH_TEST(where_only_some_source_ports_are_open_questions_leave_from_those),
		PATH_TEST(B07_bits_that_mean_nothing_in_a_query_change_nothing),
		PATH_TEST(B11_AD_comes_back_only_to_who_asked),
		PATH_TEST(D02_client_without_OPT_gets_none),
		PATH_TEST(D03_client_with_OPT_gets_one_of_ours),
		PATH_TEST(answer_too_large_for_the_client_is_truncated),
		PATH_TEST(B24_answer_has_the_clients_letter_case),
		PATH_TEST(name_without_rule_is_refused),
		PATH_TEST(client_outside_every_network_is_refused),
		PATH_TEST(refusal_says_why_to_a_client_with_OPT),
		PATH_TEST(silence_upstream_ends_in_SERVFAIL),
		PATH_TEST(time_outs_are_taken_in_a_turn_with_packets_too),
		PATH_TEST(full_table_ends_in_SERVFAIL_and_drains),
		PATH_TEST(X29_unresolved_next_hop_ends_in_SERVFAIL),
		PATH_TEST(C01_C02_reply_that_lies_is_counted_and_the_right_one_still_counts),
		PATH_TEST(C05_failure_without_question_is_the_answer),
		PATH_TEST(C06_second_reply_is_dropped),
		PATH_TEST(query_that_can_not_be_served_is_answered_at_once),
		PATH_TEST(D06_other_EDNS_version_gets_BADVERS),
		PATH_TEST(B01_B02_what_must_not_be_answered_is_not),
		PATH_TEST(signed_query_keeps_all_but_its_ID),
		PATH_TEST(signed_query_without_reply_ends_in_SERVFAIL),
		PATH_TEST(signed_query_refused_without_question_is_answered_with_one),
		cmocka_unit_test(sum_of_wide_words_is_that_of_narrow_ones),
		PATH_TEST(A01_A11_damaged_frame_leaves_by_one_exit),
		PATH_TEST(A02_begun_UDP_checksum_is_accepted_from_this_host_only),
		PATH_TEST(A02_no_other_wrong_UDP_checksum_is_accepted_from_this_host),
		PATH_TEST(A03_UDP_checksum_0_is_accepted),
		PATH_TEST(A05_padding_is_neither_read_nor_sent),
		PATH_TEST(A08_options_of_IP_are_stepped_over),
		PATH_TEST(A12_A13_source_that_can_not_be_answered_is_dropped),
		PATH_TEST(A15_tag_of_the_query_is_on_the_answer),
		PATH_TEST(before_the_first_image_nothing_is_ours),
		PATH_TEST(port_with_another_MAC_address_takes_frames_to_that_one),
		PATH_TEST(mutated_frames_keep_the_laws),
		cmocka_unit_test(every_door_leads_on_in_the_order_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
