// SPDX-License-Identifier: BSD-3-Clause
// A whole config as JSON text, run-time state included: what the store keeps and state_parse()
// reads.
//
// Written straight to text: every change of a rule stores the generation, and trees of 100,000 JSON
// objects would take longer than all else that a change does. What is default is left out.
#include "control/config/print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/kind.h"
#include "control/config/records.h"
#include "control/config/state.h"
#include "control/config/text.h"

// Text that grows; once memory is short, nothing more is added.
struct printer {
	char *text;
	size_t len;
	size_t capacity;
	bool failed;
};

// Room for `more` bytes, or NULL.
static char *make_room(struct printer *printer, size_t more)
{
	size_t capacity = printer->capacity ? printer->capacity : 4096;
	char *text;

	while (capacity < printer->len + more)
		capacity *= 2;
	if (capacity > printer->capacity) {
		text = printer->failed ? NULL : realloc(printer->text, capacity);
		if (!text) {
			printer->failed = true;
			return NULL;
		}
		printer->text = text;
		printer->capacity = capacity;
	}
	return printer->text + printer->len;
}

static void put(struct printer *printer, const char *text)
{
	size_t len = strlen(text);
	char *at = make_room(printer, len);

	if (!at)
		return;
	memcpy(at, text, len);
	printer->len += len;
}

// Between the members of what stands open; not behind a key.
static void put_comma(struct printer *printer)
{
	char last = printer->len > 0 ? printer->text[printer->len - 1] : '{';

	if (!strchr("{[:", last))
		put(printer, ",");
}

static void put_open(struct printer *printer, const char *bracket)
{
	put_comma(printer);
	put(printer, bracket);
}

// Keys are our own and need no escape.
static void put_key(struct printer *printer, const char *key)
{
	put_comma(printer);
	put(printer, "\"");
	put(printer, key);
	put(printer, "\":");
}

// Quoted; quotes, backslashes and control characters escaped (RFC 8259, 7).
static void put_string(struct printer *printer, const char *text)
{
	char *start;
	char *at;

	put_comma(printer);
	start = at = make_room(printer, 6 * strlen(text) + 3);
	if (!start)
		return;
	*at++ = '"';
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20) {
			at += sprintf(at, "\\u%04x", (unsigned)*text);
			continue;
		}
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at++ = '"';
	printer->len += (size_t)(at - start);
}

static void put_text(struct printer *printer, const char *key, const char *text)
{
	put_key(printer, key);
	put_string(printer, text);
}

static void put_number(struct printer *printer, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put_comma(printer);
	put(printer, text);
}

static void put_count(struct printer *printer, const char *key, uint64_t number)
{
	put_key(printer, key);
	put_number(printer, number);
}

// 64 bits don't fit the numbers of JSON.
static void put_hash(struct printer *printer, uint64_t hash)
{
	char text[20];

	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	put_text(printer, "file-hash", text);
}

static void put_edited(struct printer *printer, bool is_edited)
{
	if (!is_edited)
		return;
	put_key(printer, "edited");
	put(printer, "true");
}

static void put_strings(
	struct printer *printer, const char *key, const char *const *strings, size_t count)
{
	put_key(printer, key);
	put(printer, "[");
	for (size_t i = 0; i < count; i++)
		put_string(printer, strings[i]);
	put(printer, "]");
}

static void put_endpoints(
	struct printer *printer, const char *key, const struct endpoint *endpoints, size_t count)
{
	char text[TEXT_ENDPOINT_MAX];

	put_key(printer, key);
	put(printer, "[");
	for (size_t i = 0; i < count; i++)
		put_string(printer, text_format_endpoint(&endpoints[i], text));
	put(printer, "]");
}

static void put_ips(
	struct printer *printer, const char *key, const struct ip *addresses, size_t count)
{
	char text[TEXT_IP_MAX];

	put_key(printer, key);
	put(printer, "[");
	for (size_t i = 0; i < count; i++)
		put_string(printer, text_format_ip(&addresses[i], text));
	put(printer, "]");
}

static void put_inbound(struct printer *printer, const struct config_inbound *inbound)
{
	put_open(printer, "{");
	put_text(printer, "name", inbound->name);
	put_endpoints(printer, "addresses", inbound->addresses, inbound->address_count);
	put_edited(printer, inbound->edited);
	put_hash(printer, inbound->file_hash);
	put(printer, "}");
}

static void put_outbound(struct printer *printer, const struct config_outbound *outbound)
{
	char text[TEXT_IP_MAX];

	put_open(printer, "{");
	put_text(printer, "name", outbound->name);
	put_ips(printer, "addresses", outbound->addresses, outbound->address_count);
	snprintf(text, sizeof(text), "%u-%u", outbound->port_first, outbound->port_last);
	put_text(printer, "ports", text);
	put_edited(printer, outbound->edited);
	put_hash(printer, outbound->file_hash);
	put(printer, "}");
}

static void put_action(struct printer *printer, const struct config_rule *rule)
{
	char ttl[16];

	if (rule->action == CONFIG_ACTION_FORWARD)
		put_endpoints(printer, "targets", rule->targets, rule->target_count);
	else
		put_text(printer, "action", config_action_text(rule->action));
	if (rule->action == CONFIG_ACTION_ADDRESSES) {
		snprintf(ttl, sizeof(ttl), "%" PRIu32, rule->ttl);
		put_text(printer, "ttl", ttl);
		put_ips(printer, "addresses", rule->addresses, rule->address_count);
	}
}

static void put_rule(struct printer *printer, const struct config_rule *rule)
{
	put_open(printer, "{");
	put_text(printer, "name", rule->name);
	put_text(printer, "domain", rule->domain);
	if (rule->match != CONFIG_MATCH_SUFFIX)
		put_text(printer, "match", config_match_text(rule->match));
	if (rule->pattern)
		put_text(printer, "pattern", rule->pattern);
	if (rule->state != CONFIG_ENABLED)
		put_text(printer, "state", config_state_text(rule->state));
	put_action(printer, rule);
	if (rule->has_no_chase)
		put_text(printer, "chase", "off");
	if (rule->policy != CONFIG_POLICY_ORDERED)
		put_text(printer, "policy", config_policy_text(rule->policy));
	if (rule->ecs != EDNS_SUBNET_STRIP)
		put_text(printer, "ecs", config_ecs_text(rule->ecs));
	if (rule->metadata_count > 0)
		put_strings(printer, "metadata", rule->metadata, rule->metadata_count);
	put_count(printer, "counter", rule->counter);
	if (rule->counted_before != CONFIG_COUNTED_UNKNOWN)
		put_count(printer, "counted-before", rule->counted_before);
	put_edited(printer, rule->edited);
	put(printer, "}");
}

static void put_ruleset(struct printer *printer, const struct config_ruleset *ruleset)
{
	put_open(printer, "{");
	put_text(printer, "name", ruleset->name);
	put_strings(printer, "outbound-endpoints", (const char *const *)ruleset->outbound_endpoints,
		ruleset->outbound_endpoint_count);
	put_count(printer, "deleted", ruleset->deleted_count);
	put_hash(printer, ruleset->file_hash);
	put_key(printer, "rules");
	put(printer, "[");
	for (size_t i = 0; i < ruleset->rule_count; i++)
		put_rule(printer, &ruleset->rules[i]);
	put(printer, "]}");
}

static void put_records(struct printer *printer, const char *key, const struct records *records,
	enum record_source source)
{
	put_key(printer, key);
	put(printer, "[");
	for (size_t i = 0; i < records->count; i++)
		if (records->items[i].source == source)
			put_string(printer, record_line(records, &records->items[i]));
	put(printer, "]");
}

static void put_optional(struct printer *printer, const char *key, const char *text)
{
	if (text)
		put_text(printer, key, text);
}

static void put_zone(struct printer *printer, const struct config_zone *zone)
{
	char ttl[16];

	put_open(printer, "{");
	put_text(printer, "name", zone->name);
	put_optional(printer, "domain", zone->domain);
	put_optional(printer, "file", zone->file);
	put_optional(printer, "hosts", zone->hosts);
	snprintf(ttl, sizeof(ttl), "%" PRIu32, zone->ttl);
	put_text(printer, "ttl", ttl);
	put_text(printer, "reverse", zone->has_reverse ? "auto" : "off");
	put_text(printer, "on-nxdomain", zone->forwards_nxdomain ? "forward" : "nxdomain");
	put_records(printer, "records", zone->records, RECORD_GIVEN);
	put_records(printer, "file-records", zone->records, RECORD_FILE);
	put_records(printer, "hosts-records", zone->records, RECORD_HOSTS);
	put_edited(printer, zone->edited);
	put_hash(printer, zone->file_hash);
	put(printer, "}");
}

static void put_prefixes(struct printer *printer, const struct config_network *network)
{
	char text[TEXT_PREFIX_MAX];

	put_key(printer, "prefixes");
	put(printer, "[");
	for (size_t i = 0; i < network->prefix_count; i++)
		put_string(printer, text_format_prefix(&network->prefixes[i], text));
	put(printer, "]");
}

static void put_network(struct printer *printer, const struct config_network *network)
{
	bool is_forward = network->fallback == CONFIG_DEFAULT_FORWARD;

	put_open(printer, "{");
	put_text(printer, "name", network->name);
	put_prefixes(printer, network);
	put_strings(printer, "inbound-endpoints", (const char *const *)network->inbound_endpoints,
		network->inbound_endpoint_count);
	put_strings(printer, "rulesets", (const char *const *)network->rulesets,
		network->ruleset_count);
	put_strings(printer, "private-zones", (const char *const *)network->private_zones,
		network->private_zone_count);
	put_text(printer, "default", is_forward ? "forward" : "refuse");
	put_endpoints(printer, "default-targets", network->default_targets,
		network->default_target_count);
	put_strings(printer, "default-outbound-endpoints",
		(const char *const *)network->default_outbound_endpoints,
		network->default_outbound_endpoint_count);
	put_edited(printer, network->edited);
	put_hash(printer, network->file_hash);
	put(printer, "}");
}

static void put_upstream(struct printer *printer, const struct config_upstream *upstream)
{
	char text[16];

	put_open(printer, "{");
	put_text(printer, "address", upstream->address);
	if (!upstream->has_case_randomisation)
		put_text(printer, "case-randomisation", "off");
	if (!upstream->has_trust_ad)
		put_text(printer, "trust-ad", "off");
	if (!upstream->has_loop_check)
		put_text(printer, "loop-check", "off");
	snprintf(text, sizeof(text), "%" PRIu32, upstream->max_inflight);
	if (upstream->max_inflight)
		put_text(printer, "max-inflight", text);
	put_hash(printer, upstream->file_hash);
	put(printer, "}");
}

// Which numbers rest, and since when: [number, generation].
static void put_numbers(struct printer *printer, const struct numbers *numbers)
{
	put_key(printer, "numbers");
	put(printer, "{");
	put_count(printer, "next", numbers->next);
	put_key(printer, "resting");
	put(printer, "[");
	for (size_t i = 0; i < numbers->count; i++) {
		put_open(printer, "[");
		put_number(printer, numbers->resting[numbers->first + i].number);
		put_number(printer, numbers->resting[numbers->first + i].generation);
		put(printer, "]");
	}
	put(printer, "]}");
}

static void put_waiting(struct printer *printer, const struct config_waiting *waiting)
{
	put_key(printer, "waiting");
	put(printer, "{");
	put_text(printer, "ruleset", waiting->ruleset);
	put_count(printer, "back", waiting->back);
	put_count(printer, "until", waiting->until_sec);
	put(printer, "}");
}

// What was deleted, and what it was in the files: [kind, name, hash].
static void put_removed(struct printer *printer, const struct config *config)
{
	char text[20];

	put_key(printer, "removed");
	put(printer, "[");
	for (size_t i = 0; i < config->removed_count; i++) {
		const struct config_removed *removed = &config->removed[i];

		snprintf(text, sizeof(text), "%016" PRIx64, removed->file_hash);
		put_open(printer, "[");
		put_string(printer, kind_get(removed->kind)->list_key);
		put_string(printer, removed->name);
		put_string(printer, text);
		put(printer, "]");
	}
	put(printer, "]");
}

static void put_globals(struct printer *printer, const struct config *config)
{
	char text[TEXT_DURATION_MAX];

	put_count(printer, "format", STATE_FORMAT);
	put_count(printer, "generation", config->generation);
	put_text(printer, "query-timeout", text_format_duration(config->query_timeout_us, text));
	put_hash(printer, config->query_timeout_hash);
	put_key(printer, "backoff");
	put(printer, "{");
	put_text(printer, "initial", text_format_duration(config->backoff_initial_us, text));
	put_text(printer, "max", text_format_duration(config->backoff_max_us, text));
	put_hash(printer, config->backoff_hash);
	put(printer, "}");
	put_key(printer, "max-waiters");
	put(printer, "{");
	snprintf(text, sizeof(text), "%" PRIu32, config->max_waiters);
	put_text(printer, "number", text);
	put_hash(printer, config->max_waiters_hash);
	put(printer, "}");
	put_count(printer, "counting-since", config->counting_since_us);
	if (config->waiting.ruleset)
		put_waiting(printer, &config->waiting);
}

char *print_state(const struct config *config, size_t *len)
{
	struct printer printer = {0};

	put(&printer, "{");
	put_globals(&printer, config);
	put_key(&printer, "inbound-endpoints");
	put(&printer, "[");
	for (size_t i = 0; i < config->inbound_count; i++)
		put_inbound(&printer, &config->inbounds[i]);
	put(&printer, "]");
	put_key(&printer, "outbound-endpoints");
	put(&printer, "[");
	for (size_t i = 0; i < config->outbound_count; i++)
		put_outbound(&printer, &config->outbounds[i]);
	put(&printer, "]");
	put_key(&printer, "rulesets");
	put(&printer, "[");
	for (size_t i = 0; i < config->ruleset_count; i++)
		put_ruleset(&printer, &config->rulesets[i]);
	put(&printer, "]");
	put_key(&printer, "virtual-networks");
	put(&printer, "[");
	for (size_t i = 0; i < config->network_count; i++)
		put_network(&printer, &config->networks[i]);
	put(&printer, "]");
	put_key(&printer, "private-zones");
	put(&printer, "[");
	for (size_t i = 0; i < config->zone_count; i++)
		put_zone(&printer, &config->zones[i]);
	put(&printer, "]");
	put_key(&printer, "upstreams");
	put(&printer, "[");
	for (size_t i = 0; i < config->upstream_count; i++)
		put_upstream(&printer, &config->upstreams[i]);
	put(&printer, "]");
	put_removed(&printer, config);
	put_numbers(&printer, &config->numbers);
	put(&printer, "}");
	*len = printer.len;
	if (!printer.failed)
		return printer.text;
	free(printer.text);
	return NULL;
}
