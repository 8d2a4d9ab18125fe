// SPDX-License-Identifier: BSD-3-Clause
// Rules of what runs, found by domain and by counter number.

#define XXH_INLINE_ALL
#include "control/serve/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/name.h"

static uint32_t hash(const struct lookup *lookup, const uint8_t *name, unsigned len)
{
	return (uint32_t)XXH3_64bits(name, len) & lookup->head_mask;
}

// The rule's domain in wire form, folded; its length. A config that runs was checked: it parses.
static unsigned parse_domain(const struct config_rule *rule, uint8_t name[static NAME_LEN_MAX])
{
	const char *why;
	unsigned len = name_parse(rule->domain, strlen(rule->domain), name, &why);

	name_fold(name, name, len);
	return len;
}

static void add_rule(struct lookup *lookup, uint32_t ruleset, uint32_t rule)
{
	const struct config_rule *config = &lookup->config->rulesets[ruleset].rules[rule];
	uint32_t idx = (uint32_t)lookup->count++;
	uint8_t name[NAME_LEN_MAX];
	unsigned len = parse_domain(config, name);
	uint32_t *head = &lookup->heads[hash(lookup, name, len)];

	lookup->entries[idx] =
		(struct lookup_rule){.ruleset = ruleset, .rule = rule, .next = *head};
	*head = idx;
	if (config->counter < lookup->counter_count)
		lookup->by_counter[config->counter] = idx;
}

static int allocate(struct lookup *lookup, size_t rule_count)
{
	size_t head_count = 16;

	while (head_count < rule_count)
		head_count *= 2;
	lookup->head_mask = (uint32_t)head_count - 1;
	lookup->counter_count = lookup->config->numbers.next;
	lookup->entries = calloc(rule_count + 1, sizeof(*lookup->entries));
	lookup->heads = malloc(head_count * sizeof(*lookup->heads));
	lookup->by_counter = malloc((lookup->counter_count + 1ul) * sizeof(*lookup->by_counter));
	if (!lookup->entries || !lookup->heads || !lookup->by_counter)
		return -ENOMEM;
	memset(lookup->heads, 0xff, head_count * sizeof(*lookup->heads));
	memset(lookup->by_counter, 0xff, lookup->counter_count * sizeof(*lookup->by_counter));
	return 0;
}

static int build(struct lookup *lookup)
{
	const struct config *config = lookup->config;
	size_t rule_count = 0;
	int err;

	for (size_t i = 0; i < config->ruleset_count; i++)
		rule_count += config->rulesets[i].rule_count;
	err = allocate(lookup, rule_count);
	if (err)
		return err;
	for (size_t i = 0; i < config->ruleset_count; i++)
		for (size_t r = 0; r < config->rulesets[i].rule_count; r++)
			add_rule(lookup, (uint32_t)i, (uint32_t)r);
	return 0;
}

int lookup_refresh(
	struct lookup *lookup, const struct running *running, char why[static LOOKUP_WHY_LEN])
{
	const struct config *config = running_config(running);
	uint64_t size, elapsed_us;
	const char *wrong;
	int fd = running_image(running, &size, &elapsed_us);
	int err;

	if (lookup->generation == config->generation && lookup->config == config &&
		lookup->generation)
		return 0;
	lookup_fini(lookup);
	if (fd < 0) {
		snprintf(why, LOOKUP_WHY_LEN, "there is no image yet");
		return -ENOENT;
	}
	err = compile_view_open(&lookup->view, fd, why);
	if (err)
		return err;
	lookup->regexes = regex_view_new(&lookup->view.image, &wrong);
	if (!lookup->regexes) {
		lookup_fini(lookup);
		snprintf(why, LOOKUP_WHY_LEN, "%s", wrong);
		return -EBADMSG;
	}
	lookup->config = config;
	err = build(lookup);
	if (err) {
		lookup_fini(lookup);
		snprintf(why, LOOKUP_WHY_LEN, "no memory to look rules up");
		return err;
	}
	lookup->generation = config->generation;
	return 0;
}

void lookup_fini(struct lookup *lookup)
{
	regex_view_free(lookup->regexes);
	if (lookup->view.base)
		compile_view_close(&lookup->view);
	free(lookup->entries);
	free(lookup->heads);
	free(lookup->by_counter);
	*lookup = (struct lookup){0};
}

const struct lookup_rule *lookup_counter(const struct lookup *lookup, uint32_t number)
{
	if (number >= lookup->counter_count || lookup->by_counter[number] == LOOKUP_NONE)
		return NULL;
	return &lookup->entries[lookup->by_counter[number]];
}

const struct lookup_rule *lookup_domain(const struct lookup *lookup, const uint8_t *name,
	unsigned len, const struct lookup_rule *before)
{
	uint32_t idx = before ? before->next : lookup->heads[hash(lookup, name, len)];

	for (; idx != LOOKUP_NONE; idx = lookup->entries[idx].next) {
		const struct lookup_rule *at = &lookup->entries[idx];
		const struct config_ruleset *ruleset = &lookup->config->rulesets[at->ruleset];
		uint8_t domain[NAME_LEN_MAX];

		if (parse_domain(&ruleset->rules[at->rule], domain) == len &&
			memcmp(domain, name, len) == 0)
			return at;
	}
	return NULL;
}
