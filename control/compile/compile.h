// SPDX-License-Identifier: BSD-3-Clause
// A configuration to an image.
#pragma once

#include "control/config/config.h"
#include "core/image.h"

enum { COMPILE_ERROR_LEN = 256 };

struct compile_result {
	int fd; // a memfd, sealed; the caller closes it
	size_t size;
	uint64_t elapsed_us;
	char error[COMPILE_ERROR_LEN]; // when it failed: what, where and what to do
};

// By enum config_match: which outranks which where domains are equally long.
extern const enum image_rank compile_ranks[];

// Compiles `config`, which has been checked, to an image of this generation. 0, or -errno with `error` set and fd -1.
[[nodiscard]] int compile_image(
	const struct config *config, uint64_t generation, struct compile_result *result);
