// SPDX-License-Identifier: BSD-3-Clause
// One rule: from text, checked, into a body that copies share.
//
//   struct config_rule_body │ pointers to metadata │ targets │ name\0 domain\0 pattern\0 metadata\0 …
#include "control/config/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/index.h"
#include "control/config/pattern.h"
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
	{"forward", 0},
	{"nxdomain", CHECK_NOT_BUILT},
	{"nodata", CHECK_NOT_BUILT},
	{"refuse", CHECK_NOT_BUILT},
	{"drop", CHECK_NOT_BUILT},
	{"addresses", CHECK_NOT_BUILT},
	{"default", CHECK_NOT_BUILT},
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

static const struct check_choice ecs[] = {
	{"strip", 0},
	{"pass", CHECK_NOT_BUILT},
	{"add", CHECK_NOT_BUILT},
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
	(void)!check_choice(faults, "action", text->action, actions);
	(void)!check_choice(faults, "chase", text->chase, switches);
	(void)!check_choice(faults, "ecs", text->ecs, ecs);
	(void)!check_choice(faults, "cache", text->cache, switches);
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
	struct config_rule draft = base ? *base : (struct config_rule){.counter = NUMBERS_NONE};
	struct endpoint targets[CONFIG_TARGETS_MAX];
	size_t before = faults->count;
	int match = (int)draft.match;
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
	check_fixed(text, faults);
	if ((!base || text->targets) &&
		check_targets(faults, "targets", text->targets, text->targets_count, targets)) {
		draft.targets = targets;
		draft.target_count = text->targets_count;
	}
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
		a->target_count != b->target_count || a->metadata_count != b->metadata_count ||
		!rule_same_domain(a->domain, b->domain) ||
		!rule_same_pattern(a->pattern, b->pattern) ||
		memcmp(a->targets, b->targets, a->target_count * sizeof(*a->targets)) != 0)
		return false;
	for (size_t i = 0; i < a->metadata_count; i++)
		if (strcmp(a->metadata[i], b->metadata[i]) != 0)
			return false;
	return true;
}
