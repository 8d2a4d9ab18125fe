// SPDX-License-Identifier: BSD-3-Clause
// Small values to and from text.
#include "control/config/text.h"

#include "tests/unit/unit.h"

struct sample {
	const char *text;
	const char *printed; // NULL: refused
};

static void addresses_with_ports_are_read_and_printed(void **state)
{
	static const struct sample samples[] = {
		{"10.0.0.1", "10.0.0.1"},
		{"10.0.0.1:53", "10.0.0.1"},
		{"10.0.0.1:5353", "10.0.0.1:5353"},
		{"fd54::13", "fd54::13"},
		{"[fd54::13]", "fd54::13"},
		{"[fd54::13]:53", "fd54::13"},
		{"[fd54::13]:65535", "[fd54::13]:65535"},
		{"", NULL},
		{"10.0.0", NULL},
		{"10.0.0.300", NULL},
		{"10.0.0.1:", NULL},
		{"10.0.0.1:0", NULL},
		{"10.0.0.1:65536", NULL},
		{"10.0.0.1:5x", NULL},
		{" 10.0.0.1", NULL},
		{"[fd54::13", NULL},
		{"[fd54::13]53", NULL},
		{"[fd54::13]:0", NULL},
		{"fd54::13::", NULL},
		{"fe80::1%eth0", NULL},
		{"dns.example", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char printed[TEXT_ENDPOINT_MAX];
		struct endpoint endpoint;
		const char *why = NULL;
		int error = text_parse_endpoint(samples[i].text, &endpoint, &why);

		assert_int_equal(error != 0, samples[i].printed == NULL);
		assert_int_equal(error != 0, why != NULL);
		if (!error)
			assert_string_equal(
				text_format_endpoint(&endpoint, printed), samples[i].printed);
	}
}

static void prefixes_are_read_and_printed(void **state)
{
	static const struct sample samples[] = {
		{"10.53.0.0/16", "10.53.0.0/16"},
		{"10.53.0.1", "10.53.0.1/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::/0", "::/0"},
		{"fd53::/16", "fd53::/16"},
		{"fd53::1/128", "fd53::1/128"},
		{"10.53.0.1/16", NULL},
		{"10.0.0.0/33", NULL},
		{"fd53::/129", NULL},
		{"fd53::1/64", NULL},
		{"10.0.0.0/", NULL},
		{"10.0.0.0/-1", NULL},
		{"/8", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char printed[TEXT_PREFIX_MAX];
		struct config_prefix prefix;
		const char *why = NULL;
		int error = text_parse_prefix(samples[i].text, &prefix, &why);

		assert_int_equal(error != 0, samples[i].printed == NULL);
		assert_int_equal(error != 0, why != NULL);
		if (!error)
			assert_string_equal(
				text_format_prefix(&prefix, printed), samples[i].printed);
	}
}

static void ipv4_prefix_counts_the_mapped_bits(void **state)
{
	struct config_prefix prefix;
	const char *why;

	(void)state;
	assert_int_equal(text_parse_prefix("10.0.0.0/8", &prefix, &why), 0);
	assert_int_equal(prefix.bits, 104);
	assert_true(ip_is_v4(&prefix.ip));
}

static void durations_are_read_and_printed(void **state)
{
	static const struct sample samples[] = {
		{"4s", "4s"},
		{"800ms", "800ms"},
		{"4000ms", "4s"},
		{"120s", "2m"},
		{"24h", "1d"},
		{"0s", "0ms"},
		{"4", NULL},
		{"s", NULL},
		{"4 s", NULL},
		{"-4s", NULL},
		{"4sec", NULL},
		{"99999999999s", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char printed[TEXT_DURATION_MAX];
		uint64_t us;
		const char *why = NULL;
		int error = text_parse_duration(samples[i].text, &us, &why);

		assert_int_equal(error != 0, samples[i].printed == NULL);
		assert_int_equal(error != 0, why != NULL);
		if (!error)
			assert_string_equal(text_format_duration(us, printed), samples[i].printed);
	}
}

static void port_ranges_are_read(void **state)
{
	uint16_t first, last;
	const char *why;

	(void)state;
	assert_int_equal(text_parse_ports("10000-60999", &first, &last, &why), 0);
	assert_int_equal(first, 10000);
	assert_int_equal(last, 60999);
	assert_int_not_equal(text_parse_ports("10000", &first, &last, &why), 0);
	assert_int_not_equal(text_parse_ports("1-65536", &first, &last, &why), 0);
	assert_int_not_equal(text_parse_ports("-", &first, &last, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_with_ports_are_read_and_printed),
		cmocka_unit_test(prefixes_are_read_and_printed),
		cmocka_unit_test(ipv4_prefix_counts_the_mapped_bits),
		cmocka_unit_test(durations_are_read_and_printed),
		cmocka_unit_test(port_ranges_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
