// SPDX-License-Identifier: BSD-3-Clause
// What every unit test includes: cmocka, in the order in which it wants its own headers.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
// cmocka last
#include <cmocka.h>

// A wire name or message spelled as a string literal, with the NUL that ends it as its root label.
#define WIRE(literal) ((const uint8_t *)(literal))
