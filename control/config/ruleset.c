// SPDX-License-Identifier: BSD-3-Clause
// A ruleset's list of rules: built, searched for what may be there once only, numbered.
#include "control/config/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/faults.h"
#include "control/config/index.h"
#include "control/config/names.h"
#include "control/config/rule.h"
#include "control/config/text.h"

struct ruleset_families ruleset_families(const struct config *config, const char *key,
	char *const *names, size_t count, struct config_faults *faults)
{
	struct ruleset_families families = {0};

	if (count == 0)
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"is missing: name the endpoints to send from");
	for (size_t i = 0; i < count; i++) {
		const struct config_outbound *outbound = config_find_outbound(config, names[i]);

		if (!outbound) {
			faults_add(faults, -ENOENT, key, i,
				"there is no outbound endpoint %.80s: add it under "
				"outbound-endpoints, or name another",
				names[i]);
			families.v4 = families.v6 = true;
			continue;
		}
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(names[i], names[j]) == 0)
				faults_add(faults, -EINVAL, key, i, "%s is named twice: remove one",
					names[i]);
		for (size_t j = 0; j < outbound->address_count; j++)
			if (ip_is_v4(&outbound->addresses[j]))
				families.v4 = true;
			else
				families.v6 = true;
	}
	if (count == 0)
		families.v4 = families.v6 = true;
	return families;
}

bool ruleset_check_sources(const struct endpoint *targets, size_t count, const char *key,
	struct ruleset_families families, struct config_faults *faults)
{
	size_t before = faults->count;
	char text[TEXT_ENDPOINT_MAX];

	for (size_t i = 0; i < count; i++) {
		bool is_v4 = ip_is_v4(&targets[i].ip);

		if (is_v4 ? families.v4 : families.v6)
			continue;
		faults_add(faults, -EINVAL, key, i,
			"%s can't be reached: the outbound endpoints have no %s address to "
			"send from; add one, or remove the target",
			text_format_endpoint(&targets[i], text), is_v4 ? "IPv4" : "IPv6");
	}
	return faults->count == before;
}

static void report_name(const char *name, const char *domain, struct config_faults *faults)
{
	faults_add(faults, -EEXIST, "name", CONFIG_NONE,
		"there is a rule %.80s already (for %.200s): choose another name", name,
		domain ? domain : "no domain");
}

static void report_domain(
	const char *name, const char *domain, const char *match, struct config_faults *faults)
{
	faults_add(faults, -EEXIST, "domain", CONFIG_NONE,
		"rule %.80s has %.200s with match: %s%s already: remove one of them",
		name ? name : "without a name", domain, match,
		strcmp(match, config_match_text(CONFIG_MATCH_REGEX)) ? "" : " and that pattern");
}

bool ruleset_check_unique(const struct config_ruleset *ruleset, const struct config_rule *rule,
	const struct config_rule *self, struct config_faults *faults)
{
	size_t before = faults->count;

	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct config_rule *other = &ruleset->rules[i];

		if (other == self)
			continue;
		if (strcasecmp(other->name, rule->name) == 0)
			report_name(other->name, other->domain, faults);
		if (other->match == rule->match &&
			rule_same_pattern(other->pattern, rule->pattern) &&
			rule_same_domain(other->domain, rule->domain))
			report_domain(
				other->name, rule->domain, config_match_text(rule->match), faults);
	}
	return faults->count == before;
}

// Names and domains of the texts seen so far, whatever else is wrong with them.
struct seen {
	const struct config_rule_text *texts;
	struct index names;
	struct index domains;
};

static int seen_init(struct seen *seen, const struct config_rule_text *texts, size_t count)
{
	*seen = (struct seen){.texts = texts};
	if (index_init(&seen->names, count) || index_init(&seen->domains, count))
		return -ENOMEM;
	return 0;
}

static void seen_fini(struct seen *seen)
{
	index_fini(&seen->names);
	index_fini(&seen->domains);
}

static const char *match_of(const struct config_rule_text *text)
{
	return text->match ? text->match : config_match_text(CONFIG_MATCH_SUFFIX);
}

static bool is_text_name(const void *list, size_t position, const void *wanted)
{
	const struct config_rule_text *texts = list;
	const struct config_rule_text *text = wanted;

	return strcasecmp(texts[position].name, text->name) == 0;
}

static bool is_text_domain(const void *list, size_t position, const void *wanted)
{
	const struct config_rule_text *texts = list;
	const struct config_rule_text *text = wanted;

	return strcmp(match_of(&texts[position]), match_of(text)) == 0 &&
		rule_same_pattern(texts[position].pattern, text->pattern) &&
		rule_same_domain(texts[position].domain, text->domain);
}

static void check_seen_name(struct seen *seen, size_t position, struct config_faults *faults)
{
	const struct config_rule_text *text = &seen->texts[position];
	uint64_t hash = index_hash_folded(text->name);
	size_t same = index_find(&seen->names, hash, is_text_name, seen->texts, text);

	if (same == INDEX_NONE)
		index_put(&seen->names, hash, position);
	else
		report_name(seen->texts[same].name, seen->texts[same].domain, faults);
}

static void check_seen_domain(struct seen *seen, size_t position, struct config_faults *faults)
{
	const struct config_rule_text *text = &seen->texts[position];
	const char *match = match_of(text);
	uint64_t hash = index_hash(rule_domain_hash(text->domain), match, strlen(match));
	size_t same;

	if (text->pattern)
		hash = index_hash(hash, text->pattern, strlen(text->pattern));
	same = index_find(&seen->domains, hash, is_text_domain, seen->texts, text);

	if (same == INDEX_NONE)
		index_put(&seen->domains, hash, position);
	else
		report_domain(seen->texts[same].name, text->domain, match_of(text), faults);
}

int ruleset_append(struct config_ruleset *ruleset, struct config_rule rule)
{
	size_t capacity = ruleset->rule_capacity ? ruleset->rule_capacity * 2 : 16;
	struct config_rule *rules;

	if (ruleset->rule_count == ruleset->rule_capacity) {
		rules = reallocarray(ruleset->rules, capacity, sizeof(*rules));
		if (!rules)
			return -ENOMEM;
		ruleset->rules = rules;
		ruleset->rule_capacity = capacity;
	}
	ruleset->rules[ruleset->rule_count++] = rule;
	return 0;
}

static int fill_one(struct config_ruleset *ruleset, struct seen *seen, size_t position,
	struct ruleset_families families, struct config_faults *faults)
{
	const struct config_rule_text *text = &seen->texts[position];
	size_t before = faults->count;
	struct config_rule rule;
	int error = rule_parse(text, NULL, &rule, faults);
	bool is_parsed = !error;

	if (error == -ENOMEM)
		return error;
	if (text->name)
		check_seen_name(seen, position, faults);
	if (text->domain)
		check_seen_domain(seen, position, faults);
	if (!is_parsed)
		return 0;
	if (ruleset_check_sources(rule.targets, rule.target_count, "targets", families, faults) &&
		faults->count == before)
		return ruleset_append(ruleset, rule);
	rule_release(&rule);
	return 0;
}

int ruleset_fill(struct config_ruleset *ruleset, const struct config_rule_text *texts, size_t count,
	struct ruleset_families families, struct config_faults *faults)
{
	size_t before = faults->count;
	struct seen seen;
	int error;

	if (count > CONFIG_RULES_MAX) {
		faults_add(faults, -ENOSPC, "rules", CONFIG_NONE, "%zu given: a ruleset holds %d",
			count, CONFIG_RULES_MAX);
		return -ENOSPC;
	}
	error = seen_init(&seen, texts, count);
	for (size_t i = 0; i < count && !error; i++) {
		faults_enter_rule(faults, i);
		error = fill_one(ruleset, &seen, i, families, faults);
	}
	faults_enter_rule(faults, CONFIG_NONE);
	seen_fini(&seen);
	if (error)
		faults_add(faults, error, NULL, CONFIG_NONE, "no memory left for %zu rules", count);
	return faults->count > before ? faults->code : 0;
}

static int number_one(struct config_ruleset *next, struct config_rule *rule,
	struct numbers *numbers, uint64_t generation)
{
	rule->counter = numbers_take(numbers, generation);
	if (rule->counter == NUMBERS_NONE)
		return -ENOSPC;
	rule->counted_before = CONFIG_COUNTED_UNKNOWN;
	next->unsettled_count++;
	return 0;
}

// The rule takes over number and count of its predecessor.
static void number_take_over(
	struct config_ruleset *next, struct config_rule *rule, const struct config_rule *last)
{
	rule->counter = last->counter;
	rule->counted_before = last->counted_before;
	next->unsettled_count += rule->counted_before == CONFIG_COUNTED_UNKNOWN;
}

static bool is_rule_name(const void *list, size_t position, const void *wanted)
{
	const struct config_rule *rules = list;
	const struct config_rule *rule = wanted;

	return strcasecmp(rules[position].name, rule->name) == 0;
}

int ruleset_index_names(const struct config_ruleset *ruleset, struct index *names)
{
	int error = index_init(names, ruleset->rule_count);

	for (size_t i = 0; i < ruleset->rule_count && !error; i++)
		index_put(names, index_hash_folded(ruleset->rules[i].name), i);
	return error;
}

size_t ruleset_find_same_name(const struct config_ruleset *ruleset, const struct index *names,
	const struct config_rule *rule)
{
	uint64_t hash = index_hash_folded(rule->name);

	return index_find(names, hash, is_rule_name, ruleset->rules, rule);
}

// Rules of `last` by name; `taken` marks those whose number lives on.
struct lineage {
	const struct config_ruleset *last;
	struct index names;
	bool *taken;
};

static int lineage_init(struct lineage *lineage, const struct config_ruleset *last)
{
	*lineage = (struct lineage){.last = last};
	lineage->taken = calloc(last->rule_count + 1, sizeof(*lineage->taken));
	return lineage->taken ? ruleset_index_names(last, &lineage->names) : -ENOMEM;
}

static void lineage_fini(struct lineage *lineage)
{
	index_fini(&lineage->names);
	free(lineage->taken);
}

static const struct config_rule *lineage_take(
	struct lineage *lineage, const struct config_rule *rule)
{
	const struct config_rule *rules = lineage->last->rules;
	size_t i = ruleset_find_same_name(lineage->last, &lineage->names, rule);

	if (i == INDEX_NONE || !rule_same_domain(rules[i].domain, rule->domain))
		return NULL;
	lineage->taken[i] = true;
	return &rules[i];
}

static int number_all(struct config_ruleset *next, struct lineage *lineage, struct numbers *numbers,
	uint64_t generation)
{
	const struct config_ruleset *last = lineage->last;
	int error = 0;

	next->unsettled_count = 0;
	for (size_t i = 0; i < next->rule_count && !error; i++) {
		struct config_rule *rule = &next->rules[i];
		const struct config_rule *before = lineage_take(lineage, rule);

		if (before)
			number_take_over(next, rule, before);
		else
			error = number_one(next, rule, numbers, generation);
	}
	for (size_t i = 0; i < last->rule_count && !error; i++)
		if (!lineage->taken[i])
			error = numbers_release(numbers, last->rules[i].counter, generation);
	return error;
}

int ruleset_number(struct config_ruleset *next, const struct config_ruleset *last,
	struct numbers *numbers, uint64_t generation)
{
	static const struct config_ruleset nothing;
	struct lineage lineage;
	int error = lineage_init(&lineage, last ? last : &nothing);

	if (!error)
		error = number_all(next, &lineage, numbers, generation);
	lineage_fini(&lineage);
	return error;
}

int ruleset_copy(struct config_ruleset *copy, const struct config_ruleset *ruleset)
{
	size_t count = ruleset->rule_count;

	*copy = *ruleset;
	copy->rules = NULL;
	copy->rule_count = copy->rule_capacity = 0;
	copy->outbound_endpoints = names_copy(
		(const char *const *)ruleset->outbound_endpoints, ruleset->outbound_endpoint_count);
	if (!copy->outbound_endpoints)
		copy->outbound_endpoint_count = 0;
	copy->name = strdup(ruleset->name);
	if (!copy->name || copy->outbound_endpoint_count != ruleset->outbound_endpoint_count)
		return -ENOMEM;
	if (count == 0)
		return 0;
	copy->rules = reallocarray(NULL, count, sizeof(*copy->rules));
	if (!copy->rules)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		copy->rules[i] = rule_share(&ruleset->rules[i]);
	copy->rule_count = copy->rule_capacity = count;
	return 0;
}

void ruleset_fini(struct config_ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->rule_count; i++)
		rule_release(&ruleset->rules[i]);
	free(ruleset->rules);
	names_free(ruleset->outbound_endpoints, ruleset->outbound_endpoint_count);
	free(ruleset->name);
}
