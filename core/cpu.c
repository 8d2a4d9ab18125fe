// SPDX-License-Identifier: BSD-3-Clause
// What this CPU can do: asked by CPUID, without the C library.
#include "core/cpu.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __x86_64__

#include <cpuid.h>

// Of CPUID leaf 7, EBX; cpuid.h knows BMI2's neighbours by other names in gcc and clang.
enum {
	LEAF7_BMI1 = 1 << 3,
	LEAF7_AVX2 = 1 << 5,
	LEAF7_BMI2 = 1 << 8,
	LEAF7_AVX512F = 1 << 16,
	LEAF7_AVX512DQ = 1 << 17,
	LEAF7_AVX512CD = 1 << 28,
	LEAF7_AVX512BW = 1 << 30,
};
#define LEAF7_AVX512VL (1u << 31)

enum { LEAF7_C_VAES = 1 << 9 }; // of the same leaf, ECX

enum {
	STATE_AVX = 0x06,    // XMM and YMM
	STATE_AVX512 = 0xe0, // masks, and all of ZMM
};

static bool has_all(uint32_t flags, uint32_t wanted)
{
	return (flags & wanted) == wanted;
}

// Which registers the system saves (XCR0).
static uint32_t saved_state(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

enum cpu_level cpu_level(void)
{
	uint32_t a, b, c, d, leaf1;

	if (!__get_cpuid(1, &a, &b, &leaf1, &d) || !has_all(leaf1, bit_AES | bit_OSXSAVE))
		return CPU_ANY;
	if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !has_all(c, bit_LZCNT))
		return CPU_ANY;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) ||
		!has_all(b, LEAF7_BMI1 | LEAF7_AVX2 | LEAF7_BMI2) ||
		!has_all(leaf1, bit_AVX | bit_FMA | bit_F16C | bit_MOVBE) ||
		!has_all(saved_state(), STATE_AVX))
		return CPU_ANY;
	if (!has_all(b,
		    LEAF7_AVX512F | LEAF7_AVX512DQ | LEAF7_AVX512CD | LEAF7_AVX512BW |
			    LEAF7_AVX512VL) ||
		!has_all(saved_state(), STATE_AVX512))
		return CPU_AVX2;
	return CPU_AVX512;
}

bool cpu_has_vaes(void)
{
	uint32_t a, b, c, d;

	return cpu_level() == CPU_AVX512 && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
		has_all(c, LEAF7_C_VAES);
}

#else

bool cpu_has_vaes(void)
{
	return false;
}

enum cpu_level cpu_level(void)
{
	return CPU_ANY;
}

#endif
