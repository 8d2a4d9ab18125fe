// SPDX-License-Identifier: BSD-3-Clause
// Bytes from elsewhere as texts in JSON, which knows UTF-8 only.
#pragma once

#include <jansson.h>

// The bytes as they are, as far as they are UTF-8 (RFC 3629); any other byte, those of a character that
// was cut too, becomes U+FFFD. NULL: no memory.
[[nodiscard]] json_t *utf8_json(const char *bytes);
