// SPDX-License-Identifier: BSD-3-Clause
// The ways to walk, one file each: core/suffix_plain.c for any CPU, the others for a level of core/cpu.h.
#pragma once

#include "core/suffix.h"

extern const struct suffix_way suffix_plain;
#ifdef __x86_64__
extern const struct suffix_way suffix_avx2;
extern const struct suffix_way suffix_avx512;
#endif
