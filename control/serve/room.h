// SPDX-License-Identifier: BSD-3-Clause
// What the files of this folder share: the server and its requests.
#pragma once

#include <jansson.h>

#include "control/serve/lookup.h"
#include "control/serve/method.h"
#include "control/serve/serve.h"
#include "control/serve/session.h"

// JSON-RPC 2.0, and ours.
enum {
	ERROR_PARSE = -32700,
	ERROR_REQUEST = -32600,
	ERROR_METHOD = -32601,
	ERROR_PARAMETER = -32602,
	ERROR_INTERNAL = -32603,
	ERROR_REFUSED = -32001,
	ERROR_CONFLICT = -32002,
	ERROR_BUSY = -32003,
};

struct serve {
	const struct serve_setup *setup;
	int fd;
	char path[108];
	struct event *acceptable;
	struct session *sessions; // a list
	unsigned session_count;
	gid_t group;           // whose members may connect
	struct request *first; // of the writers that wait; a list, oldest first
	struct lookup lookup;
	struct event *expiry; // of the ruleset that waits for its confirmation
	bool is_continuing;
};
