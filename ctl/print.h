// SPDX-License-Identifier: BSD-3-Clause
// Pieces of results that several nouns print.
#pragma once

#include <jansson.h>

// A rule as a list of facts.
void print_rule(const json_t *rule);
// "generation 7", and, after a change, whether the dataplane has it.
void print_generation(const json_t *result);
// A list of texts as one fact; nothing if it is empty.
void print_joined(const char *name, const json_t *list);
