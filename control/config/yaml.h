// SPDX-License-Identifier: BSD-3-Clause
// JSON as the YAML of the config files: what `export` and `import` print.
#pragma once

#include <jansson.h>
#include <stddef.h>

// An object as a document: what is short stands on one line, an item of a list on a line of its
// own; lists that are empty are left out. A text with its length, for free(); NULL: no memory.
[[nodiscard]] char *yaml_print(const json_t *object, size_t *len);
