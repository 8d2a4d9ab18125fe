// SPDX-License-Identifier: BSD-3-Clause
// Whether a config that was changed or put together still fits together.
#include "control/config/fit.h"

#include "control/config/build.h"
#include "control/config/faults.h"
#include "control/config/kind.h"
#include "control/config/ruleset.h"

// Places what doesn't fit together in the object's name: it stands in no file.
struct placer {
	struct config_faults faults;
	struct config_errors *errors;
	const struct config *config;
};

static void take_fault(struct config_faults *faults, const struct config_fault *fault)
{
	const struct placer *placer = (const struct placer *)faults; // its first member
	const struct config *config = placer->config;
	const struct kind *kind = kind_get(fault->kind);
	const char *rule = "";

	if (fault->kind == CONFIG_RULESET && fault->rule != CONFIG_NONE)
		rule = config->rulesets[fault->object].rules[fault->rule].name;
	errors_add(placer->errors, "the running configuration", 0, 0, "%s %.80s%s%.80s: %s",
		kind->noun, kind_name(kind_object(kind, config, fault->object)),
		rule[0] ? " rule " : "", rule, fault->text);
}

// Each rule's targets can be reached from its ruleset's endpoints, whichever side they came from.
static void check_rulesets(const struct config *config, struct config_faults *faults)
{
	for (size_t i = 0; i < config->ruleset_count; i++) {
		const struct config_ruleset *ruleset = &config->rulesets[i];
		struct ruleset_families families;

		faults_enter(faults, CONFIG_RULESET, i);
		families = ruleset_families(config, "outbound-endpoints",
			ruleset->outbound_endpoints, ruleset->outbound_endpoint_count, faults);
		for (size_t j = 0; j < ruleset->rule_count; j++) {
			faults_enter_rule(faults, j);
			(void)!ruleset_check_sources(ruleset->rules[j].targets,
				ruleset->rules[j].target_count, "targets", families, faults);
		}
	}
}

int fit_check(const struct config *config, struct config_errors *errors)
{
	struct placer placer = {
		.faults.take = take_fault,
		.errors = errors,
		.config = config,
	};
	int error;

	placer.faults.at.rule = CONFIG_NONE;
	check_rulesets(config, &placer.faults);
	error = build_check_links(config, &placer.faults);
	return placer.faults.count > 0 ? placer.faults.code : error;
}
