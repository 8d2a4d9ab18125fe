// SPDX-License-Identifier: BSD-3-Clause
// Configs for tests: from texts, with errors as one text.
#include "tests/unit/configs.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

const char configs_small[] =
	"inbound-endpoints: [{name: in, addresses: [10.53.0.2]}]\n"
	"outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n"
	"rulesets:\n"
	"  - name: corp\n"
	"    outbound-endpoints: [out]\n"
	"    rules:\n"
	"      - {name: contoso, domain: contoso.com., targets: [10.54.0.11]}\n"
	"      - {name: azure, domain: azure.contoso.com., targets: [10.54.0.12]}\n"
	"virtual-networks:\n"
	"  - {name: hub, prefixes: [10.53.0.0/16], inbound-endpoints: [in], rulesets: [corp]}\n";

char configs_errors[64 * 1024];

static void note_errors(struct config_errors *errors)
{
	FILE *stream = fmemopen(configs_errors, sizeof(configs_errors), "w");

	assert_non_null(stream);
	memset(configs_errors, 0, sizeof(configs_errors));
	errors_print(errors, stream);
	fclose(stream);
	errors_fini(errors);
}

struct config *configs_load(const char *text)
{
	struct load_file file = {"t.yaml", text, strlen(text)};
	struct config_errors errors = {0};
	struct config *config;
	int error = config_load_files(&file, 1, &config, &errors);

	assert_int_equal(error != 0, config == NULL);
	assert_int_equal(error != 0, errors.count > 0);
	note_errors(&errors);
	return config;
}

static uint64_t count_nothing(void *context, uint32_t number)
{
	(void)context;
	(void)number;
	return 0;
}

struct config *configs_reload(
	const struct config *running, const char *text, struct config_changes *changes)
{
	struct config *files = configs_load(text);
	struct config_errors errors = {0};
	struct config *next;
	uint64_t generation = running ? running->generation + 1 : 1;

	assert_non_null(files);
	assert_int_equal(config_merge(running, files, generation, &next, changes, &errors), 0);
	config_settle_counters(next, 1, count_nothing, NULL);
	errors_fini(&errors);
	config_free(files);
	return next;
}

struct config *configs_running(void)
{
	struct config_changes changes = {0};
	struct config *config = configs_reload(NULL, configs_small, &changes);

	changes_fini(&changes);
	return config;
}

int configs_apply(struct config *config, const char *text, const char *target)
{
	struct load_ruleset request = {
		.name = "corp",
		.targets = &target,
		.targets_count = target ? 1 : 0,
	};
	struct load_file file = {"t.txt", text, strlen(text)};
	struct config_errors errors = {0};
	int error = config_load_ruleset(config, &request, &file, &errors);

	assert_int_equal(error != 0, errors.count > 0);
	note_errors(&errors);
	return error;
}
