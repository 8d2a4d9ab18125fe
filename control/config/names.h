// SPDX-License-Identifier: BSD-3-Clause
// Lists of names, each a string of its own.
#pragma once

#include <stddef.h>

// A copy of `count` strings; free it with names_free(). NULL: none, or no memory (then `count` >
// 0).
[[nodiscard]] char **names_copy(const char *const *names, size_t count);
void names_free(char **names, size_t count);
