// SPDX-License-Identifier: BSD-3-Clause
// Objects to JSON, spelt as in the YAML, for the control socket.
#include "control/config/json.h"

#include <string.h>

#include "control/config/records.h"
#include "control/config/text.h"

// All of these take NULL for "no memory" and hand it on.

static json_t *append(json_t *list, json_t *item)
{
	if (list && json_array_append_new(list, item) == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *set(json_t *object, const char *key, json_t *value)
{
	if (object && json_object_set_new_nocheck(object, key, value) == 0)
		return object;
	if (!object)
		json_decref(value);
	json_decref(object);
	return NULL;
}

static json_t *names_json(char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		list = append(list, json_string_nocheck(names[i]));
	return list;
}

static json_t *endpoints_json(const struct endpoint *endpoints, size_t count)
{
	char text[TEXT_ENDPOINT_MAX];
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		list = append(list, json_string_nocheck(text_format_endpoint(&endpoints[i], text)));
	return list;
}

static json_t *ips_json(const struct ip *addresses, size_t count)
{
	char text[TEXT_IP_MAX];
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		list = append(list, json_string_nocheck(text_format_ip(&addresses[i], text)));
	return list;
}

json_t *config_json_rule(const struct config_rule *rule)
{
	json_t *object = json_object();

	object = set(object, "name", json_string_nocheck(rule->name));
	object = set(object, "domain", json_string_nocheck(rule->domain));
	object = set(object, "match", json_string_nocheck(config_match_text(rule->match)));
	if (rule->pattern)
		object = set(object, "pattern", json_string_nocheck(rule->pattern));
	object = set(object, "action", json_string_nocheck(config_action_text(rule->action)));
	object = set(object, "state", json_string_nocheck(config_state_text(rule->state)));
	object = set(object, "targets", endpoints_json(rule->targets, rule->target_count));
	if (rule->action == CONFIG_ACTION_ADDRESSES) {
		object = set(object, "addresses", ips_json(rule->addresses, rule->address_count));
		object = set(object, "ttl", json_integer(rule->ttl));
	}
	if (rule->has_no_chase)
		object = set(object, "chase", json_string_nocheck("off"));
	if (rule->policy != CONFIG_POLICY_ORDERED)
		object = set(
			object, "policy", json_string_nocheck(config_policy_text(rule->policy)));
	if (rule->ecs != EDNS_SUBNET_STRIP)
		json_object_set_new(object, "ecs", json_string_nocheck(config_ecs_text(rule->ecs)));
	if (rule->metadata_count > 0)
		object = set(object, "metadata",
			names_json((char *const *)rule->metadata, rule->metadata_count));
	return object;
}

static json_t *drop(json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text && strcmp(text, value) == 0)
		json_object_del(object, key);
	return object;
}

json_t *config_json_ruleset_brief(const struct config_ruleset *ruleset)
{
	json_t *object = config_json_ruleset(ruleset);
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(object, "rules"), i, rule)
		drop(drop(drop(rule, "match", "suffix"), "action", "forward"), "state", "enabled");
	return object;
}

json_t *config_json_ruleset(const struct config_ruleset *ruleset)
{
	json_t *object = json_object();
	json_t *rules = json_array();

	for (size_t i = 0; i < ruleset->rule_count; i++)
		rules = append(rules, config_json_rule(&ruleset->rules[i]));
	object = set(object, "name", json_string_nocheck(ruleset->name));
	object = set(object, "outbound-endpoints",
		names_json(ruleset->outbound_endpoints, ruleset->outbound_endpoint_count));
	return set(object, "rules", rules);
}

json_t *config_json_inbound(const struct config_inbound *inbound)
{
	json_t *object = json_object();

	object = set(object, "name", json_string_nocheck(inbound->name));
	return set(object, "addresses", endpoints_json(inbound->addresses, inbound->address_count));
}

json_t *config_json_outbound(const struct config_outbound *outbound)
{
	json_t *object = json_object();

	object = set(object, "name", json_string_nocheck(outbound->name));
	object = set(object, "addresses", ips_json(outbound->addresses, outbound->address_count));
	return set(
		object, "ports", json_sprintf("%u-%u", outbound->port_first, outbound->port_last));
}

static json_t *prefixes_json(const struct config_network *network)
{
	char text[TEXT_PREFIX_MAX];
	json_t *list = json_array();

	for (size_t i = 0; i < network->prefix_count; i++)
		list = append(
			list, json_string_nocheck(text_format_prefix(&network->prefixes[i], text)));
	return list;
}

json_t *config_json_network(const struct config_network *network)
{
	bool is_forward = network->fallback == CONFIG_DEFAULT_FORWARD;
	json_t *object = json_object();

	object = set(object, "name", json_string_nocheck(network->name));
	object = set(object, "prefixes", prefixes_json(network));
	object = set(object, "inbound-endpoints",
		names_json(network->inbound_endpoints, network->inbound_endpoint_count));
	object = set(object, "rulesets", names_json(network->rulesets, network->ruleset_count));
	object = set(object, "private-zones",
		names_json(network->private_zones, network->private_zone_count));
	object = set(object, "default", json_string_nocheck(is_forward ? "forward" : "refuse"));
	object = set(object, "default-targets",
		endpoints_json(network->default_targets, network->default_target_count));
	return set(object, "default-outbound-endpoints",
		names_json(network->default_outbound_endpoints,
			network->default_outbound_endpoint_count));
}

static json_t *records_json(const struct records *records)
{
	json_t *list = json_array();

	for (size_t i = 0; records && i < records->count; i++)
		if (records->items[i].source == RECORD_GIVEN)
			list = append(list,
				json_string_nocheck(record_line(records, &records->items[i])));
	return list;
}

json_t *config_json_zone(const struct config_zone *zone)
{
	json_t *object = json_object();

	object = set(object, "name", json_string_nocheck(zone->name));
	if (zone->domain)
		object = set(object, "domain", json_string_nocheck(zone->domain));
	object = set(object, "ttl", json_integer(zone->ttl));
	object = set(object, "reverse", json_string_nocheck(zone->has_reverse ? "auto" : "off"));
	object = set(object, "on-nxdomain",
		json_string_nocheck(zone->forwards_nxdomain ? "forward" : "nxdomain"));
	if (zone->file)
		object = set(object, "file", json_string_nocheck(zone->file));
	if (zone->hosts)
		object = set(object, "hosts", json_string_nocheck(zone->hosts));
	return set(object, "records", records_json(zone->records));
}
