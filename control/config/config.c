// SPDX-License-Identifier: BSD-3-Clause
// The configuration as a value: made, copied, searched, and changed a rule or a ruleset at a time.
#include "control/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/kind.h"
#include "control/config/loops.h"
#include "control/config/names.h"
#include "control/config/removed.h"
#include "control/config/rule.h"
#include "control/config/ruleset.h"

struct config *config_new(void)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->query_timeout_us = CONFIG_QUERY_TIMEOUT_US;
	config->max_waiters = CONFIG_MAX_WAITERS;
	config->backoff_initial_us = CONFIG_BACKOFF_INITIAL_US;
	config->backoff_max_us = CONFIG_BACKOFF_MAX_US;
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	kind_fini_all(config);
	removed_fini(config);
	numbers_fini(&config->numbers);
	free(config->waiting.ruleset);
	free(config);
}

struct config *config_copy(const struct config *config, uint64_t generation)
{
	struct config *copy = config_new();

	if (!copy)
		return NULL;
	copy->generation = generation;
	copy->query_timeout_us = config->query_timeout_us;
	copy->query_timeout_hash = config->query_timeout_hash;
	copy->counting_since_us = config->counting_since_us;
	copy->backoff_initial_us = config->backoff_initial_us;
	copy->backoff_max_us = config->backoff_max_us;
	copy->backoff_hash = config->backoff_hash;
	copy->max_waiters = config->max_waiters;
	copy->max_waiters_hash = config->max_waiters_hash;
	if (config_set_waiting(copy, config->waiting.ruleset, config->waiting.back,
		    config->waiting.until_sec) ||
		numbers_copy(&copy->numbers, &config->numbers) || removed_copy(copy, config) ||
		kind_copy_all(copy, config)) {
		config_free(copy);
		return NULL;
	}
	return copy;
}

struct config_ruleset *config_find_ruleset(const struct config *config, const char *name)
{
	return kind_find(kind_get(CONFIG_RULESET), config, name);
}

struct config_inbound *config_find_inbound(const struct config *config, const char *name)
{
	return kind_find(kind_get(CONFIG_INBOUND), config, name);
}

struct config_outbound *config_find_outbound(const struct config *config, const char *name)
{
	return kind_find(kind_get(CONFIG_OUTBOUND), config, name);
}

struct config_zone *config_find_zone(const struct config *config, const char *name)
{
	return kind_find(kind_get(CONFIG_ZONE), config, name);
}

struct config_network *config_find_network(const struct config *config, const char *name)
{
	return kind_find(kind_get(CONFIG_NETWORK), config, name);
}

struct config_rule *config_find_rule(const struct config_ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->rule_count; i++)
		if (strcasecmp(ruleset->rules[i].name, name) == 0)
			return &ruleset->rules[i];
	return NULL;
}

const struct config_upstream *config_find_upstream(
	const struct config *config, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < config->upstream_count; i++)
		if (endpoint_equal(&config->upstreams[i].endpoint, endpoint))
			return &config->upstreams[i];
	return NULL;
}

static struct config_ruleset *need_ruleset(
	struct config *config, const char *name, struct config_faults *faults)
{
	struct config_ruleset *ruleset = config_find_ruleset(config, name);

	if (!ruleset)
		faults_add(faults, -ENOENT, "ruleset", CONFIG_NONE,
			"there is no ruleset %.80s: see shuntctl ruleset list", name);
	return ruleset;
}

static struct config_rule *need_rule(
	struct config_ruleset *ruleset, const char *name, struct config_faults *faults)
{
	struct config_rule *rule = config_find_rule(ruleset, name);

	if (!rule)
		faults_add(faults, -ENOENT, "name", CONFIG_NONE,
			"ruleset %.80s has no rule %.80s: see shuntctl rule list --ruleset %.80s",
			ruleset->name, name, ruleset->name);
	return rule;
}

// Whether a new or changed rule may stand in its ruleset.
static bool check_rule(const struct config *config, const struct config_ruleset *ruleset,
	const struct config_rule *rule, const struct config_rule *self,
	struct config_faults *faults)
{
	struct ruleset_families families = ruleset_families(config, "outbound-endpoints",
		ruleset->outbound_endpoints, ruleset->outbound_endpoint_count, faults);

	return ruleset_check_sources(
		       rule->targets, rule->target_count, "targets", families, faults) &&
		loops_check_rule(config, ruleset, rule, faults) &&
		ruleset_check_unique(ruleset, rule, self, faults);
}

static int out_of_numbers(struct config_faults *faults)
{
	faults_add(faults, -ENOSPC, NULL, CONFIG_NONE,
		"all counter numbers are given or rest: delete rules, or try again after two "
		"more changes");
	return -ENOSPC;
}

int config_add_rule(struct config *config, const char *ruleset_name,
	const struct config_rule_text *text, struct config_fault *fault)
{
	struct faults_first first;
	struct config_ruleset *ruleset;
	struct config_rule rule;
	int error;

	faults_first_init(&first, fault);
	ruleset = need_ruleset(config, ruleset_name, &first.faults);
	if (!ruleset || rule_parse(text, NULL, &rule, &first.faults))
		return first.faults.code;
	error = -EINVAL;
	if (!check_rule(config, ruleset, &rule, NULL, &first.faults))
		goto err;
	error = -ENOSPC;
	if (ruleset->rule_count >= CONFIG_RULES_MAX) {
		faults_add(&first.faults, error, NULL, CONFIG_NONE, "a ruleset holds %d rules",
			CONFIG_RULES_MAX);
		goto err;
	}
	rule.edited = true;
	rule.counted_before = CONFIG_COUNTED_UNKNOWN;
	rule.counter = numbers_take(&config->numbers, config->generation);
	if (rule.counter == NUMBERS_NONE) {
		error = out_of_numbers(&first.faults);
		goto err;
	}
	error = ruleset_append(ruleset, rule);
	if (error)
		goto err;
	ruleset->unsettled_count++;
	return 0;
err:
	rule_release(&rule);
	return first.faults.code ? first.faults.code : error;
}

int config_update_rule(struct config *config, const char *ruleset_name, const char *name,
	const struct config_rule_text *changes, struct config_fault *fault)
{
	struct faults_first first;
	struct config_ruleset *ruleset;
	struct config_rule *rule;
	struct config_rule changed;

	faults_first_init(&first, fault);
	ruleset = need_ruleset(config, ruleset_name, &first.faults);
	rule = ruleset ? need_rule(ruleset, name, &first.faults) : NULL;
	if (!rule)
		return first.faults.code;
	if (changes->domain && !rule_same_domain(changes->domain, rule->domain))
		faults_add(&first.faults, -EINVAL, "domain", CONFIG_NONE,
			"a rule keeps its domain: delete rule %s and create another", name);
	if (changes->name && strcasecmp(changes->name, rule->name) != 0)
		faults_add(&first.faults, -EINVAL, "name", CONFIG_NONE,
			"a rule keeps its name: delete rule %s and create another", name);
	if (first.faults.count > 0 || rule_parse(changes, rule, &changed, &first.faults))
		return first.faults.code;
	if (!check_rule(config, ruleset, &changed, rule, &first.faults)) {
		rule_release(&changed);
		return first.faults.code;
	}
	rule_release(rule);
	changed.edited = true;
	*rule = changed;
	return 0;
}

int config_delete_rule(struct config *config, const char *ruleset_name, const char *name,
	struct config_fault *fault)
{
	struct faults_first first;
	struct config_ruleset *ruleset;
	struct config_rule *rule;
	size_t behind;
	int error;

	faults_first_init(&first, fault);
	ruleset = need_ruleset(config, ruleset_name, &first.faults);
	rule = ruleset ? need_rule(ruleset, name, &first.faults) : NULL;
	if (!rule)
		return first.faults.code;
	error = numbers_release(&config->numbers, rule->counter, config->generation);
	if (error)
		return error;
	ruleset->unsettled_count -= rule->counted_before == CONFIG_COUNTED_UNKNOWN;
	ruleset->deleted_count += !rule->edited;
	rule_release(rule);
	behind = (size_t)(ruleset->rules + ruleset->rule_count - (rule + 1));
	memmove(rule, rule + 1, behind * sizeof(*rule));
	ruleset->rule_count--;
	return 0;
}

// A ruleset of that name at the end of the list, without rules.
static struct config_ruleset *append_ruleset(struct config *config, const char *name)
{
	struct config_ruleset *ruleset = kind_append(kind_get(CONFIG_RULESET), config);

	if (ruleset)
		ruleset->name = strdup(name);
	return ruleset && ruleset->name ? ruleset : NULL;
}

int config_set_outbounds(struct config_ruleset *ruleset, const char *const *names, size_t count)
{
	char **copy = names_copy(names, count);

	if (!copy && count > 0)
		return -ENOMEM;
	names_free(ruleset->outbound_endpoints, ruleset->outbound_endpoint_count);
	ruleset->outbound_endpoints = copy;
	ruleset->outbound_endpoint_count = count;
	return 0;
}

// The rules of `filled` take the place of those of `ruleset`, and their numbers as far as they are
// the same.
static int replace_rules(
	struct config *config, struct config_ruleset *ruleset, struct config_ruleset *filled)
{
	struct config_ruleset last = *ruleset;
	int error = ruleset_number(filled, &last, &config->numbers, config->generation);

	if (error)
		return error;
	for (size_t i = 0; i < filled->rule_count; i++)
		filled->rules[i].edited = true;
	for (size_t i = 0; i < last.rule_count; i++)
		ruleset->deleted_count += !last.rules[i].edited;
	ruleset->rules = filled->rules;
	ruleset->rule_count = filled->rule_count;
	ruleset->rule_capacity = filled->rule_capacity;
	ruleset->unsettled_count = filled->unsettled_count;
	filled->rules = last.rules;
	filled->rule_count = last.rule_count;
	return 0;
}

int config_set_ruleset(
	struct config *config, const struct config_ruleset_text *text, struct config_faults *faults)
{
	struct config_ruleset filled = {0};
	struct config_ruleset *ruleset = NULL;
	struct ruleset_families families;
	int error = -ENOMEM;

	if (!check_name(faults, "name", CONFIG_NONE, text->name))
		return faults->code;
	ruleset = config_find_ruleset(config, text->name);
	if (!ruleset)
		ruleset = append_ruleset(config, text->name);
	if (!ruleset)
		goto err;
	if (text->outbound_endpoints_count > 0 &&
		config_set_outbounds(
			ruleset, text->outbound_endpoints, text->outbound_endpoints_count))
		goto err;
	families = ruleset_families(config, "outbound-endpoints", ruleset->outbound_endpoints,
		ruleset->outbound_endpoint_count, faults);
	error = ruleset_fill(&filled, text->rules, text->rules_count, families, faults);
	if (!error && faults->count == 0)
		error = replace_rules(config, ruleset, &filled);
	if (!error && faults->count == 0)
		loops_check_ruleset(config, ruleset, faults);
	if (error == -ENOSPC && faults->count == 0)
		out_of_numbers(faults);
err:
	if (error == -ENOMEM && faults->count == 0)
		faults_add(faults, error, NULL, CONFIG_NONE, "no memory left for the ruleset");
	ruleset_fini(&filled);
	return faults->count > 0 ? faults->code : error;
}

// Its rules' numbers rest.
static int remove_ruleset(struct config *config, struct config_ruleset *ruleset)
{
	int error = 0;

	for (size_t i = 0; i < ruleset->rule_count && !error; i++)
		error = numbers_release(
			&config->numbers, ruleset->rules[i].counter, config->generation);
	kind_remove(kind_get(CONFIG_RULESET), config, ruleset);
	return error;
}

int config_take_ruleset(struct config *config, const char *name, const struct config_ruleset *from)
{
	struct config_ruleset *ruleset = config_find_ruleset(config, name);
	struct config_ruleset copy;
	int error;

	if (!from)
		return ruleset ? remove_ruleset(config, ruleset) : 0;
	if (!ruleset)
		ruleset = append_ruleset(config, from->name);
	if (!ruleset)
		return -ENOMEM;
	error = ruleset_copy(&copy, from);
	if (!error)
		error = config_set_outbounds(ruleset, (const char *const *)from->outbound_endpoints,
			from->outbound_endpoint_count);
	if (!error)
		error = replace_rules(config, ruleset, &copy);
	ruleset_fini(&copy);
	return error;
}

int config_set_waiting(
	struct config *config, const char *ruleset, uint64_t back, uint64_t until_sec)
{
	char *name = ruleset ? strdup(ruleset) : NULL;

	if (ruleset && !name)
		return -ENOMEM;
	free(config->waiting.ruleset);
	config->waiting = (struct config_waiting){name, back, until_sec};
	return 0;
}

void config_settle_counters(struct config *config, uint64_t started_us,
	uint64_t (*read)(void *context, uint32_t number), void *context)
{
	uint64_t known_us = config->counting_since_us;
	bool is_new = known_us && known_us != started_us;

	config->counting_since_us = started_us;
	for (size_t i = 0; i < config->ruleset_count; i++) {
		struct config_ruleset *ruleset = &config->rulesets[i];

		if (!is_new && ruleset->unsettled_count == 0)
			continue;
		for (size_t j = 0; j < ruleset->rule_count; j++) {
			struct config_rule *rule = &ruleset->rules[j];

			if (is_new)
				rule->counted_before = 0;
			else if (rule->counted_before == CONFIG_COUNTED_UNKNOWN)
				rule->counted_before = read(context, rule->counter);
		}
		ruleset->unsettled_count = 0;
	}
}
