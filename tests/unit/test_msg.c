// SPDX-License-Identifier: BSD-3-Clause
// Messages as queries and as replies: what is read, and what is refused as malformed.
#include "core/msg.h"
#include "tests/unit/unit.h"

// Header words by name, then what follows, as one literal each.
#define HEADER(flags, qd, an, ns, ar) "\x12\x34" flags qd an ns ar
#define RD                            "\x01\x00"
#define REPLY                         "\x81\x80"
#define NONE                          "\0\0"
#define ONE                           "\0\1"
#define TWO                           "\0\2"
#define QUESTION                      "\3www\3com\0\0\1\0\1"
#define OPT                           "\0\0\x29\x04\xd0\0\0\x80\0\0\0"

#define PARSE(msg, literal) msg_parse_query(msg, WIRE(literal), sizeof(literal) - 1)

static void plain_query_is_read(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, NONE, NONE, NONE) QUESTION), MSG_OK);
	assert_int_equal(msg.id, 0x1234);
	assert_int_equal(msg.flags, MSG_RD);
	assert_int_equal(msg.type, 1);
	assert_int_equal(msg.class, CLASS_IN);
	assert_int_equal(msg.name_len, 9);
	assert_false(msg.edns.is_present);
	assert_int_equal(msg.len, 25);
}

static void opt_is_read(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, NONE, NONE, ONE) QUESTION OPT), MSG_OK);
	assert_true(msg.edns.is_present);
	assert_true(msg.edns.is_do);
	assert_int_equal(msg.edns.size, 1232);
	assert_int_equal(msg.opt_off, 25);
}

static void B01_under_12_bytes_is_short(void **state)
{
	uint8_t bytes[12] = {0};
	struct msg msg;

	(void)state;
	for (uint16_t len = 0; len < 12; len++)
		assert_int_equal(msg_parse_query(&msg, bytes, len), MSG_SHORT);
}

static void B02_reply_is_no_query(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg, HEADER(REPLY, ONE, NONE, NONE, NONE) QUESTION), MSG_IS_REPLY);
}

static void B03_opcode_other_than_query_is_not_implemented(void **state)
{
	uint8_t bytes[] = HEADER(RD, ONE, NONE, NONE, NONE) QUESTION;
	struct msg msg;

	(void)state;
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		bytes[2] = (uint8_t)(opcode << 3);
		assert_int_equal(
			msg_parse_query(&msg, bytes, sizeof(bytes) - 1), MSG_NOT_IMPLEMENTED);
	}
}

static void B05_two_questions_are_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(
		PARSE(&msg, HEADER(RD, TWO, NONE, NONE, NONE) QUESTION QUESTION), MSG_MALFORMED);
	assert_int_equal(msg.name_len, 0);
	assert_int_equal(PARSE(&msg, HEADER(RD, NONE, NONE, NONE, NONE)), MSG_MALFORMED);
}

static void query_with_answers_or_TC_is_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, ONE, NONE, NONE) QUESTION OPT), MSG_MALFORMED);
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, NONE, ONE, NONE) QUESTION OPT), MSG_MALFORMED);
	assert_int_equal(
		PARSE(&msg, HEADER("\x03\0", ONE, NONE, NONE, NONE) QUESTION), MSG_MALFORMED);
}

static void B13_pointer_in_the_question_is_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(
		PARSE(&msg, HEADER(RD, ONE, NONE, NONE, NONE) "\xc0\x0c\0\1\0\1"), MSG_MALFORMED);
	assert_int_equal(
		PARSE(&msg, HEADER(RD, ONE, NONE, NONE, NONE) "\xc0\0\0\1\0\1"), MSG_MALFORMED);
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, NONE, NONE, NONE) "\1a\xc0\x0c\0\1\0\1"),
		MSG_MALFORMED);
}

static void B15_question_cut_anywhere_is_malformed(void **state)
{
	static const uint8_t bytes[] = HEADER(RD, ONE, NONE, NONE, NONE) QUESTION;
	struct msg msg;

	(void)state;
	for (uint16_t len = 12; len < sizeof(bytes) - 1; len++)
		assert_int_equal(msg_parse_query(&msg, bytes, len), MSG_MALFORMED);
}

static void B16_records_that_are_not_there_are_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, NONE, NONE, ONE) QUESTION), MSG_MALFORMED);
	assert_int_equal(
		PARSE(&msg, HEADER(RD, ONE, NONE, NONE, "\xff\xff") QUESTION OPT), MSG_MALFORMED);
	assert_int_equal(
		PARSE(&msg,
			HEADER(RD, ONE, NONE, NONE, ONE) QUESTION "\0\0\x29\x04\xd0\0\0\0\0\0\1"),
		MSG_MALFORMED);
}

static void B17_bytes_after_the_last_record_are_not_of_the_message(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg, HEADER(RD, ONE, NONE, NONE, ONE) QUESTION OPT "junk"), MSG_OK);
	assert_int_equal(msg.len, 36);
}

static void D04_two_OPT_are_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(
		PARSE(&msg, HEADER(RD, ONE, NONE, NONE, TWO) QUESTION OPT OPT), MSG_MALFORMED);
}

static void D05_OPT_below_the_root_is_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(
		PARSE(&msg, HEADER(RD, ONE, NONE, NONE, ONE) QUESTION "\1a" OPT), MSG_MALFORMED);
}

static void D06_EDNS_version_1_is_a_bad_version(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(
		PARSE(&msg,
			HEADER(RD, ONE, NONE, NONE, ONE) QUESTION "\0\0\x29\x04\xd0\0\1\0\0\0\0"),
		MSG_BAD_VERSION);
}

static void D11_options_must_fill_their_record(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg,
				 HEADER(RD, ONE, NONE, NONE, ONE) QUESTION
				 "\0\0\x29\x04\xd0\0\0\0\0\0\4\0\3\0\0"),
		MSG_OK);
	assert_int_equal(PARSE(&msg,
				 HEADER(RD, ONE, NONE, NONE, ONE) QUESTION
				 "\0\0\x29\x04\xd0\0\0\0\0\0\4\0\3\0\1"),
		MSG_MALFORMED);
	assert_int_equal(PARSE(&msg,
				 HEADER(RD, ONE, NONE, NONE, ONE) QUESTION
				 "\0\0\x29\x04\xd0\0\0\0\0\0\3\0\3\0"),
		MSG_MALFORMED);
}

static void TSIG_as_last_record_is_noticed(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(PARSE(&msg,
				 HEADER(RD, ONE, NONE, NONE, ONE) QUESTION
				 "\3key\0\0\xfa\0\xff\0\0\0\0\0\0"),
		MSG_OK);
	assert_true(msg.is_signed);
}

// A reply's bytes, its question read and its records walked.
static bool walk(const uint8_t *bytes, uint16_t len, struct msg *msg)
{
	assert_int_equal(msg_parse_reply(msg, bytes, len), MSG_OK);
	return msg_walk_reply(msg, len);
}

#define WALK(msg, literal) walk(WIRE(literal), sizeof(literal) - 1, msg)
#define A_RECORD           "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"

static void reply_is_walked_to_its_end(void **state)
{
	struct msg msg;

	(void)state;
	assert_true(
		WALK(&msg, HEADER(REPLY, ONE, ONE, NONE, ONE) QUESTION "\xc0\x0c" A_RECORD OPT));
	assert_int_equal(msg.opt_off, 41);
	assert_int_equal(msg.before_opt, 0);
	assert_int_equal(msg.len, 52);
}

static void C15_pointers_that_loop_or_lead_on_are_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_false(WALK(&msg, HEADER(REPLY, ONE, ONE, NONE, NONE) QUESTION "\xc0\x19" A_RECORD));
	assert_false(WALK(&msg, HEADER(REPLY, ONE, ONE, NONE, NONE) QUESTION "\xc0\x1a" A_RECORD));
	assert_false(WALK(&msg, HEADER(REPLY, ONE, ONE, NONE, NONE) QUESTION "\xc0\x00" A_RECORD));
	// Off 26 holds a label that runs into the pointer that led there.
	assert_false(
		WALK(&msg, HEADER(REPLY, ONE, ONE, NONE, NONE) QUESTION "\2\1a\xc0\x1a" A_RECORD));
}

// Each record's owner points at the one before: the 17th pointer of a name is one too many.
static void B26_long_chains_of_pointers_are_malformed(void **state)
{
	uint8_t bytes[512] = HEADER(REPLY, ONE, NONE, NONE, NONE) QUESTION;
	uint16_t len = sizeof(HEADER(REPLY, ONE, NONE, NONE, NONE) QUESTION) - 1;
	uint8_t target = 12;
	struct msg msg;

	(void)state;
	for (uint8_t records = 1; records <= 17; records++) {
		memcpy(bytes + len, "\xc0\x0c" A_RECORD, 16);
		bytes[len + 1] = target;
		target = (uint8_t)len;
		len += 16;
		bytes[7] = records;
		assert_int_equal(msg_parse_reply(&msg, bytes, len), MSG_OK);
		assert_int_equal(msg_walk_reply(&msg, len), records <= 16);
	}
}

static void C17_OPT_in_the_answer_section_is_malformed(void **state)
{
	struct msg msg;

	(void)state;
	assert_false(WALK(&msg, HEADER(REPLY, ONE, ONE, NONE, NONE) QUESTION OPT));
}

static void C12_query_or_other_opcode_is_no_reply(void **state)
{
	static const uint8_t query[] = HEADER(RD, ONE, NONE, NONE, NONE) QUESTION;
	static const uint8_t notify[] = HEADER("\xa0\0", ONE, NONE, NONE, NONE) QUESTION;
	struct msg msg;

	(void)state;
	assert_int_equal(msg_parse_reply(&msg, query, sizeof(query) - 1), MSG_MALFORMED);
	assert_int_equal(msg_parse_reply(&msg, notify, sizeof(notify) - 1), MSG_MALFORMED);
	assert_int_equal(msg_parse_reply(&msg, query, 11), MSG_SHORT);
}

static void extended_error_is_appended_only_where_it_fits(void **state)
{
	uint8_t opt[64];

	(void)state;
	assert_int_equal(msg_build_opt(opt, 1232, 0, true, 0), MSG_OPT_LEN);
	assert_memory_equal(opt, OPT, MSG_OPT_LEN);
	assert_int_equal(msg_build_ede(opt, 8, 22, "why"), 0);
	assert_int_equal(msg_build_ede(opt, 9, 22, "why"), 9);
	assert_memory_equal(opt + MSG_OPT_LEN - 2, "\0\x09\0\x0f\0\5\0\x16why", 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_query_is_read),
		cmocka_unit_test(opt_is_read),
		cmocka_unit_test(B01_under_12_bytes_is_short),
		cmocka_unit_test(B02_reply_is_no_query),
		cmocka_unit_test(B03_opcode_other_than_query_is_not_implemented),
		cmocka_unit_test(B05_two_questions_are_malformed),
		cmocka_unit_test(query_with_answers_or_TC_is_malformed),
		cmocka_unit_test(B13_pointer_in_the_question_is_malformed),
		cmocka_unit_test(B15_question_cut_anywhere_is_malformed),
		cmocka_unit_test(B16_records_that_are_not_there_are_malformed),
		cmocka_unit_test(B17_bytes_after_the_last_record_are_not_of_the_message),
		cmocka_unit_test(D04_two_OPT_are_malformed),
		cmocka_unit_test(D05_OPT_below_the_root_is_malformed),
		cmocka_unit_test(D06_EDNS_version_1_is_a_bad_version),
		cmocka_unit_test(D11_options_must_fill_their_record),
		cmocka_unit_test(TSIG_as_last_record_is_noticed),
		cmocka_unit_test(reply_is_walked_to_its_end),
		cmocka_unit_test(C15_pointers_that_loop_or_lead_on_are_malformed),
		cmocka_unit_test(B26_long_chains_of_pointers_are_malformed),
		cmocka_unit_test(C17_OPT_in_the_answer_section_is_malformed),
		cmocka_unit_test(C12_query_or_other_opcode_is_no_reply),
		cmocka_unit_test(extended_error_is_appended_only_where_it_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
