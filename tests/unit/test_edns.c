// SPDX-License-Identifier: BSD-3-Clause
// EDNS on its way through: which options pass, which stay, and what becomes of servers that know none of it.
#include "core/edns.h"

#include <string.h>

#include "tests/unit/dialogue.h"
#include "tests/unit/unit.h"

#define A "10.54.0.11"
#define B "10.54.0.12"

#define OTHER "\xfd\xe9\0\3abc" // option 65001
#define NSID  "\0\3\0\2me"
#define COOKIE         \
	"\0\x0a\0\x08" \
	"cookie.."
#define KEEPALIVE "\0\x0b\0\2\0\1"
#define PADDING   "\0\x0c\0\4\0\0\0\0"
#define EDE                \
	"\0\x0f\0\7\0\x16" \
	"tired"
#define ECS     "\0\x08\0\7\0\1\x18\0\xc0\0\2"   // 192.0.2.0/24
#define NO_ECS  "\0\x08\0\4\0\1\0\0"             // 0 bits
#define OUR_ECS "\0\x08\0\7\0\1\x18\0\x0a\x35\0" // of 10.53.0.1
#define FORTY            \
	"\xfd\xea\0\x24" \
	"123456789012345678901234567890123456" // option 65002

#define OPTIONS(text) text, sizeof(text) - 1

enum { FLAGS_OFF = 2, QUESTION_OFF = 12, DO = 0x8000 };

static const struct image_rule_text rules[] = {
	{.domain = "strip.", .target = A},
	{.domain = "pass.", .target = A, .subnet = EDNS_SUBNET_PASS},
	{.domain = "add.", .target = A, .subnet = EDNS_SUBNET_ADD},
	{.domain = "two.", .target = A "," B},
	{.domain = "liar.", .target = A, .upstream_flags = IMAGE_CHECKS_LOOPS},
};

static int set_up(void **state)
{
	*state = lane_new(rules, 5);
	return 0;
}

static int tear_down(void **state)
{
	dialogue_end(*state);
	return 0;
}

// A message: header, one question, and behind it whatever a test adds.
struct message {
	uint8_t bytes[1500];
	uint16_t len;
};

static void append(struct message *message, const void *bytes, size_t len)
{
	assert_true(message->len + len <= sizeof(message->bytes));
	memcpy(message->bytes + message->len, bytes, len);
	message->len += (uint16_t)len;
}

static void append_opt(
	struct message *message, uint16_t size, uint16_t flags, const char *options, size_t len)
{
	uint8_t opt[MSG_OPT_LEN] = {0, 0, TYPE_OPT, (uint8_t)(size >> 8), (uint8_t)size, 0, 0,
		(uint8_t)(flags >> 8), (uint8_t)flags, (uint8_t)(len >> 8), (uint8_t)len};

	append(message, opt, sizeof(opt));
	append(message, options, len);
	message->bytes[11]++;
}

// `domain` is a label.
static struct message question(const char *domain)
{
	struct message message = {0};
	uint8_t len = (uint8_t)strlen(domain);

	append(&message, "\x12\x34\1\0\0\1\0\0\0\0\0\0\3wWw", 16);
	append(&message, &len, 1);
	append(&message, domain, len);
	append(&message, "\0\0\1\0\1", 5);
	return message;
}

// The client asks with an OPT of 4096 bytes.
static void ask_with(struct lane *lane, const char *domain, const char *options, size_t len)
{
	struct message message = question(domain);

	append_opt(&message, 4096, 0, options, len);
	dialogue_ask(lane, message.bytes, message.len);
}

static void ask_without(struct lane *lane, const char *domain)
{
	struct message message = question(domain);

	dialogue_ask(lane, message.bytes, message.len);
}

// The query was asked with this OPT.
static struct msg assert_sent(const struct dialogue_sent *sent, const char *options, size_t len)
{
	struct msg msg;

	assert_int_equal(msg_parse_query(&msg, sent->message, sent->len), MSG_OK);
	assert_int_equal(msg.len, sent->len);
	assert_true(msg.edns.is_present);
	assert_int_equal(msg.edns.size, 1232);
	assert_int_equal(msg.edns.options_len, len);
	assert_memory_equal(sent->message + msg.opt_off + MSG_OPT_LEN, options, len);
	return msg;
}

static void assert_no_opt_sent(const struct dialogue_sent *sent)
{
	struct msg msg;

	assert_int_equal(msg_parse_query(&msg, sent->message, sent->len), MSG_OK);
	assert_false(msg.edns.is_present);
	assert_int_equal(msg.len, sent->len);
}

// A reply to what was sent, its question and nothing behind it yet.
static struct message reply_to(const struct dialogue_sent *sent, uint16_t flags)
{
	struct message reply = {0};
	uint16_t question_len = (uint16_t)strlen((const char *)sent->message + QUESTION_OFF) + 5;
	const uint8_t head[] = {sent->message[0], sent->message[1], (uint8_t)(flags >> 8),
		(uint8_t)flags, 0, 1, 0, 0, 0, 0, 0, 0};

	append(&reply, head, sizeof(head));
	append(&reply, sent->message + QUESTION_OFF, question_len);
	return reply;
}

static void say(struct lane *lane, const struct dialogue_sent *sent, const struct message *reply)
{
	dialogue_say(lane, sent, reply->bytes, reply->len);
}

static void answer_plainly(struct lane *lane, const struct dialogue_sent *sent)
{
	struct message reply = reply_to(sent, 0x8180);

	say(lane, sent, &reply);
}

// The target answers with an OPT with these options.
static void answer_with(
	struct lane *lane, const struct dialogue_sent *sent, const char *options, size_t len)
{
	struct message reply = reply_to(sent, 0x8180);

	append_opt(&reply, 4096, DO, options, len);
	say(lane, sent, &reply);
}

// Fails with this extended code: its lower bits in the header, the others, if any, in an OPT.
static void fail_with(struct lane *lane, const struct dialogue_sent *sent, uint16_t rcode)
{
	struct message reply = reply_to(sent, (uint16_t)(0x8180 | (rcode & MSG_RCODE)));

	if (rcode > MSG_RCODE) {
		append_opt(&reply, 512, 0, "", 0);
		reply.bytes[reply.len - 6] = (uint8_t)(rcode >> 4);
	}
	say(lane, sent, &reply);
}

// The client's answer; it has an OPT of ours with these options.
static struct msg assert_answer(struct lane *lane, unsigned rcode, const char *options, size_t len)
{
	uint16_t answer_len;
	const uint8_t *answer = dialogue_answer(lane, rcode & MSG_RCODE, &answer_len);
	struct msg msg;

	assert_int_equal(msg_parse_reply(&msg, answer, answer_len), MSG_OK);
	assert_true(msg_walk_reply(&msg, answer_len));
	assert_int_equal(msg.len, answer_len);
	assert_true(msg.edns.is_present);
	assert_int_equal(msg.edns.size, 1232);
	assert_int_equal(msg.edns.version, 0);
	assert_int_equal(msg.edns.rcode_high, rcode >> 4);
	assert_int_equal(msg.edns.options_len, len);
	assert_memory_equal(answer + msg.opt_off + MSG_OPT_LEN, options, len);
	dialogue_assert_silence(lane);
	return msg;
}

static struct msg assert_answer_without_opt(struct lane *lane, unsigned rcode)
{
	uint16_t len;
	const uint8_t *answer = dialogue_answer(lane, rcode, &len);
	struct msg msg;

	assert_int_equal(msg_parse_reply(&msg, answer, len), MSG_OK);
	assert_true(msg_walk_reply(&msg, len));
	assert_false(msg.edns.is_present);
	dialogue_assert_silence(lane);
	return msg;
}

static void D01_unknown_options_pass_both_ways(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	ask_with(lane, "strip", OPTIONS(OTHER NSID));
	sent = dialogue_expect(lane, A);
	assert_sent(&sent, OPTIONS(OTHER NSID));
	answer_with(lane, &sent, OPTIONS(NSID FORTY));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(NSID FORTY));
}

static void D01_options_go_along_each_time_that_the_question_is_sent(void **state)
{
	struct lane *lane = *state;
	uint64_t start_us = lane->now_us;
	struct dialogue_sent sent;

	ask_with(lane, "two",
		OPTIONS(FORTY "\xfd\xe9\0\4"
			      "four")); // 48 bytes
	sent = dialogue_expect(lane, A);
	assert_sent(&sent,
		OPTIONS(FORTY "\xfd\xe9\0\4"
			      "four"));
	sent = dialogue_expect_at(lane, start_us, 400, B);
	assert_sent(&sent,
		OPTIONS(FORTY "\xfd\xe9\0\4"
			      "four"));
	answer_with(lane, &sent, OPTIONS(""));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(""));
}

static void D01_options_too_long_to_be_kept_go_once_as_they_are(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	ask_with(lane, "two", OPTIONS(COOKIE FORTY FORTY OTHER PADDING));
	sent = dialogue_expect(lane, A);
	assert_sent(&sent, OPTIONS(FORTY FORTY OTHER));
	for (unsigned i = 0; i < 39; i++) {
		lane->now_us += 100 * DIALOGUE_MS;
		dialogue_turn(lane);
		dialogue_assert_silence(lane);
	}
	answer_with(lane, &sent, OPTIONS(OTHER));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(OTHER));
}

static void D15_D17_D18_what_is_between_two_neighbours_stays_there(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	ask_with(lane, "strip", OPTIONS(COOKIE OTHER KEEPALIVE PADDING));
	sent = dialogue_expect(lane, A);
	assert_sent(&sent, OPTIONS(OTHER));
	answer_with(lane, &sent, OPTIONS(COOKIE OTHER KEEPALIVE PADDING));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(OTHER));
	ask_with(lane, "strip", OPTIONS(COOKIE KEEPALIVE PADDING));
	sent = dialogue_expect(lane, A);
	assert_sent(&sent, OPTIONS(""));
	answer_with(lane, &sent, OPTIONS(COOKIE PADDING));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(""));
}

static void options_that_nobody_sent_do_not_reach_the_client(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	ask_with(lane, "strip", OPTIONS(""));
	sent = dialogue_expect(lane, A);
	answer_with(lane, &sent, OPTIONS(NSID OTHER ECS));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(""));
}

static void D13_subnet_is_stripped_passed_or_added_by_the_rule(void **state)
{
	static const struct {
		const char *domain, *asked, *sent, *back;
		size_t asked_len, sent_len, back_len;
	} cases[] = {
#define CASE(domain, asked, sent, back) \
	{domain, asked, sent, back, sizeof(asked) - 1, sizeof(sent) - 1, sizeof(back) - 1}
		CASE("strip", ECS OTHER, OTHER, ""),
		CASE("pass", OTHER ECS, OTHER ECS, ECS),
		CASE("pass", "", "", ""),
		CASE("pass", NO_ECS, NO_ECS, ECS),
		CASE("add", "", OUR_ECS, ""),
		CASE("add", OTHER ECS, OTHER OUR_ECS, ""),
		CASE("add", NO_ECS, NO_ECS, ECS),
#undef CASE
	};
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask_with(lane, cases[i].domain, cases[i].asked, cases[i].asked_len);
		sent = dialogue_expect(lane, A);
		assert_sent(&sent, cases[i].sent, cases[i].sent_len);
		answer_with(lane, &sent, OPTIONS(ECS));
		assert_answer(lane, RCODE_NOERROR, cases[i].back, cases[i].back_len);
	}
	// Also for a client that speaks no EDNS.
	ask_without(lane, "add");
	sent = dialogue_expect(lane, A);
	assert_sent(&sent, OPTIONS(OUR_ECS));
}

static void D13_D14_questions_with_options_of_the_client_are_not_shared(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;

	for (unsigned i = 0; i < 2; i++) {
		ask_with(lane, "strip", OPTIONS(OTHER));
		sent = dialogue_expect(lane, A);
		ask_with(lane, "pass", OPTIONS(ECS));
		sent = dialogue_expect(lane, A);
	}
	dialogue_assert_silence(lane);
	// But what we add is the same for all of the client's subnet.
	ask_with(lane, "add", OPTIONS(""));
	sent = dialogue_expect(lane, A);
	ask_with(lane, "add", OPTIONS(ECS COOKIE));
	dialogue_assert_silence(lane);
	answer_with(lane, &sent, OPTIONS(ECS));
	for (unsigned i = 0; i < 2; i++) {
		uint16_t len;

		assert_non_null(dialogue_answer(lane, RCODE_NOERROR, &len));
	}
}

// Only DO is a flag that we know; the rest is neither an error nor passed on (RFC 6891, 6.1.4).
static void D10_D12_each_client_gets_an_OPT_made_for_it(void **state)
{
	static const struct {
		uint16_t size, flags;
	} clients[] = {{4096, 0}, {512, DO}, {0, 0x7fff}, {65535, 0xffff}};
	struct lane *lane = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct message query = question("strip");
		bool is_do = (clients[i].flags & DO) != 0;
		struct dialogue_sent sent;
		struct msg msg;

		append_opt(&query, clients[i].size, clients[i].flags, "", 0);
		dialogue_ask(lane, query.bytes, query.len);
		sent = dialogue_expect(lane, A);
		msg = assert_sent(&sent, OPTIONS(""));
		assert_int_equal(msg.edns.is_do, is_do);
		assert_memory_equal(sent.message + msg.opt_off + 7, is_do ? "\x80\0" : "\0\0", 2);
		answer_with(lane, &sent, OPTIONS("")); // with DO set
		msg = assert_answer(lane, RCODE_NOERROR, OPTIONS(""));
		assert_int_equal(msg.edns.is_do, is_do);
	}
}

// Records of 512 bytes and more, the answer's length to be `len` with an OPT of ours.
static void answer_of_len(struct lane *lane, const struct dialogue_sent *sent, uint16_t len,
	const char *options, size_t options_len)
{
	struct message reply = reply_to(sent, 0x8180);
	uint16_t data_len = (uint16_t)(len - MSG_OPT_LEN - reply.len - 12);
	uint8_t record[12 + 1400] = {
		0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 0, 60, (uint8_t)(data_len >> 8), (uint8_t)data_len};

	append(&reply, record, 12u + data_len);
	reply.bytes[7] = 1; // answers
	append_opt(&reply, 4096, 0, options, options_len);
	say(lane, sent, &reply);
}

static void ask_of_size(struct lane *lane, uint16_t size, const char *options, size_t len)
{
	struct message query = question("strip");

	append_opt(&query, size, 0, options, len);
	dialogue_ask(lane, query.bytes, query.len);
}

static void C18_D07_D08_answer_is_never_longer_than_the_client_takes(void **state)
{
	static const struct {
		uint16_t size, limit;
	} clients[] = {{0, 512}, {511, 512}, {512, 512}, {513, 513}, {1232, 1232}, {4096, 1232},
		{65535, 1232}};
	struct lane *lane = *state;

	for (unsigned i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		for (unsigned over = 0; over < 2; over++) {
			struct dialogue_sent sent;
			struct msg msg;

			ask_of_size(lane, clients[i].size, OPTIONS(""));
			sent = dialogue_expect(lane, A);
			answer_of_len(
				lane, &sent, (uint16_t)(clients[i].limit + over), OPTIONS(""));
			msg = assert_answer(lane, RCODE_NOERROR, OPTIONS(""));
			assert_int_equal((msg.flags & MSG_TC) != 0, over);
			assert_int_equal(msg.len,
				over ? MSG_HEADER_LEN + msg_question_len(&msg) + MSG_OPT_LEN
				     : clients[i].limit);
		}
}

static void D19_extended_error_of_the_upstream_passes_and_is_dropped_first(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;
	struct msg msg;

	ask_of_size(lane, 600, OPTIONS(OTHER));
	sent = dialogue_expect(lane, A);
	answer_of_len(lane, &sent, 600 - sizeof(OTHER EDE) + 1, OPTIONS(EDE OTHER));
	msg = assert_answer(lane, RCODE_NOERROR, OPTIONS(EDE OTHER));
	assert_int_equal(msg.len, 600);
	ask_of_size(lane, 600, OPTIONS(OTHER));
	sent = dialogue_expect(lane, A);
	answer_of_len(lane, &sent, 600 - sizeof(OTHER EDE) + 2, OPTIONS(EDE OTHER));
	msg = assert_answer(lane, RCODE_NOERROR, OPTIONS(OTHER));
	assert_int_equal(msg.flags & MSG_TC, 0);
	ask_of_size(lane, 600, OPTIONS("")); // of a client that sent no options
	sent = dialogue_expect(lane, A);
	answer_of_len(lane, &sent, 500, OPTIONS(EDE OTHER));
	assert_answer(lane, RCODE_NOERROR, OPTIONS(EDE));
	ask_without(lane, "strip");
	sent = dialogue_expect(lane, A);
	answer_with(lane, &sent, OPTIONS(EDE));
	assert_answer_without_opt(lane, RCODE_NOERROR);
}

static void C13_server_that_knows_no_EDNS_is_asked_again_without(void **state)
{
	static const uint16_t rcodes[] = {RCODE_FORMERR, RCODE_NOTIMP, RCODE_BADVERS};

	tear_down(state);
	for (unsigned i = 0; i < 3; i++) {
		struct lane *lane;
		struct dialogue_sent first, sent;

		set_up(state);
		lane = *state;
		ask_without(lane, "strip");
		first = dialogue_expect(lane, A);
		assert_sent(&first, OPTIONS(""));
		fail_with(lane, &first, rcodes[i]);
		sent = dialogue_expect(lane, A);
		assert_no_opt_sent(&sent);
		assert_true(sent.port != first.port || memcmp(sent.message, first.message, 2) != 0);
		answer_plainly(lane, &sent);
		assert_answer_without_opt(lane, RCODE_NOERROR);
		assert_int_equal(counter_get(&lane->counters[EXIT_upstream_no_edns]), 1);
		// It is remembered, for an hour.
		ask_without(lane, "strip");
		sent = dialogue_expect(lane, A);
		assert_no_opt_sent(&sent);
		answer_plainly(lane, &sent);
		assert_answer_without_opt(lane, RCODE_NOERROR);
		ask_with(lane, "strip", OPTIONS(OTHER)); // the client wants to know for itself
		sent = dialogue_expect(lane, A);
		assert_sent(&sent, OPTIONS(OTHER));
		fail_with(lane, &sent, rcodes[i]);
		assert_answer(lane, rcodes[i], OPTIONS(""));
		lane->now_us += UINT64_C(3601) * DIALOGUE_SECOND;
		ask_without(lane, "strip");
		sent = dialogue_expect(lane, A);
		assert_sent(&sent, OPTIONS(""));
		if (i < 2)
			tear_down(state);
	}
}

static void C13_failure_without_question_may_mean_that_EDNS_is_not_known(void **state)
{
	struct lane *lane = *state;
	struct dialogue_sent sent;
	uint8_t header[12] = {[2] = 0x81, [3] = 0x80 | RCODE_FORMERR};

	ask_without(lane, "two");
	sent = dialogue_expect(lane, A);
	memcpy(header, sent.message, 2);
	dialogue_say(lane, &sent, header, sizeof(header));
	sent = dialogue_expect(lane, A);
	assert_no_opt_sent(&sent);
	memcpy(header, sent.message, 2);
	dialogue_say(lane, &sent, header, sizeof(header)); // that was not it
	sent = dialogue_expect(lane, B);
	assert_sent(&sent, OPTIONS(""));
	answer_plainly(lane, &sent);
	assert_answer_without_opt(lane, RCODE_NOERROR);
}

static void C13_failure_with_and_without_OPT_is_the_answer(void **state)
{
	struct lane *lane = *state;

	for (unsigned i = 0; i < 2; i++) { // nor is anything remembered
		struct dialogue_sent sent;

		ask_without(lane, "two");
		sent = dialogue_expect(lane, A);
		assert_sent(&sent, OPTIONS(""));
		fail_with(lane, &sent, RCODE_FORMERR);
		sent = dialogue_expect(lane, A);
		assert_no_opt_sent(&sent);
		fail_with(lane, &sent, RCODE_FORMERR);
		assert_answer_without_opt(lane, RCODE_FORMERR);
	}
}

static void C13_failure_of_the_clients_own_OPT_is_relayed_and_nobody_else_is_asked(void **state)
{
	static const uint16_t rcodes[] = {RCODE_FORMERR, RCODE_NOTIMP, RCODE_BADVERS};
	struct lane *lane = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct dialogue_sent sent;

		ask_with(lane, "two", OPTIONS(OTHER));
		sent = dialogue_expect(lane, A);
		fail_with(lane, &sent, rcodes[i]);
		assert_answer(lane, rcodes[i], OPTIONS(""));
	}
	assert_int_equal(counter_get(&lane->counters[EXIT_upstream_no_edns]), 0);
}

// The client asked for AD by the flag itself.
static void B12_AD_of_a_target_that_is_not_trusted_is_cleared(void **state)
{
	static const char *const domains[] = {"strip", "liar"};
	struct lane *lane = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct message query = question(domains[i]), reply;
		struct dialogue_sent sent;
		struct msg msg;

		query.bytes[3] = MSG_AD;
		dialogue_ask(lane, query.bytes, query.len);
		sent = dialogue_expect(lane, A);
		assert_int_equal(sent.message[3] & MSG_AD, MSG_AD);
		reply = reply_to(&sent, 0x8180 | MSG_AD);
		say(lane, &sent, &reply);
		msg = assert_answer_without_opt(lane, RCODE_NOERROR);
		assert_int_equal(msg.flags & MSG_AD, i == 0 ? MSG_AD : 0);
	}
}

static void options_are_copied_as_far_as_they_fit(void **state)
{
	static const char options[] = OTHER COOKIE NSID EDE;
	uint8_t out[64];

	(void)state;
	assert_int_equal(edns_kinds((const uint8_t *)OPTIONS(options)), EDNS_OTHER | EDNS_EDE);
	assert_int_equal(edns_len((const uint8_t *)OPTIONS(options), EDNS_OTHER), 13);
	for (unsigned room = 0; room < 30; room++) {
		unsigned len = edns_copy(
			out, room, (const uint8_t *)OPTIONS(options), EDNS_OTHER | EDNS_EDE);

		// OTHER has 7 bytes, NSID 6, EDE 11; what does not fit is passed over.
		assert_int_equal(len,
			room < 6            ? 0
				: room < 7  ? 6
				: room < 13 ? 7
				: room < 24 ? 13
					    : 24);
	}
	assert_int_equal(edns_build_ecs(out, &(struct ip){{0xfd, 0x53, 1, 2, 3, 4, 5, 6, 7}}), 15);
	assert_memory_equal(out, "\0\x08\0\x0b\0\2\x38\0\xfd\x53\1\2\3\4\5", 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(D01_unknown_options_pass_both_ways),
		TEST(D01_options_go_along_each_time_that_the_question_is_sent),
		TEST(D01_options_too_long_to_be_kept_go_once_as_they_are),
		TEST(D15_D17_D18_what_is_between_two_neighbours_stays_there),
		TEST(options_that_nobody_sent_do_not_reach_the_client),
		TEST(D13_subnet_is_stripped_passed_or_added_by_the_rule),
		TEST(D13_D14_questions_with_options_of_the_client_are_not_shared),
		TEST(D10_D12_each_client_gets_an_OPT_made_for_it),
		TEST(C18_D07_D08_answer_is_never_longer_than_the_client_takes),
		TEST(D19_extended_error_of_the_upstream_passes_and_is_dropped_first),
		TEST(C13_server_that_knows_no_EDNS_is_asked_again_without),
		TEST(C13_failure_without_question_may_mean_that_EDNS_is_not_known),
		TEST(C13_failure_with_and_without_OPT_is_the_answer),
		TEST(C13_failure_of_the_clients_own_OPT_is_relayed_and_nobody_else_is_asked),
		TEST(B12_AD_of_a_target_that_is_not_trusted_is_cleared),
		cmocka_unit_test(options_are_copied_as_far_as_they_fit),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
