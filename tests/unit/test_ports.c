// SPDX-License-Identifier: BSD-3-Clause
// What an operator writes after `xdp:`.
#include "dataplane/port/xdp_spec.h"
#include "tests/unit/unit.h"

static struct xdp_spec parse(const char *text)
{
	struct port_error error = {0};
	struct xdp_spec spec;

	assert_int_equal(xdp_spec_parse(&spec, text, &error), 0);
	assert_string_equal(error.text, "");
	return spec;
}

static void interface_alone_leaves_all_open(void **state)
{
	struct xdp_spec spec = parse("eth0");

	(void)state;
	assert_string_equal(spec.interface, "eth0");
	assert_false(spec.has_mode);
	assert_false(spec.has_queues);
	assert_int_equal(spec.queue_first, 0);
	assert_int_equal(spec.busy_poll_us, 0);
}

static void options_are_taken_in_any_order(void **state)
{
	struct xdp_spec spec = parse("eth0,busy-poll=20,queues=2-5,mode=generic");

	(void)state;
	assert_string_equal(spec.interface, "eth0");
	assert_true(spec.has_mode);
	assert_int_equal(spec.mode, XDP_MODE_GENERIC);
	assert_true(spec.has_queues);
	assert_int_equal(spec.queue_first, 2);
	assert_int_equal(spec.queue_last, 5);
	assert_int_equal(spec.busy_poll_us, 20);
	assert_int_equal(parse("e,mode=zero-copy").mode, XDP_MODE_ZERO_COPY);
	assert_int_equal(parse("e,mode=copy").mode, XDP_MODE_COPY);
}

static void one_queue_is_a_range_of_one(void **state)
{
	struct xdp_spec spec = parse("e,queues=255");

	(void)state;
	assert_int_equal(spec.queue_first, 255);
	assert_int_equal(spec.queue_last, 255);
}

static void prefixes_to_drop_are_of_either_family(void **state)
{
	struct xdp_spec spec = parse("e,drop=198.51.100.0/24+2001:db8::/32+192.0.2.1+fe80::1");
	const struct ip first = ip_from_v4((const uint8_t[]){198, 51, 100, 0});

	(void)state;
	assert_int_equal(spec.drop_count, 4);
	assert_int_equal(spec.drops[0].bits, 96 + 24);
	assert_memory_equal(spec.drops[0].ip.b, first.b, 16);
	assert_int_equal(spec.drops[1].bits, 32);
	assert_memory_equal(spec.drops[1].ip.b, "\x20\x01\x0d\xb8", 5);
	assert_int_equal(spec.drops[2].bits, 128);
	assert_int_equal(spec.drops[3].bits, 128);
	assert_int_equal(parse("e,drop=0.0.0.0/0").drops[0].bits, 96);
}

static const struct {
	const char *text, *message;
} wrong[] = {
	{"", "an interface name"},
	{",mode=copy", "an interface name"},
	{"a-name-of-16-byte", "an interface name"},
	{"e,", "unknown option ''"},
	{"e,mode", "option 'mode': wanted is mode=zero-copy, copy or generic"},
	{"e,mode=fast", "option 'mode=fast': wanted is mode=zero-copy, copy or generic"},
	{"e,mode=copyy", "option 'mode=copyy'"},
	{"e,modes=copy",
		"unknown option 'modes=copy'; an XDP port takes mode=, queues=, busy-poll="},
	{"e,queues=", "option 'queues='"},
	{"e,queues=3-2", "option 'queues=3-2'"},
	{"e,queues=1-", "option 'queues=1-'"},
	{"e,queues=-1", "option 'queues=-1'"},
	{"e,queues=256", "option 'queues=256'"},
	{"e,queues=0-256", "option 'queues=0-256'"},
	{"e,queues=1x", "option 'queues=1x'"},
	{"e,busy-poll=0", "option 'busy-poll=0'"},
	{"e,busy-poll=10001", "option 'busy-poll=10001'"},
	{"e,busy-poll=5us", "option 'busy-poll=5us'"},
	{"e,drop=", "option 'drop=': wanted is drop=up to 64 prefixes"},
	{"e,drop=10.0.0.0/33", "option 'drop=10.0.0.0/33'"},
	{"e,drop=10.0.0.1/24", "option 'drop=10.0.0.1/24'"},
	{"e,drop=10.0.0.0/8+", "option 'drop=10.0.0.0/8+'"},
	{"e,drop=10.0.0.0/8 ", "option 'drop=10.0.0.0/8 '"},
	{"e,drop=::/0", "option 'drop=::/0'"}, // IPv4 too
	{"e,drop=::ffff:10.0.0.0/104", "option 'drop=::ffff:10.0.0.0/104'"},
	{"e,drop=2001:db8::/129", "option 'drop=2001:db8::/129'"},
};

static void what_is_wrong_is_named_with_what_is_wanted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct port_error error = {0};
		struct xdp_spec spec;

		assert_int_equal(xdp_spec_parse(&spec, wrong[i].text, &error), -1);
		error.text[strlen(wrong[i].message)] = '\0';
		assert_string_equal(error.text, wrong[i].message);
	}
}

static void a_value_without_end_is_refused(void **state)
{
	char text[1200] = "e,queues=";
	struct port_error error = {0};
	struct xdp_spec spec;

	(void)state;
	memset(text + strlen(text), '0', 1100);
	assert_int_equal(xdp_spec_parse(&spec, text, &error), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interface_alone_leaves_all_open),
		cmocka_unit_test(options_are_taken_in_any_order),
		cmocka_unit_test(one_queue_is_a_range_of_one),
		cmocka_unit_test(prefixes_to_drop_are_of_either_family),
		cmocka_unit_test(what_is_wrong_is_named_with_what_is_wanted),
		cmocka_unit_test(a_value_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
