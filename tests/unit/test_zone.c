// SPDX-License-Identifier: BSD-3-Clause
// Private zones, from YAML to the answer: records read, compiled, found, and written.
#include "control/config/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/path/path.h"
#include "tests/unit/configs.h"
#include "tests/unit/talk.h"
#include "tests/unit/unit.h"

// What surrounds the zones: they are linked by the one network, whose rule forwards all else.
#define SURROUNDINGS                                                                               \
	"inbound-endpoints: [{name: in, addresses: [10.53.0.2]}]\n"                                \
	"outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n"                              \
	"rulesets: [{name: r, outbound-endpoints: [out], rules: [{name: all, domain: ., targets: " \
	"[10.54.0.11]}, {name: exact, domain: same.z.lab., match: exact, targets: [10.54.0.11]}, " \
	"{name: shut, domain: shut.lab., action: nxdomain}]}]\n"

static const char zone_text[] = SURROUNDINGS
	"private-zones:\n"
	"- name: z.lab.\n"
	"  reverse: auto\n"
	"  records:\n"
	"  - '@ A 10.1.0.1'\n"
	"  - www 60 A 10.1.0.2\n"
	"  - www 60 A 10.1.0.3\n"
	"  - www 60 A 10.1.0.2\n"
	"  - WWW AAAA fd00::2\n"
	"  - '*.wild A 10.1.0.9'\n"
	"  - a.b.c TXT hello\n"
	"  - alias CNAME www\n"
	"  - far CNAME www.y.lab.\n"
	"  - lost CNAME nothing.y.lab.\n"
	"  - shut CNAME www.shut.lab.\n"
	"  - loop CNAME pool\n"
	"  - pool CNAME loop\n"
	"  - mx MX 10 www\n"
	"  - odd TYPE65280 \\# 4 0a000001\n"
	"- {name: y.lab., ttl: 33, on-nxdomain: forward, records: ['www A 10.2.0.1', 'sub.www CNAME x']}\n"
	"virtual-networks:\n"
	"- {name: n, prefixes: [10.53.0.0/16], rulesets: [r], private-zones: [z.lab., Y.LAB.]}\n";

static int set_up(void **state)
{
	*state = talk_new(zone_text);
	return 0;
}

static int tear_down(void **state)
{
	lane_check_laws(*state);
	lane_free(*state);
	return 0;
}

#define Z_SOA "|z.lab. 10 6 z.lab.; "

static void records_are_answered_as_they_were_given(void **state)
{
	assert_string_equal(talk(*state, "z.lab.", TYPE_A), "0 AA z.lab. 300 1 10.1.0.1; |");
	assert_string_equal(talk(*state, "wWw.z.lab.", TYPE_A),
		"0 AA wWw.z.lab. 60 1 10.1.0.2; wWw.z.lab. 60 1 10.1.0.3; |");
	assert_string_equal(
		talk(*state, "www.z.lab.", TYPE_AAAA), "0 AA www.z.lab. 300 28 16 bytes; |");
	assert_string_equal(
		talk(*state, "mx.z.lab.", TYPE_MX), "0 AA mx.z.lab. 300 15 www.z.lab.; |");
	assert_string_equal(
		talk(*state, "odd.z.lab.", 65280), "0 AA odd.z.lab. 300 65280 4 bytes; |");
	assert_string_equal(talk(*state, "z.lab.", TYPE_SOA), "0 AA z.lab. 300 6 z.lab.; |");
}

static void H01_a_type_that_is_not_there_is_no_data(void **state)
{
	assert_string_equal(talk(*state, "z.lab.", TYPE_AAAA), "0 AA " Z_SOA);
	assert_string_equal(talk(*state, "mx.z.lab.", TYPE_A), "0 AA " Z_SOA);
}

static void a_name_that_is_not_there_is_NXDOMAIN(void **state)
{
	assert_string_equal(talk(*state, "no.z.lab.", TYPE_A), "3 AA " Z_SOA);
	assert_string_equal(talk(*state, "a.www.z.lab.", TYPE_A), "3 AA " Z_SOA);
	assert_string_equal(talk(*state, "notz.lab.", TYPE_A), "forwarded");
}

static void a_name_between_names_is_there_without_data(void **state)
{
	assert_string_equal(talk(*state, "b.c.z.lab.", TYPE_A), "0 AA " Z_SOA);
	assert_string_equal(talk(*state, "c.z.lab.", TYPE_TXT), "0 AA " Z_SOA);
	assert_string_equal(talk(*state, "wild.z.lab.", TYPE_A), "0 AA " Z_SOA);
	assert_string_equal(talk(*state, "x.b.c.z.lab.", TYPE_A), "3 AA " Z_SOA);
}

static void wildcards_are_those_of_the_closest_name(void **state)
{
	assert_string_equal(
		talk(*state, "X.wild.z.lab.", TYPE_A), "0 AA X.wild.z.lab. 300 1 10.1.0.9; |");
	assert_string_equal(
		talk(*state, "a.b.wild.z.lab.", TYPE_A), "0 AA a.b.wild.z.lab. 300 1 10.1.0.9; |");
	assert_string_equal(talk(*state, "x.wild.z.lab.", TYPE_MX), "0 AA " Z_SOA);
	assert_string_equal(
		talk(*state, "*.wild.z.lab.", TYPE_A), "0 AA \\042.wild.z.lab. 300 1 10.1.0.9; |");
	assert_string_equal(talk(*state, "x.*.wild.z.lab.", TYPE_A), "3 AA " Z_SOA);
}

static void H02_a_CNAME_is_followed_within_zones(void **state)
{
	assert_string_equal(talk(*state, "alias.z.lab.", TYPE_A),
		"0 AA alias.z.lab. 300 5 www.z.lab.; www.z.lab. 60 1 10.1.0.2; www.z.lab. 60 1 "
		"10.1.0.3; |");
	assert_string_equal(
		talk(*state, "alias.z.lab.", TYPE_CNAME), "0 AA alias.z.lab. 300 5 www.z.lab.; |");
	assert_string_equal(talk(*state, "far.z.lab.", TYPE_A),
		"0 AA far.z.lab. 300 5 www.y.lab.; www.y.lab. 33 1 10.2.0.1; |");
	assert_string_equal(talk(*state, "alias.z.lab.", TYPE_MX),
		"0 AA alias.z.lab. 300 5 www.z.lab.; " Z_SOA);
	assert_string_equal(talk(*state, "shut.z.lab.", TYPE_A),
		"3 AA shut.z.lab. 300 5 www.shut.lab.; |shut.lab. 10 6 shut.lab.; ");
}

static void H04_a_loop_of_CNAMEs_is_SERVFAIL(void **state)
{
	assert_string_equal(talk(*state, "loop.z.lab.", TYPE_A), "2 |");
}

static void H05_addresses_have_their_pointers(void **state)
{
	assert_string_equal(talk(*state, "2.0.1.10.IN-ADDR.arpa.", TYPE_PTR),
		"0 AA 2.0.1.10.IN-ADDR.arpa. 60 12 www.z.lab.; |");
	assert_string_equal(
		talk(*state,
			"2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f."
			"IP6.ARPA.",
			TYPE_PTR),
		"0 AA 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.IP6.ARPA. 300 12 "
		"www.z.lab.; |");
	assert_string_equal(talk(*state, "9.0.1.10.in-addr.arpa.", TYPE_PTR), "forwarded");
	assert_string_equal(talk(*state, "1.0.2.10.in-addr.arpa.", TYPE_PTR), "forwarded");
	assert_string_equal(talk(*state, "2.0.1.10.in-addr.arpa.", TYPE_A),
		"0 AA |2.0.1.10.in-addr.arpa. 10 6 2.0.1.10.in-addr.arpa.; ");
}

static void a_zone_may_leave_what_it_has_not_to_the_next_match(void **state)
{
	assert_string_equal(talk(*state, "no.y.lab.", TYPE_A), "forwarded");
	assert_string_equal(talk(*state, "www.y.lab.", TYPE_MX), "0 AA |y.lab. 10 6 y.lab.; ");
}

static void H12_any_is_HINFO(void **state)
{
	assert_string_equal(
		talk(*state, "www.z.lab.", TYPE_ANY), "0 AA www.z.lab. 10 13 9 bytes; |");
}

static void DS_of_a_zone_is_asked_of_its_parent(void **state)
{
	assert_string_equal(talk(*state, "z.lab.", TYPE_DS), "forwarded");
	assert_string_equal(talk(*state, "www.z.lab.", TYPE_DS), "0 AA " Z_SOA);
}

static void an_exact_rule_below_a_zone_is_longer(void **state)
{
	assert_string_equal(talk(*state, "same.z.lab.", TYPE_A), "forwarded");
}

static void assert_refused(const char *zone, const char *errors)
{
	char text[4096];

	snprintf(text, sizeof(text), "private-zones:\n- %s\n" SURROUNDINGS, zone);
	assert_null(configs_load(text));
	assert_string_equal(configs_errors, errors);
}

static void what_a_zone_can_not_hold_is_refused_where_it_stands(void **state)
{
	(void)state;
	assert_refused("{name: z.lab., records: [www A 10.1.0.1, 'a CNAME b', 'A A 10.1.0.1']}",
		"t.yaml:2:44: records: \"a.z.lab. 300 CNAME b.z.lab.\" is a CNAME beside other records of "
		"its name: remove either\n");
	assert_refused("{name: z.lab., records: [www A 10.1.0.1.2]}",
		"t.yaml:2:28: records: \"www A 10.1.0.1.2\" is not a record (Syntax error, could not parse "
		"the RR's rdata): write NAME [TTL] TYPE DATA, as ws1 300 A 10.1.0.5\n");
	assert_refused(
		"{name: z.lab., records: ['www NS a.', '@ NS a.', 'x DNAME a.', 'x. A 10.0.0.1']}",
		"t.yaml:2:28: records: \"www NS a.\" is an NS record below the zone's own name: delegation "
		"is not served; give a rule for that name instead\n"
		"t.yaml:2:52: records: \"x DNAME a.\" is a DNAME record, which is not served: give the names "
		"below it one by one\n"
		"t.yaml:2:66: records: \"x. A 10.0.0.1\" lies outside the zone: give a name at or below it\n");
	assert_refused("{name: z.lab, records: [www A 10.1.0.1]}",
		"t.yaml:2:10: name: \"z.lab\" has no final dot: write z.lab.\n");
	assert_refused("{name: z.lab., file: zone.txt}",
		"t.yaml:2:24: file: zone.txt is not a whole path: begin it with /\n");
	assert_refused("{name: z.lab., file: /nowhere/zone.txt}",
		"t.yaml:2:24: file: /nowhere/zone.txt can't be read: No such file or directory\n");
	assert_refused("{name: z.lab., reverse: on, ttl: x}",
		"t.yaml:2:27: reverse: \"on\" is not one of its words: write off or auto\n"
		"t.yaml:2:36: ttl: \"x\" is not a TTL: write whole seconds, up to 2147483647\n");
}

static void zones_of_one_domain_are_not_linked_together(void **state)
{
	(void)state;
	assert_null(configs_load(SURROUNDINGS
		"private-zones: [{name: a, domain: z.lab.}, {name: b, domain: Z.lab.}]\n"
		"virtual-networks:\n"
		"- {name: n, prefixes: [10.53.0.0/16], private-zones: [a, b, c, A]}\n"));
	assert_string_equal(configs_errors,
		"t.yaml:6:58: private-zones: b has the same domain as a (Z.lab.): link one of them\n"
		"t.yaml:6:61: private-zones: there is no private zone c: add it under private-zones, or "
		"name another\n"
		"t.yaml:6:64: private-zones: A is named twice: remove one\n"
		"t.yaml:6:64: private-zones: a has the same domain as b (z.lab.): link one of them\n");
}

static const char *write_file(char path[static 64], const char *text)
{
	int fd;

	snprintf(path, 64, "/tmp/shunt-zone-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void records_come_from_files_too(void **state)
{
	char zone_path[64], hosts_path[64], text[4096];
	struct lane *lane = *state;

	write_file(zone_path,
		"$TTL 77\n$ORIGIN f.lab.\n@ IN SOA ns root 9 1 1 1 5\n  NS ns.other.\nwww A 10.3.0.1\n"
		"long ( TXT\n \"a\" )\n$ORIGIN deep.f.lab.\nx A 10.3.0.2\n");
	write_file(hosts_path,
		"# hosts\n10.3.0.9 printer.lab Printer # comment\n"
		"fd00::9\tprinter.lab\n\n10.3.0.8 up.printer.lab\n");
	snprintf(text, sizeof(text),
		SURROUNDINGS "private-zones: [{name: f.lab., file: %s}, {name: office, hosts: %s, "
			     "reverse: auto}]\n"
			     "virtual-networks: [{name: n, rulesets: [r], private-zones: [f.lab., "
			     "office]}]\n",
		zone_path, hosts_path);
	talk_switch(lane, text);
	unlink(zone_path);
	unlink(hosts_path);
	assert_string_equal(talk(lane, "www.f.lab.", TYPE_A), "0 AA www.f.lab. 77 1 10.3.0.1; |");
	assert_string_equal(
		talk(lane, "x.deep.f.lab.", TYPE_A), "0 AA x.deep.f.lab. 77 1 10.3.0.2; |");
	assert_string_equal(talk(lane, "long.f.lab.", TYPE_A), "0 AA |f.lab. 5 6 ns.f.lab.; ");
	assert_string_equal(
		talk(lane, "Printer.lab.", TYPE_A), "0 AA Printer.lab. 300 1 10.3.0.9; |");
	assert_string_equal(talk(lane, "printer.", TYPE_A), "0 AA printer. 300 1 10.3.0.9; |");
	assert_string_equal(
		talk(lane, "printer.lab.", TYPE_MX), "0 AA |printer.lab. 10 6 printer.lab.; ");
	assert_string_equal(talk(lane, "a.printer.lab.", TYPE_A), "forwarded");
	assert_string_equal(talk(lane, "9.0.3.10.in-addr.arpa.", TYPE_PTR),
		"0 AA 9.0.3.10.in-addr.arpa. 300 12 printer.lab.; |");
}

static void faults_of_a_file_name_its_line(void **state)
{
	char path[64], zone[128], expected[1024];

	(void)state;
	write_file(path, "www A 10.3.0.1\n\nbad A 10.3\n$INCLUDE /etc/passwd\nx NS y\n");
	snprintf(zone, sizeof(zone), "{name: z.lab., file: %s}", path);
	snprintf(expected, sizeof(expected),
		"t.yaml:2:24: file: %s:3: the record can't be read: Syntax error, could not parse the RR's "
		"rdata\n"
		"t.yaml:2:24: file: %s:4: the record is an $INCLUDE, which is not followed: write the "
		"records out\n"
		"t.yaml:2:24: file: %s:5: the record is an NS record below the zone's own name: delegation "
		"is not served; give a rule for that name instead\n",
		path, path, path);
	assert_refused(zone, expected);
	unlink(path);
}

static void H14_what_is_too_large_is_cut_whole(void **state)
{
	static char text[32768];
	struct lane *lane = *state;
	size_t len = (size_t)snprintf(
		text, sizeof(text), SURROUNDINGS "private-zones:\n- name: z.lab.\n  records:\n");

	for (unsigned i = 0; i < 200; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "  - many A 10.1.0.%u\n", i);
	snprintf(text + len, sizeof(text) - len,
		"virtual-networks: [{name: n, rulesets: [r], private-zones: [z.lab.]}]\n");
	talk_switch(lane, text);
	assert_string_equal(talk(lane, "many.z.lab.", TYPE_A), "0 AA TC |");
}

#define ZONE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ZONE_TEST(records_are_answered_as_they_were_given),
		ZONE_TEST(H01_a_type_that_is_not_there_is_no_data),
		ZONE_TEST(a_name_that_is_not_there_is_NXDOMAIN),
		ZONE_TEST(a_name_between_names_is_there_without_data),
		ZONE_TEST(wildcards_are_those_of_the_closest_name),
		ZONE_TEST(H02_a_CNAME_is_followed_within_zones),
		ZONE_TEST(H04_a_loop_of_CNAMEs_is_SERVFAIL),
		ZONE_TEST(H05_addresses_have_their_pointers),
		ZONE_TEST(a_zone_may_leave_what_it_has_not_to_the_next_match),
		ZONE_TEST(H12_any_is_HINFO),
		ZONE_TEST(DS_of_a_zone_is_asked_of_its_parent),
		ZONE_TEST(an_exact_rule_below_a_zone_is_longer),
		cmocka_unit_test(what_a_zone_can_not_hold_is_refused_where_it_stands),
		cmocka_unit_test(zones_of_one_domain_are_not_linked_together),
		ZONE_TEST(records_come_from_files_too),
		cmocka_unit_test(faults_of_a_file_name_its_line),
		ZONE_TEST(H14_what_is_too_large_is_cut_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
