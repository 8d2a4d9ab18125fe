// SPDX-License-Identifier: BSD-3-Clause
// The table of what is measured. Floors and goals are those that the project holds itself to.
#include <stdlib.h>

#include "bench/micro/compile.h"
#include "bench/micro/inflight.h"
#include "bench/micro/match.h"

#define MATCH(label, row_, floor_, goal_, engine_, count_, is_file_, traffic_, words_)    \
	{                                                                                 \
		.name = label, .row = row_, .unit = "ns", .floor = floor_, .goal = goal_, \
		.batch = MICRO_BATCH,                                                     \
		.detail = &(const struct match_detail){&engine_, count_, is_file_,        \
			TRAFFIC_##traffic_, words_},                                      \
		.setup = match_setup, .run = match_run, .teardown = match_teardown        \
	}
#define UNIFORM "uniform www.+rule"

const struct micro_case micro_cases[] = {
	MATCH("match 1k", NULL, 0, 0, engine_automaton, 1000, false, UNIFORM, UNIFORM),
	MATCH("match 1k, naive trie", NULL, 0, 0, engine_trie, 1000, false, UNIFORM, UNIFORM),
	MATCH("match 1k, sorted array", NULL, 0, 0, engine_sorted, 1000, false, UNIFORM, UNIFORM),
	MATCH("match 1k, rte_hash", NULL, 0, 0, engine_rte_hash, 1000, false, UNIFORM, UNIFORM),
	MATCH("match 1k, Hyperscan literals", NULL, 0, 0, engine_hyperscan, 1000, false, UNIFORM,
		UNIFORM),

	MATCH("match 110k", "match_110k_ns", 45, 25, engine_automaton, 110000, true, UNIFORM,
		UNIFORM),
	MATCH("match 110k, naive trie", NULL, 0, 0, engine_trie, 110000, true, UNIFORM, UNIFORM),
	MATCH("match 110k, sorted array", NULL, 0, 0, engine_sorted, 110000, true, UNIFORM,
		UNIFORM),
	MATCH("match 110k, rte_hash", NULL, 0, 0, engine_rte_hash, 110000, true, UNIFORM, UNIFORM),

	MATCH("match 1M", "match_1m_ns", 90, 45, engine_automaton, 1000000, false, UNIFORM,
		UNIFORM),
	MATCH("match 1M, Zipf", "match_1m_zipf_ns", 0, 0, engine_automaton, 1000000, false, ZIPF,
		"the n-th rule 1/n as often"),
	MATCH("match 1M, hot", "match_1m_hot_ns", 0, 0, engine_automaton, 1000000, false, HOT,
		"1,000 of the rules"),
	MATCH("match 1M, miss", "match_1m_miss_ns", 0, 0, engine_automaton, 1000000, false, MISS,
		"names under the parents of rules"),
	MATCH("match 1M, naive trie", NULL, 0, 0, engine_trie, 1000000, false, UNIFORM, UNIFORM),
	MATCH("match 1M, sorted array", "match_1m_sorted_ns", 0, 0, engine_sorted, 1000000, false,
		UNIFORM, UNIFORM),
	MATCH("match 1M, rte_hash", NULL, 0, 0, engine_rte_hash, 1000000, false, UNIFORM, UNIFORM),

	{.name = "match 1M over sorted array",
		.row = "match_1m_over_sorted",
		.unit = "times",
		.floor = 8,
		.is_more = true,
		.over = "match 1M, sorted array",
		.under = "match 1M"},

	MATCH("match hostile", "match_hostile_ns", 250, 150, engine_automaton, 1000000, false,
		HOSTILE, "127 labels over rules of 34"),
	MATCH("match hostile, one path", "match_hostile_shared_ns", 250, 150, engine_automaton,
		1000000, false, SHARED, "127 labels, 33 of them a path that all share, no rule"),
	MATCH("match hostile, deepest paths", "match_hostile_known_ns", 250, 150, engine_automaton,
		1000000, false, DEEPEST, "127 labels over the deepest paths there are, no rule"),
	MATCH("match hostile, naive trie", NULL, 0, 0, engine_trie, 1000000, false, HOSTILE,
		"127 labels over rules of 34"),

	{.name = "port and ID drawn",
		.row = "permutation_apply_ns",
		.unit = "ns",
		.batch = MICRO_BATCH,
		.setup = permutation_setup,
		.run = permutation_run_apply,
		.teardown = inflight_teardown},
	{.name = "port and ID read",
		.row = "permutation_undo_ns",
		.unit = "ns",
		.batch = MICRO_BATCH,
		.setup = permutation_setup,
		.run = permutation_run_undo,
		.teardown = inflight_teardown},
	{.name = "in flight: take, find, release",
		.row = "inflight_ns",
		.unit = "ns",
		.batch = MICRO_BATCH,
		.setup = inflight_setup,
		.run = inflight_run,
		.teardown = inflight_teardown},
	{.name = "handed over, one core",
		.row = "handover_ns",
		.unit = "ns",
		.batch = MICRO_BATCH,
		.setup = handover_setup,
		.run = handover_run,
		.teardown = inflight_teardown},

	{.name = "compile 1M",
		.row = "publish_1m_s",
		.unit = "s",
		.floor = 1,
		.goal = 0.3,
		.batch = 1,
		.iterations = 1,
		.detail = &(const struct compile_detail){1000000},
		.setup = compile_setup,
		.run = compile_run,
		.teardown = compile_teardown},
	{.name = "image check 1M",
		.row = "image_check_1m_s",
		.unit = "s",
		.batch = 1,
		.iterations = 1,
		.detail = &(const struct compile_detail){1000000},
		.setup = check_setup,
		.run = check_run,
		.teardown = check_teardown},
	{.name = "image bytes a rule",
		.row = "image_bytes_per_rule",
		.unit = "bytes",
		.floor = 40,
		.goal = 32,
		.detail = &(const struct compile_detail){1000000},
		.setup = compile_weigh_bytes},
	{.name = "compile memory, in images",
		.row = "compile_peak_images",
		.unit = "images",
		.floor = 4,
		.detail = &(const struct compile_detail){1000000},
		.setup = compile_weigh_peak},

	MATCH("match 10M", "match_10m_ns", 100, 70, engine_automaton, 10000000, false, UNIFORM,
		UNIFORM),
};

const size_t micro_case_count = sizeof(micro_cases) / sizeof(micro_cases[0]);

struct match_kept *micro_begin(void)
{
	return calloc(1, sizeof(struct match_kept));
}

void micro_end(struct match_kept *kept)
{
	match_forget(kept);
	free(kept);
}
