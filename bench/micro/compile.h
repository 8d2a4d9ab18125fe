// SPDX-License-Identifier: BSD-3-Clause
// Compiling a configuration to an image, and checking the image.
#pragma once

#include "bench/micro/micro.h"

struct compile_detail {
	size_t count; // rules
};

// Configuration to sealed image, the rules looked up again.
bool compile_setup(struct micro_state *);
void compile_run(struct micro_state *);
void compile_teardown(struct micro_state *);

// What the image weighs a rule.
bool compile_weigh_bytes(struct micro_state *);
// The most memory that compiling took beside the configuration, in images.
bool compile_weigh_peak(struct micro_state *);

// image_open() as the dataplane does it before it switches.
bool check_setup(struct micro_state *);
void check_run(struct micro_state *);
void check_teardown(struct micro_state *);
