// SPDX-License-Identifier: BSD-3-Clause
// Help and hints, made from the table of nouns.
#pragma once

#include "ctl/noun.h"

// Help to stdout: for one verb, for a noun (`verb` NULL) or for everything (both NULL).
void help_print(const struct noun *noun, const struct verb *verb);
// Ends a complaint on stderr: where help for this command is.
void help_hint(const struct noun *noun, const struct verb *verb);
// "rule create NAME --ruleset R …", into `out`, cut to `size`.
void help_usage(char *out, size_t size, const struct noun *noun, const struct verb *verb);
