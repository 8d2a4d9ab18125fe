// SPDX-License-Identifier: BSD-3-Clause
// One rule: from text, checked, into a body that copies share.
//
//   struct config_rule_body │ pointers to metadata │ targets │ addresses │ name\0 domain\0 pattern\0 metadata\0 …
#include "control/config/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/index.h"
#include "control/config/pattern.h"
#include "control/config/text.h"
#include "core/name.h"

struct config_rule_body {
	size_t holders;
};

static const struct check_choice matches[] = {
	{"suffix", CONFIG_MATCH_SUFFIX},
	{"exact", CONFIG_MATCH_EXACT},
	{"subdomains", CONFIG_MATCH_SUBDOMAINS},
	{"regex", CONFIG_MATCH_REGEX},
	{NULL, 0},
};

static const struct check_choice states[] = {
	{"enabled", CONFIG_ENABLED},
	{"disabled", CONFIG_DISABLED},
	{NULL, 0},
};

static const struct check_choice actions[] = {
	{"forward", CONFIG_ACTION_FORWARD},
	{"nxdomain", CONFIG_ACTION_NXDOMAIN},
	{"nodata", CONFIG_ACTION_NODATA},
	{"refuse", CONFIG_ACTION_REFUSE},
	{"drop", CONFIG_ACTION_DROP},
	{"addresses", CONFIG_ACTION_ADDRESSES},
	{"default", CONFIG_ACTION_DEFAULT},
	{NULL, 0},
};

static const struct check_choice policies[] = {
	{"ordered", CONFIG_POLICY_ORDERED},
	{"round-robin", CONFIG_POLICY_ROUND_ROBIN},
	{"lowest-latency", CONFIG_POLICY_LOWEST_LATENCY},
	{"random", CONFIG_POLICY_RANDOM},
	{NULL, 0},
};

// What is off in this version may be said to be off.
static const struct check_choice switches[] = {
	{"off", 0},
	{"on", CHECK_NOT_BUILT},
	{NULL, 0},
};

// Whether there is no chase.
static const struct check_choice chases[] = {{"on", false}, {"off", true}, {NULL, 0}};

static const struct check_choice ecs[] = {
	{"strip", EDNS_SUBNET_STRIP},
	{"pass", EDNS_SUBNET_PASS},
	{"add", EDNS_SUBNET_ADD},
	{NULL, 0},
};

const char *config_match_text(enum config_match match)
{
	return matches[match].text;
}

const char *config_state_text(enum config_state state)
{
	return states[state].text;
}

const char *config_policy_text(enum config_policy policy)
{
	return policies[policy].text;
}

const char *config_action_text(enum config_action action)
{
	return actions[action].text;
}

const char *config_ecs_text(enum edns_subnet subnet)
{
	return ecs[subnet].text;
}

static void check_metadata(const struct config_rule_text *text, struct config_faults *faults)
{
	for (size_t i = 0; i < text->metadata_count; i++) {
		const char *item = text->metadata[i];
		size_t key_len = strcspn(item, "=");

		if (key_len == 0 || item[key_len] == '\0')
			faults_add(
				faults, -EINVAL, "metadata", i, "\"%.80s\" is not KEY=VALUE", item);
		for (size_t j = 0; j < i; j++)
			if (strncmp(text->metadata[j], item, key_len + 1) == 0)
				faults_add(faults, -EINVAL, "metadata", i,
					"the key of \"%.80s\" is given twice: remove one", item);
	}
}

// A pattern is there if and only if the match asks for one; `match` is -1 if it was no good.
static void check_pattern(const struct config_rule_text *text, struct config_rule *draft, int match,
	struct config_faults *faults)
{
	if (match == CONFIG_MATCH_REGEX && text->pattern)
		(void)!pattern_check(faults, "pattern", text->pattern);
	else if (match == CONFIG_MATCH_REGEX && !draft->pattern)
		faults_add(faults, -EINVAL, "match", CONFIG_NONE,
			"regex needs a pattern to search names for: give one");
	else if (match >= 0 && match != CONFIG_MATCH_REGEX && text->pattern)
		faults_add(faults, -EINVAL, "pattern", CONFIG_NONE,
			"match: %s looks at the domain alone: write match: regex, or no pattern",
			config_match_text((enum config_match)match));
	if (text->pattern)
		draft->pattern = text->pattern;
	if (match != CONFIG_MATCH_REGEX)
		draft->pattern = NULL;
}

// Words that say what this version does anyway are taken, and nothing is kept of them.
static void check_fixed(const struct config_rule_text *text, struct config_faults *faults)
{
	(void)!check_choice(faults, "cache", text->cache, switches);
}

// What belongs to another action than the rule's.
static void check_stray(
	const char *key, bool is_given, const char *action, struct config_faults *faults)
{
	if (is_given)
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"action: %s has no use for it: remove it, or choose another action",
			action);
}

static void check_forward(const struct config_rule_text *text, struct config_rule *draft,
	struct endpoint *targets, struct config_faults *faults)
{
	bool has_targets = draft->target_count > 0 && !text->targets;

	check_stray("addresses", text->addresses, "forward", faults);
	check_stray("ttl", text->ttl, "forward", faults);
	if (has_targets ||
		!check_targets(faults, "targets", text->targets, text->targets_count, targets))
		return;
	draft->targets = targets;
	draft->target_count = text->targets_count;
}

static void check_answer(const struct config_rule_text *text, struct config_rule *draft,
	struct ip *addresses, struct config_faults *faults)
{
	const char *why;

	if (text->ttl && text_parse_ttl(text->ttl, &draft->ttl, &why))
		faults_add(faults, -EINVAL, "ttl", CONFIG_NONE, "\"%.80s\" %s", text->ttl, why);
	if ((draft->address_count > 0 && !text->addresses) ||
		!check_addresses(
			faults, "addresses", text->addresses, text->addresses_count, addresses))
		return;
	draft->addresses = addresses;
	draft->address_count = text->addresses_count;
}

// What the action needs is there, and nothing else; `action` is -1 if it was no good. What the rule had for the action
// before goes.
static void check_action(const struct config_rule_text *text, struct config_rule *draft, int action,
	struct endpoint *targets, struct ip *addresses, struct config_faults *faults)
{
	const char *word = action < 0 ? NULL : config_action_text((enum config_action)action);

	if (action < 0)
		return;
	draft->action = (uint8_t)action;
	if (action != CONFIG_ACTION_FORWARD) {
		check_stray("targets", text->targets, word, faults);
		check_stray("policy", text->policy, word, faults);
		check_stray("chase", text->chase, word, faults);
		draft->target_count = 0;
		draft->policy = CONFIG_POLICY_ORDERED;
		draft->has_no_chase = false;
	}
	if (action != CONFIG_ACTION_ADDRESSES) {
		draft->address_count = 0;
		draft->ttl = CONFIG_TTL;
	}
	if (action == CONFIG_ACTION_FORWARD) {
		check_forward(text, draft, targets, faults);
	} else if (action == CONFIG_ACTION_ADDRESSES) {
		check_answer(text, draft, addresses, faults);
	} else {
		check_stray("addresses", text->addresses, word, faults);
		check_stray("ttl", text->ttl, word, faults);
	}
}

static void *take_part(char **at, const void *data, size_t len)
{
	char *part = *at;

	if (len > 0)
		memcpy(part, data, len);
	*at += len;
	return part;
}

static size_t body_size(const struct config_rule *draft)
{
	size_t size = sizeof(struct config_rule_body);

	size += draft->target_count * sizeof(*draft->targets);
	size += draft->address_count * sizeof(*draft->addresses);
	size += draft->metadata_count * sizeof(*draft->metadata);
	size += strlen(draft->name) + 1 + strlen(draft->domain) + 1;
	size += draft->pattern ? strlen(draft->pattern) + 1 : 0;
	for (size_t i = 0; i < draft->metadata_count; i++)
		size += strlen(draft->metadata[i]) + 1;
	return size;
}

// `rule` is `draft` with all it points to moved into one piece of memory.
static int build(const struct config_rule *draft, struct config_rule *rule)
{
	struct config_rule_body *body = malloc(body_size(draft));
	char *at = (char *)(body + 1);
	const char **metadata;

	if (!body)
		return -ENOMEM;
	body->holders = 1;
	*rule = *draft;
	rule->body = body;
	metadata = take_part(&at, draft->metadata, draft->metadata_count * sizeof(*metadata));
	rule->targets =
		take_part(&at, draft->targets, draft->target_count * sizeof(*rule->targets));
	rule->addresses =
		take_part(&at, draft->addresses, draft->address_count * sizeof(*rule->addresses));
	rule->name = take_part(&at, draft->name, strlen(draft->name) + 1);
	rule->domain = take_part(&at, draft->domain, strlen(draft->domain) + 1);
	if (draft->pattern)
		rule->pattern = take_part(&at, draft->pattern, strlen(draft->pattern) + 1);
	for (size_t i = 0; i < draft->metadata_count; i++)
		metadata[i] = take_part(&at, draft->metadata[i], strlen(draft->metadata[i]) + 1);
	rule->metadata = metadata;
	return 0;
}

int rule_parse(const struct config_rule_text *text, const struct config_rule *base,
	struct config_rule *rule, struct config_faults *faults)
{
	struct config_rule draft =
		base ? *base : (struct config_rule){.counter = NUMBERS_NONE, .ttl = CONFIG_TTL};
	struct endpoint targets[CONFIG_TARGETS_MAX];
	struct ip addresses[CONFIG_ADDRESSES_MAX];
	size_t before = faults->count;
	int match = (int)draft.match, action = draft.action;
	int error;

	if (!base && check_name(faults, "name", CONFIG_NONE, text->name))
		draft.name = text->name;
	if (!base && check_domain(faults, "domain", text->domain))
		draft.domain = text->domain;
	if (!base || text->match)
		match = check_choice(faults, "match", text->match, matches);
	check_pattern(text, &draft, match, faults);
	draft.match = (enum config_match)match;
	if (!base || text->state)
		draft.state = check_choice(faults, "state", text->state, states);
	if (!base || text->policy)
		draft.policy = (uint8_t)check_choice(faults, "policy", text->policy, policies);
	if (!base || text->ecs)
		draft.ecs = (uint8_t)check_choice(faults, "ecs", text->ecs, ecs);
	check_fixed(text, faults);
	if (!base || text->chase)
		draft.has_no_chase = check_choice(faults, "chase", text->chase, chases) == true;
	if (!base || text->action)
		action = check_choice(faults, "action", text->action, actions);
	check_action(text, &draft, action, targets, addresses, faults);
	check_metadata(text, faults);
	if (!base || text->metadata) {
		draft.metadata = text->metadata;
		draft.metadata_count = text->metadata_count;
	}
	if (faults->count > before)
		return faults->code;
	error = build(&draft, rule);
	if (error)
		faults_add(faults, error, NULL, CONFIG_NONE, "no memory left for the rule");
	return error;
}

struct config_rule rule_share(const struct config_rule *rule)
{
	rule->body->holders++;
	return *rule;
}

void rule_release(struct config_rule *rule)
{
	if (--rule->body->holders == 0)
		free(rule->body);
}

bool rule_same_pattern(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static unsigned parse_folded(const char *domain, uint8_t wire[static NAME_LEN_MAX])
{
	const char *why;
	unsigned len = name_parse(domain, strlen(domain), wire, &why);

	name_fold(wire, wire, len);
	return len;
}

bool rule_same_domain(const char *a, const char *b)
{
	uint8_t wire_a[NAME_LEN_MAX];
	uint8_t wire_b[NAME_LEN_MAX];
	unsigned len;

	if (!strchr(a, '\\') && !strchr(b, '\\'))
		return strcasecmp(a, b) == 0;
	len = parse_folded(a, wire_a);
	return len > 0 && len == parse_folded(b, wire_b) && memcmp(wire_a, wire_b, len) == 0;
}

uint64_t rule_domain_hash(const char *domain)
{
	uint8_t wire[NAME_LEN_MAX];
	unsigned len = parse_folded(domain, wire);

	return index_hash(INDEX_HASH_START, wire, len);
}

bool rule_is_same(const struct config_rule *a, const struct config_rule *b)
{
	if (a->match != b->match || a->state != b->state || a->policy != b->policy ||
		a->action != b->action || a->ecs != b->ecs || a->has_no_chase != b->has_no_chase ||
		a->ttl != b->ttl || a->target_count != b->target_count ||
		a->address_count != b->address_count || a->metadata_count != b->metadata_count ||
		!rule_same_domain(a->domain, b->domain) ||
		!rule_same_pattern(a->pattern, b->pattern) ||
		memcmp(a->targets, b->targets, a->target_count * sizeof(*a->targets)) != 0 ||
		memcmp(a->addresses, b->addresses, a->address_count * sizeof(*a->addresses)) != 0)
		return false;
	for (size_t i = 0; i < a->metadata_count; i++)
		if (strcmp(a->metadata[i], b->metadata[i]) != 0)
			return false;
	return true;
}
