// SPDX-License-Identifier: BSD-3-Clause
// CNAMEs across rules and zones, walked whole: what is asked of whom, and what the client gets.
#include <stdio.h>

#include "dataplane/path/path.h"
#include "tests/unit/talk.h"
#include "tests/unit/unit.h"

static const char config[] =
	"inbound-endpoints: [{name: in, addresses: [10.53.0.2]}]\n"
	"outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n"
	"rulesets:\n"
	"- name: r\n"
	"  outbound-endpoints: [out]\n"
	"  rules:\n"
	"  - {name: all, domain: ., targets: [10.54.0.11]}\n"
	"  - {name: pub, domain: pub., targets: [10.54.0.12]}\n"
	"  - {name: more, domain: more.pub., targets: [10.54.0.12]}\n"
	"  - {name: priv, domain: priv., targets: [10.54.0.13]}\n"
	"  - {name: exact, domain: one.exact., match: exact, targets: [10.54.0.14]}\n"
	"  - {name: raw, domain: raw., targets: [10.54.0.12], chase: off}\n"
	"  - {name: gone, domain: gone., action: nxdomain}\n"
	"  - {name: empty, domain: empty., action: nodata}\n"
	"  - {name: host, domain: host., action: addresses, addresses: [10.9.0.1]}\n"
	"  - {name: shut, domain: shut., action: refuse}\n"
	"  - {name: mute, domain: mute., action: drop}\n"
	"private-zones:\n"
	"- {name: z., records: [a A 10.1.0.1, 'alias CNAME a', 'out CNAME www.priv.', 'on CNAME out', 'pub CNAME www.pub.',"
	" '*.w A 10.1.0.2']}\n"
	"virtual-networks: [{name: n, rulesets: [r], private-zones: [z.]}]\n";

static int set_up(void **state)
{
	*state = talk_new(config);
	return 0;
}

static int tear_down(void **state)
{
	lane_check_laws(*state);
	lane_free(*state);
	return 0;
}

// What goes upstream next is this; it is answered with these records.
static void serve(struct lane *lane, const char *expected, uint16_t flags, const char *records)
{
	struct talk_sent sent;

	if (!talk_sent(lane, &sent))
		fail_msg("nothing was asked upstream, but %s was expected; the client got %s",
			expected, talk_answer(lane));
	assert_string_equal(sent.text, expected);
	talk_reply(lane, &sent, flags, records);
}

static void assert_answer(struct lane *lane, const char *expected)
{
	struct talk_sent sent;

	assert_false(talk_sent(lane, &sent));
	assert_string_equal(talk_answer(lane), expected);
	assert_int_equal(counter_get(&lane->counters[COUNT_waiting]), 0);
}

static void ask(struct lane *lane, const char *name)
{
	talk_ask(lane, name, TYPE_A, MSG_RD, 0);
}

static void forward_to_forward(void **state)
{
	ask(*state, "WwW.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0,
		"www.pub. 60 CNAME www.priv.\nwww.priv. 60 A 203.0.113.1");
	serve(*state, "www.priv. 1 to 10.54.0.13", 0, "www.priv. 30 A 10.2.0.1");
	assert_answer(*state, "0 WwW.pub. 60 5 www.priv.; www.priv. 30 1 10.2.0.1; |");
}

static void forward_to_zone(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0,
		"www.pub. 60 CNAME x.pub.\nx.pub. 50 CNAME alias.z.\nalias.z. 60 A 203.0.113.1");
	assert_answer(*state,
		"0 www.pub. 60 5 x.pub.; x.pub. 50 5 alias.z.; alias.z. 300 5 a.z.; a.z. 300 1 "
		"10.1.0.1; |");
	ask(*state, "b.pub.");
	serve(*state, "b.pub. 1 to 10.54.0.12", 0, "b.pub. 60 CNAME any.w.z.");
	assert_answer(*state, "0 b.pub. 60 5 any.w.z.; any.w.z. 300 1 10.1.0.2; |");
}

static void zone_to_forward(void **state)
{
	ask(*state, "on.z.");
	serve(*state, "www.priv. 1 to 10.54.0.13", MSG_AD, "www.priv. 30 A 10.2.0.1");
	assert_answer(
		*state, "0 on.z. 300 5 out.z.; out.z. 300 5 www.priv.; www.priv. 30 1 10.2.0.1; |");
}

static void zone_to_forward_and_back(void **state)
{
	ask(*state, "pub.z.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME a.z.");
	assert_answer(
		*state, "0 pub.z. 300 5 www.pub.; www.pub. 60 5 a.z.; a.z. 300 1 10.1.0.1; |");
}

static void what_a_public_NXDOMAIN_hides_is_found(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", RCODE_NXDOMAIN, "www.pub. 60 CNAME www.priv.");
	serve(*state, "www.priv. 1 to 10.54.0.13", 0, "www.priv. 30 A 10.2.0.1");
	assert_answer(*state, "0 www.pub. 60 5 www.priv.; www.priv. 30 1 10.2.0.1; |");
}

static void an_exact_rule_cuts_its_name_only(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME one.exact.");
	serve(*state, "one.exact. 1 to 10.54.0.14", 0, "one.exact. 30 A 10.2.0.1");
	assert_answer(*state, "0 www.pub. 60 5 one.exact.; one.exact. 30 1 10.2.0.1; |");
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0,
		"www.pub. 60 CNAME a.one.exact.\na.one.exact. 60 A 203.0.113.1");
	assert_answer(*state, "0 www.pub. 60 5 a.one.exact.; a.one.exact. 60 1 203.0.113.1; |");
}

static void what_the_same_servers_or_the_rule_for_all_cover_stays(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0,
		"www.pub. 60 CNAME x.more.pub.\nx.more.pub. 60 CNAME far.example.\nfar.example. 60 A "
		"203.0.113.1");
	assert_answer(*state,
		"0 www.pub. 60 5 x.more.pub.; x.more.pub. 60 5 far.example.; far.example. 60 1 "
		"203.0.113.1; |");
}

static void what_the_upstream_left_open_is_asked_for(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME far.example.");
	serve(*state, "far.example. 1 to 10.54.0.11", 0, "far.example. 30 A 203.0.113.1");
	assert_answer(*state, "0 www.pub. 60 5 far.example.; far.example. 30 1 203.0.113.1; |");
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME b.pub.");
	serve(*state, "b.pub. 1 to 10.54.0.12", 0, "b.pub. 60 CNAME c.pub.");
	serve(*state, "c.pub. 1 to 10.54.0.12", 0, "");
	assert_answer(*state, "0 www.pub. 60 5 b.pub.; b.pub. 60 5 c.pub.; |");
}

static void no_data_is_an_answer(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0,
		"www.pub. 60 CNAME b.pub.\n--\npub. 60 SOA pub. root.pub. 1 2 3 4 5");
	assert_answer(*state, "0 www.pub. 60 5 b.pub.; |pub. 60 6 pub.; ");
}

static void H03_the_end_of_the_chain_says_the_code(void **state)
{
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	serve(*state, "www.priv. 1 to 10.54.0.13", RCODE_NXDOMAIN,
		"--\npriv. 60 SOA priv. root.priv. 1 2 3 4 5");
	assert_answer(*state, "3 www.pub. 60 5 www.priv.; |priv. 60 6 priv.; ");
	ask(*state, "on.z.");
	serve(*state, "www.priv. 1 to 10.54.0.13", 0,
		"--\npriv. 60 SOA priv. root.priv. 1 2 3 4 5");
	assert_answer(*state, "0 on.z. 300 5 out.z.; out.z. 300 5 www.priv.; |priv. 60 6 priv.; ");
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME no.z.");
	assert_answer(*state, "3 www.pub. 60 5 no.z.; |z. 10 6 z.; ");
}

static void other_actions_cut_too(void **state)
{
	static const char *const rows[][2] = {
		{"x.gone.", "3 www.pub. 60 5 x.gone.; |gone. 10 6 gone.; "},
		{"x.empty.", "0 www.pub. 60 5 x.empty.; |empty. 10 6 empty.; "},
		{"x.host.", "0 www.pub. 60 5 x.host.; x.host. 300 1 10.9.0.1; |"},
		{"x.shut.", "5 |"},
		{"x.mute.", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char records[256];

		snprintf(records, sizeof(records), "www.pub. 60 CNAME %s\n%s 60 A 203.0.113.1",
			rows[i][0], rows[i][0]);
		ask(*state, "www.pub.");
		serve(*state, "www.pub. 1 to 10.54.0.12", 0, records);
		assert_answer(*state, rows[i][1]);
	}
}

static void types_that_ask_for_the_CNAME_are_not_chased(void **state)
{
	talk_ask(*state, "www.pub.", TYPE_CNAME, MSG_RD, 0);
	serve(*state, "www.pub. 5 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	assert_answer(*state, "0 www.pub. 60 5 www.priv.; |");
	talk_ask(*state, "www.pub.", TYPE_ANY, MSG_RD, 0);
	serve(*state, "www.pub. 255 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	assert_answer(*state, "0 www.pub. 60 5 www.priv.; |");
}

static void a_rule_may_leave_answers_as_they_are(void **state)
{
	ask(*state, "www.raw.");
	serve(*state, "www.raw. 1 to 10.54.0.12", 0,
		"www.raw. 60 CNAME a.z.\na.z. 60 A 203.0.113.1");
	assert_answer(*state, "0 www.raw. 60 5 a.z.; a.z. 60 1 203.0.113.1; |");
	ask(*state, "www.pub.");
	serve(*state, "www.pub. 1 to 10.54.0.12", 0,
		"www.pub. 60 CNAME www.raw.\nwww.raw. 60 A 203.0.113.1");
	assert_answer(*state, "0 www.pub. 60 5 www.raw.; www.raw. 60 1 203.0.113.1; |");
}

static void AD_only_if_every_part_had_it(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		talk_ask(*state, "www.pub.", TYPE_A, MSG_RD | MSG_AD, 0);
		serve(*state, "www.pub. 1 to 10.54.0.12", i & 1 ? MSG_AD : 0,
			"www.pub. 60 CNAME www.priv.");
		serve(*state, "www.priv. 1 to 10.54.0.13", i & 2 ? MSG_AD : 0,
			"www.priv. 30 A 10.2.0.1");
		assert_answer(*state,
			i == 3 ? "0 AD www.pub. 60 5 www.priv.; www.priv. 30 1 10.2.0.1; |"
			       : "0 www.pub. 60 5 www.priv.; www.priv. 30 1 10.2.0.1; |");
	}
}

// Between two rules; each reply leads to the other. The twelfth CNAME is one too many.
static void H04_a_ring_across_rules_ends_in_SERVFAIL(void **state)
{
	ask(*state, "www.pub.");
	for (unsigned i = 0; i < 6; i++) {
		serve(*state, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
		serve(*state, "www.priv. 1 to 10.54.0.13", 0, "www.priv. 60 CNAME www.pub.");
	}
	assert_answer(*state, "2 |");
}

static void eleven_CNAMEs_are_followed(void **state)
{
	char records[1024] = "n0.pub. 60 CNAME n1.pub.", more[64];

	for (unsigned last = 11; last <= 12; last++) {
		size_t len = 0;

		for (unsigned i = 0; i < last; i++)
			len += (size_t)snprintf(records + len, sizeof(records) - len,
				"n%u.pub. 60 CNAME n%u.pub.\n", i, i + 1);
		snprintf(more, sizeof(more), "n%u.pub. 60 A 203.0.113.1", last);
		strcat(records, more);
		ask(*state, "n0.pub.");
		serve(*state, "n0.pub. 1 to 10.54.0.12", 0, records);
		if (last == 11)
			assert_non_null(strstr(talk_answer(*state), "n11.pub. 60 1 203.0.113.1"));
		else
			assert_answer(*state, "2 |");
	}
}

static void a_dead_end_is_SERVFAIL_without_records(void **state)
{
	struct lane *lane = *state;
	const char *answer = "";
	struct talk_sent sent;

	ask(lane, "WWW.pub.");
	serve(lane, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	assert_true(talk_sent(lane, &sent));
	for (unsigned i = 0; i < 50 && !*answer; i++) {
		lane->now_us += 100000;
		lane_give(lane, LANE_CLIENTS, (const uint8_t *)"", 1);
		while (talk_sent(lane, &sent))
			;
		answer = talk_answer(lane);
	}
	assert_string_equal(answer, "2 |");
	assert_int_equal(counter_get(&lane->counters[COUNT_waiting]), 0);
	ask(lane, "www.pub.");
	serve(lane, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	serve(lane, "www.priv. 1 to 10.54.0.13", RCODE_SERVFAIL, "");
	assert_answer(lane, "2 |");
}

static void clients_who_share_a_question_share_what_it_leads_to(void **state)
{
	struct lane *lane = *state;
	unsigned answers = 0;

	for (unsigned i = 0; i < 5; i++)
		ask(lane, "www.pub.");
	serve(lane, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	for (unsigned i = 0; i < 4; i++)
		lane_give(lane, LANE_CLIENTS, (const uint8_t *)"", 1);
	serve(lane, "www.priv. 1 to 10.54.0.13", 0, "www.priv. 30 A 10.2.0.1");
	for (unsigned i = 0; i < 8; i++) {
		const char *answer = talk_answer(lane);

		lane_give(lane, LANE_CLIENTS, (const uint8_t *)"", 1);
		if (!*answer)
			continue;
		assert_string_equal(
			answer, "0 www.pub. 60 5 www.priv.; www.priv. 30 1 10.2.0.1; |");
		answers++;
	}
	assert_int_equal(answers, 5);
	assert_answer(lane, "");
}

// An image that knows the names otherwise: the client's own question is asked anew.
static void a_chain_begins_anew_in_another_image(void **state)
{
	struct lane *lane = *state;
	struct talk_sent sent;

	ask(lane, "www.pub.");
	serve(lane, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME www.priv.");
	assert_true(talk_sent(lane, &sent));
	talk_switch(lane, config);
	lane->now_us += 900000;
	lane_give(lane, LANE_CLIENTS, (const uint8_t *)"", 1);
	serve(lane, "www.pub. 1 to 10.54.0.12", 0, "www.pub. 60 CNAME a.z.");
	assert_answer(lane, "0 www.pub. 60 5 a.z.; a.z. 300 1 10.1.0.1; |");
}

static void without_recursion_the_CNAME_of_a_zone_is_the_answer(void **state)
{
	talk_ask(*state, "out.z.", TYPE_A, 0, 0);
	assert_answer(*state, "0 AA out.z. 300 5 www.priv.; |");
}

#define CHASE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHASE_TEST(forward_to_forward),
		CHASE_TEST(forward_to_zone),
		CHASE_TEST(zone_to_forward),
		CHASE_TEST(zone_to_forward_and_back),
		CHASE_TEST(what_a_public_NXDOMAIN_hides_is_found),
		CHASE_TEST(an_exact_rule_cuts_its_name_only),
		CHASE_TEST(what_the_same_servers_or_the_rule_for_all_cover_stays),
		CHASE_TEST(what_the_upstream_left_open_is_asked_for),
		CHASE_TEST(no_data_is_an_answer),
		CHASE_TEST(H03_the_end_of_the_chain_says_the_code),
		CHASE_TEST(other_actions_cut_too),
		CHASE_TEST(types_that_ask_for_the_CNAME_are_not_chased),
		CHASE_TEST(a_rule_may_leave_answers_as_they_are),
		CHASE_TEST(AD_only_if_every_part_had_it),
		CHASE_TEST(H04_a_ring_across_rules_ends_in_SERVFAIL),
		CHASE_TEST(eleven_CNAMEs_are_followed),
		CHASE_TEST(a_dead_end_is_SERVFAIL_without_records),
		CHASE_TEST(clients_who_share_a_question_share_what_it_leads_to),
		CHASE_TEST(a_chain_begins_anew_in_another_image),
		CHASE_TEST(without_recursion_the_CNAME_of_a_zone_is_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
