// SPDX-License-Identifier: BSD-3-Clause
// ruleset.diff: what would change, and for which names, if a file were applied or a generation gone
// back to.

#include <stdlib.h>

#include "control/config/diff.h"
#include "control/config/json.h"
#include "control/serve/history.h"
#include "control/serve/object.h"
#include "control/serve/ruleset.h"

static const char *const words[] = {
	[DIFF_ADDED] = "added",
	[DIFF_REMOVED] = "removed",
	[DIFF_CHANGED] = "changed",
};

struct listing {
	struct diff_taker taker;
	json_t *changes;
};

// The keys in which two objects differ.
static json_t *differing(json_t *before, json_t *after)
{
	json_t *keys = json_array(), *value;
	const char *key;

	json_object_foreach(after, key, value)
		if (!json_equal(value, json_object_get(before, key)))
			json_array_append_new(keys, json_string(key));
	json_object_foreach(before, key, value)
		if (!json_object_get(after, key))
			json_array_append_new(keys, json_string(key));
	return keys;
}

static json_t *show_answering(const struct config_rule *rule)
{
	return rule ? config_json_rule(rule) : json_null();
}

static void show_item(struct diff_taker *self, const struct diff_item *item)
{
	struct listing *listing = (struct listing *)self; // its first member
	const struct config_rule *rule = item->after ? item->after : item->before;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "change", words[item->change],
		"name", rule->name, "domain", rule->domain, "match", config_match_text(rule->match),
		"was", show_answering(item->was), "will", show_answering(item->will));

	if (rule->pattern)
		json_object_set_new(object, "pattern", json_string(rule->pattern));
	if (item->change == DIFF_CHANGED) {
		json_t *before = config_json_rule(item->before);
		json_t *after = config_json_rule(item->after);

		json_object_set_new(object, "keys", differing(before, after));
		json_decref(before);
		json_decref(after);
	}
	json_array_append_new(listing->changes, object);
}

static void reply(struct request *request, const struct config *next)
{
	const struct config *config = request_config(request);
	const char *name = request_text(request, "name");
	struct listing listing = {.taker.take = show_item, .changes = json_array()};

	if (diff_rulesets(config_find_ruleset(config, name), config_find_ruleset(next, name),
		    &listing.taker))
		request_fail(request, ERROR_INTERNAL, NULL, "no memory to compare");
	else
		request_reply(request,
			json_pack("{s:I, s:s, s:O}", "generation", (json_int_t)config->generation,
				"ruleset", name, "changes", listing.changes));
	json_decref(listing.changes);
}

// What would run; NULL: the request is answered.
static struct config *make_next(struct request *request)
{
	uint64_t generation = request_number(request, "generation");
	const char *name = request_text(request, "name");
	struct config *next = NULL;
	int64_t stored_sec;

	if (!generation)
		return ruleset_apply_file(request);
	if (request->fd >= 0)
		request_fail(request, ERROR_PARAMETER, NULL,
			"ruleset.diff: parameter 'generation' or a file, not both");
	else
		next = history_load(request, generation, &stored_sec);
	if (!next || config_find_ruleset(next, name) ||
		config_find_ruleset(request_config(request), name))
		return next;
	request_fail(request, ERROR_REFUSED, NULL, "there is no ruleset '%s'", name);
	config_free(next);
	return NULL;
}

void ruleset_diff(struct request *request)
{
	struct config *next = make_next(request);

	if (next)
		reply(request, next);
	config_free(next);
}
