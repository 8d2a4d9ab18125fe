// SPDX-License-Identifier: BSD-3-Clause
// Rulesets that go back to how they were unless somebody confirms them in time.

#include "control/serve/confirm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "control/log.h"
#include "control/serve/history.h"
#include "control/serve/object.h"

bool confirm_is_waiting(const struct config *config, const char *ruleset)
{
	return config->waiting.ruleset && strcasecmp(config->waiting.ruleset, ruleset) == 0;
}

// Never longer than was asked for, even if the clock was set back.
static json_int_t seconds_left(const struct config_waiting *waiting)
{
	int64_t left = (int64_t)waiting->until_sec - time(NULL);

	return left < 0 ? 0 : left > CONFIRM_SEC_MAX ? CONFIRM_SEC_MAX : left;
}

json_t *confirm_json(const struct config *config)
{
	const struct config_waiting *waiting = &config->waiting;

	if (!waiting->ruleset)
		return json_null();
	return json_pack("{s:s, s:I, s:I, s:o}", "ruleset", waiting->ruleset, "back_to",
		(json_int_t)waiting->back, "seconds_left", seconds_left(waiting), "until",
		object_time((int64_t)waiting->until_sec));
}

int confirm_wish(struct request *request, struct config *next)
{
	const struct config *config = request_config(request);
	const char *name = request_text(request, "name");
	json_int_t timeout = (json_int_t)request_number(request, "confirm_timeout");
	bool is_wished = json_object_get(request->params, "confirm_timeout");
	const char *waits = config->waiting.ruleset;

	if (!waits && !is_wished)
		return 0;
	if (waits && (is_wished || confirm_is_waiting(config, name))) {
		request_fail(request, ERROR_REFUSED, NULL,
			"%s: %s: nothing changed: ruleset %s waits for its confirmation: "
			"'shuntctl ruleset confirm' or 'rollback' it first",
			request->method->name, name, waits);
		return -EBUSY;
	}
	if (!is_wished)
		return 0;
	if (timeout < 1 || timeout > CONFIRM_SEC_MAX) {
		request_fail(request, ERROR_PARAMETER, NULL,
			"%s: parameter 'confirm_timeout' must be 1 to %d seconds",
			request->method->name, CONFIRM_SEC_MAX);
		return -EINVAL;
	}
	if (config_set_waiting(next, name, config->generation, (uint64_t)(time(NULL) + timeout))) {
		request_fail(request, ERROR_INTERNAL, NULL, "no memory for a change");
		return -ENOMEM;
	}
	json_object_set_new(request->result, "waiting", confirm_json(next));
	return 0;
}

static void arm(struct serve *serve, long seconds)
{
	struct timeval delay = {.tv_sec = seconds};

	if (serve->expiry)
		event_add(serve->expiry, &delay);
}

// It is tried until it is done: confirming ends it too.
static void on_expired(evutil_socket_t fd, short what, void *context)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"method\":\"ruleset.expire\"}";
	struct serve *serve = context;

	(void)fd;
	(void)what;
	arm(serve, CONFIRM_RETRY_SEC);
	request_take(serve, NULL, line, sizeof(line) - 1, -1);
}

void confirm_arm(struct serve *serve)
{
	const struct config_waiting *waiting = &running_config(serve->setup->running)->waiting;

	if (!serve->expiry)
		serve->expiry = evtimer_new(serve->setup->base, on_expired, serve);
	if (waiting->ruleset)
		arm(serve, seconds_left(waiting));
	else if (serve->expiry)
		event_del(serve->expiry);
}

void confirm_fini(struct serve *serve)
{
	if (serve->expiry)
		event_free(serve->expiry);
	serve->expiry = NULL;
}

struct config *ruleset_confirm(struct request *request)
{
	const char *name = request_text(request, "name");
	const struct config_ruleset *ruleset;
	struct config *next;

	if (!confirm_is_waiting(request_config(request), name)) {
		request_fail(request, ERROR_REFUSED, NULL,
			"ruleset.confirm: ruleset %s does not wait for a confirmation", name);
		return NULL;
	}
	next = request_copy(request);
	if (!next)
		return NULL;
	(void)!config_set_waiting(next, NULL, 0, 0); // takes no memory
	ruleset = config_find_ruleset(next, name);
	request->result =
		json_pack("{s:o}", "ruleset", ruleset ? object_ruleset_head(ruleset) : json_null());
	return next;
}

struct config *ruleset_expire(struct request *request)
{
	const struct config_waiting *waiting = &request_config(request)->waiting;
	struct config *old;
	int64_t stored_sec;

	if (!waiting->ruleset || seconds_left(waiting) > 0) {
		request_fail(request, ERROR_REFUSED, NULL, "ruleset.expire: nothing is overdue");
		return NULL;
	}
	log_line("ruleset %s was not confirmed in time: it goes back to how it was in generation "
		 "%" PRIu64,
		waiting->ruleset, waiting->back);
	old = history_load(request, waiting->back, &stored_sec);
	return old ? history_go_back(request, old, waiting->ruleset) : NULL;
}
