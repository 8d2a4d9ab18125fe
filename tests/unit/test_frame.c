// SPDX-License-Identifier: BSD-3-Clause
// The Internet checksum, held against words added one by one.
#include "dataplane/path/frame.h"

#include "tests/unit/unit.h"

// RFC 1071, 1, word by word in the order of the host.
static uint16_t sum_slowly(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += bytes[i] | (i + 1 < len ? bytes[i + 1] << 8 : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void sum_of_any_length_is_that_of_its_words(void **state)
{
	uint8_t bytes[200];

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 29);
	for (unsigned from = 0; from < 8; from++)
		for (size_t len = 0; len <= sizeof(bytes) - 8; len++)
			assert_int_equal(frame_fold(frame_sum(bytes + from, len, 0)),
				sum_slowly(bytes + from, len));
}

static void sum_carries_round(void **state)
{
	uint8_t bytes[64];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 1; len <= sizeof(bytes); len++)
		assert_int_equal(frame_fold(frame_sum(bytes, len, 0)), sum_slowly(bytes, len));
}

static void sum_goes_on_from_another(void **state)
{
	uint8_t bytes[96];

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(255 - i);
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 2)
		assert_int_equal(frame_fold(frame_sum(bytes + cut, sizeof(bytes) - cut,
					 frame_sum(bytes, cut, 0))),
			sum_slowly(bytes, sizeof(bytes)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sum_of_any_length_is_that_of_its_words),
		cmocka_unit_test(sum_carries_round),
		cmocka_unit_test(sum_goes_on_from_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
