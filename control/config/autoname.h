// SPDX-License-Identifier: BSD-3-Clause
// The name of a rule that nobody named: made of its domain.
#pragma once

#include <stddef.h>

// `d-` and the domain, without its final dot, at `out`: `.` as `_`, and other bytes than letters,
// digits, `-` and `_` as `-`. Needs len + 3 bytes; gives the end.
char *autoname_put(char *out, const char *domain, size_t len);
