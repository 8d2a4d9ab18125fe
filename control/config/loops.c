// SPDX-License-Identifier: BSD-3-Clause
// Internal hops, followed from target to endpoint to network to rule to target.
#include "control/config/loops.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/config/faults.h"
#include "control/config/text.h"
#include "core/name.h"

enum { HOPS_MAX = 11, WAY_LEN = CONFIG_FAULT_LEN - 160 };

// Where a question is: with a rule, or with a network's default, and so with these targets.
struct stage {
	const struct config_ruleset *ruleset; // NULL: the network's default
	const struct config_rule *rule;
	const struct config_network *network;
	const struct endpoint *targets;
	size_t target_count;
};

// One question's way. The rule that it begins at may not be in its ruleset yet.
struct walk {
	const struct config *config;
	struct stage stages[HOPS_MAX + 1];
	size_t count;
	uint8_t name[NAME_LEN_MAX]; // folded
	unsigned name_len;
	char way[WAY_LEN]; // for people
	size_t way_len;
};

static const struct config_inbound *find_inbound(
	const struct config *config, const struct endpoint *target)
{
	for (size_t i = 0; i < config->inbound_count; i++)
		for (size_t j = 0; j < config->inbounds[i].address_count; j++)
			if (endpoint_equal(&config->inbounds[i].addresses[j], target))
				return &config->inbounds[i];
	return NULL;
}

// The index of the first target that is ours; CONFIG_NONE: none.
static size_t find_hop(
	const struct config *config, const struct endpoint *targets, size_t target_count)
{
	for (size_t i = 0; i < target_count; i++)
		if (find_inbound(config, &targets[i]))
			return i;
	return CONFIG_NONE;
}

__attribute__((format(printf, 2, 3))) static void tell(struct walk *walk, const char *format, ...)
{
	size_t room = sizeof(walk->way) - walk->way_len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(walk->way + walk->way_len, room, format, args);
	va_end(args);
	walk->way_len += (size_t)len < room ? (size_t)len : room - 1;
}

static void tell_stage(struct walk *walk, const struct stage *stage)
{
	if (stage->rule)
		tell(walk, "rule %.60s of ruleset %.60s", stage->rule->name, stage->ruleset->name);
	else
		tell(walk, "the default of network %.60s", stage->network->name);
}

static const struct config_network *find_network(
	const struct config *config, const struct config_inbound *inbound)
{
	for (size_t i = 0; i < config->network_count; i++) {
		const struct config_network *network = &config->networks[i];

		for (size_t j = 0; j < network->inbound_endpoint_count; j++)
			if (strcasecmp(network->inbound_endpoints[j], inbound->name) == 0)
				return network;
	}
	return NULL;
}

// How well the rule covers the name; 0: not at all, or by a pattern, which is not looked at.
static unsigned cover(const struct walk *walk, const struct config_rule *rule)
{
	static const unsigned ranks[] = {
		[CONFIG_MATCH_SUFFIX] = 1,
		[CONFIG_MATCH_SUBDOMAINS] = 2,
		[CONFIG_MATCH_EXACT] = 3,
		[CONFIG_MATCH_REGEX] = 0,
	};
	uint8_t domain[NAME_LEN_MAX];
	unsigned len, at, label = 0;
	const char *why;

	len = name_parse(rule->domain, strlen(rule->domain), domain, &why);
	if (rule->state != CONFIG_ENABLED || len == 0 || len > walk->name_len)
		return 0;
	at = walk->name_len - len;
	if (!name_equal_folded(walk->name + at, domain, len) ||
		(at > 0 ? rule->match == CONFIG_MATCH_EXACT
			: rule->match == CONFIG_MATCH_SUBDOMAINS))
		return 0;
	for (; label < at; label += 1u + walk->name[label])
		continue;
	if (label != at)
		return 0;
	return ranks[rule->match] ? len << 2 | ranks[rule->match] : 0;
}

// Where the question goes on in this network.
static struct stage find_stage(const struct walk *walk, const struct config_network *network)
{
	const struct stage *first = &walk->stages[0];
	struct stage found = {
		.network = network,
		.targets = network->default_targets,
		.target_count = network->default_target_count,
	};
	unsigned best = 0;

	for (size_t i = 0; i < network->ruleset_count; i++) {
		const struct config_ruleset *ruleset =
			config_find_ruleset(walk->config, network->rulesets[i]);

		for (size_t j = 0; ruleset && j <= ruleset->rule_count; j++) {
			bool is_extra = j == ruleset->rule_count;
			const struct config_rule *rule =
				is_extra ? first->rule : &ruleset->rules[j];
			unsigned how = 0;

			if (rule && (!is_extra || ruleset == first->ruleset))
				how = cover(walk, rule);
			if (how <= best)
				continue;
			best = how;
			found = (struct stage){
				ruleset, rule, network, rule->targets, rule->target_count};
		}
	}
	return found;
}

static bool is_same(const struct stage *a, const struct stage *b)
{
	if (!a->rule || !b->rule)
		return a->rule == b->rule && a->network == b->network;
	return a->ruleset == b->ruleset && strcasecmp(a->rule->name, b->rule->name) == 0;
}

// From the last stage to the next by this target. True: it was there before.
static bool hop(struct walk *walk, const struct endpoint *target)
{
	const struct config_network *network =
		find_network(walk->config, find_inbound(walk->config, target));
	char text[TEXT_ENDPOINT_MAX];
	struct stage *next = &walk->stages[walk->count];

	tell(walk, " -> %s", text_format_endpoint(target, text));
	if (!network)
		return false;
	*next = find_stage(walk, network);
	tell(walk, ", network %.60s -> ", network->name);
	tell_stage(walk, next);
	walk->count++;
	for (size_t i = 0; i + 1 < walk->count; i++)
		if (is_same(&walk->stages[i], next))
			return true;
	return false;
}

// True: by this target the question comes round, or takes more hops than any may.
static bool comes_round(struct walk *walk, size_t target)
{
	while (target != CONFIG_NONE) {
		const struct stage *stage = &walk->stages[walk->count - 1];

		if (walk->count > HOPS_MAX || hop(walk, &stage->targets[target]))
			return true;
		if (&walk->stages[walk->count - 1] == stage)
			return false; // no network names that endpoint
		stage = &walk->stages[walk->count - 1];
		target = find_hop(walk->config, stage->targets, stage->target_count);
	}
	return false;
}

static bool check_target(const struct config *config, const struct stage *first, const char *domain,
	size_t target, const char *key, struct config_faults *faults)
{
	struct walk walk = {.config = config, .stages = {*first}, .count = 1};
	char text[TEXT_ENDPOINT_MAX];
	const char *why;

	walk.name_len = name_parse(domain, strlen(domain), walk.name, &why);
	name_fold(walk.name, walk.name, walk.name_len);
	tell_stage(&walk, first);
	if (comes_round(&walk, target))
		faults_add(faults, -EINVAL, key, target,
			"a question for %.80s would go round: %s: name another server", domain,
			walk.way);
	else
		faults_add(faults, -EOPNOTSUPP, key, target,
			"%s is an inbound endpoint of ours: to go on there is not built yet in "
			"this version",
			text_format_endpoint(&first->targets[target], text));
	return false;
}

bool loops_check_rule(const struct config *config, const struct config_ruleset *ruleset,
	const struct config_rule *rule, struct config_faults *faults)
{
	struct stage first = {
		.ruleset = ruleset,
		.rule = rule,
		.targets = rule->targets,
		.target_count = rule->target_count,
	};
	size_t target = find_hop(config, rule->targets, rule->target_count);

	return target == CONFIG_NONE ||
		check_target(config, &first, rule->domain, target, "targets", faults);
}

// Most rules go where the one before them goes.
static bool has_same_targets(const struct config_rule *a, const struct config_rule *b)
{
	return a->target_count == b->target_count &&
		memcmp(a->targets, b->targets, a->target_count * sizeof(*a->targets)) == 0;
}

void loops_check_ruleset(const struct config *config, const struct config_ruleset *ruleset,
	struct config_faults *faults)
{
	const struct config_rule *good = NULL;

	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct config_rule *rule = &ruleset->rules[i];

		if (good && has_same_targets(good, rule))
			continue;
		faults_enter_rule(faults, i);
		if (loops_check_rule(config, ruleset, rule, faults))
			good = rule;
	}
}

static void check_default(const struct config *config, const struct config_network *network,
	struct config_faults *faults)
{
	struct stage first = {
		.network = network,
		.targets = network->default_targets,
		.target_count = network->default_target_count,
	};
	size_t target = find_hop(config, first.targets, first.target_count);

	if (target != CONFIG_NONE)
		(void)!check_target(config, &first, ".", target, "default-targets", faults);
}

void loops_check(const struct config *config, struct config_faults *faults)
{
	for (size_t i = 0; i < config->ruleset_count; i++) {
		faults_enter(faults, CONFIG_RULESET, i);
		loops_check_ruleset(config, &config->rulesets[i], faults);
	}
	for (size_t i = 0; i < config->network_count; i++) {
		faults_enter(faults, CONFIG_NETWORK, i);
		check_default(config, &config->networks[i], faults);
	}
}
