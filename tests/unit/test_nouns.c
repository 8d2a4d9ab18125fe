// SPDX-License-Identifier: BSD-3-Clause
// Networks, endpoints and rulesets made, changed and removed while control runs.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/stage.h"
#include "tests/unit/unit.h"

static int set_up(void **state)
{
	struct stage *stage = malloc(sizeof(*stage));

	stage_init(stage);
	*state = stage;
	stage_start_dataplane(stage, 0);
	stage_start(stage);
	return 0;
}

static int tear_down(void **state)
{
	stage_fini(*state);
	free(*state);
	return 0;
}

// The result's member `key` as compact JSON is `wanted`.
static void assert_result(json_t *reply, const char *key, const char *wanted)
{
	json_t *result = json_object_get(reply, "result");
	char *text = json_dumps(json_object_get(result, key), JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text)
		text = json_dumps(reply, JSON_COMPACT);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(reply);
}

static void assert_refused(json_t *reply, const char *text)
{
	json_t *error = json_object_get(reply, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	assert_non_null(message);
	if (!strstr(message, text))
		fail_msg("'%s' does not say '%s'", message, text);
	json_decref(reply);
}

static void assert_done(json_t *reply)
{
	if (!json_object_get(reply, "result"))
		fail_msg("%s", json_dumps(reply, 0));
	json_decref(reply);
}

static const struct config *config_of(const struct stage *stage)
{
	return running_config(stage->running);
}

static void reload_small(struct stage *stage, json_t **reply)
{
	char path[64];

	stage->setup.config_path = stage_write_config(stage, path);
	*reply = stage_call(stage, "reload", "{}");
	unlink(path);
}

static void a_network_is_made_and_shown(void **state)
{
	assert_result(stage_call(*state, "network.create", "{s:s, s:[s, s], s:[s]}", "name",
			      "spoke", "prefix", "10.60.0.0/16", "fd60::/16", "ruleset", "corp"),
		"network",
		"{\"name\":\"spoke\",\"prefixes\":[\"10.60.0.0/16\",\"fd60::/16\"],"
		"\"inbound-endpoints\":[],\"rulesets\":[\"corp\"],\"private-zones\":[],"
		"\"default\":\"refuse\","
		"\"default-targets\":[],\"default-outbound-endpoints\":[]}");
	assert_int_equal(config_of(*state)->network_count, 2);
	assert_int_equal(config_of(*state)->generation, 2);
}

static void an_update_changes_what_is_given(void **state)
{
	assert_done(stage_call(*state, "network.update", "{s:s, s:s, s:[s], s:[s]}", "name", "hub",
		"default", "forward", "default_target", "10.54.0.19", "default_outbound_endpoint",
		"out"));
	assert_int_equal(config_of(*state)->networks[0].prefix_count, 1);
	assert_int_equal(config_of(*state)->networks[0].default_target_count, 1);
	assert_done(stage_call(
		*state, "network.update", "{s:s, s:[s]}", "name", "hub", "inbound_endpoint", ""));
	assert_int_equal(config_of(*state)->networks[0].inbound_endpoint_count, 0);
}

static void what_does_not_fit_is_refused_and_nothing_changes(void **state)
{
	assert_refused(stage_call(*state, "network.create", "{s:s, s:[s]}", "name", "x", "ruleset",
			       "none"),
		"there is no ruleset none");
	assert_refused(stage_call(*state, "network.create", "{s:s, s:[s], s:[s]}", "name", "x",
			       "prefix", "10.53.0.0/16", "inbound_endpoint", "in"),
		"is network hub already");
	assert_refused(
		stage_call(*state, "network.create", "{s:s, s:[s]}", "name", "x", "prefix", "10.1"),
		"prefixes");
	assert_refused(stage_call(*state, "network.create", "{s:s}", "name", "HUB"), "already");
	assert_refused(
		stage_call(*state, "network.update", "{s:s}", "name", "x"), "no virtual network");
	assert_int_equal(config_of(*state)->generation, 1);
}

static void what_others_use_is_not_removed(void **state)
{
	assert_refused(stage_call(*state, "endpoint.delete", "{s:s}", "name", "out"),
		"ruleset corp uses it");
	assert_refused(stage_call(*state, "endpoint.delete", "{s:s}", "name", "in"),
		"virtual network hub uses it");
	assert_refused(stage_call(*state, "ruleset.delete", "{s:s}", "name", "corp"),
		"virtual network hub uses it");
	assert_done(stage_call(*state, "network.delete", "{s:s}", "name", "hub"));
	assert_done(stage_call(*state, "ruleset.delete", "{s:s}", "name", "corp"));
	assert_done(stage_call(*state, "endpoint.delete", "{s:s}", "name", "out"));
	assert_int_equal(config_of(*state)->outbound_count, 0);
}

static void endpoints_of_one_name_are_told_apart(void **state)
{
	assert_done(stage_call(*state, "endpoint.create", "{s:s, s:s, s:[s]}", "name", "in", "kind",
		"outbound", "address", "10.54.0.3"));
	assert_refused(stage_call(*state, "endpoint.show", "{s:s}", "name", "in"), "--kind");
	assert_result(
		stage_call(*state, "endpoint.show", "{s:s, s:s}", "name", "in", "kind", "outbound"),
		"endpoint",
		"{\"kind\":\"outbound\",\"name\":\"in\",\"addresses\":[\"10.54.0.3\"],"
		"\"ports\":\"10000-60999\"}");
	assert_result(stage_call(*state, "endpoint.list", "{s:s}", "kind", "inbound"), "endpoints",
		"[{\"kind\":\"inbound\",\"name\":\"in\",\"addresses\":[\"10.53.0.2\"]}]");
	assert_refused(stage_call(*state, "endpoint.show", "{s:s}", "name", "x"), "no endpoint");
}

static void an_endpoint_gets_other_ports(void **state)
{
	assert_done(stage_call(
		*state, "endpoint.update", "{s:s, s:s}", "name", "out", "ports", "20000-30000"));
	assert_int_equal(config_of(*state)->outbounds[0].port_first, 20000);
	assert_int_equal(config_of(*state)->outbounds[0].address_count, 1);
}

static void a_ruleset_is_made_and_sends_from_elsewhere(void **state)
{
	assert_done(stage_call(*state, "endpoint.create", "{s:s, s:s, s:[s]}", "name", "o2", "kind",
		"outbound", "address", "10.54.0.3"));
	assert_result(stage_call(*state, "ruleset.create", "{s:s, s:[s]}", "name", "new",
			      "outbound_endpoint", "out"),
		"ruleset", "{\"name\":\"new\",\"outbound-endpoints\":[\"out\"],\"rule-count\":0}");
	assert_done(stage_call(*state, "ruleset.update", "{s:s, s:[s]}", "name", "corp",
		"outbound_endpoint", "o2"));
	assert_string_equal(config_of(*state)->rulesets[0].outbound_endpoints[0], "o2");
	assert_int_equal(config_of(*state)->rulesets[0].rule_count, 2);
	assert_refused(stage_call(*state, "ruleset.update", "{s:s, s:[s]}", "name", "corp",
			       "outbound_endpoint", "none"),
		"no outbound endpoint none");
}

// Reload and restart read the files, whose text is the same: what was done at run time stays.
static void what_was_done_at_run_time_outlives_reload_and_restart(void **state)
{
	json_t *reply;

	assert_done(stage_call(*state, "network.create", "{s:s, s:[s]}", "name", "spoke", "prefix",
		"10.60.0.0/16"));
	assert_done(stage_call(
		*state, "endpoint.update", "{s:s, s:s}", "name", "out", "ports", "20000-30000"));
	assert_done(stage_call(*state, "network.delete", "{s:s}", "name", "hub"));
	assert_done(stage_call(*state, "ruleset.delete", "{s:s}", "name", "corp"));
	reload_small(*state, &reply);
	assert_result(reply, "changes", "[]");
	stage_stop(*state);
	stage_start(*state);
	assert_int_equal(config_of(*state)->generation, 5);
	assert_int_equal(config_of(*state)->network_count, 1);
	assert_int_equal(config_of(*state)->ruleset_count, 0);
	assert_string_equal(config_of(*state)->networks[0].name, "spoke");
	assert_int_equal(config_of(*state)->outbounds[0].port_first, 20000);
}

static void a_zone_is_made_linked_and_changed_by_the_record(void **state)
{
	assert_result(stage_call(*state, "zone.create", "{s:s, s:[s]}", "name", "z.example.",
			      "record", "w 60 A 10.1.0.5"),
		"zone",
		"{\"name\":\"z.example.\",\"domain\":\"z.example.\",\"ttl\":300,"
		"\"reverse\":\"off\",\"on-nxdomain\":\"nxdomain\","
		"\"records\":[\"w.z.example. 60 A 10.1.0.5\"]}");
	assert_done(stage_call(*state, "network.update", "{s:s, s:[s]}", "name", "hub",
		"private_zone", "z.example."));
	assert_result(stage_call(*state, "record.create", "{s:s, s:s, s:s, s:[s, s]}", "name", "@",
			      "zone", "z.example.", "type", "A", "data", "10.1.0.1", "10.1.0.2"),
		"records",
		"[{\"zone\":\"z.example.\",\"name\":\"z.example.\",\"ttl\":300,\"type\":\"A\","
		"\"data\":\"10.1.0.1\"},{\"zone\":\"z.example.\",\"name\":\"z.example.\","
		"\"ttl\":300,\"type\":\"A\",\"data\":\"10.1.0.2\"}]");
	assert_result(
		stage_call(*state, "record.update", "{s:s, s:s, s:s, s:[s], s:s}", "name", "w",
			"zone", "z.example.", "type", "A", "data", "10.1.0.9", "ttl", "5"),
		"records",
		"[{\"zone\":\"z.example.\",\"name\":\"w.z.example.\",\"ttl\":5,\"type\":\"A\","
		"\"data\":\"10.1.0.9\"}]");
	assert_done(stage_call(
		*state, "record.delete", "{s:s, s:s}", "name", "@", "zone", "z.example."));
	assert_result(stage_call(*state, "zone.show", "{s:s}", "name", "z.example."), "zone",
		"{\"name\":\"z.example.\",\"domain\":\"z.example.\",\"ttl\":300,"
		"\"reverse\":\"off\",\"on-nxdomain\":\"nxdomain\","
		"\"records\":[\"w.z.example. 5 A 10.1.0.9\"]}");
}

static void what_is_wrong_with_a_record_is_told(void **state)
{
	assert_done(stage_call(*state, "zone.create", "{s:s, s:[s]}", "name", "z.example.",
		"record", "w A 10.1.0.5"));
	assert_refused(stage_call(*state, "record.create", "{s:s, s:s, s:s, s:[s]}", "name", "x",
			       "zone", "z.example.", "type", "A", "data", "no address"),
		"records");
	assert_refused(stage_call(*state, "record.delete", "{s:s, s:s, s:s}", "name", "w", "zone",
			       "z.example.", "type", "MX"),
		"no such record of w.z.example.");
	assert_refused(stage_call(*state, "record.show", "{s:s, s:s}", "name", "w", "zone", "y."),
		"no private zone 'y.'");
	assert_done(stage_call(*state, "network.update", "{s:s, s:[s]}", "name", "hub",
		"private_zone", "z.example."));
	assert_refused(stage_call(*state, "zone.delete", "{s:s}", "name", "z.example."),
		"virtual network hub uses it");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(a_network_is_made_and_shown),
		ROW(an_update_changes_what_is_given),
		ROW(what_does_not_fit_is_refused_and_nothing_changes),
		ROW(what_others_use_is_not_removed),
		ROW(endpoints_of_one_name_are_told_apart),
		ROW(an_endpoint_gets_other_ports),
		ROW(a_ruleset_is_made_and_sends_from_elsewhere),
		ROW(a_zone_is_made_linked_and_changed_by_the_record),
		ROW(what_is_wrong_with_a_record_is_told),
		ROW(what_was_done_at_run_time_outlives_reload_and_restart),
	};

	return cmocka_run_group_tests_name("nouns", tests, NULL, NULL);
}
