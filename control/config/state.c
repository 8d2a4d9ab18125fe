// SPDX-License-Identifier: BSD-3-Clause
// JSON as print_state() wrote it, to a config.
//
// The structs of build.h are filled with pointers into the JSON and go through the checks of
// build_config(); then what only runs is added, object by object: counters, hashes, resting
// numbers.
#include "control/config/state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/build.h"
#include "control/config/kind.h"
#include "control/config/removed.h"
#include "core/counters.h"

// All that is made on the way, so that it can be let go at once.
struct parser {
	struct config_faults faults;
	struct build_text text;
	struct build_backoff backoff;
	const char **strings; // the lists of strings, one behind the other
	size_t string_count;
	struct config_rule_text *rules; // those of all rulesets
	size_t rule_count;
};

static void take_fault(struct config_faults *faults, const struct config_fault *fault)
{
	(void)faults; // their count says enough: the file was ours
	(void)fault;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

// Every string is in at most one list.
static size_t count_strings(const json_t *json)
{
	size_t count = json_is_string(json);
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach(json, i, value)
		count += count_strings(value);
	json_object_foreach((json_t *)json, key, value)
		count += json_is_string(value) ? 0 : count_strings(value);
	return count;
}

static const char *const *strings_of(
	struct parser *parser, const json_t *object, const char *key, size_t *count)
{
	const json_t *list = json_object_get(object, key);
	const char **strings = parser->strings + parser->string_count;

	*count = json_array_size(list);
	for (size_t i = 0; i < *count; i++) {
		strings[i] = json_string_value(json_array_get(list, i));
		if (!strings[i]) {
			*count = i;
			parser->faults.count++;
		}
	}
	parser->string_count += *count;
	return list ? strings : NULL;
}

static void parse_rule(struct parser *parser, const json_t *object)
{
	struct config_rule_text *rule = &parser->rules[parser->rule_count++];

	rule->name = text_of(object, "name");
	rule->domain = text_of(object, "domain");
	rule->match = text_of(object, "match");
	rule->pattern = text_of(object, "pattern");
	rule->state = text_of(object, "state");
	rule->policy = text_of(object, "policy");
	rule->action = text_of(object, "action");
	rule->chase = text_of(object, "chase");
	rule->ttl = text_of(object, "ttl");
	rule->addresses = strings_of(parser, object, "addresses", &rule->addresses_count);
	rule->ecs = text_of(object, "ecs");
	rule->targets = strings_of(parser, object, "targets", &rule->targets_count);
	rule->metadata = strings_of(parser, object, "metadata", &rule->metadata_count);
}

static void parse_ruleset(struct parser *parser, const json_t *object)
{
	struct config_ruleset_text *ruleset = &parser->text.rulesets[parser->text.rulesets_count++];
	const json_t *rules = json_object_get(object, "rules");

	ruleset->name = text_of(object, "name");
	ruleset->outbound_endpoints = strings_of(
		parser, object, "outbound-endpoints", &ruleset->outbound_endpoints_count);
	ruleset->rules = parser->rules + parser->rule_count;
	ruleset->rules_count = json_array_size(rules);
	for (size_t i = 0; i < ruleset->rules_count; i++)
		parse_rule(parser, json_array_get(rules, i));
}

static void parse_inbound(struct parser *parser, const json_t *object)
{
	struct build_inbound *inbound = &parser->text.inbounds[parser->text.inbounds_count++];

	inbound->name = text_of(object, "name");
	inbound->addresses = strings_of(parser, object, "addresses", &inbound->addresses_count);
}

static void parse_outbound(struct parser *parser, const json_t *object)
{
	struct build_outbound *outbound = &parser->text.outbounds[parser->text.outbounds_count++];

	outbound->name = text_of(object, "name");
	outbound->ports = text_of(object, "ports");
	outbound->addresses = strings_of(parser, object, "addresses", &outbound->addresses_count);
}

static void parse_network(struct parser *parser, const json_t *object)
{
	struct build_network *network = &parser->text.networks[parser->text.networks_count++];

	network->name = text_of(object, "name");
	network->fallback = text_of(object, "default");
	network->prefixes = strings_of(parser, object, "prefixes", &network->prefixes_count);
	network->inbound_endpoints =
		strings_of(parser, object, "inbound-endpoints", &network->inbound_endpoints_count);
	network->rulesets = strings_of(parser, object, "rulesets", &network->rulesets_count);
	network->private_zones =
		strings_of(parser, object, "private-zones", &network->private_zones_count);
	network->default_targets =
		strings_of(parser, object, "default-targets", &network->default_targets_count);
	network->default_outbound_endpoints = strings_of(parser, object,
		"default-outbound-endpoints", &network->default_outbound_endpoints_count);
}

static void parse_zone(struct parser *parser, const json_t *object)
{
	struct build_zone *zone = &parser->text.zones[parser->text.zones_count++];

	zone->name = text_of(object, "name");
	zone->domain = text_of(object, "domain");
	zone->ttl = text_of(object, "ttl");
	zone->reverse = text_of(object, "reverse");
	zone->on_nxdomain = text_of(object, "on-nxdomain");
	zone->file = text_of(object, "file");
	zone->hosts = text_of(object, "hosts");
	zone->records = strings_of(parser, object, "records", &zone->records_count);
	zone->file_records = strings_of(parser, object, "file-records", &zone->file_records_count);
	zone->hosts_records =
		strings_of(parser, object, "hosts-records", &zone->hosts_records_count);
}

static void parse_upstream(struct parser *parser, const json_t *object)
{
	struct build_upstream *upstream = &parser->text.upstreams[parser->text.upstreams_count++];

	upstream->address = text_of(object, "address");
	upstream->case_randomisation = text_of(object, "case-randomisation");
	upstream->trust_ad = text_of(object, "trust-ad");
	upstream->loop_check = text_of(object, "loop-check");
	upstream->max_inflight = text_of(object, "max-inflight");
}

static size_t count_rules(const json_t *rulesets)
{
	size_t count = 0;
	json_t *ruleset;
	size_t i;

	json_array_foreach(rulesets, i, ruleset)
		count += json_array_size(json_object_get(ruleset, "rules"));
	return count;
}

static int make_arrays(struct parser *parser, const json_t *json)
{
	const json_t *rulesets = json_object_get(json, "rulesets");
	struct build_text *text = &parser->text;

	parser->strings = calloc(count_strings(json) + 1, sizeof(*parser->strings));
	parser->rules = calloc(count_rules(rulesets) + 1, sizeof(*parser->rules));
	text->rulesets = calloc(json_array_size(rulesets) + 1, sizeof(*text->rulesets));
	text->inbounds = calloc(json_array_size(json_object_get(json, "inbound-endpoints")) + 1,
		sizeof(*text->inbounds));
	text->outbounds = calloc(json_array_size(json_object_get(json, "outbound-endpoints")) + 1,
		sizeof(*text->outbounds));
	text->networks = calloc(json_array_size(json_object_get(json, "virtual-networks")) + 1,
		sizeof(*text->networks));
	text->zones = calloc(
		json_array_size(json_object_get(json, "private-zones")) + 1, sizeof(*text->zones));
	text->upstreams = calloc(
		json_array_size(json_object_get(json, "upstreams")) + 1, sizeof(*text->upstreams));
	if (!parser->strings || !parser->rules || !text->rulesets || !text->inbounds ||
		!text->outbounds || !text->networks || !text->upstreams || !text->zones)
		return -ENOMEM;
	return 0;
}

static void each(struct parser *parser, const json_t *json, const char *key,
	void (*parse)(struct parser *parser, const json_t *object))
{
	json_t *object;
	size_t i;

	json_array_foreach(json_object_get(json, key), i, object)
		parse(parser, object);
}

static uint64_t hash_of(const json_t *object)
{
	const char *text = text_of(object, "file-hash");

	return text ? strtoull(text, NULL, 16) : 0;
}

// Whether the rule got a number that no other has: `given` has a mark for each.
static bool add_rule_state(const json_t *object, struct config_ruleset *ruleset,
	struct config_rule *rule, bool *given, uint32_t next)
{
	const json_t *counter = json_object_get(object, "counter");
	const json_t *counted = json_object_get(object, "counted-before");
	json_int_t number = json_integer_value(counter);

	if (!json_is_integer(counter) || number < 0 || number >= next || given[number])
		return false;
	given[number] = true;
	rule->counter = (uint32_t)number;
	rule->edited = json_is_true(json_object_get(object, "edited"));
	rule->counted_before = CONFIG_COUNTED_UNKNOWN;
	if (json_is_integer(counted))
		rule->counted_before = (uint64_t)json_integer_value(counted);
	else
		ruleset->unsettled_count++;
	return true;
}

static bool add_ruleset_state(
	const json_t *object, struct config_ruleset *ruleset, bool *given, uint32_t next)
{
	const json_t *rules = json_object_get(object, "rules");
	bool is_good = true;

	ruleset->file_hash = hash_of(object);
	ruleset->deleted_count = (size_t)json_integer_value(json_object_get(object, "deleted"));
	for (size_t i = 0; i < ruleset->rule_count && is_good; i++)
		is_good = add_rule_state(
			json_array_get(rules, i), ruleset, &ruleset->rules[i], given, next);
	return is_good;
}

static bool add_resting(const json_t *resting, struct numbers *numbers, bool *given)
{
	json_t *one;
	size_t i;

	json_array_foreach(resting, i, one) {
		json_int_t number = json_integer_value(json_array_get(one, 0));
		json_int_t generation = json_integer_value(json_array_get(one, 1));

		if (number < 0 || number >= numbers->next || given[number] ||
			numbers_release(numbers, (uint32_t)number, (uint64_t)generation))
			return false;
		given[number] = true;
	}
	return true;
}

static int add_numbers(const json_t *json, struct config *config)
{
	const json_t *numbers = json_object_get(json, "numbers");
	const json_t *rulesets = json_object_get(json, "rulesets");
	json_int_t next = json_integer_value(json_object_get(numbers, "next"));
	bool is_good = true;
	bool *given;

	if (next < 0 || next > COUNTERS_RULE_CAPACITY)
		return -EBADMSG;
	config->numbers.next = (uint32_t)next;
	given = calloc((size_t)next + 1, sizeof(*given));
	if (!given)
		return -ENOMEM;
	for (size_t i = 0; i < config->ruleset_count && is_good; i++)
		is_good = add_ruleset_state(json_array_get(rulesets, i), &config->rulesets[i],
			given, config->numbers.next);
	if (is_good)
		is_good = add_resting(json_object_get(numbers, "resting"), &config->numbers, given);
	free(given);
	return is_good ? 0 : -EBADMSG;
}

static void add_object_state(const json_t *json, const struct kind *kind, struct config *config)
{
	const json_t *list = json_object_get(json, kind->list_key);

	for (size_t i = 0; i < kind_count(kind, config); i++) {
		const json_t *from = json_array_get(list, i);
		void *object = kind_object(kind, config, i);

		*kind_hash(kind, object) = hash_of(from);
		if (json_is_true(json_object_get(from, "edited")))
			kind_set_edited(kind, object);
	}
}

static enum config_kind kind_of(const char *list_key)
{
	size_t k = KIND_COUNT - 1;

	while (k > CONFIG_GLOBAL && strcmp(kind_get((enum config_kind)k)->list_key, list_key) != 0)
		k--;
	return (enum config_kind)k;
}

static int add_removed(const json_t *list, struct config *config)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *key = json_string_value(json_array_get(item, 0));
		const char *name = json_string_value(json_array_get(item, 1));
		const char *hash = json_string_value(json_array_get(item, 2));

		if (key && name && hash && kind_of(key) != CONFIG_GLOBAL &&
			removed_add(config, kind_of(key), name, strtoull(hash, NULL, 16)))
			return -ENOMEM;
	}
	return 0;
}

static int add_waiting(const json_t *waiting, struct config *config)
{
	return config_set_waiting(config, text_of(waiting, "ruleset"),
		(uint64_t)json_integer_value(json_object_get(waiting, "back")),
		(uint64_t)json_integer_value(json_object_get(waiting, "until")));
}

static int add_state(const json_t *json, struct config *config)
{
	config->generation = (uint64_t)json_integer_value(json_object_get(json, "generation"));
	config->query_timeout_hash = hash_of(json);
	config->backoff_hash = hash_of(json_object_get(json, "backoff"));
	config->max_waiters_hash = hash_of(json_object_get(json, "max-waiters"));
	config->counting_since_us =
		(uint64_t)json_integer_value(json_object_get(json, "counting-since"));
	for (size_t k = CONFIG_GLOBAL + 1; k < KIND_COUNT; k++)
		add_object_state(json, kind_get((enum config_kind)k), config);
	if (add_removed(json_object_get(json, "removed"), config))
		return -ENOMEM;
	if (add_waiting(json_object_get(json, "waiting"), config))
		return -ENOMEM;
	return add_numbers(json, config);
}

static int parse(struct parser *parser, const json_t *json, struct config **out)
{
	int error = make_arrays(parser, json);

	if (error)
		return error;
	parser->text.query_timeout = text_of(json, "query-timeout");
	parser->text.max_waiters = text_of(json_object_get(json, "max-waiters"), "number");
	parser->backoff.initial = text_of(json_object_get(json, "backoff"), "initial");
	parser->backoff.max = text_of(json_object_get(json, "backoff"), "max");
	parser->text.backoff = &parser->backoff;
	each(parser, json, "inbound-endpoints", parse_inbound);
	each(parser, json, "outbound-endpoints", parse_outbound);
	each(parser, json, "rulesets", parse_ruleset);
	each(parser, json, "virtual-networks", parse_network);
	each(parser, json, "upstreams", parse_upstream);
	each(parser, json, "private-zones", parse_zone);
	error = build_config(&parser->text, out, &parser->faults);
	if (error)
		return error == -ENOMEM ? error : -EBADMSG;
	return add_state(json, *out);
}

int state_parse(const json_t *json, struct config **out)
{
	struct parser parser = {.faults.take = take_fault};
	int error = -EBADMSG;

	*out = NULL;
	parser.faults.at.rule = CONFIG_NONE;
	if (json_integer_value(json_object_get(json, "format")) == STATE_FORMAT)
		error = parse(&parser, json, out);
	if (error) {
		config_free(*out);
		*out = NULL;
	}
	free(parser.strings);
	free(parser.rules);
	free(parser.text.inbounds);
	free(parser.text.outbounds);
	free(parser.text.rulesets);
	free(parser.text.networks);
	free(parser.text.upstreams);
	free(parser.text.zones);
	return error;
}
