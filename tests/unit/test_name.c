// SPDX-License-Identifier: BSD-3-Clause
// Names in wire form and as text.
#include "core/name.h"

#include "tests/unit/unit.h"

static void name_ends_at_the_root_label(void **state)
{
	(void)state;
	assert_int_equal(name_check(WIRE("\3www\3com\0rest"), 13), 9);
	assert_int_equal(name_check(WIRE("\0"), 1), 1);
}

static void name_that_does_not_end_is_refused(void **state)
{
	(void)state;
	assert_int_equal(name_check(WIRE("\3www\3com"), 8), 0);
	assert_int_equal(name_check(WIRE("\3ww"), 3), 0);
	assert_int_equal(name_check(WIRE(""), 0), 0);
}

static void B13_pointer_is_no_label(void **state)
{
	(void)state;
	assert_int_equal(name_check(WIRE("\xc0\x0c"), 2), 0);
	assert_int_equal(name_check(WIRE("\3www\xc0\x0c"), 6), 0);
}

static void B14_label_type_other_than_plain_is_refused(void **state)
{
	uint8_t wire[256] = {0};

	(void)state;
	for (unsigned len = 64; len < 192; len++) {
		wire[0] = (uint8_t)len;
		assert_int_equal(name_check(wire, sizeof(wire)), 0);
	}
}

// Four labels and the root: 255 bytes with a last label of 61, 256 with one of 62.
static void B14_name_of_255_bytes_is_the_longest(void **state)
{
	uint8_t wire[300] = {0};

	(void)state;
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	assert_int_equal(name_check(wire, sizeof(wire)), 255);
	wire[192] = 62;
	assert_int_equal(name_check(wire, sizeof(wire)), 0);
}

static void name_of_127_labels_is_walked(void **state)
{
	uint8_t wire[NAME_LEN_MAX] = {0}, labels[NAME_LABELS_MAX];

	(void)state;
	for (unsigned i = 0; i < 254; i += 2)
		wire[i] = 1;
	assert_int_equal(name_check(wire, sizeof(wire)), 255);
	assert_int_equal(name_labels(wire, labels), 127);
	assert_int_equal(labels[126], 252);
}

static void B25_only_ascii_letters_fold(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		unsigned folded = byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;

		assert_int_equal(name_fold_byte((uint8_t)byte), folded);
	}
}

static void names_are_equal_but_for_case(void **state)
{
	(void)state;
	assert_true(name_equal_folded(WIRE("\3wWw\3CoM"), WIRE("\3WwW\3cOm"), 9));
	assert_false(name_equal_folded(WIRE("\3www\3com"), WIRE("\3www\3org"), 9));
	assert_false(name_equal_folded(WIRE("\1["), WIRE("\1{"), 3));
}

static void assert_text(const char *wire, const char *text)
{
	char out[NAME_TEXT_MAX];

	assert_int_equal(name_format(WIRE(wire), out), strlen(text));
	assert_string_equal(out, text);
}

static void unusual_bytes_are_printed_escaped(void **state)
{
	(void)state;
	assert_text("", ".");
	assert_text("\3www\3com", "www.com.");
	assert_text("\4a\"\n.\3com", "a\\034\\010\\046.com.");
	assert_text("\1\xff", "\\255.");
}

static void assert_parses(const char *text, const char *wire)
{
	uint8_t out[NAME_LEN_MAX];
	const char *why;

	assert_int_equal(name_parse(text, strlen(text), out, &why), strlen(wire) + 1);
	assert_memory_equal(out, wire, strlen(wire) + 1);
}

static void assert_refuses(const char *text, const char *reason)
{
	uint8_t out[NAME_LEN_MAX];
	const char *why;

	assert_int_equal(name_parse(text, strlen(text), out, &why), 0);
	assert_non_null(strstr(why, reason));
}

static void text_becomes_a_name(void **state)
{
	(void)state;
	assert_parses(".", "");
	assert_parses("www.com.", "\3www\3com");
	assert_parses("www.com", "\3www\3com");
	assert_parses("\\065\\.b.com.", "\3A.b\3com");
	assert_parses("\\255.", "\1\xff");
}

static void text_that_is_no_name_is_refused_with_the_reason(void **state)
{
	char label[70], name[400] = "";

	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	for (unsigned i = 0; i < 64; i++)
		strcat(name, "abc.");
	assert_refuses("", "empty");
	assert_refuses("..", "a label is empty");
	assert_refuses("a..b.", "a label is empty");
	assert_refuses(".a.", "a label is empty");
	assert_refuses("a\\", "backslash");
	assert_refuses("a\\25", "backslash");
	assert_refuses("a\\256", "backslash");
	assert_refuses(label, "63");
	assert_refuses(name, "255");
}

static void text_of_a_name_gives_the_name_back(void **state)
{
	uint8_t wire[NAME_LEN_MAX] = {0}, out[NAME_LEN_MAX];
	char text[NAME_TEXT_MAX];
	const char *why;

	(void)state;
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	for (unsigned i = 1; i < 254; i++)
		if (i != 64 && i != 128 && i != 192)
			wire[i] = (uint8_t)i;
	assert_int_equal(name_check(wire, sizeof(wire)), 255);
	assert_int_equal(name_parse(text, name_format(wire, text), out, &why), 255);
	assert_memory_equal(out, wire, 255);
}

// Every byte at every place of a word, and behind the last whole word.
static void B25_words_fold_as_their_bytes_do(void **state)
{
	uint8_t wire[23], folded[23];

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (unsigned at = 0; at < sizeof(wire); at++) {
			memset(wire, 'Z', sizeof(wire));
			wire[at] = (uint8_t)byte;
			name_fold(folded, wire, sizeof(wire));
			for (unsigned i = 0; i < sizeof(wire); i++)
				assert_int_equal(folded[i], name_fold_byte(wire[i]));
			assert_true(name_equal_folded(wire, folded, sizeof(wire)));
			folded[at] ^= 1;
			assert_false(name_equal_folded(wire, folded, sizeof(wire)));
		}
}

static void case_is_set_by_the_bit_of_each_place(void **state)
{
	uint8_t wire[45], out[45];

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (uint32_t bit = 1; bit != 0; bit <<= 1) {
			memset(wire, (int)byte, sizeof(wire));
			name_set_case(out, wire, sizeof(wire), bit);
			for (unsigned i = 0; i < sizeof(wire); i++) {
				uint8_t folded = name_fold_byte(wire[i]);
				bool is_capital =
					folded >= 'a' && folded <= 'z' && (bit >> i % 32 & 1);

				assert_int_equal(out[i], is_capital ? folded - 0x20 : folded);
			}
		}
}

static void hash_ignores_case_alone(void **state)
{
	static const uint8_t name[] = "\3www\7Contoso\3com", other[] = "\3WWW\7cONTOSO\3COM";
	uint8_t changed[sizeof(name)];

	(void)state;
	for (unsigned len = 1; len <= sizeof(name); len++)
		assert_int_equal(name_hash(name, len), name_hash(other, len));
	for (unsigned i = 0; i < sizeof(name); i++) {
		memcpy(changed, name, sizeof(name));
		changed[i] ^= 1;
		assert_int_not_equal(
			name_hash(name, sizeof(name)), name_hash(changed, sizeof(name)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_ends_at_the_root_label),
		cmocka_unit_test(name_that_does_not_end_is_refused),
		cmocka_unit_test(B13_pointer_is_no_label),
		cmocka_unit_test(B14_label_type_other_than_plain_is_refused),
		cmocka_unit_test(B14_name_of_255_bytes_is_the_longest),
		cmocka_unit_test(name_of_127_labels_is_walked),
		cmocka_unit_test(B25_only_ascii_letters_fold),
		cmocka_unit_test(B25_words_fold_as_their_bytes_do),
		cmocka_unit_test(case_is_set_by_the_bit_of_each_place),
		cmocka_unit_test(hash_ignores_case_alone),
		cmocka_unit_test(names_are_equal_but_for_case),
		cmocka_unit_test(unusual_bytes_are_printed_escaped),
		cmocka_unit_test(text_becomes_a_name),
		cmocka_unit_test(text_that_is_no_name_is_refused_with_the_reason),
		cmocka_unit_test(text_of_a_name_gives_the_name_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
