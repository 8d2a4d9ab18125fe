// SPDX-License-Identifier: BSD-3-Clause
// ruleset.history, .export and .rollback: a ruleset as it was in the generations that are kept.

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "control/config/diff.h"
#include "control/config/fit.h"
#include "control/config/json.h"
#include "control/config/yaml.h"
#include "control/serve/confirm.h"
#include "control/serve/history.h"
#include "control/serve/object.h"
#include "control/serve/request.h"

struct config *history_load(struct request *request, uint64_t generation, int64_t *stored_sec)
{
	char why[STORE_ERROR_LEN];
	struct config *config = NULL;

	if (store_load_one(request->serve->setup->store, generation, &config, stored_sec, why) == 0)
		return config;
	request_fail(request, ERROR_REFUSED, NULL,
		"%s: %s; 'shuntctl ruleset history' lists those "
		"that are",
		request->method->name, why);
	return NULL;
}

struct counting {
	struct diff_taker taker;
	json_int_t counts[DIFF_CHANGED + 1];
};

static void count(struct diff_taker *self, const struct diff_item *item)
{
	((struct counting *)self)->counts[item->change]++; // its first member
}

// What one generation did to the ruleset, which was `before` in the one before it.
static json_t *show_step(const struct config *config, int64_t stored_sec,
	const struct config_ruleset *ruleset, const struct config_ruleset *before)
{
	struct counting counting = {.taker.take = count};

	if (diff_rulesets(before, ruleset, &counting.taker))
		return NULL;
	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:I}", "generation",
		(json_int_t)config->generation, "stored", object_time(stored_sec), "rules",
		(json_int_t)ruleset->rule_count, "added", counting.counts[DIFF_ADDED], "removed",
		counting.counts[DIFF_REMOVED], "changed", counting.counts[DIFF_CHANGED]);
}

// From the oldest on, so that two configs at most are in memory; the newest comes first.
static json_t *show_history(const struct store *store, const uint64_t *generations,
	ssize_t generation_count, const char *name)
{
	struct config *before = NULL;
	json_t *history = json_array();

	for (ssize_t i = generation_count - 1; i >= 0; i--) {
		char why[STORE_ERROR_LEN];
		struct config *config;
		int64_t stored_sec;
		const struct config_ruleset *ruleset, *last;

		if (store_load_one(store, generations[i], &config, &stored_sec, why))
			continue; // damaged: nothing can go back to it
		ruleset = config_find_ruleset(config, name);
		last = before ? config_find_ruleset(before, name) : ruleset;
		if (ruleset)
			json_array_insert_new(
				history, 0, show_step(config, stored_sec, ruleset, last));
		config_free(before);
		before = config;
	}
	config_free(before);
	return history;
}

void ruleset_history(struct request *request)
{
	const struct store *store = request->serve->setup->store;
	const char *name = request_text(request, "name");
	uint64_t *generations;
	ssize_t generation_count = store_list(store, &generations);
	json_t *history = show_history(store, generations, generation_count, name);

	free(generations);
	if (json_array_size(history) > 0) {
		request_reply(request,
			json_pack("{s:I, s:s, s:o}", "generation",
				(json_int_t)request_config(request)->generation, "ruleset", name,
				"history", history));
		return;
	}
	json_decref(history);
	request_fail(request, ERROR_REFUSED, NULL,
		"ruleset.history: there is no ruleset '%s' in any generation that is kept", name);
}

static void reply_yaml(
	struct request *request, uint64_t generation, const struct config_ruleset *ruleset)
{
	json_t *document = json_pack("{s:[o]}", "rulesets", config_json_ruleset_brief(ruleset));
	size_t len;
	char *yaml = document ? yaml_print(document, &len) : NULL;

	json_decref(document);
	request_reply(request,
		yaml ? json_pack("{s:I, s:s, s:s#}", "generation", (json_int_t)generation,
			       "ruleset", ruleset->name, "yaml", yaml, len)
		     : NULL);
	free(yaml);
}

void ruleset_export(struct request *request)
{
	uint64_t generation = request_number(request, "generation");
	const char *name = request_text(request, "name");
	const struct config *config = request_config(request);
	const struct config_ruleset *ruleset;
	struct config *old = NULL;
	int64_t stored_sec;

	if (generation) {
		config = old = history_load(request, generation, &stored_sec);
		if (!old)
			return;
	}
	ruleset = config_find_ruleset(config, name);
	if (ruleset)
		reply_yaml(request, config->generation, ruleset);
	else
		request_fail(request, ERROR_REFUSED, NULL,
			"ruleset.export: generation %" PRIu64 " has no ruleset '%s'",
			config->generation, name);
	config_free(old);
}

// The newest generation in which the ruleset was another than it is.
static struct config *find_different(struct request *request, const char *name)
{
	const struct store *store = request->serve->setup->store;
	const struct config_ruleset *now = config_find_ruleset(request_config(request), name);
	struct config *found = NULL;
	uint64_t *generations;
	ssize_t generation_count = store_list(store, &generations);

	for (ssize_t i = 0; i < generation_count && !found; i++) {
		char why[STORE_ERROR_LEN];
		int64_t stored_sec;
		const struct config_ruleset *was;

		if (store_load_one(store, generations[i], &found, &stored_sec, why))
			continue;
		was = config_find_ruleset(found, name);
		if (was && (!now || !diff_is_same(was, now)))
			break;
		config_free(found);
		found = NULL;
	}
	free(generations);
	if (!found)
		request_fail(request, ERROR_REFUSED, NULL,
			"ruleset.rollback: no generation that is kept has another ruleset '%s'",
			name);
	return found;
}

// The generation to go back to: that which was asked for; of a ruleset that waits, that from before.
static struct config *find_back(struct request *request, const char *name)
{
	uint64_t generation = request_number(request, "generation");
	const struct config_waiting *waiting = &request_config(request)->waiting;
	int64_t stored_sec;

	if (!generation && confirm_is_waiting(request_config(request), name))
		generation = waiting->back;
	return generation ? history_load(request, generation, &stored_sec)
			  : find_different(request, name);
}

// `next` gets the ruleset as `old` has it, and waits for nothing of it any more.
static int take_back(struct config *next, const struct config *old, const char *name,
	struct config_errors *errors)
{
	int err = config_take_ruleset(next, name, config_find_ruleset(old, name));

	if (!err && confirm_is_waiting(next, name))
		err = config_set_waiting(next, NULL, 0, 0);
	return err ? err : fit_check(next, errors);
}

// Gives `next`, or NULL with the request answered. `old` is taken.
struct config *history_go_back(struct request *request, struct config *old, const char *name)
{
	struct config *next = request_copy(request);
	struct config_errors errors = {0};
	const struct config_ruleset *ruleset;
	uint64_t generation = old->generation;
	int err = next ? take_back(next, old, name, &errors) : 0;

	config_free(old);
	if (err) {
		config_free(next);
		next = NULL;
		request_fail(request, ERROR_REFUSED, object_errors(&errors),
			"%s: %s: nothing changed: as it was in generation %" PRIu64
			" it does not fit what runs%s",
			request->method->name, name, generation, errors.count ? ":" : "");
	} else if (next) {
		ruleset = config_find_ruleset(next, name);
		request->result = json_pack("{s:o, s:I}", "ruleset",
			ruleset ? object_ruleset_head(ruleset) : json_null(), "back_to",
			(json_int_t)generation);
	}
	errors_fini(&errors);
	return next;
}

struct config *ruleset_rollback(struct request *request)
{
	const char *name = request_text(request, "name");
	struct config *old = find_back(request, name);

	if (!old)
		return NULL;
	if (config_find_ruleset(old, name) || confirm_is_waiting(request_config(request), name))
		return history_go_back(request, old, name);
	request_fail(request, ERROR_REFUSED, NULL,
		"ruleset.rollback: generation %" PRIu64 " has no ruleset '%s'", old->generation,
		name);
	config_free(old);
	return NULL;
}
