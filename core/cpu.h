// SPDX-License-Identifier: BSD-3-Clause
// What this CPU can do, as far as hot code is compiled for it: each level has what those before it have.
#pragma once

#include <stdbool.h>

enum cpu_level {
	CPU_ANY,
	CPU_AVX2,   // AES-NI, AVX2, BMI2
	CPU_AVX512, // the AVX-512 of x86-64-v4: F, BW, CD, DQ, VL
};

// Asked of the CPU, and of what the system saves on a context switch.
[[nodiscard]] enum cpu_level cpu_level(void);
// At CPU_AVX512: and AES instructions that take four blocks at a time.
[[nodiscard]] bool cpu_has_vaes(void);
