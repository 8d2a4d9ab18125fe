// SPDX-License-Identifier: BSD-3-Clause
// What every fuzzer includes: libFuzzer's entry, and a check that ends the run where it does not hold.
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition)                  \
	do {                              \
		if (!(condition))         \
			__builtin_trap(); \
	} while (0)
