// SPDX-License-Identifier: BSD-3-Clause
// Control as a whole: requests, and changes that a scripted dataplane takes, refuses or forgets.
#include "control/serve/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/text.h"
#include "control/sent.h"
#include "tests/unit/stage.h"
#include "tests/unit/unit.h"

#define RULE_A "{s:s, s:s, s:s, s:[s]}"
#define A      "name", "a", "ruleset", "corp", "domain", "a.example.", "target", "10.54.0.13"

static int set_up(void **state)
{
	struct stage *stage = malloc(sizeof(*stage));

	stage_init(stage);
	*state = stage;
	return 0;
}

static int tear_down(void **state)
{
	stage_fini(*state);
	free(*state);
	return 0;
}

// The reply's error code, 0 for none; the message, if asked for, contains `text`.
static int code_of(json_t *reply, const char *text)
{
	json_t *error = json_object_get(reply, "error");
	int code = (int)json_integer_value(json_object_get(error, "code"));

	if (text)
		assert_non_null(strstr(json_string_value(json_object_get(error, "message")), text));
	json_decref(reply);
	return code;
}

static uint64_t generation_of(json_t *reply)
{
	json_t *result = json_object_get(reply, "result");
	uint64_t generation = (uint64_t)json_integer_value(json_object_get(result, "generation"));

	assert_non_null(result);
	json_decref(reply);
	return generation;
}

static uint64_t running_generation(const struct stage *stage)
{
	return running_config(stage->running)->generation;
}

// One text of a result, found by a path of keys.
static const char *text_at(json_t *reply, const char *outer, const char *inner)
{
	json_t *at = json_object_get(json_object_get(reply, "result"), outer);

	return json_string_value(inner ? json_object_get(at, inner) : at);
}

// The items of a list in a result, as JSON.
static void assert_list(json_t *reply, const char *key, const char *wanted)
{
	char *text =
		json_dumps(json_object_get(json_object_get(reply, "result"), key), JSON_COMPACT);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(reply);
}

static void an_unknown_method_is_named(void **state)
{
	stage_start(*state);
	assert_int_equal(code_of(stage_call(*state, "rule.frob", "{}"), "rule.frob"), -32601);
}

static void an_unknown_parameter_is_named(void **state)
{
	stage_start(*state);
	assert_int_equal(
		code_of(stage_call(*state, "status", "{s:i}", "colour", 1), "colour"), -32602);
}

static void a_parameter_of_another_type_is_named(void **state)
{
	stage_start(*state);
	assert_int_equal(
		code_of(stage_call(*state, "rule.list", "{s:i}", "ruleset", 1), "ruleset"), -32602);
}

static void a_missing_parameter_is_named(void **state)
{
	stage_start(*state);
	assert_int_equal(
		code_of(stage_call(*state, "rule.show", "{s:s}", "name", "a"), "ruleset"), -32602);
}

static void what_is_no_json_is_a_parse_error(void **state)
{
	stage_start(*state);
	assert_int_equal(code_of(stage_exchange(*state, "{]\n", 0), NULL), -32700);
}

static void what_is_no_request_is_an_invalid_request(void **state)
{
	stage_start(*state);
	assert_int_equal(code_of(stage_exchange(*state, "[]\n", 0), NULL), -32600);
}

static void a_request_without_id_gets_no_reply(void **state)
{
	json_t *reply;

	stage_start(*state);
	reply = stage_exchange(*state,
		"{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n"
		"{\"jsonrpc\":\"2.0\",\"method\":\"status\",\"id\":2}\n",
		0);
	assert_int_equal(json_integer_value(json_object_get(reply, "id")), 2);
	json_decref(reply);
}

static void two_descriptors_end_the_session(void **state)
{
	stage_start(*state);
	assert_int_equal(code_of(stage_exchange(*state, "{", 2), "descriptor"), -32600);
	assert_null(stage_exchange(*state, "\n", 0));
}

static void a_descriptor_that_is_no_file_is_refused(void **state)
{
	stage_start(*state);
	assert_int_equal(
		code_of(stage_exchange(*state,
				"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ruleset.apply\","
				"\"params\":{\"name\":\"corp\"}}\n",
				1),
			"neither a file"),
		-32001);
}

// The stage's every reply is held to be ASCII; this one has a reason to be otherwise.
static void what_a_user_wrote_comes_back_escaped(void **state)
{
	json_t *reply;

	stage_start(*state);
	reply = stage_call(
		*state, "rule.show", "{s:s, s:s}", "name", "\033[31m\u00e9\177", "ruleset", "corp");
	assert_int_equal(code_of(reply, "\033[31m\u00e9\177"), -32001);
}

// A name of 63 letters and an e with acute: two bytes, of which a message of 64 has one.
static void a_message_that_is_cut_within_a_character_is_sent(void **state)
{
	char name[66];

	memset(name, 'x', 63);
	strcpy(name + 63, "\u00e9");
	stage_start(*state);
	assert_int_equal(
		code_of(stage_call(*state, "status", "{s:i}", name, 1), "x\ufffd'"), -32602);
}

static void a_path_that_is_not_utf8_is_shown(void **state)
{
	struct stage *stage = *state;
	json_t *reply;

	stage_start(stage);
	stage->setup.config_path = "/\xe9tc/\u00e9/\xed\xa0\x80\xc0\xaf";
	reply = stage_call(stage, "status", "{}");
	assert_string_equal(text_at(reply, "config_file", NULL),
		"/\ufffdtc/\u00e9/\ufffd\ufffd\ufffd\ufffd\ufffd");
	json_decref(reply);
	assert_int_equal(code_of(stage_call(stage, "reload", "{}"), "reload"), -32001);
}

static void a_change_is_adopted_and_then_runs(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	assert_int_equal(generation_of(stage_call(stage, "rule.create", RULE_A, A)), 2);
	assert_int_equal(stage->generation, 2);
	assert_int_equal(running_generation(stage), 2);
}

static void a_refused_image_changes_nothing(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	stage->manner = STAGE_REFUSE;
	assert_int_equal(
		code_of(stage_call(stage, "rule.create", RULE_A, A), "today\ufffd"), -32001);
	assert_int_equal(running_generation(stage), 1);
	assert_null(config_find_rule(&running_config(stage->running)->rulesets[0], "a"));
}

// A folder where the file of generation 2 would be: it can be adopted, but not stored.
static void obstruct(const struct stage *stage, char path[static 128])
{
	snprintf(path, 128, "%s/generation-%020d.json", stage->folder, 2);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void a_change_that_can_not_be_stored_is_taken_back(void **state)
{
	struct stage *stage = *state;
	char path[128];

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	obstruct(stage, path);
	assert_int_equal(
		code_of(stage_call(stage, "rule.create", RULE_A, A), "it was taken back"), -32001);
	assert_int_equal(stage->generation, 3);
	assert_int_equal(running_generation(stage), 3);
	assert_null(config_find_rule(&running_config(stage->running)->rulesets[0], "a"));
	assert_int_equal(rmdir(path), 0);
}

static void a_change_that_is_not_taken_back_is_said_to_be_served(void **state)
{
	struct stage *stage = *state;
	char path[128], why[RUNNING_WHY_LEN];

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	obstruct(stage, path);
	stage->manner = STAGE_ADOPT_ONCE;
	assert_int_equal(
		code_of(stage_call(stage, "rule.create", RULE_A, A), "not be taken back: not\033"),
		-32001);
	assert_int_equal(running_generation(stage), 1);
	assert_non_null(strstr(running_attention(stage->running, why), "serves generation 2"));
	stage->manner = STAGE_ADOPT;
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(generation_of(stage_call(stage, "rule.create", RULE_A, A)), 4);
	assert_null(running_attention(stage->running, why));
}

static void a_change_that_does_not_compile_is_not_sent(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	assert_int_equal(
		code_of(stage_call(stage, "rule.create", "{s:s, s:s, s:s, s:[s]}", "name", "a",
				"ruleset", "corp", "domain", "no-dot", "target", "10.54.0.13"),
			"domain"),
		-32001);
	assert_int_equal(stage->images_taken, 1);
}

static void a_change_whose_dataplane_hangs_up_is_published_over(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	stage->manner = STAGE_HANG_UP;
	assert_int_equal(code_of(stage_call(stage, "rule.create", RULE_A, A), "went away"), -32001);
	stage->manner = STAGE_ADOPT;
	stage_wait_generation(stage, 3);
	assert_int_equal(running_generation(stage), 3);
	assert_null(config_find_rule(&running_config(stage->running)->rulesets[0], "a"));
}

static void a_change_without_dataplane_is_published_when_one_comes(void **state)
{
	struct stage *stage = *state;
	json_t *reply;

	stage_start(stage);
	reply = stage_call(stage, "rule.create", RULE_A, A);
	assert_string_equal(text_at(reply, "dataplane", NULL), "not connected");
	assert_int_equal(generation_of(reply), 2);
	stage_start_dataplane(stage, 0);
	stage_wait_generation(stage, 2);
	assert_int_equal(stage->images_taken, 1);
}

static void a_change_survives_a_restart_that_the_dataplane_does_not_notice(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	assert_int_equal(generation_of(stage_call(stage, "rule.create", RULE_A, A)), 2);
	stage_stop(stage);
	stage_start(stage);
	assert_int_equal(generation_of(stage_call(
				 stage, "rule.show", "{s:s, s:s}", "name", "a", "ruleset", "corp")),
		2);
	assert_int_equal(stage->images_taken, 2);
}

static void an_empty_state_folder_starts_above_the_dataplane(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 9);
	stage_start(stage);
	assert_int_equal(stage->generation, 10);
	assert_int_equal(running_generation(stage), 10);
}

// Neither at once nor when it connects again.
static void after_a_refused_first_image_nothing_is_published(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 50);
	stage->manner = STAGE_REFUSE;
	stage_start(stage);
	assert_int_equal(stage->images_taken, 1);
	stage->manner = STAGE_ADOPT;
	stage_reconnect(stage);
	assert_int_equal(stage->images_taken, 1);
	assert_int_equal(stage->generation, 50);
	assert_true(running_is_held(stage->running));
}

static void after_a_refused_first_image_a_forced_reload_publishes_the_files(void **state)
{
	struct stage *stage = *state;
	char path[64];

	stage_start_dataplane(stage, 50);
	stage->manner = STAGE_REFUSE;
	stage_start(stage);
	stage->manner = STAGE_ADOPT;
	stage->setup.config_path = stage_write_config(stage, path);
	assert_int_equal(code_of(stage_call(stage, "reload", "{}"), "--force"), -32001);
	assert_int_equal(generation_of(stage_call(stage, "reload", "{s:b}", "force", 1)), 52);
	assert_int_equal(stage->generation, 52);
	assert_int_equal(running_config(stage->running)->ruleset_count, 1);
}

// The files' generation is served then, but what runs here is still empty.
static void the_empty_config_is_not_published_over_a_reload_whose_dataplane_hangs_up(void **state)
{
	struct stage *stage = *state;
	char path[64];

	stage_start_dataplane(stage, 50);
	stage->manner = STAGE_REFUSE;
	stage_start(stage);
	stage->manner = STAGE_HANG_UP_ONCE;
	stage->setup.config_path = stage_write_config(stage, path);
	assert_int_equal(
		code_of(stage_call(stage, "reload", "{s:b}", "force", 1), "went away"), -32001);
	stage_reconnect(stage);
	assert_int_equal(stage->images_taken, 2);
	assert_int_equal(stage->generation, 52);
	assert_true(running_is_held(stage->running));
}

// What the dataplane served before the refusal is not what came from here.
static void after_a_refused_change_over_a_newer_dataplane_it_is_held_again(void **state)
{
	struct stage *stage = *state;
	char path[64];

	stage_start(stage);
	stage_stop(stage);
	stage_start_dataplane(stage, 9);
	stage_start(stage);
	stage->manner = STAGE_REFUSE;
	stage->setup.config_path = stage_write_config(stage, path);
	assert_int_equal(
		code_of(stage_call(stage, "reload", "{s:b}", "force", 1), "today"), -32001);
	stage->manner = STAGE_ADOPT;
	stage_reconnect(stage);
	assert_int_equal(stage->images_taken, 1);
	assert_true(running_is_held(stage->running));
}

static void a_newer_dataplane_gets_nothing(void **state)
{
	struct stage *stage = *state;

	stage_start(stage);
	stage_stop(stage);
	stage_start_dataplane(stage, 9);
	stage_start(stage);
	assert_int_equal(
		code_of(stage_call(stage, "rule.create", RULE_A, A), "reload --force"), -32001);
	assert_int_equal(stage->images_taken, 0);
}

// X32: killed after ADOPTED, before the change was stored.
static void X32_what_was_sent_but_not_stored_is_published_over(void **state)
{
	struct stage *stage = *state;

	stage_start(stage);
	assert_int_equal(sent_write(&stage->store, &(struct sent){.above = 1, .last = 2}), 0);
	stage_stop(stage);
	stage_start_dataplane(stage, 2);
	stage_start(stage);
	stage_wait_generation(stage, 3);
	assert_int_equal(running_generation(stage), 3);
}

// The outcome of what was stored is known: a folder that lost its newest generation is an older one.
static void a_folder_that_lost_its_newest_generation_holds_back(void **state)
{
	struct stage *stage = *state;
	char path[128];

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	json_decref(stage_call(stage, "rule.create", RULE_A, A));
	stage_stop(stage);
	snprintf(path, sizeof(path), "%s/generation-%020d.json", stage->folder, 2);
	assert_int_equal(unlink(path), 0);
	stage_start(stage);
	assert_int_equal(
		code_of(stage_call(stage, "rule.create", RULE_A, A), "reload --force"), -32001);
	assert_int_equal(stage->generation, 2);
}

// The first start of all, and the dataplane goes away over the image.
static void a_first_image_that_ends_the_link_is_tried_again(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage->manner = STAGE_HANG_UP_ONCE;
	stage_start(stage);
	assert_int_equal(stage->images_taken, 2);
	assert_int_equal(running_generation(stage), stage->generation);
}

static void another_generation_is_a_conflict(void **state)
{
	stage_start(*state);
	assert_int_equal(code_of(stage_call(*state, "rule.disable", "{s:s, s:s, s:i}", "name",
					 "azure", "ruleset", "corp", "if_generation", 7),
				 "7"),
		-32002);
}

// The target of rule azure rests for the second time; worker 1 measured 1.5 ms.
static void know_azure(struct stage *stage, uint64_t generation)
{
	struct upstream upstream = {.generation = generation, .rest = upstream_rest_of(5000000, 1)};
	struct upstream_line line = {.rtt = UINT64_C(1500) << UPSTREAM_RTT_BITS | 70,
		.sent = 12,
		.answered = 8,
		.missed = 3};
	const char *why;

	assert_int_equal(text_parse_endpoint("10.54.0.12", &upstream.endpoint, &why), 0);
	stage_know_upstream(stage, &upstream, &line);
}

static void upstream_list_has_what_the_served_image_names(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	stage_wait_generation(stage, 1);
	know_azure(stage, 1);
	assert_list(stage_call(stage, "upstream.list", "{}"), "upstreams",
		"[{\"address\":\"10.54.0.12\",\"state\":\"resting\",\"rtt_us\":1500,"
		"\"rest_us\":4000000,\"case_randomisation\":\"on\",\"sent\":12,\"answered\":8,\"missed\":3}]");
	know_azure(stage, 7); // named by an image that is not served
	assert_list(stage_call(stage, "upstream.list", "{}"), "upstreams", "[]");
}

static void orders_for_an_upstream_reach_the_dataplane(void **state)
{
	static const struct {
		const char *method, *state;
		enum link_order order;
	} orders[] = {
		{"upstream.drain", "drained", LINK_DRAIN},
		{"upstream.enable", "resting", LINK_ENABLE},
		{"upstream.reset", "up", LINK_RESET},
	};
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	stage_wait_generation(stage, 1);
	know_azure(stage, 1);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		json_t *reply =
			stage_call(stage, orders[i].method, "{s:s}", "address", "10.54.0.12:53");

		assert_string_equal(text_at(reply, "upstream", "state"), orders[i].state);
		json_decref(reply);
		json_decref(stage_call(stage, "status", "{}")); // a turn for the dataplane
		assert_int_equal(stage->order.order, orders[i].order);
		assert_int_equal(be16_get(stage->order.endpoint.port), 53);
		assert_int_equal(stage->order.endpoint.ip.b[15], 12);
	}
	assert_int_equal(
		code_of(stage_call(stage, "upstream.drain", "{s:s}", "address", "10.1.1.1"),
			"no rule sends to 10.1.1.1"),
		-32001);
	assert_int_equal(code_of(stage_call(stage, "upstream.show", "{s:s}", "address", "x"),
				 "upstream: address: "),
		-32602);
}

static void upstreams_are_known_to_a_connected_dataplane_alone(void **state)
{
	stage_start(*state);
	assert_int_equal(
		code_of(stage_call(*state, "upstream.list", "{}"), "not connected"), -32001);
	assert_int_equal(
		code_of(stage_call(*state, "upstream.drain", "{s:s}", "address", "10.54.0.12"),
			"not connected"),
		-32001);
}

static void rule_test_shows_how_its_targets_do(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	stage_wait_generation(stage, 1);
	know_azure(stage, 1);
	assert_list(stage_call(stage, "rule.test", "{s:s}", "name", "azure.contoso.com."),
		"targets",
		"[{\"address\":\"10.54.0.12\",\"state\":\"resting\",\"rtt_us\":1500,"
		"\"next\":true}]");
	assert_list(stage_call(stage, "rule.test", "{s:s}", "name", "contoso.com."), "targets",
		"[{\"address\":\"10.54.0.11\",\"state\":\"up\",\"rtt_us\":null,"
		"\"next\":true}]");
}

static void rule_test_names_the_winner_and_whom_it_beats(void **state)
{
	json_t *reply, *beaten;

	stage_start(*state);
	reply = stage_call(*state, "rule.test", "{s:s}", "name", "WWW.azure.contoso.com");
	assert_string_equal(text_at(reply, "winner", "name"), "azure");
	beaten = json_object_get(json_object_get(reply, "result"), "beaten");
	assert_int_equal(json_array_size(beaten), 1);
	beaten = json_array_get(beaten, 0);
	assert_string_equal(json_string_value(json_object_get(beaten, "name")), "contoso");
	assert_string_equal(json_string_value(json_object_get(beaten, "reason")), "shorter");
	json_decref(reply);
}

// The same domain twice: exact goes before suffix.
static void rule_test_ranks_matches_as_the_image_does(void **state)
{
	json_t *reply, *beaten;

	stage_start(*state);
	assert_int_equal(code_of(stage_call(*state, "rule.create", "{s:s, s:s, s:s, s:s, s:[s]}",
					 "name", "e", "ruleset", "corp", "domain", "contoso.com.",
					 "match", "exact", "target", "10.54.0.13"),
				 NULL),
		0);
	reply = stage_call(*state, "rule.test", "{s:s}", "name", "contoso.com.");
	assert_string_equal(text_at(reply, "winner", "name"), "e");
	beaten = json_array_get(json_object_get(json_object_get(reply, "result"), "beaten"), 0);
	assert_string_equal(json_string_value(json_object_get(beaten, "name")), "contoso");
	assert_string_equal(json_string_value(json_object_get(beaten, "reason")), "match");
	json_decref(reply);
}

static void rule_test_matches_ds_one_label_up(void **state)
{
	json_t *reply;

	stage_start(*state);
	reply = stage_call(
		*state, "rule.test", "{s:s, s:s}", "name", "azure.contoso.com.", "type", "DS");
	assert_string_equal(text_at(reply, "winner", "name"), "contoso");
	json_decref(reply);
}

static void rule_test_knows_a_client_of_no_network(void **state)
{
	json_t *reply;

	stage_start(*state);
	reply = stage_call(
		*state, "rule.test", "{s:s, s:s}", "name", "contoso.com.", "client", "192.0.2.1");
	assert_string_equal(text_at(reply, "winner", "kind"), "default");
	assert_null(text_at(reply, "network", NULL));
	json_decref(reply);
}

static void rule_test_shows_a_disabled_rule_among_the_beaten(void **state)
{
	json_t *reply, *beaten;

	stage_start(*state);
	json_decref(stage_call(
		*state, "rule.disable", "{s:s, s:s}", "name", "azure", "ruleset", "corp"));
	reply = stage_call(*state, "rule.test", "{s:s}", "name", "azure.contoso.com.");
	assert_string_equal(text_at(reply, "winner", "name"), "contoso");
	beaten = json_object_get(json_object_get(reply, "result"), "beaten");
	beaten = json_array_get(beaten, 0);
	assert_string_equal(json_string_value(json_object_get(beaten, "reason")), "disabled");
	json_decref(reply);
}

static void stats_sum_over_workers(void **state)
{
	json_int_t received, answered, short_ones, in_flight;
	json_t *reply;

	stage_start_dataplane(*state, 0);
	stage_start(*state);
	reply = stage_call(*state, "stats.show", "{}");
	assert_int_equal(json_unpack(reply, "{s:{s:{s:I, s:I, s:I, s:{s:I}}}}", "result", "path",
				 "received", &received, "answered", &answered, "in_flight",
				 &in_flight, "exits", "rx_short", &short_ones),
		0);
	assert_int_equal(received, 20);
	assert_int_equal(received, answered + short_ones + in_flight);
	json_decref(reply);
}

// What stats.show says of a rule.
static json_int_t queries_of(struct stage *stage, const char *name)
{
	json_t *reply = stage_call(stage, "stats.show", "{}");
	json_t *rules = json_object_get(json_object_get(reply, "result"), "rules");
	json_int_t queries = -1;
	json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
		if (strcmp(json_string_value(json_object_get(rule, "name")), name) == 0)
			queries = json_integer_value(json_object_get(rule, "queries"));
	json_decref(reply);
	return queries;
}

static void a_rule_counts_from_when_it_got_its_number(void **state)
{
	struct stage *stage = *state;

	stage_count(stage, 0, 100);
	stage_start_dataplane(stage, 9);
	stage_start(stage);
	assert_int_equal(queries_of(stage, "contoso"), 0);
	stage_count(stage, 0, 105);
	assert_int_equal(queries_of(stage, "contoso"), 5);
}

// The first dataplane of the rule had counted by its number before.
static void a_rule_counts_from_0_in_a_dataplane_that_started_while_control_was_away(void **state)
{
	struct stage *stage = *state;

	stage_count(stage, 0, 100);
	stage_start_dataplane(stage, 9);
	stage_start(stage);
	stage_stop(stage);
	stage_stop_dataplane(stage);
	stage->started_us++;
	stage_count(stage, 0, 150);
	stage_start_dataplane(stage, 10);
	stage_start(stage);
	assert_int_equal(queries_of(stage, "contoso"), 150);
}

static void what_a_new_dataplane_counted_before_control_met_it_counts(void **state)
{
	struct stage *stage = *state;

	stage_count(stage, 0, 5);
	stage_start_dataplane(stage, 9);
	stage_start(stage);
	stage->started_us++;
	stage_count(stage, 0, 30);
	stage_reconnect(stage);
	assert_int_equal(queries_of(stage, "contoso"), 30);
}

static void what_was_counted_for_a_change_that_met_no_dataplane_survives_a_restart(void **state)
{
	struct stage *stage = *state;

	stage_start(stage);
	stage_start_dataplane(stage, 0);
	stage_wait_generation(stage, 1);
	stage_count(stage, 0, 40);
	stage_stop(stage);
	stage_start(stage);
	assert_int_equal(queries_of(stage, "contoso"), 40);
}

static void a_new_rule_counts_what_it_answered_before_control_knew(void **state)
{
	struct stage *stage = *state;

	stage_start_dataplane(stage, 0);
	stage_start(stage);
	stage_count(stage, 2, 7);
	stage->counts_at_switch = 10;
	assert_int_equal(generation_of(stage_call(stage, "rule.create", RULE_A, A)), 2);
	assert_int_equal(queries_of(stage, "a"), 3);
}

// States are counted from the start: com., contoso.com., azure.contoso.com.
static void dump_lists_the_states_of_the_image(void **state)
{
	struct stage *stage = *state;
	json_t *reply, *states, *last;

	stage_start(stage);
	reply = stage_call(stage, "ruleset.dump", "{s:s, s:b}", "name", "corp", "automaton", 1);
	states = json_object_get(json_object_get(reply, "result"), "states");
	assert_int_equal(json_array_size(states), 4);
	last = json_array_get(states, 3);
	assert_int_equal(json_integer_value(json_object_get(last, "from")), 2);
	assert_string_equal(json_string_value(json_object_get(last, "label")), "azure");
	assert_string_equal(
		json_string_value(json_object_get(last, "domain")), "azure.contoso.com.");
	last = json_array_get(json_object_get(last, "rules"), 0);
	assert_string_equal(json_string_value(json_object_get(last, "name")), "azure");
	assert_string_equal(json_string_value(json_object_get(last, "match")), "suffix");
	json_decref(reply);
}

static void dump_wants_to_be_told_what(void **state)
{
	struct stage *stage = *state;

	stage_start(stage);
	assert_int_equal(
		code_of(stage_call(stage, "ruleset.dump", "{s:s}", "name", "corp"), "automaton"),
		-32602);
	assert_int_equal(code_of(stage_call(stage, "ruleset.dump", "{s:s, s:b}", "name", "other",
					 "automaton", 1),
				 "no ruleset 'other'"),
		-32001);
}

static void stats_of_a_ruleset_count_states(void **state)
{
	struct stage *stage = *state;
	json_t *reply, *result;

	stage_start(stage);
	reply = stage_call(stage, "ruleset.stats", "{s:s}", "name", "corp");
	result = json_object_get(reply, "result");
	assert_int_equal(json_integer_value(json_object_get(result, "rules")), 2);
	assert_int_equal(json_integer_value(json_object_get(result, "states")), 4);
	assert_int_equal(json_integer_value(json_object_get(result, "transitions")), 3);
	assert_int_equal(json_integer_value(json_object_get(result, "accepting")), 2);
	assert_int_equal(json_integer_value(json_object_get(result, "leaves")), 1);
	assert_int_equal(json_array_size(json_object_get(result, "depths")), 4);
	assert_true(json_integer_value(json_object_get(result, "image_bytes")) > 0);
	json_decref(reply);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(an_unknown_method_is_named),
		ROW(an_unknown_parameter_is_named),
		ROW(a_parameter_of_another_type_is_named),
		ROW(a_missing_parameter_is_named),
		ROW(what_is_no_json_is_a_parse_error),
		ROW(what_is_no_request_is_an_invalid_request),
		ROW(a_request_without_id_gets_no_reply),
		ROW(two_descriptors_end_the_session),
		ROW(a_descriptor_that_is_no_file_is_refused),
		ROW(what_a_user_wrote_comes_back_escaped),
		ROW(a_message_that_is_cut_within_a_character_is_sent),
		ROW(a_path_that_is_not_utf8_is_shown),
		ROW(a_change_is_adopted_and_then_runs),
		ROW(a_refused_image_changes_nothing),
		ROW(a_change_that_can_not_be_stored_is_taken_back),
		ROW(a_change_that_is_not_taken_back_is_said_to_be_served),
		ROW(a_change_that_does_not_compile_is_not_sent),
		ROW(a_change_whose_dataplane_hangs_up_is_published_over),
		ROW(a_change_without_dataplane_is_published_when_one_comes),
		ROW(a_change_survives_a_restart_that_the_dataplane_does_not_notice),
		ROW(an_empty_state_folder_starts_above_the_dataplane),
		ROW(after_a_refused_first_image_nothing_is_published),
		ROW(after_a_refused_first_image_a_forced_reload_publishes_the_files),
		ROW(the_empty_config_is_not_published_over_a_reload_whose_dataplane_hangs_up),
		ROW(after_a_refused_change_over_a_newer_dataplane_it_is_held_again),
		ROW(a_newer_dataplane_gets_nothing),
		ROW(X32_what_was_sent_but_not_stored_is_published_over),
		ROW(a_folder_that_lost_its_newest_generation_holds_back),
		ROW(a_first_image_that_ends_the_link_is_tried_again),
		ROW(another_generation_is_a_conflict),
		ROW(upstream_list_has_what_the_served_image_names),
		ROW(orders_for_an_upstream_reach_the_dataplane),
		ROW(upstreams_are_known_to_a_connected_dataplane_alone),
		ROW(rule_test_shows_how_its_targets_do),
		ROW(rule_test_names_the_winner_and_whom_it_beats),
		ROW(rule_test_ranks_matches_as_the_image_does),
		ROW(rule_test_matches_ds_one_label_up),
		ROW(rule_test_knows_a_client_of_no_network),
		ROW(rule_test_shows_a_disabled_rule_among_the_beaten),
		ROW(dump_lists_the_states_of_the_image),
		ROW(dump_wants_to_be_told_what),
		ROW(stats_of_a_ruleset_count_states),
		ROW(stats_sum_over_workers),
		ROW(a_rule_counts_from_when_it_got_its_number),
		ROW(a_rule_counts_from_0_in_a_dataplane_that_started_while_control_was_away),
		ROW(what_a_new_dataplane_counted_before_control_met_it_counts),
		ROW(what_was_counted_for_a_change_that_met_no_dataplane_survives_a_restart),
		ROW(a_new_rule_counts_what_it_answered_before_control_knew),
	};

	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
