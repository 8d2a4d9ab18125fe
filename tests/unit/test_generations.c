// SPDX-License-Identifier: BSD-3-Clause
// A ruleset through its generations: compared, exported, gone back to, confirmed or not.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/config/yaml.h"
#include "tests/unit/stage.h"
#include "tests/unit/unit.h"

#define CORP "name", "corp"

// `contoso` sent elsewhere, `azure` gone, `deep` new below `contoso`.
static const char other_rules[] =
	"rules:\n"
	"  - {name: contoso, domain: contoso.com., targets: [10.54.0.15]}\n"
	"  - {name: deep, domain: a.deep.contoso.com., targets: [10.54.0.16]}\n";

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

static json_t *apply(struct stage *stage, const char *text)
{
	stage_give_file(stage, text);
	return stage_call(stage, "ruleset.apply", "{s:s}", CORP);
}

static json_t *apply_for(struct stage *stage, const char *text, int seconds)
{
	stage_give_file(stage, text);
	return stage_call(stage, "ruleset.apply", "{s:s, s:i}", CORP, "confirm_timeout", seconds);
}

static uint64_t generation_of(json_t *reply)
{
	json_t *result = json_object_get(reply, "result");
	uint64_t generation = (uint64_t)json_integer_value(json_object_get(result, "generation"));

	if (!result)
		fail_msg("%s", json_dumps(reply, 0));
	json_decref(reply);
	return generation;
}

static void assert_refused(json_t *reply, const char *text)
{
	json_t *error = json_object_get(reply, "error");

	assert_non_null(error);
	assert_non_null(strstr(json_string_value(json_object_get(error, "message")), text));
	json_decref(reply);
}

static const struct config_ruleset *corp(const struct stage *stage)
{
	return config_find_ruleset(running_config(stage->running), "corp");
}

static void assert_as_in_files(const struct stage *stage)
{
	assert_int_equal(corp(stage)->rule_count, 2);
	assert_string_equal(corp(stage)->rules[1].name, "azure");
	assert_null(running_config(stage->running)->waiting.ruleset);
}

// One change of a diff as "change name was>will".
static void assert_change(json_t *reply, size_t i, const char *wanted)
{
	json_t *item =
		json_array_get(json_object_get(json_object_get(reply, "result"), "changes"), i);
	json_t *was = json_object_get(json_object_get(item, "was"), "name");
	json_t *will = json_object_get(json_object_get(item, "will"), "name");
	char text[256];

	snprintf(text, sizeof(text), "%s %s %s>%s",
		json_string_value(json_object_get(item, "change")),
		json_string_value(json_object_get(item, "name")),
		was ? json_string_value(was) : "-", will ? json_string_value(will) : "-");
	assert_string_equal(text, wanted);
}

static size_t count_changes(json_t *reply)
{
	json_t *changes = json_object_get(json_object_get(reply, "result"), "changes");

	assert_non_null(changes);
	return json_array_size(changes);
}

static void diff_tells_who_answers_before_and_after(void **state)
{
	json_t *reply;

	stage_give_file(*state, other_rules);
	reply = stage_call(*state, "ruleset.diff", "{s:s}", CORP);
	assert_int_equal(count_changes(reply), 3);
	assert_change(reply, 0, "changed contoso contoso>contoso");
	assert_change(reply, 1, "added deep contoso>deep");
	assert_change(reply, 2, "removed azure azure>contoso");
	json_decref(reply);
	assert_as_in_files(*state);
}

// A disabled rule answers nothing, and one at the same name may take its place.
static void diff_passes_over_disabled_rules(void **state)
{
	json_t *reply;

	stage_give_file(*state,
		"rules:\n"
		"  - {name: contoso, domain: contoso.com., targets: [10.54.0.11], state: disabled}\n"
		"  - {name: azure, domain: azure.contoso.com., targets: [10.54.0.12]}\n"
		"  - {name: sub, domain: contoso.com., match: subdomains, targets: [10.54.0.12]}\n"
		"  - {name: one, domain: contoso.com., match: exact, targets: [10.54.0.12]}\n"
		"  - {name: re, domain: x.contoso.com., match: regex, pattern: a, "
		"targets: [10.54.0.12]}\n");
	reply = stage_call(*state, "ruleset.diff", "{s:s}", CORP);
	assert_int_equal(count_changes(reply), 4);
	assert_change(reply, 0, "changed contoso contoso>-");
	assert_change(reply, 1, "added sub contoso>sub");
	assert_change(reply, 2, "added one contoso>one");
	assert_change(reply, 3, "added re contoso>re");
	json_decref(reply);
}

static void diff_of_what_runs_is_empty(void **state)
{
	json_t *reply = stage_call(*state, "ruleset.diff", "{s:s, s:i}", CORP, "generation", 1);

	assert_int_equal(count_changes(reply), 0);
	json_decref(reply);
}

static void diff_of_a_bad_file_lists_its_faults(void **state)
{
	stage_give_file(*state, "rules: [{name: a}]");
	assert_refused(stage_call(*state, "ruleset.diff", "{s:s}", CORP), "faults");
}

static void what_is_exported_can_be_applied(void **state)
{
	json_t *reply = stage_call(*state, "ruleset.export", "{s:s}", CORP);
	const char *yaml =
		json_string_value(json_object_get(json_object_get(reply, "result"), "yaml"));
	json_t *diff;

	assert_string_equal(yaml,
		"rulesets:\n"
		"  - name: corp\n"
		"    outbound-endpoints: [out]\n"
		"    rules:\n"
		"      - {name: contoso, domain: contoso.com., targets: [10.54.0.11]}\n"
		"      - {name: azure, domain: azure.contoso.com., targets: [10.54.0.12]}\n");
	stage_give_file(*state, yaml);
	diff = stage_call(*state, "ruleset.diff", "{s:s}", CORP);
	assert_int_equal(count_changes(diff), 0);
	assert_int_equal(generation_of(apply(*state, yaml)), 2);
	json_decref(diff);
	json_decref(reply);
}

static void history_counts_what_each_generation_did(void **state)
{
	json_t *reply, *history;
	json_int_t generation, added, removed, changed;

	assert_int_equal(generation_of(apply(*state, other_rules)), 2);
	reply = stage_call(*state, "ruleset.history", "{s:s}", CORP);
	history = json_object_get(json_object_get(reply, "result"), "history");
	assert_int_equal(json_array_size(history), 2);
	assert_int_equal(
		json_unpack(json_array_get(history, 0), "{s:I, s:I, s:I, s:I}", "generation",
			&generation, "added", &added, "removed", &removed, "changed", &changed),
		0);
	assert_int_equal(generation, 2);
	assert_int_equal(added, 1);
	assert_int_equal(removed, 1);
	assert_int_equal(changed, 1);
	json_decref(reply);
}

static void a_rollback_is_a_new_generation_with_old_content(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(generation_of(apply(stage, other_rules)), 2);
	assert_int_equal(generation_of(stage_call(
				 stage, "ruleset.rollback", "{s:s, s:i}", CORP, "generation", 1)),
		3);
	assert_int_equal(stage->generation, 3);
	assert_as_in_files(stage);
}

// Generation 3 changes another object: going back is to generation 1 all the same.
static void a_rollback_goes_to_where_the_ruleset_was_another(void **state)
{
	assert_int_equal(generation_of(apply(*state, other_rules)), 2);
	stage_give_file(*state, other_rules);
	assert_int_equal(generation_of(stage_call(*state, "ruleset.apply", "{s:s, s:b, s:[s]}",
				 "name", "second", "create", 1, "outbound_endpoint", "out")),
		3);
	assert_int_equal(generation_of(stage_call(*state, "ruleset.rollback", "{s:s}", CORP)), 4);
	assert_as_in_files(*state);
}

static void a_rollback_keeps_rules_counting(void **state)
{
	uint32_t counter = corp(*state)->rules[0].counter;

	assert_int_equal(generation_of(apply(*state, other_rules)), 2);
	assert_int_equal(generation_of(stage_call(*state, "ruleset.rollback", "{s:s}", CORP)), 3);
	assert_int_equal(corp(*state)->rules[0].counter, counter);
}

static void a_generation_that_is_not_kept_is_refused(void **state)
{
	assert_refused(stage_call(*state, "ruleset.rollback", "{s:s, s:i}", CORP, "generation", 77),
		"generation 77 is not kept");
	assert_refused(stage_call(*state, "ruleset.rollback", "{s:s}", CORP), "another ruleset");
	assert_refused(stage_call(*state, "ruleset.export", "{s:s}", "name", "x"), "no ruleset");
	assert_refused(stage_call(*state, "ruleset.history", "{s:s}", "name", "x"), "no ruleset");
}

static void what_is_not_confirmed_goes_back(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(generation_of(apply_for(stage, other_rules, 1)), 2);
	assert_string_equal(running_config(stage->running)->waiting.ruleset, "corp");
	stage_wait_generation(stage, 3);
	assert_as_in_files(stage);
}

static void what_is_confirmed_stays(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(generation_of(apply_for(stage, other_rules, 1)), 2);
	assert_int_equal(generation_of(stage_call(stage, "ruleset.confirm", "{s:s}", CORP)), 3);
	sleep(2);
	json_decref(stage_call(stage, "status", "{}"));
	assert_int_equal(running_config(stage->running)->generation, 3);
	assert_string_equal(corp(stage)->rules[1].name, "deep");
	assert_refused(stage_call(stage, "ruleset.confirm", "{s:s}", CORP), "does not wait");
}

static void what_is_not_confirmed_goes_back_after_a_restart(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(generation_of(apply_for(stage, other_rules, 2)), 2);
	stage_stop(stage);
	stage_start(stage);
	assert_string_equal(corp(stage)->rules[1].name, "deep");
	stage_wait_generation(stage, 3);
	assert_as_in_files(stage);
}

// The files are as they were when the time is over and nobody was there to see it.
static void what_was_due_while_control_was_away_goes_back_at_its_start(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(generation_of(apply_for(stage, other_rules, 1)), 2);
	stage_stop(stage);
	sleep(2);
	stage_start(stage);
	stage_wait_generation(stage, 3);
	assert_as_in_files(stage);
}

// More changes than generations are kept: the one to go back to is kept all the same.
static void the_way_back_is_kept(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(generation_of(apply_for(stage, other_rules, 60)), 2);
	for (int i = 0; i < STORE_KEPT + 2; i++)
		json_decref(stage_call(stage, i % 2 ? "rule.enable" : "rule.disable", "{s:s, s:s}",
			"name", "deep", "ruleset", "corp"));
	assert_int_equal(generation_of(stage_call(stage, "ruleset.rollback", "{s:s}", CORP)),
		STORE_KEPT + 5);
	assert_as_in_files(stage);
}

static void a_ruleset_that_was_made_goes_when_it_is_not_confirmed(void **state)
{
	struct stage *stage = *state;

	stage_give_file(stage, other_rules);
	assert_int_equal(
		generation_of(stage_call(stage, "ruleset.apply", "{s:s, s:b, s:[s], s:i}", "name",
			"new", "create", 1, "outbound_endpoint", "out", "confirm_timeout", 1)),
		2);
	stage_wait_generation(stage, 3);
	assert_null(config_find_ruleset(running_config(stage->running), "new"));
	assert_as_in_files(stage);
}

static void what_waits_is_not_applied_over(void **state)
{
	assert_int_equal(generation_of(apply_for(*state, other_rules, 60)), 2);
	assert_refused(apply(*state, other_rules), "waits for its confirmation");
	assert_refused(apply_for(*state, other_rules, 60), "waits for its confirmation");
	assert_refused(stage_call(*state, "ruleset.expire", "{}"), "nothing is overdue");
	assert_int_equal(generation_of(stage_call(*state, "ruleset.rollback", "{s:s}", CORP)), 3);
	assert_as_in_files(*state);
}

static void a_time_out_of_bounds_is_refused(void **state)
{
	assert_refused(apply_for(*state, other_rules, 0), "1 to 86400");
	assert_as_in_files(*state);
}

static void yaml_quotes_what_is_no_plain_text(void **state)
{
	json_t *object = json_pack("{s:[s, s, s, s, s, s], s:i, s:[]}", "texts", "a.b", ".",
		"10.0.0.1:53", "*.a", "null", "a\"\\\n", "number", 5, "none");
	size_t len;
	char *text = yaml_print(object, &len);

	(void)state;
	assert_string_equal(text,
		"texts: [a.b, ., \"10.0.0.1:53\", \"*.a\", \"null\", \"a\\\"\\\\\\u000a\"]\n"
		"number: 5\n");
	free(text);
	json_decref(object);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(diff_tells_who_answers_before_and_after),
		ROW(diff_passes_over_disabled_rules),
		ROW(diff_of_what_runs_is_empty),
		ROW(diff_of_a_bad_file_lists_its_faults),
		ROW(what_is_exported_can_be_applied),
		ROW(history_counts_what_each_generation_did),
		ROW(a_rollback_is_a_new_generation_with_old_content),
		ROW(a_rollback_goes_to_where_the_ruleset_was_another),
		ROW(a_rollback_keeps_rules_counting),
		ROW(a_generation_that_is_not_kept_is_refused),
		ROW(what_is_not_confirmed_goes_back),
		ROW(what_is_confirmed_stays),
		ROW(what_is_not_confirmed_goes_back_after_a_restart),
		ROW(what_was_due_while_control_was_away_goes_back_at_its_start),
		ROW(the_way_back_is_kept),
		ROW(a_ruleset_that_was_made_goes_when_it_is_not_confirmed),
		ROW(what_waits_is_not_applied_over),
		ROW(a_time_out_of_bounds_is_refused),
		cmocka_unit_test(yaml_quotes_what_is_no_plain_text),
	};

	return cmocka_run_group_tests_name("generations", tests, NULL, NULL);
}
