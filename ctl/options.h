// SPDX-License-Identifier: BSD-3-Clause
// Options that verbs of several nouns take.
#pragma once

#include "ctl/noun.h"

#define OPTION_IF_GENERATION                                          \
	{                                                             \
		"if-generation", "N", OPTION_NUMBER, false, false,    \
			"refuse unless N is the generation that runs" \
	}
