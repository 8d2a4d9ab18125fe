// SPDX-License-Identifier: BSD-3-Clause
// What a target does not bear, as its replies showed: letter case drawn at random (0x20), an OPT record. For an hour it is asked
// without, then it is tried anew. All workers share this (core/upstreams.h), each word changed by one compare-and-swap.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/upstreams.h"

[[nodiscard]] bool manner_bears_case(const struct upstream *, uint64_t now_us);
// A reply brought the case back that was sent, or did not; the second in a row that did not switches 0x20 off.
void manner_case_kept(struct upstream *);
void manner_case_lost(struct upstream *, uint64_t now_us);

[[nodiscard]] bool manner_bears_opt(const struct upstream *, uint64_t now_us);
// It answered without an OPT what it had refused with one.
void manner_opt_lost(struct upstream *, uint64_t now_us);
