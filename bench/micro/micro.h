// SPDX-License-Identifier: BSD-3-Clause
// Micro benchmarks: bodies in C, which register.cpp hands to Google Benchmark.
//
//   micro_cases[] ──▶ setup ──▶ run(256), run(256), … timed ──▶ teardown ──▶ report: table and JSON
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/micro/names.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MICRO_BURST = 32, MICRO_BATCH = 256, MICRO_NOTE_LEN = 512 };

struct micro_options {
	const char *rules;  // a file with a domain a line; NULL: names are made up in its place
	const char *commit; // what is measured, for the report
};

struct match_kept;
struct micro_state;

// One thing to measure. Without floor, goal and row it stands beside, for comparison.
struct micro_case {
	const char *name;
	const char *row;    // of docs and JSON
	const char *unit;   // "ns", "s", "bytes"
	double floor, goal; // 0: none
	bool is_more;       // floor and goal are to be reached, not to be kept under
	// How many times as long the first of two other cases takes as the second; NULL: it measures something itself.
	const char *over, *under;
	// Operations a call of run(); 0: `setup` measures by itself and leaves `value`.
	unsigned batch;
	unsigned iterations; // 0: as many as Google Benchmark likes
	const void *detail;  // what the functions make of it
	// False: it can't be measured here, and `note` says why.
	bool (*setup)(struct micro_state *);
	void (*run)(struct micro_state *); // `batch` operations
	void (*teardown)(struct micro_state *);
};

struct micro_state {
	const struct micro_case *micro;
	const struct micro_options *options;
	struct match_kept *kept;
	void *body;                // the case's own
	double value;              // of cases that measure by themselves
	char note[MICRO_NOTE_LEN]; // the conditions
};

extern const struct micro_case micro_cases[];
extern const size_t micro_case_count;

// What lives as long as all cases.
struct match_kept *micro_begin(void);
void micro_end(struct match_kept *);

// What was found; value < 0: not measured.
struct micro_result {
	const struct micro_case *micro;
	double value;
	char note[MICRO_NOTE_LEN];
};

// Prints the table and writes the JSON of the rung.
int micro_report(const struct micro_result *results, size_t count,
	const struct micro_options *options, const char *json_path);

#ifdef __cplusplus
}
#endif
