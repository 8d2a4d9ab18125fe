// SPDX-License-Identifier: BSD-3-Clause
// Client prefixes, write side: every network's prefixes, longest first, as core/prefix reads them.
#pragma once

#include "control/compile/assembly.h"
#include "control/config/config.h"

// Writes the prefixes of all networks. The inbound endpoints' addresses are in the assembly, in the order
// of the config. 0, -ENOENT: a network names an endpoint that is not there, or -ENOMEM.
[[nodiscard]] int prefix_add_all(const struct config *, struct assembly *);
