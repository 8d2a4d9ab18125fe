// SPDX-License-Identifier: BSD-3-Clause
// Private zones, from YAML to the answer: records read, compiled, found, and written.
#include "control/config/zone.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "dataplane/path/path.h"
#include "tests/unit/configs.h"
#include "tests/unit/lane.h"
#include "tests/unit/unit.h"

#define CLIENT "10.53.0.1"

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

static int compile(const char *text, uint64_t generation)
{
	struct config *config = configs_load(text);
	struct config_changes changes = {0};
	struct compile_result result;

	if (!config)
		fail_msg("%s", configs_errors);
	config_free(config);
	config = configs_reload(NULL, text, &changes);
	if (compile_image(config, generation, &result))
		fail_msg("%s", result.error);
	changes_fini(&changes);
	config_free(config);
	return result.fd;
}

static int set_up(void **state)
{
	struct lane *lane = lane_new(&(struct image_rule_text){.domain = "."}, 1);
	struct snapshot *before = lane_switch_to(lane, compile(zone_text, 2));

	lane_give(lane, LANE_CLIENTS, (const uint8_t *)"",
		1); // a turn, after which nobody uses the image before
	snapshot_close(before);
	*state = lane;
	return 0;
}

static int tear_down(void **state)
{
	lane_check_laws(*state);
	lane_free(*state);
	return 0;
}

static unsigned put_question(uint8_t *message, const char *name, uint16_t type)
{
	static const uint8_t header[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0";
	const char *why;
	unsigned len;

	memcpy(message, header, 12);
	len = 12 + name_parse(name, strlen(name), message + 12, &why);
	assert_int_not_equal(len, 12);
	message[len++] = (uint8_t)(type >> 8);
	message[len++] = (uint8_t)type;
	message[len++] = 0;
	message[len++] = 1;
	return len;
}

// Reads a name of the message into text; gives where it ends.
static unsigned read_name(const uint8_t *message, unsigned at, char *text)
{
	uint8_t wire[NAME_LEN_MAX];
	unsigned len = 0, end = 0;

	for (unsigned off = at;; off += 1u + message[off]) {
		while (message[off] >= 0xc0) {
			end = end ? end : off + 2;
			off = (message[off] & 0x3fu) << 8 | message[off + 1];
		}
		memcpy(wire + len, message + off, 1u + message[off]);
		len += 1u + message[off];
		if (message[off] == 0) {
			name_format(wire, text);
			return end ? end : off + 1;
		}
	}
}

// One record as text, "owner ttl type data"; gives where it ends.
static unsigned read_record(const uint8_t *message, unsigned at, char *text, size_t size)
{
	char owner[NAME_TEXT_MAX], data[NAME_TEXT_MAX] = "";
	unsigned end = read_name(message, at, owner), type, len;
	const uint8_t *r = message + end;

	type = (unsigned)(r[0] << 8 | r[1]);
	len = (unsigned)(r[8] << 8 | r[9]);
	if (type == TYPE_A)
		inet_ntop(AF_INET, r + 10, data, sizeof(data));
	else if (type == TYPE_CNAME || type == TYPE_PTR || type == TYPE_SOA)
		read_name(message, end + 10, data);
	else if (type == TYPE_MX)
		read_name(message, end + 12, data);
	else
		snprintf(data, sizeof(data), "%u bytes", len);
	snprintf(text, size, "%s %u %u %s; ", owner,
		(unsigned)r[4] << 24 | (unsigned)r[5] << 16 | (unsigned)r[6] << 8 | r[7], type,
		data);
	return end + 10 + len;
}

// The answer to a question: "RCODE answers | authority".
static const char *ask(struct lane *lane, const char *name, uint16_t type)
{
	static char text[8192];
	uint8_t query[512];
	uint16_t len, query_len = (uint16_t)put_question(query, name, type);
	const uint8_t *answer;
	unsigned at = query_len, used;

	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){CLIENT, IMAGES_INBOUND, 4242, 53, query, query_len});
	if (lane_take(lane, LANE_UPSTREAMS, &len, NULL))
		return "forwarded";
	answer = lane_take(lane, LANE_CLIENTS, &len, NULL);
	assert_non_null(answer);
	used = (unsigned)snprintf(text, sizeof(text), "%u%s%s ", answer[3] & 15u,
		answer[2] & 4 ? " AA" : "", answer[2] & 2 ? " TC" : "");
	for (unsigned section = 3; section < 5; section++) {
		unsigned count = (unsigned)(answer[2 * section] << 8 | answer[2 * section + 1]);

		for (unsigned i = 0; i < count; i++) {
			at = read_record(answer, at, text + used, sizeof(text) - used);
			used += (unsigned)strlen(text + used);
		}
		used += (unsigned)snprintf(
			text + used, sizeof(text) - used, section == 3 ? "|" : "");
	}
	assert_int_equal(at, len);
	return text;
}

#define Z_SOA "|z.lab. 10 6 z.lab.; "

static void records_are_answered_as_they_were_given(void **state)
{
	assert_string_equal(ask(*state, "z.lab.", TYPE_A), "0 AA z.lab. 300 1 10.1.0.1; |");
	assert_string_equal(ask(*state, "wWw.z.lab.", TYPE_A),
		"0 AA wWw.z.lab. 60 1 10.1.0.2; wWw.z.lab. 60 1 10.1.0.3; |");
	assert_string_equal(
		ask(*state, "www.z.lab.", TYPE_AAAA), "0 AA www.z.lab. 300 28 16 bytes; |");
	assert_string_equal(
		ask(*state, "mx.z.lab.", TYPE_MX), "0 AA mx.z.lab. 300 15 www.z.lab.; |");
	assert_string_equal(
		ask(*state, "odd.z.lab.", 65280), "0 AA odd.z.lab. 300 65280 4 bytes; |");
	assert_string_equal(ask(*state, "z.lab.", TYPE_SOA), "0 AA z.lab. 300 6 z.lab.; |");
}

static void H01_a_type_that_is_not_there_is_no_data(void **state)
{
	assert_string_equal(ask(*state, "z.lab.", TYPE_AAAA), "0 AA " Z_SOA);
	assert_string_equal(ask(*state, "mx.z.lab.", TYPE_A), "0 AA " Z_SOA);
}

static void a_name_that_is_not_there_is_NXDOMAIN(void **state)
{
	assert_string_equal(ask(*state, "no.z.lab.", TYPE_A), "3 AA " Z_SOA);
	assert_string_equal(ask(*state, "a.www.z.lab.", TYPE_A), "3 AA " Z_SOA);
	assert_string_equal(ask(*state, "notz.lab.", TYPE_A), "forwarded");
}

static void a_name_between_names_is_there_without_data(void **state)
{
	assert_string_equal(ask(*state, "b.c.z.lab.", TYPE_A), "0 AA " Z_SOA);
	assert_string_equal(ask(*state, "c.z.lab.", TYPE_TXT), "0 AA " Z_SOA);
	assert_string_equal(ask(*state, "wild.z.lab.", TYPE_A), "0 AA " Z_SOA);
	assert_string_equal(ask(*state, "x.b.c.z.lab.", TYPE_A), "3 AA " Z_SOA);
}

static void wildcards_are_those_of_the_closest_name(void **state)
{
	assert_string_equal(
		ask(*state, "X.wild.z.lab.", TYPE_A), "0 AA X.wild.z.lab. 300 1 10.1.0.9; |");
	assert_string_equal(
		ask(*state, "a.b.wild.z.lab.", TYPE_A), "0 AA a.b.wild.z.lab. 300 1 10.1.0.9; |");
	assert_string_equal(ask(*state, "x.wild.z.lab.", TYPE_MX), "0 AA " Z_SOA);
	assert_string_equal(
		ask(*state, "*.wild.z.lab.", TYPE_A), "0 AA \\042.wild.z.lab. 300 1 10.1.0.9; |");
	assert_string_equal(ask(*state, "x.*.wild.z.lab.", TYPE_A), "3 AA " Z_SOA);
}

static void H02_a_CNAME_is_followed_within_zones(void **state)
{
	assert_string_equal(ask(*state, "alias.z.lab.", TYPE_A),
		"0 AA alias.z.lab. 300 5 www.z.lab.; www.z.lab. 60 1 10.1.0.2; www.z.lab. 60 1 "
		"10.1.0.3; |");
	assert_string_equal(
		ask(*state, "alias.z.lab.", TYPE_CNAME), "0 AA alias.z.lab. 300 5 www.z.lab.; |");
	assert_string_equal(ask(*state, "far.z.lab.", TYPE_A),
		"0 AA far.z.lab. 300 5 www.y.lab.; www.y.lab. 33 1 10.2.0.1; |");
	assert_string_equal(
		ask(*state, "alias.z.lab.", TYPE_MX), "0 AA alias.z.lab. 300 5 www.z.lab.; " Z_SOA);
	assert_string_equal(ask(*state, "shut.z.lab.", TYPE_A),
		"3 AA shut.z.lab. 300 5 www.shut.lab.; |shut.lab. 10 6 shut.lab.; ");
}

static void H04_a_loop_of_CNAMEs_is_SERVFAIL(void **state)
{
	assert_string_equal(ask(*state, "loop.z.lab.", TYPE_A), "2 |");
}

static void H05_addresses_have_their_pointers(void **state)
{
	assert_string_equal(ask(*state, "2.0.1.10.IN-ADDR.arpa.", TYPE_PTR),
		"0 AA 2.0.1.10.IN-ADDR.arpa. 60 12 www.z.lab.; |");
	assert_string_equal(
		ask(*state,
			"2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f."
			"IP6.ARPA.",
			TYPE_PTR),
		"0 AA 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.IP6.ARPA. 300 12 "
		"www.z.lab.; |");
	assert_string_equal(ask(*state, "9.0.1.10.in-addr.arpa.", TYPE_PTR), "forwarded");
	assert_string_equal(ask(*state, "1.0.2.10.in-addr.arpa.", TYPE_PTR), "forwarded");
	assert_string_equal(ask(*state, "2.0.1.10.in-addr.arpa.", TYPE_A),
		"0 AA |2.0.1.10.in-addr.arpa. 10 6 2.0.1.10.in-addr.arpa.; ");
}

static void a_zone_may_leave_what_it_has_not_to_the_next_match(void **state)
{
	assert_string_equal(ask(*state, "no.y.lab.", TYPE_A), "forwarded");
	assert_string_equal(ask(*state, "www.y.lab.", TYPE_MX), "0 AA |y.lab. 10 6 y.lab.; ");
}

static void H12_any_is_HINFO(void **state)
{
	assert_string_equal(
		ask(*state, "www.z.lab.", TYPE_ANY), "0 AA www.z.lab. 10 13 9 bytes; |");
}

static void DS_of_a_zone_is_asked_of_its_parent(void **state)
{
	assert_string_equal(ask(*state, "z.lab.", TYPE_DS), "forwarded");
	assert_string_equal(ask(*state, "www.z.lab.", TYPE_DS), "0 AA " Z_SOA);
}

static void an_exact_rule_below_a_zone_is_longer(void **state)
{
	assert_string_equal(ask(*state, "same.z.lab.", TYPE_A), "forwarded");
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
	struct snapshot *before;

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
	before = lane_switch_to(lane, compile(text, lane->generation + 1));
	unlink(zone_path);
	unlink(hosts_path);
	assert_string_equal(ask(lane, "www.f.lab.", TYPE_A), "0 AA www.f.lab. 77 1 10.3.0.1; |");
	snapshot_close(before);
	assert_string_equal(
		ask(lane, "x.deep.f.lab.", TYPE_A), "0 AA x.deep.f.lab. 77 1 10.3.0.2; |");
	assert_string_equal(ask(lane, "long.f.lab.", TYPE_A), "0 AA |f.lab. 5 6 ns.f.lab.; ");
	assert_string_equal(
		ask(lane, "Printer.lab.", TYPE_A), "0 AA Printer.lab. 300 1 10.3.0.9; |");
	assert_string_equal(ask(lane, "printer.", TYPE_A), "0 AA printer. 300 1 10.3.0.9; |");
	assert_string_equal(
		ask(lane, "printer.lab.", TYPE_MX), "0 AA |printer.lab. 10 6 printer.lab.; ");
	assert_string_equal(ask(lane, "a.printer.lab.", TYPE_A), "forwarded");
	assert_string_equal(ask(lane, "9.0.3.10.in-addr.arpa.", TYPE_PTR),
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
	struct snapshot *before;

	for (unsigned i = 0; i < 200; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "  - many A 10.1.0.%u\n", i);
	snprintf(text + len, sizeof(text) - len,
		"virtual-networks: [{name: n, rulesets: [r], private-zones: [z.lab.]}]\n");
	before = lane_switch_to(lane, compile(text, lane->generation + 1));
	assert_string_equal(ask(lane, "many.z.lab.", TYPE_A), "0 AA TC |");
	snapshot_close(before);
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
