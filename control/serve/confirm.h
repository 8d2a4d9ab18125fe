// SPDX-License-Identifier: BSD-3-Clause
// Rulesets that go back to how they were unless somebody confirms them in time.
//
//   apply --confirm-timeout S ─▶ waits ─┬─ ruleset.confirm ─▶ stays as it is
//                                       ├─ ruleset.rollback ─▶ goes back
//                                       └─ S seconds later: ruleset.expire ─▶ goes back
//
// That it waits is part of the config, so it is stored with it and holds across restarts. One
// ruleset waits at a time.
#pragma once

#include <stdbool.h>

#include "control/serve/request.h"

enum {
	CONFIRM_SEC_MAX = 86400,
	CONFIRM_RETRY_SEC = 10, // after a way back that could not be gone
};

bool confirm_is_waiting(const struct config *config, const char *ruleset);
// What `confirm_timeout` asks of `next`, which is about to run. 0, or -errno and the request is
// answered.
[[nodiscard]] int confirm_wish(struct request *request, struct config *next);

// Looks at what runs now, and at the clock. After each change, and at the start.
void confirm_arm(struct serve *serve);
void confirm_fini(struct serve *serve);

// For results: null, or what waits and until when.
json_t *confirm_json(const struct config *config);
