// SPDX-License-Identifier: BSD-3-Clause
// Plain UDP sockets as a port: frames are made up around what the kernel gives and takes. For trying out and for tests: it
// needs no privilege, and knows only a few source ports at a time.
#pragma once

#include "dataplane/port/port.h"

// `spec` is empty: the configuration's addresses are all it needs. One worker so far. NULL with `error` set.
[[nodiscard]] struct device *port_socket_open(
	const char *spec, unsigned workers, struct port_error *error);
