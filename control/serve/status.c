// SPDX-License-Identifier: BSD-3-Clause
// status: what runs.

#include <unistd.h>

#include "control/serve/confirm.h"
#include "control/serve/object.h"
#include "control/serve/utf8.h"

static json_t *show_dataplane(const struct publish_dataplane *dataplane)
{
	json_t *ports;

	if (!dataplane)
		return json_pack("{s:s}", "state", "not connected");
	ports = json_array();
	for (uint16_t i = 0; i < dataplane->hello.port_count; i++)
		json_array_append_new(ports, utf8_json(dataplane->hello.ports[i]));
	return json_pack("{s:s, s:I, s:o, s:i, s:o, s:I, s:o, s:o}", "state", "connected", "pid",
		(json_int_t)dataplane->hello.pid, "version", utf8_json(dataplane->hello.version),
		"workers", (int)dataplane->hello.worker_count, "ports", ports, "generation",
		(json_int_t)dataplane->generation, "connected_since",
		object_time(dataplane->since_sec), "started",
		object_time((int64_t)(dataplane->hello.started_us / 1000000)));
}

static void add_counts(json_t *result, const struct config *config)
{
	json_int_t rules = 0, disabled = 0;

	for (size_t i = 0; i < config->ruleset_count; i++) {
		const struct config_ruleset *ruleset = &config->rulesets[i];

		rules += (json_int_t)ruleset->rule_count;
		for (size_t r = 0; r < ruleset->rule_count; r++)
			disabled += ruleset->rules[r].state == CONFIG_DISABLED;
	}
	json_object_set_new(result, "rules", json_integer(rules));
	json_object_set_new(result, "disabled_rules", json_integer(disabled));
	json_object_set_new(result, "rulesets", json_integer((json_int_t)config->ruleset_count));
	json_object_set_new(result, "networks", json_integer((json_int_t)config->network_count));
}

static void add_image(json_t *result, const struct running *running)
{
	const struct running_refusal *refusal = running_last_refusal(running);
	uint64_t size, elapsed_us;

	running_image(running, &size, &elapsed_us);
	json_object_set_new(result, "image",
		json_pack("{s:I, s:I}", "bytes", (json_int_t)size, "compile_us",
			(json_int_t)elapsed_us));
	json_object_set_new(result, "last_refusal",
		refusal->generation
			? json_pack("{s:I, s:o}", "generation", (json_int_t)refusal->generation,
				  "reason", utf8_json(refusal->reason))
			: json_null());
}

void status_read(struct request *request)
{
	const struct serve_setup *setup = request->serve->setup;
	const struct config *config = request_config(request);
	char why[RUNNING_WHY_LEN];
	const char *attention = running_attention(setup->running, why);
	json_t *result = json_pack("{s:I, s:s, s:i, s:o, s:o, s:o}", "generation",
		(json_int_t)config->generation, "version", SHUNT_VERSION, "pid", (int)getpid(),
		"config_file", utf8_json(setup->config_path), "state_dir",
		utf8_json(setup->state_dir), "run_dir", utf8_json(setup->run_dir));

	json_object_set_new(result, "dataplane",
		show_dataplane(publish_dataplane(running_publish(setup->running))));
	add_counts(result, config);
	add_image(result, setup->running);
	json_object_set_new(result, "waiting", confirm_json(config));
	json_object_set_new(result, "attention", attention ? utf8_json(attention) : json_null());
	request_reply(request, result);
}
