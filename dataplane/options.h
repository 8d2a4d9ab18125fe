// SPDX-License-Identifier: BSD-3-Clause
// The command line of shunt-dataplane.
#pragma once

#include <stdbool.h>

#include "dataplane/port/port.h"

enum { OPTIONS_ERROR_LEN = 256 };

struct options {
	const char *ports[PORT_MAX]; // as given: KIND:SPEC
	unsigned port_count;
	unsigned worker_count;
	uint32_t slot_count; // of outstanding questions, a worker
	bool is_busy;
	const char *user; // NULL: stays who it is
	const char *run_dir;
	const char *state_dir;
	const char *const *eal_args; // what follows --
	unsigned eal_arg_count;
};

enum options_outcome {
	OPTIONS_RUN,
	OPTIONS_DONE,  // --help or --version was answered
	OPTIONS_WRONG, // `error` says what
};

[[nodiscard]] enum options_outcome options_parse(
	struct options *options, int argc, char **argv, char error[static OPTIONS_ERROR_LEN]);
