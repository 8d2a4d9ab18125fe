// SPDX-License-Identifier: BSD-3-Clause
// What EAL is started with: our devices, the operator's own arguments, and defaults where he says nothing.
#pragma once

enum { EAL_ARGS_MAX = 128 };

// As main() gets them; EAL may reorder. The texts live as long as the process, as EAL asks.
struct eal_args {
	char *v[EAL_ARGS_MAX + 1];
	int count;
};

// `devices` are EAL device strings, PCI or virtual. 0 or -errno: -E2BIG too many.
[[nodiscard]] int eal_args_build(struct eal_args *, const char *const *devices,
	unsigned device_count, const char *const *own, unsigned own_count);

// The arguments in one line, as an operator would type them.
void eal_args_format(const struct eal_args *, char *text, unsigned size);
