// SPDX-License-Identifier: BSD-3-Clause
// An image mapped for reading: by control, for `rule test`. The same checks as the dataplane's.
#pragma once

#include "control/compile/compile.h"

struct compile_view {
	struct image image;
	void *base;
	size_t size;
};

// Maps and checks. 0, or -errno with `error` (of COMPILE_ERROR_LEN bytes) set. The descriptor may be closed afterwards.
[[nodiscard]] int compile_view_open(struct compile_view *view, int fd, char *error);
void compile_view_close(struct compile_view *view);
