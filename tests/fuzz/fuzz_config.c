// SPDX-License-Identifier: BSD-3-Clause
// Config files as text. What is refused has a reason with a place; what is taken comes back the same
// from the state folder's form, and its rulesets from the YAML that export prints.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/diff.h"
#include "control/config/json.h"
#include "control/config/load.h"
#include "control/config/merge.h"
#include "control/config/print.h"
#include "control/config/state.h"
#include "control/config/yaml.h"
#include "tests/fuzz/fuzz.h"

// Stored, read, and stored again: the same bytes.
static void check_state(const struct config *config)
{
	struct config *again = NULL;
	size_t len, again_len;
	char *text = print_state(config, &len), *again_text;
	json_t *json;

	HOLDS(text);
	json = json_loadb(text, len, 0, NULL);
	HOLDS(json && state_parse(json, &again) == 0);
	again_text = print_state(again, &again_len);
	HOLDS(again_text && again_len == len && memcmp(text, again_text, len) == 0);
	config_free(again);
	json_decref(json);
	free(text);
	free(again_text);
}

static void check_export(struct config *config, const struct config_ruleset *ruleset)
{
	struct load_ruleset request = {.name = ruleset->name};
	struct config *copy = config_copy(config, config->generation + 1);
	json_t *document = json_pack("{s:[o]}", "rulesets", config_json_ruleset_brief(ruleset));
	struct config_errors errors = {0};
	struct load_file file = {.name = "export"};
	char *yaml = yaml_print(document, &file.len);

	HOLDS(copy && yaml);
	file.data = yaml;
	HOLDS(config_load_ruleset(copy, &request, &file, &errors) == 0);
	HOLDS(diff_is_same(ruleset, config_find_ruleset(copy, ruleset->name)));
	errors_fini(&errors);
	json_decref(document);
	config_free(copy);
	free(yaml);
}

static void check_taken(const struct config *files)
{
	struct config_changes changes = {0};
	struct config_errors errors = {0};
	struct config *config = NULL;

	if (config_merge(NULL, files, 1, &config, &changes, &errors) == 0) {
		check_state(config);
		for (size_t i = 0; i < config->ruleset_count; i++)
			if (config->rulesets[i].rule_count > 0)
				check_export(config, &config->rulesets[i]);
	}
	config_free(config);
	changes_fini(&changes);
	errors_fini(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_file file = {"t.yaml", (const char *)data, size};
	struct config_errors errors = {0};
	struct config *files = NULL;

	if (config_load_files(&file, 1, &files, &errors))
		HOLDS(errors.count > 0);
	else
		check_taken(files);
	config_free(files);
	errors_fini(&errors);
	return 0;
}
