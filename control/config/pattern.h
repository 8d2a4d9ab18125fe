// SPDX-License-Identifier: BSD-3-Clause
// Patterns of regex rules: what Hyperscan takes, and what a name has to match.
#pragma once

#include <hs/hs_compile.h>
#include <stdbool.h>

#include "control/config/config.h"

enum {
	PATTERN_LEN_MAX = 4096,
	// Never HS_FLAG_DOTALL: releases of Vectorscan miss matches with it.
	PATTERN_FLAGS = HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH,
};

// Whether Hyperscan takes it. Back-references, look-around and whatever matches the empty text are refused, with the
// place in the pattern where Hyperscan tells it.
[[nodiscard]] bool pattern_check(
	struct config_faults *faults, const char *key, const char *pattern);

// Whether a good pattern is found in the text, for messages: it is compiled for this once.
[[nodiscard]] bool pattern_is_found(const char *pattern, const char *text, unsigned len);
