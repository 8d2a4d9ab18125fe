// SPDX-License-Identifier: BSD-3-Clause
// What differs between two states of a ruleset, and who answers for the names concerned.
#include "control/config/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/rule.h"
#include "control/config/ruleset.h"
#include "core/name.h"

// The enabled rules of one state by domain, and all by name.
//
//   domains ─▶ i ─next─▶ j ─next─▶ NONE      rules of one domain
struct side {
	const struct config_ruleset *ruleset;
	struct index names;
	struct index domains;
	size_t *next;
};

static bool is_domain(const void *list, size_t position, const void *wanted)
{
	const struct config_rule *rules = list;

	return rule_same_domain(rules[position].domain, wanted);
}

static size_t find_domain(const struct side *side, const char *domain)
{
	return index_find(
		&side->domains, rule_domain_hash(domain), is_domain, side->ruleset->rules, domain);
}

// Behind the first of its domain, or as the first.
static void enter(struct side *side, size_t i)
{
	const char *domain = side->ruleset->rules[i].domain;
	size_t first = find_domain(side, domain);

	side->next[i] = INDEX_NONE;
	if (first == INDEX_NONE) {
		index_put(&side->domains, rule_domain_hash(domain), i);
		return;
	}
	side->next[i] = side->next[first];
	side->next[first] = i;
}

static int side_init(struct side *side, const struct config_ruleset *ruleset)
{
	static const struct config_ruleset nothing;
	int error;

	*side = (struct side){.ruleset = ruleset ? ruleset : &nothing};
	side->next = calloc(side->ruleset->rule_count + 1, sizeof(*side->next));
	error = ruleset_index_names(side->ruleset, &side->names);
	if (!error)
		error = index_init(&side->domains, side->ruleset->rule_count);
	if (error || !side->next)
		return -ENOMEM;
	for (size_t i = 0; i < side->ruleset->rule_count; i++)
		if (side->ruleset->rules[i].state == CONFIG_ENABLED)
			enter(side, i);
	return 0;
}

static void side_fini(struct side *side)
{
	index_fini(&side->names);
	index_fini(&side->domains);
	free(side->next);
}

// The rule of `domain` with this match, and this pattern where it is regex.
static const struct config_rule *find_match(
	const struct side *side, const char *domain, enum config_match match, const char *pattern)
{
	for (size_t i = find_domain(side, domain); i != INDEX_NONE; i = side->next[i]) {
		const struct config_rule *rule = &side->ruleset->rules[i];

		if (rule->match == match && rule_same_pattern(rule->pattern, pattern))
			return rule;
	}
	return NULL;
}

// Of the domain itself, who goes after a rule of `match`, for all of its names.
static const struct config_rule *find_weaker(
	const struct side *side, const char *domain, enum config_match match)
{
	const struct config_rule *rule = NULL;

	if (match == CONFIG_MATCH_REGEX)
		rule = find_match(side, domain, CONFIG_MATCH_SUBDOMAINS, NULL);
	if (!rule && match != CONFIG_MATCH_SUFFIX)
		rule = find_match(side, domain, CONFIG_MATCH_SUFFIX, NULL);
	return rule;
}

// The next shorter domain as text; NULL: there is none.
static const char *parent(const char *domain, char out[static NAME_TEXT_MAX])
{
	uint8_t wire[NAME_LEN_MAX];
	const char *why;

	if (!name_parse(domain, strlen(domain), wire, &why) || wire[0] == 0)
		return NULL;
	name_format(wire + 1 + wire[0], out);
	return out;
}

// Who answers for the names of `rule`, which may or may not be there.
static const struct config_rule *find_answering(
	const struct side *side, const struct config_rule *rule)
{
	const struct config_rule *found =
		find_match(side, rule->domain, rule->match, rule->pattern);
	char text[NAME_TEXT_MAX];
	const char *domain = rule->domain;

	if (!found)
		found = find_weaker(side, domain, rule->match);
	while (!found && (domain = parent(domain, text)))
		found = find_weaker(side, domain, CONFIG_MATCH_REGEX);
	return found;
}

static const struct config_rule *find_named(const struct side *side, const struct config_rule *rule)
{
	size_t i = ruleset_find_same_name(side->ruleset, &side->names, rule);

	return i == INDEX_NONE ? NULL : &side->ruleset->rules[i];
}

static bool same_names(const struct config_rule *a, const struct config_rule *b)
{
	return a->match == b->match && rule_same_domain(a->domain, b->domain) &&
		rule_same_pattern(a->pattern, b->pattern);
}

static void report(const struct side *sides, enum diff_change change,
	const struct config_rule *before, const struct config_rule *after, struct diff_taker *taker)
{
	const struct config_rule *rule = after ? after : before;
	struct diff_item item = {
		.change = change,
		.before = before,
		.after = after,
		.was = find_answering(&sides[0], rule),
		.will = find_answering(&sides[1], rule),
	};

	taker->take(taker, &item);
}

// A rule that stands for other names than before is another rule of the same name.
static void compare(const struct side *sides, struct diff_taker *taker)
{
	const struct config_ruleset *before = sides[0].ruleset;
	const struct config_ruleset *after = sides[1].ruleset;

	for (size_t i = 0; i < after->rule_count; i++) {
		const struct config_rule *rule = &after->rules[i];
		const struct config_rule *last = find_named(&sides[0], rule);

		if (!last || !same_names(last, rule))
			report(sides, DIFF_ADDED, NULL, rule, taker);
		else if (!rule_is_same(last, rule))
			report(sides, DIFF_CHANGED, last, rule, taker);
	}
	for (size_t i = 0; i < before->rule_count; i++) {
		const struct config_rule *rule = &before->rules[i];
		const struct config_rule *next = find_named(&sides[1], rule);

		if (!next || !same_names(next, rule))
			report(sides, DIFF_REMOVED, rule, NULL, taker);
	}
}

int diff_rulesets(const struct config_ruleset *before, const struct config_ruleset *after,
	struct diff_taker *taker)
{
	struct side sides[2] = {0};
	int error = side_init(&sides[0], before);

	if (!error)
		error = side_init(&sides[1], after);
	if (!error)
		compare(sides, taker);
	side_fini(&sides[0]);
	side_fini(&sides[1]);
	return error;
}

bool diff_is_same(const struct config_ruleset *a, const struct config_ruleset *b)
{
	bool is_same = a->rule_count == b->rule_count &&
		a->outbound_endpoint_count == b->outbound_endpoint_count;

	for (size_t i = 0; is_same && i < a->outbound_endpoint_count; i++)
		is_same = strcasecmp(a->outbound_endpoints[i], b->outbound_endpoints[i]) == 0;
	for (size_t i = 0; is_same && i < a->rule_count; i++)
		is_same = strcasecmp(a->rules[i].name, b->rules[i].name) == 0 &&
			rule_is_same(&a->rules[i], &b->rules[i]);
	return is_same;
}
