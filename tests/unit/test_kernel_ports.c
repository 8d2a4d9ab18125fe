// SPDX-License-Identifier: BSD-3-Clause
// The kernel's own ports and ours keep apart.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dataplane/kernel_ports.h"

static char text[KERNEL_PORTS_TEXT_LEN];

static enum kernel_ports_verdict judged(
	uint32_t first, uint32_t last, const char *range, const char *reserved)
{
	struct kernel_ports_set ours = {0}, kernel;

	kernel_ports_add(&ours, first, last);
	assert_int_equal(kernel_ports_parse(range, reserved, &kernel), 0);
	return kernel_ports_judge(&ours, &kernel, text);
}

static void ports_that_nobody_shares_are_apart(void **state)
{
	(void)state;
	assert_int_equal(judged(10000, 60999, "61000\t65535\n", "\n"), KERNEL_PORTS_APART);
	assert_int_equal(judged(10000, 32767, "32768\t60999\n", "\n"), KERNEL_PORTS_APART);
}

static void an_overlap_names_the_line_that_ends_it(void **state)
{
	(void)state;
	assert_int_equal(judged(10000, 60999, "32768\t60999\n", "\n"), KERNEL_PORTS_OVERLAP);
	assert_non_null(strstr(text, " 28232 ports "));
	assert_non_null(strstr(text, "net.ipv4.ip_local_port_range=\"1024 9999\""));
	assert_int_equal(judged(3000, 60999, "60999\t65535\n", "\n"), KERNEL_PORTS_OVERLAP);
	assert_non_null(strstr(text, " 1 ports "));
	assert_non_null(strstr(text, "=\"61000 65535\""));
}

static void reserved_ports_are_not_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(
		judged(40000, 50000, "32768\t60999\n", "40000-50000\n"), KERNEL_PORTS_APART);
	assert_int_equal(judged(40000, 50000, "32768\t60999\n", "53,40000-49999,60001\n"),
		KERNEL_PORTS_OVERLAP);
	assert_non_null(strstr(text, " 1 ports "));
}

static void a_kernel_without_ports_is_refused(void **state)
{
	(void)state;
	assert_int_equal(judged(1024, 63536, "63537\t65535\n", "\n"), KERNEL_PORTS_TOO_FEW);
	assert_non_null(strstr(text, " 1999 ports "));
	assert_int_equal(judged(1024, 63535, "63536\t65535\n", "\n"), KERNEL_PORTS_APART);
}

static void settings_that_are_none_are_refused(void **state)
{
	struct kernel_ports_set kernel;

	(void)state;
	assert_int_not_equal(kernel_ports_parse("", "", &kernel), 0);
	assert_int_not_equal(kernel_ports_parse("32768", "", &kernel), 0);
	assert_int_not_equal(kernel_ports_parse("32768 60999", "8080,x", &kernel), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_that_nobody_shares_are_apart),
		cmocka_unit_test(an_overlap_names_the_line_that_ends_it),
		cmocka_unit_test(reserved_ports_are_not_the_kernels),
		cmocka_unit_test(a_kernel_without_ports_is_refused),
		cmocka_unit_test(settings_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
