// SPDX-License-Identifier: BSD-3-Clause
// Prints the automaton of a ruleset.
#pragma once

#include "ctl/noun.h"

// States and transitions as text or, where that was asked for, as a graph for dot(1).
void automaton_print(const json_t *result, const struct call *call);
void automaton_print_stats(const json_t *result, const struct call *call);
