// SPDX-License-Identifier: BSD-3-Clause
// rule.*: one rule at a time.

#include <stdlib.h>

#include "control/config/json.h"
#include "control/serve/object.h"
#include "control/serve/request.h"

void rule_list(struct request *request)
{
	const struct config *config = request_config(request);
	const char *only = request_text(request, "ruleset");
	const struct config_ruleset *ruleset = only ? config_find_ruleset(config, only) : NULL;
	json_t *rules = json_array();

	if (only && !ruleset) {
		json_decref(rules);
		request_fail(request, ERROR_REFUSED, NULL, "there is no ruleset '%s'", only);
		return;
	}
	for (size_t i = 0; i < config->ruleset_count; i++) {
		if (ruleset && ruleset != &config->rulesets[i])
			continue;
		for (size_t r = 0; r < config->rulesets[i].rule_count; r++)
			json_array_append_new(rules,
				object_rule(&config->rulesets[i], &config->rulesets[i].rules[r]));
	}
	request_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation, "rules",
			rules));
}

// The rule that the parameters name; NULL: there is none, and the request is answered.
static struct config_rule *find(
	struct request *request, const struct config *config, struct config_ruleset **ruleset)
{
	const char *name = request_text(request, "name");
	const char *of = request_text(request, "ruleset");
	struct config_rule *rule;

	*ruleset = config_find_ruleset(config, of);
	rule = *ruleset ? config_find_rule(*ruleset, name) : NULL;
	if (!*ruleset)
		request_fail(request, ERROR_REFUSED, NULL, "there is no ruleset '%s'", of);
	else if (!rule)
		request_fail(request, ERROR_REFUSED, NULL, "there is no rule '%s' in ruleset '%s'",
			name, of);
	return rule;
}

void rule_show(struct request *request)
{
	const struct config *config = request_config(request);
	struct config_ruleset *ruleset;
	struct config_rule *rule = find(request, config, &ruleset);

	if (rule)
		request_reply(request,
			json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation,
				"rule", object_rule(ruleset, rule)));
}

// The change did not come about: the copy goes, and the request is answered.
static struct config *refuse(
	struct request *request, struct config *next, const struct config_fault *fault)
{
	config_free(next);
	request_fail(request, ERROR_REFUSED, NULL, "%s: %s: %s", request->method->name,
		request_text(request, "name"), fault->text);
	return NULL;
}

// The rule as `next` has it becomes the result.
static struct config *succeed(struct request *request, struct config *next)
{
	struct config_ruleset *ruleset;
	struct config_rule *rule = find(request, next, &ruleset);

	if (!rule) {
		config_free(next);
		return NULL;
	}
	request->result = json_pack("{s:o}", "rule", object_rule(ruleset, rule));
	return next;
}

// What the parameters say of a rule; the lists are to be freed.
static struct config_rule_text read_text(const struct request *request)
{
	struct config_rule_text text = {
		.name = request_text(request, "name"),
		.domain = request_text(request, "domain"),
		.match = request_text(request, "match"),
		.pattern = request_text(request, "pattern"),
		.state = request_text(request, "state"),
		.action = request_text(request, "action"),
		.policy = request_text(request, "policy"),
		.ttl = request_text(request, "ttl"),
	};

	text.targets = request_list(request, "target", &text.targets_count);
	text.addresses = request_list(request, "address", &text.addresses_count);
	text.metadata = request_list(request, "metadata", &text.metadata_count);
	return text;
}

static void free_text(struct config_rule_text *text)
{
	free((void *)text->targets);
	free((void *)text->addresses);
	free((void *)text->metadata);
}

struct config *rule_create(struct request *request)
{
	struct config_rule_text text;
	struct config_fault fault;
	struct config *next;
	int err;

	next = request_copy(request);
	if (!next)
		return NULL;
	text = read_text(request);
	err = config_add_rule(next, request_text(request, "ruleset"), &text, &fault);
	free_text(&text);
	return err ? refuse(request, next, &fault) : succeed(request, next);
}

static struct config *update(struct request *request, const struct config_rule_text *text)
{
	struct config *next = request_copy(request);
	struct config_fault fault;
	int err;

	if (!next)
		return NULL;
	err = config_update_rule(next, request_text(request, "ruleset"),
		request_text(request, "name"), text, &fault);
	return err ? refuse(request, next, &fault) : succeed(request, next);
}

struct config *rule_update(struct request *request)
{
	struct config_rule_text text;
	struct config *next;

	if (request_text(request, "domain")) {
		request_fail(request, ERROR_REFUSED, NULL,
			"rule.update: the domain can't be changed: delete the rule and create it "
			"anew");
		return NULL;
	}
	text = read_text(request);
	text.name = NULL;
	next = update(request, &text);
	free_text(&text);
	return next;
}

struct config *rule_enable(struct request *request)
{
	return update(request, &(struct config_rule_text){.state = "enabled"});
}

struct config *rule_disable(struct request *request)
{
	return update(request, &(struct config_rule_text){.state = "disabled"});
}

struct config *rule_delete(struct request *request)
{
	struct config *next = request_copy(request);
	struct config_fault fault;

	// The rule as it was is the result.
	if (!next || !succeed(request, next))
		return NULL;
	if (config_delete_rule(
		    next, request_text(request, "ruleset"), request_text(request, "name"), &fault))
		return refuse(request, next, &fault);
	return next;
}
