// SPDX-License-Identifier: BSD-3-Clause
// Numbers for byte strings: the same bytes get the same number, so that equal things are stored once.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct intern;

[[nodiscard]] struct intern *intern_new(void);
void intern_free(struct intern *);

// The number given when these bytes were first seen; bytes not seen before get `number`. Gives -ENOMEM, or 1 if they
// were new, else 0; `*found` is the number that holds.
[[nodiscard]] int intern_add(
	struct intern *, const void *bytes, size_t len, uint32_t number, uint32_t *found);
