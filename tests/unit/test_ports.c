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
	{"e,modes=copy", "unknown option 'modes=copy'; an XDP port takes mode=, queues= and"},
	{"e,queues=", "option 'queues='"},
	{"e,queues=3-2", "option 'queues=3-2'"},
	{"e,queues=1-", "option 'queues=1-'"},
	{"e,queues=-1", "option 'queues=-1'"},
	{"e,queues=256", "option 'queues=256'"},
	{"e,queues=0-256", "option 'queues=0-256'"},
	{"e,queues=1x", "option 'queues=1x'"},
	{"e,queues=00000000000000000000000000000000000001", "option 'queues=0"},
	{"e,busy-poll=0", "option 'busy-poll=0'"},
	{"e,busy-poll=10001", "option 'busy-poll=10001'"},
	{"e,busy-poll=5us", "option 'busy-poll=5us'"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interface_alone_leaves_all_open),
		cmocka_unit_test(options_are_taken_in_any_order),
		cmocka_unit_test(one_queue_is_a_range_of_one),
		cmocka_unit_test(what_is_wrong_is_named_with_what_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
