// SPDX-License-Identifier: BSD-3-Clause
// Arguments as KEY=VALUE, for programs that scripts start.
#pragma once

#include <stdint.h>

enum word_kind { WORD_TEXT, WORD_NUMBER, WORD_DECIMAL, WORD_FLAG, WORD_CHOICE, WORD_END };

// A key, and where its value goes: const char *, uint64_t, double, bool (KEY alone, or KEY=0), or int as the place of the value
// among `choices`.
struct word {
	const char *key;
	enum word_kind kind;
	void *to;
	const char *const *choices; // ends with NULL
};

// Reads `argv[1]` on, by a table that ends with WORD_END. 0, or -1 after a message to stderr.
[[nodiscard]] int words_read(const struct word *table, int argc, char **argv);
