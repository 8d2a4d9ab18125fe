// SPDX-License-Identifier: BSD-3-Clause
// How long an answer holds.
#include "core/ttl.h"
#include "tests/unit/unit.h"

#define HEADER(rcode, an, ns, ar) "\x12\x34\x81" rcode "\0\1\0" an "\0" ns "\0" ar
#define NOERROR                   "\x80"
#define NXDOMAIN                  "\x83"
#define QUESTION                  "\3www\3com\0\0\1\0\1"
#define A(ttl)                    "\xc0\x0c\0\1\0\1" ttl "\0\4\300\0\2\1"
#define CNAME(ttl)                "\xc0\x0c\0\5\0\1" ttl "\0\4\1a\xc0\x10"
#define SOA(ttl, minimum)                            \
	"\xc0\x10\0\6\0\1" ttl "\0\x19\1m\xc0\x10\0" \
	"\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4" minimum
#define OPT     "\0\0\x29\x04\xd0\0\0\x80\0\0\0"
#define TTL_300 "\0\0\1\x2c"
#define TTL_60  "\0\0\0\x3c"
#define TTL_0   "\0\0\0\0"
#define DAY     86400

static void find(struct ttls *ttls, uint8_t *bytes, size_t len)
{
	struct msg msg;

	assert_int_equal(msg_parse_reply(&msg, bytes, (uint16_t)len), MSG_OK);
	assert_true(msg_walk_reply(&msg, (uint16_t)len));
	assert_true(ttl_find(ttls, &msg));
}

// The answer may be kept for so long, and its first TTL is then this one.
static void expect(const void *literal, size_t len, uint32_t life_sec, uint32_t first_sec)
{
	uint8_t bytes[512];
	struct ttls ttls;
	be32_t ttl;

	memcpy(bytes, literal, len);
	find(&ttls, bytes, len);
	assert_int_equal(ttl_life(&ttls, 0, DAY), life_sec);
	if (ttls.count == 0)
		return;
	ttl_settle(&ttls, bytes, 0, DAY);
	memcpy(&ttl, bytes + ttls.offs[0], sizeof(ttl));
	assert_int_equal(be32_get(ttl), first_sec);
}

#define EXPECT(literal, life, first) expect(literal, sizeof(literal) - 1, life, first)

static void F03_shortest_ttl_of_all_records_counts(void **state)
{
	(void)state;
	EXPECT(HEADER(NOERROR, "\1", "\0", "\0") QUESTION A(TTL_300), 300, 300);
	EXPECT(HEADER(NOERROR, "\2", "\0", "\0") QUESTION A(TTL_300) A(TTL_60), 60, 300);
	EXPECT(HEADER(NOERROR, "\1", "\0", "\1") QUESTION A(TTL_300) A(TTL_60), 60, 300);
}

static void D12_opt_is_no_record_and_has_no_ttl(void **state)
{
	uint8_t bytes[] = HEADER(NOERROR, "\1", "\0", "\1") QUESTION A(TTL_300) OPT;
	struct ttls ttls;

	(void)state;
	find(&ttls, bytes, sizeof(bytes) - 1);
	assert_int_equal(ttls.count, 1);
	assert_int_equal(ttls.counts[2], 0);
	assert_int_equal(ttl_life(&ttls, 0, DAY), 300);
}

static void F02_ttl_0_is_not_kept(void **state)
{
	(void)state;
	EXPECT(HEADER(NOERROR, "\2", "\0", "\0") QUESTION A(TTL_300) A(TTL_0), 0, 300);
}

static void C19_ttl_with_the_top_bit_is_0(void **state)
{
	(void)state;
	EXPECT(HEADER(NOERROR, "\1", "\0", "\0") QUESTION A("\x80\0\1\x2c"), 0, 0);
	EXPECT(HEADER(NOERROR, "\1", "\0", "\0") QUESTION A("\xff\xff\xff\xff"), 0, 0);
}

static void F04_long_ttl_is_cut_to_the_longest(void **state)
{
	(void)state;
	EXPECT(HEADER(NOERROR, "\1", "\0", "\0") QUESTION A("\x7f\xff\xff\xff"), DAY, DAY);
}

static void F05_nothing_holds_as_long_as_its_soa_says(void **state)
{
	(void)state;
	EXPECT(HEADER(NXDOMAIN, "\0", "\1", "\0") QUESTION SOA(TTL_300, TTL_60), 60, 60);
	EXPECT(HEADER(NXDOMAIN, "\0", "\1", "\0") QUESTION SOA(TTL_60, TTL_300), 60, 60);
	EXPECT(HEADER(NOERROR, "\0", "\1", "\0") QUESTION SOA(TTL_300, TTL_60), 60, 60);
	EXPECT(HEADER(NXDOMAIN, "\0", "\1", "\0") QUESTION SOA("\0\1\0\0", "\0\1\0\0"), 10800,
		10800);
	EXPECT(HEADER(NOERROR, "\1", "\1", "\0") QUESTION CNAME(TTL_300) SOA(TTL_300, TTL_60), 60,
		60);
}

static void F06_nothing_without_soa_is_not_kept(void **state)
{
	(void)state;
	EXPECT(HEADER(NXDOMAIN, "\0", "\0", "\0") QUESTION, 0, 0);
	EXPECT(HEADER(NOERROR, "\0", "\0", "\0") QUESTION, 0, 0);
	EXPECT(HEADER(NXDOMAIN, "\1", "\0", "\0") QUESTION CNAME(TTL_300), 0, 300);
	EXPECT(HEADER(NOERROR, "\1", "\0", "\0") QUESTION CNAME(TTL_300), 300, 300);
}

static void soa_beside_an_answer_says_nothing(void **state)
{
	(void)state;
	EXPECT(HEADER(NOERROR, "\1", "\1", "\0") QUESTION A(TTL_300) SOA(TTL_300, TTL_60), 300,
		300);
}

static void limits_hold_for_answers_and_the_lower_not_for_nothing(void **state)
{
	uint8_t answer[] = HEADER(NOERROR, "\1", "\0", "\0") QUESTION A(TTL_0);
	uint8_t nothing[] = HEADER(NXDOMAIN, "\0", "\1", "\0") QUESTION SOA(TTL_300, TTL_60);
	struct ttls ttls;

	(void)state;
	find(&ttls, answer, sizeof(answer) - 1);
	assert_int_equal(ttl_life(&ttls, 30, DAY), 30);
	find(&ttls, nothing, sizeof(nothing) - 1);
	assert_int_equal(ttl_life(&ttls, 90, DAY), 60);
	assert_int_equal(ttl_life(&ttls, 0, 10), 10);
}

static void F24_more_records_than_can_be_kept_are_told(void **state)
{
	static const char a[] = A(TTL_300);
	uint8_t bytes[8192] = HEADER(NOERROR, "\0", "\0", "\0") QUESTION;
	size_t len = sizeof(HEADER(NOERROR, "\0", "\0", "\0") QUESTION) - 1;
	struct ttls ttls;
	struct msg msg;

	(void)state;
	for (unsigned i = 0; i <= TTL_RECORDS_MAX; i++, len += sizeof(a) - 1)
		memcpy(bytes + len, a, sizeof(a) - 1);
	bytes[6] = (TTL_RECORDS_MAX + 1) >> 8;
	assert_int_equal(msg_parse_reply(&msg, bytes, (uint16_t)len), MSG_OK);
	assert_true(msg_walk_reply(&msg, (uint16_t)len));
	assert_false(ttl_find(&ttls, &msg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(F03_shortest_ttl_of_all_records_counts),
		cmocka_unit_test(D12_opt_is_no_record_and_has_no_ttl),
		cmocka_unit_test(F02_ttl_0_is_not_kept),
		cmocka_unit_test(C19_ttl_with_the_top_bit_is_0),
		cmocka_unit_test(F04_long_ttl_is_cut_to_the_longest),
		cmocka_unit_test(F05_nothing_holds_as_long_as_its_soa_says),
		cmocka_unit_test(F06_nothing_without_soa_is_not_kept),
		cmocka_unit_test(soa_beside_an_answer_says_nothing),
		cmocka_unit_test(limits_hold_for_answers_and_the_lower_not_for_nothing),
		cmocka_unit_test(F24_more_records_than_can_be_kept_are_told),
	};

	return cmocka_run_group_tests_name("ttl", tests, NULL, NULL);
}
