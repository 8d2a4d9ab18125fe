// SPDX-License-Identifier: BSD-3-Clause
// A finished image held against the configuration it was made from, before anybody gets it.
#pragma once

#include "control/compile/compile.h"

// Walks the image for the domain of every enabled rule. 0; -EBADMSG: a rule is not found, and `error` says which.
[[nodiscard]] int verify_image(
	const struct config *, const struct image *, char error[static COMPILE_ERROR_LEN]);
