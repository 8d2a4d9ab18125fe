// SPDX-License-Identifier: BSD-3-Clause
// Objects in results.

#include "control/serve/object.h"

#include <time.h>

#include "control/config/json.h"
#include "control/serve/utf8.h"

enum { ERROR_LINE_LEN = 1024 };

json_t *object_rule(const struct config_ruleset *ruleset, const struct config_rule *rule)
{
	json_t *object = config_json_rule(rule);

	json_object_set_new(object, "ruleset", json_string(ruleset->name));
	return object;
}

json_t *object_ruleset_head(const struct config_ruleset *ruleset)
{
	json_t *endpoints = json_array();

	for (size_t i = 0; i < ruleset->outbound_endpoint_count; i++)
		json_array_append_new(endpoints, json_string(ruleset->outbound_endpoints[i]));
	return json_pack("{s:s, s:o, s:I}", "name", ruleset->name, "outbound-endpoints", endpoints,
		"rule-count", (json_int_t)ruleset->rule_count);
}

json_t *object_errors(const struct config_errors *errors)
{
	json_t *list = json_array();
	char line[ERROR_LINE_LEN];

	for (size_t i = 0; i < errors->count; i++) {
		errors_format(&errors->items[i], line, sizeof(line));
		json_array_append_new(list, utf8_json(line));
	}
	if (errors->left_off)
		json_array_append_new(list, json_sprintf("and %zu more", errors->left_off));
	return list;
}

json_t *object_time(int64_t sec)
{
	char text[32];
	time_t time = (time_t)sec;
	struct tm parts;

	gmtime_r(&time, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return json_string(text);
}
