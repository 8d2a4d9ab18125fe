// SPDX-License-Identifier: BSD-3-Clause
// The bodies of the micro benchmarks, each once over a few rules: that they still run, and that all engines find the same.
#include <string.h>

#include "bench/micro/compile.h"
#include "bench/micro/match.h"
#include "core/image.h"
#include "tests/unit/unit.h"

enum { RULES = 1000 };

// Sets a case up, which holds its engine against the names, runs it once and tears it down. False: it can't be had here.
static bool run_once(const struct micro_case *micro, struct match_kept *kept, char *note)
{
	const struct micro_options options = {.commit = "none"};
	struct micro_state state = {.micro = micro, .options = &options, .kept = kept};
	bool is_ready = micro->setup(&state);

	strcpy(note, state.note);
	if (!is_ready)
		return false;
	micro->run(&state);
	micro->teardown(&state);
	return true;
}

static bool run_match(struct match_kept *kept, const struct engine *engine, enum traffic traffic,
	char note[static MICRO_NOTE_LEN])
{
	const struct match_detail detail = {.engine = engine, RULES, false, traffic, "once"};
	const struct micro_case micro = {.name = engine->name,
		.detail = &detail,
		.setup = match_setup,
		.run = match_run,
		.teardown = match_teardown};

	return run_once(&micro, kept, note);
}

static void every_engine_finds_the_rules_that_queries_were_made_of(void **state)
{
	static const struct engine *const engines[] = {&engine_automaton, &engine_trie,
		&engine_sorted, &engine_hyperscan, &engine_rte_hash};
	struct match_kept kept = {0};
	char note[MICRO_NOTE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		bool is_run = run_match(&kept, engines[i], TRAFFIC_UNIFORM, note);

		if (!is_run)
			print_message("%s: %s\n", engines[i]->name, note);
		assert_true(is_run || strcmp(note, "built without DPDK") == 0);
	}
	match_forget(&kept);
}

static void automaton_runs_under_every_kind_of_traffic(void **state)
{
	struct match_kept kept = {0};
	char note[MICRO_NOTE_LEN];

	(void)state;
	for (enum traffic traffic = TRAFFIC_UNIFORM; traffic <= TRAFFIC_DEEPEST; traffic++)
		if (!run_match(&kept, &engine_automaton, traffic, note))
			fail_msg("traffic %u: %s", (unsigned)traffic, note);
	match_forget(&kept);
}

static void compiler_and_check_run(void **state)
{
	const struct compile_detail detail = {RULES};
	const struct micro_case compile = {.name = "compile",
		.detail = &detail,
		.setup = compile_setup,
		.run = compile_run,
		.teardown = compile_teardown};
	const struct micro_case check = {.name = "check",
		.detail = &detail,
		.setup = check_setup,
		.run = check_run,
		.teardown = check_teardown};
	struct micro_state weighed = {.micro = &compile};
	char note[MICRO_NOTE_LEN];

	(void)state;
	assert_true(run_once(&compile, NULL, note));
	assert_string_equal(note, "1000 rules");
	assert_true(run_once(&check, NULL, note));
	assert_string_equal(note, "1000 rules");
	assert_true(compile_weigh_bytes(&weighed));
	assert_true(weighed.value > sizeof(struct image_rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_finds_the_rules_that_queries_were_made_of),
		cmocka_unit_test(automaton_runs_under_every_kind_of_traffic),
		cmocka_unit_test(compiler_and_check_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
