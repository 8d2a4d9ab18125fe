// SPDX-License-Identifier: BSD-3-Clause
// The table of methods and their parameters.

#include "control/serve/method.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME                                 \
	{                                    \
		"name", PARAMETER_TEXT, true \
	}
#define RULESET                                 \
	{                                       \
		"ruleset", PARAMETER_TEXT, true \
	}
#define TARGET                                  \
	{                                       \
		"target", PARAMETER_LIST, false \
	}
#define ACTION                                  \
	{                                       \
		"action", PARAMETER_TEXT, false \
	}
#define ADDRESS                                  \
	{                                        \
		"address", PARAMETER_LIST, false \
	}
#define TTL                                  \
	{                                    \
		"ttl", PARAMETER_TEXT, false \
	}
#define MATCH                                  \
	{                                      \
		"match", PARAMETER_TEXT, false \
	}
#define PATTERN                                  \
	{                                        \
		"pattern", PARAMETER_TEXT, false \
	}
#define STATE                                  \
	{                                      \
		"state", PARAMETER_TEXT, false \
	}
#define POLICY                                  \
	{                                       \
		"policy", PARAMETER_TEXT, false \
	}
#define METADATA                                  \
	{                                         \
		"metadata", PARAMETER_LIST, false \
	}
#define END                                 \
	{                                   \
		NULL, PARAMETER_TEXT, false \
	}

// clang-format off
static const struct parameter create[] = {
	NAME, RULESET, {"domain", PARAMETER_TEXT, true},
	TARGET, ACTION, ADDRESS, TTL, MATCH, PATTERN, STATE, POLICY, METADATA, END,
};
// `domain` is known, so that the refusal can say what to do instead.
static const struct parameter update[] = {
	NAME, RULESET, {"domain", PARAMETER_TEXT, false},
	TARGET, ACTION, ADDRESS, TTL, MATCH, PATTERN, STATE, POLICY, METADATA, END,
};
static const struct parameter named_rule[] = {NAME, RULESET, END};
static const struct parameter named[] = {NAME, END};
static const struct parameter rules[] = {{"ruleset", PARAMETER_TEXT, false}, END};
static const struct parameter test[] = {
	NAME, {"type", PARAMETER_TEXT, false}, {"client", PARAMETER_TEXT, false},
	{"inbound", PARAMETER_TEXT, false}, {"follow", PARAMETER_FLAG, false}, END,
};
static const struct parameter apply[] = {
	NAME, {"file", PARAMETER_TEXT, false}, TARGET, {"create", PARAMETER_FLAG, false},
	{"outbound_endpoint", PARAMETER_LIST, false},
	{"confirm_timeout", PARAMETER_NUMBER, false}, END,
};
static const struct parameter diff[] = {
	NAME, {"file", PARAMETER_TEXT, false}, TARGET, {"create", PARAMETER_FLAG, false},
	{"outbound_endpoint", PARAMETER_LIST, false},
	{"generation", PARAMETER_NUMBER, false}, END,
};
static const struct parameter back[] = {NAME, {"generation", PARAMETER_NUMBER, false}, END};
static const struct parameter network[] = {
	NAME, {"prefix", PARAMETER_LIST, false}, {"inbound_endpoint", PARAMETER_LIST, false},
	{"ruleset", PARAMETER_LIST, false}, {"private_zone", PARAMETER_LIST, false},
	{"default", PARAMETER_TEXT, false},
	{"default_target", PARAMETER_LIST, false},
	{"default_outbound_endpoint", PARAMETER_LIST, false}, END,
};
static const struct parameter zone[] = {
	NAME, {"domain", PARAMETER_TEXT, false}, {"ttl", PARAMETER_TEXT, false},
	{"reverse", PARAMETER_TEXT, false}, {"on_nxdomain", PARAMETER_TEXT, false},
	{"zone_file", PARAMETER_TEXT, false}, {"hosts", PARAMETER_TEXT, false},
	{"record", PARAMETER_LIST, false}, END,
};
static const struct parameter record[] = {
	NAME, {"zone", PARAMETER_TEXT, true}, {"type", PARAMETER_TEXT, true},
	{"data", PARAMETER_LIST, true}, {"ttl", PARAMETER_TEXT, false}, END,
};
static const struct parameter named_record[] = {
	NAME, {"zone", PARAMETER_TEXT, true}, {"type", PARAMETER_TEXT, false}, END,
};
static const struct parameter records[] = {{"zone", PARAMETER_TEXT, false}, END};
#define KIND {"kind", PARAMETER_TEXT, false}
static const struct parameter new_endpoint[] = {
	NAME, {"kind", PARAMETER_TEXT, true}, {"address", PARAMETER_LIST, true},
	{"ports", PARAMETER_TEXT, false}, {"replies", PARAMETER_TEXT, false}, END,
};
static const struct parameter endpoint[] = {
	NAME, KIND, {"address", PARAMETER_LIST, false}, {"ports", PARAMETER_TEXT, false},
	{"replies", PARAMETER_TEXT, false}, END,
};
static const struct parameter named_endpoint[] = {NAME, KIND, END};
static const struct parameter endpoints[] = {KIND, END};
static const struct parameter from[] = {NAME, {"outbound_endpoint", PARAMETER_LIST, true}, END};
static const struct parameter import[] = {
	{"from", PARAMETER_TEXT, true}, {"file", PARAMETER_TEXT, true},
	{"apply", PARAMETER_FLAG, false}, {"network", PARAMETER_TEXT, false},
	{"ruleset", PARAMETER_TEXT, false}, {"outbound_endpoint", PARAMETER_LIST, false},
	{"default", PARAMETER_TEXT, false}, END,
};
static const struct parameter dump[] = {
	NAME, {"automaton", PARAMETER_FLAG, false}, {"dot", PARAMETER_FLAG, false}, END,
};
static const struct parameter addressed[] = {{"address", PARAMETER_TEXT, true}, END};
static const struct parameter reload[] = {{"force", PARAMETER_FLAG, false}, END};

static const struct method methods[] = {
	{"status", NULL, status_read, NULL},
	{"reload", reload, NULL, reload_write},
	{"import", import, NULL, import_write},
	{"rule.create", create, NULL, rule_create},
	{"rule.update", update, NULL, rule_update},
	{"rule.delete", named_rule, NULL, rule_delete},
	{"rule.enable", named_rule, NULL, rule_enable},
	{"rule.disable", named_rule, NULL, rule_disable},
	{"rule.show", named_rule, rule_show, NULL},
	{"rule.list", rules, rule_list, NULL},
	{"rule.test", test, test_read, NULL},
	{"ruleset.apply", apply, NULL, ruleset_apply},
	{"ruleset.diff", diff, ruleset_diff, NULL},
	{"ruleset.export", back, ruleset_export, NULL},
	{"ruleset.history", named, ruleset_history, NULL},
	{"ruleset.rollback", back, NULL, ruleset_rollback},
	{"ruleset.confirm", named, NULL, ruleset_confirm},
	{"ruleset.expire", NULL, NULL, ruleset_expire},
	{"ruleset.create", from, NULL, ruleset_create},
	{"ruleset.update", from, NULL, ruleset_update},
	{"ruleset.delete", named, NULL, ruleset_delete},
	{"ruleset.show", named, ruleset_show, NULL},
	{"ruleset.list", NULL, ruleset_list, NULL},
	{"ruleset.dump", dump, ruleset_dump, NULL},
	{"ruleset.stats", named, ruleset_stats, NULL},
	{"network.create", network, NULL, network_create},
	{"network.update", network, NULL, network_update},
	{"network.delete", named, NULL, network_delete},
	{"network.show", named, network_show, NULL},
	{"network.list", NULL, network_list, NULL},
	{"zone.create", zone, NULL, zone_create},
	{"zone.update", zone, NULL, zone_update},
	{"zone.delete", named, NULL, zone_delete},
	{"zone.show", named, zone_show, NULL},
	{"zone.list", NULL, zone_list, NULL},
	{"record.create", record, NULL, record_create},
	{"record.update", record, NULL, record_update},
	{"record.delete", named_record, NULL, record_delete},
	{"record.show", named_record, record_show, NULL},
	{"record.list", records, record_list, NULL},
	{"endpoint.create", new_endpoint, NULL, endpoint_create},
	{"endpoint.update", endpoint, NULL, endpoint_update},
	{"endpoint.delete", named_endpoint, NULL, endpoint_delete},
	{"endpoint.show", named_endpoint, endpoint_show, NULL},
	{"endpoint.list", endpoints, endpoint_list, NULL},
	{"upstream.list", NULL, upstream_list, NULL},
	{"upstream.show", addressed, upstream_show, NULL},
	{"upstream.drain", addressed, upstream_drain, NULL},
	{"upstream.enable", addressed, upstream_enable, NULL},
	{"upstream.reset", addressed, upstream_reset, NULL},
	{"stats.show", NULL, stats_show, NULL},
	{"path.show", NULL, path_show, NULL},
};
// clang-format on

static const struct parameter if_generation = {"if_generation", PARAMETER_NUMBER, false};

const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static const struct parameter *find_parameter(const struct method *method, const char *name)
{
	for (const struct parameter *p = method->parameters; p && p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	if (method->write && strcmp(name, if_generation.name) == 0)
		return &if_generation;
	return NULL;
}

static bool is_list_of_texts(const json_t *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_array(value);
}

// NULL: the value is of that kind; else what it ought to be.
static const char *check_kind(enum parameter_kind kind, const json_t *value)
{
	switch (kind) {
	case PARAMETER_TEXT: return json_is_string(value) ? NULL : "a text";
	case PARAMETER_LIST: return is_list_of_texts(value) ? NULL : "a list of texts";
	case PARAMETER_NUMBER: return json_is_integer(value) ? NULL : "a whole number";
	case PARAMETER_FLAG: break;
	}
	return json_is_boolean(value) ? NULL : "true or false";
}

int method_check(const struct method *method, const json_t *params, char why[static METHOD_WHY_LEN])
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)params, name, value) {
		const struct parameter *parameter = find_parameter(method, name);
		const char *wanted = parameter ? check_kind(parameter->kind, value) : NULL;

		if (!parameter)
			snprintf(why, METHOD_WHY_LEN, "%s: unknown parameter '%.64s'", method->name,
				name);
		else if (wanted)
			snprintf(why, METHOD_WHY_LEN, "%s: parameter '%s' must be %s", method->name,
				name, wanted);
		if (!parameter || wanted)
			return -EINVAL;
	}
	for (const struct parameter *p = method->parameters; p && p->name; p++)
		if (p->is_required && !json_object_get(params, p->name)) {
			snprintf(why, METHOD_WHY_LEN, "%s: parameter '%s' is missing", method->name,
				p->name);
			return -EINVAL;
		}
	return 0;
}
