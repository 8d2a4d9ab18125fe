// SPDX-License-Identifier: BSD-3-Clause
// A finished image held against its configuration: each rule is looked up as the dataplane will.
#include "control/compile/verify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/msg.h"
#include "core/name.h"
#include "core/suffix.h"

enum { BURST = 32 };

// One ruleset, as if a network linked it alone.
struct probe {
	const struct config_ruleset *ruleset;
	struct image image;
	struct image_network network;
	uint32_t start;
	unsigned count;
	const struct config_rule *rules[BURST];
	struct suffix_query queries[BURST];
	uint8_t names[BURST][NAME_LEN_MAX];
};

// Beaten on its own domain by a rule of higher rank, a rule must still stand behind that one.
static bool stands_behind(const struct probe *probe, unsigned i)
{
	uint32_t at = suffix_find(&probe->image, probe->start, probe->names[i]);
	struct image_rule rule = {0};

	for (; at != IMAGE_NONE && !rule.is_last; at += (uint32_t)sizeof(rule)) {
		rule = image_rule(&probe->image, at);
		if (rule.counter == probe->rules[i]->counter)
			return true;
	}
	return false;
}

static int flush(struct probe *probe, char *error)
{
	struct suffix_match matches[BURST];

	suffix_match(&probe->image, probe->queries, matches, probe->count);
	for (unsigned i = 0; i < probe->count; i++) {
		const struct config_rule *rule = probe->rules[i];

		if (matches[i].rule != IMAGE_NONE &&
			image_rule(&probe->image, matches[i].rule).counter == rule->counter)
			continue;
		if (stands_behind(probe, i))
			continue;
		snprintf(error, COMPILE_ERROR_LEN,
			"ruleset %s, rule %s (%s): not found in the image that was made of it; "
			"please report this",
			probe->ruleset->name, rule->name, rule->domain);
		return -EBADMSG;
	}
	probe->count = 0;
	return 0;
}

static int verify_ruleset(struct probe *probe, char *error)
{
	const struct config_ruleset *ruleset = probe->ruleset;
	int err = 0;

	for (size_t i = 0; i < ruleset->rule_count && !err; i++) {
		const struct config_rule *rule = &ruleset->rules[i];
		uint8_t *name = probe->names[probe->count];
		const char *why;

		if (rule->state != CONFIG_ENABLED)
			continue;
		name_fold(name, name, name_parse(rule->domain, strlen(rule->domain), name, &why));
		probe->rules[probe->count] = rule;
		probe->queries[probe->count++] =
			(struct suffix_query){.name = name, .type = TYPE_A};
		if (probe->count == BURST)
			err = flush(probe, error);
	}
	return err ? err : flush(probe, error);
}

int verify_image(const struct config *config, const struct image *image,
	char error[static COMPILE_ERROR_LEN])
{
	struct probe probe = {.image = *image, .network = {.link_count = 1}};
	int err = 0;

	probe.image.networks = &probe.network;
	probe.image.links = &probe.start;
	for (size_t i = 0; i < config->ruleset_count && !err; i++) {
		probe.ruleset = &config->rulesets[i];
		probe.start = (uint32_t)i;
		err = verify_ruleset(&probe, error);
	}
	return err;
}
