// SPDX-License-Identifier: BSD-3-Clause
// Matching: an engine over a number of rules under one kind of traffic.
#pragma once

#include "bench/micro/engine.h"
#include "bench/micro/micro.h"

struct match_detail {
	const struct engine *engine;
	size_t count; // rules
	bool is_file; // the rules of --rules, if given
	enum traffic traffic;
	const char *words; // for the conditions
};

// Names and the engine built from them, which stay from one case to the next as long as they are the same.
struct match_kept {
	size_t count;
	bool has_deep;
	struct names names;
	const struct engine *engine;
	void *built;
};

bool match_setup(struct micro_state *);
void match_run(struct micro_state *);
void match_teardown(struct micro_state *);
void match_forget(struct match_kept *);
