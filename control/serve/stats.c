// SPDX-License-Identifier: BSD-3-Clause
// stats.show and path.show: what the dataplane counted.

#include "control/serve/request.h"

// The connected dataplane's counters; NULL: there is none, and the request is answered.
static const struct counters *find_counters(struct request *request)
{
	const struct publish *publish = running_publish(request->serve->setup->running);

	if (publish_dataplane(publish))
		return publish_counters(publish);
	request_fail(request, ERROR_REFUSED, NULL,
		"dataplane: not connected, and the counters are its own: start shunt-dataplane "
		"with this run folder");
	return NULL;
}

static json_int_t sum_kind(const struct counters *counters, enum counter_kind kind)
{
	return (json_int_t)counters_sum_kind(counters, kind);
}

// {name: count} of one kind.
static json_t *count_by_name(const struct counters *counters, enum counter_kind kind)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < counters->header.entry_count; i++)
		if (counters->entries[i].kind == kind)
			json_object_set_new(object, counters->entries[i].name,
				json_integer((json_int_t)counters_sum(counters, i)));
	return object;
}

static json_t *count_path(const struct counters *counters)
{
	json_t *replies = json_pack("{s:I, s:I, s:o, s:I, s:I}", "received",
		sum_kind(counters, COUNTER_REPLIES), "accepted",
		sum_kind(counters, COUNTER_ACCEPTED), "refused",
		count_by_name(counters, COUNTER_REFUSAL), "handed_over",
		sum_kind(counters, COUNTER_HANDED_OVER), "taken_over",
		sum_kind(counters, COUNTER_TAKEN_OVER));

	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "received",
		sum_kind(counters, COUNTER_RECEIVED), "answered",
		sum_kind(counters, COUNTER_ANSWERED), "in_flight",
		sum_kind(counters, COUNTER_WAITING), "exits", count_by_name(counters, COUNTER_EXIT),
		"replies", replies);
}

// What the rule's number counted since the rule has it.
static json_int_t count_queries(const struct counters *counters, const struct config_rule *rule)
{
	uint64_t now = counters_rule(counters, rule->counter);

	if (rule->counted_before == CONFIG_COUNTED_UNKNOWN || now < rule->counted_before)
		return (json_int_t)now;
	return (json_int_t)(now - rule->counted_before);
}

static json_t *count_rules(const struct counters *counters, const struct config *config)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < config->ruleset_count; i++) {
		const struct config_ruleset *ruleset = &config->rulesets[i];

		for (size_t r = 0; r < ruleset->rule_count; r++)
			json_array_append_new(rules,
				json_pack("{s:s, s:s, s:I, s:I}", "ruleset", ruleset->name, "name",
					ruleset->rules[r].name, "queries",
					count_queries(counters, &ruleset->rules[r]), "loops",
					(json_int_t)counters_loops(
						counters, ruleset->rules[r].counter)));
	}
	return rules;
}

void stats_show(struct request *request)
{
	const struct config *config = request_config(request);
	const struct counters *counters = find_counters(request);

	if (counters)
		request_reply(request,
			json_pack("{s:I, s:o, s:o}", "generation", (json_int_t)config->generation,
				"path", count_path(counters), "rules",
				count_rules(counters, config)));
}

static json_t *show_counter(const struct counters *counters, uint32_t entry)
{
	json_t *workers = json_array();

	for (uint32_t worker = 0; worker < counters->header.worker_count; worker++)
		json_array_append_new(
			workers, json_integer((json_int_t)counters_get(counters, entry, worker)));
	return json_pack("{s:s, s:s, s:I, s:o}", "name", counters->entries[entry].name, "kind",
		counters_kind_text(counters->entries[entry].kind), "total",
		(json_int_t)counters_sum(counters, entry), "workers", workers);
}

void path_show(struct request *request)
{
	const struct config *config = request_config(request);
	const struct counters *counters = find_counters(request);
	json_t *list;

	if (!counters)
		return;
	list = json_array();
	for (uint32_t i = 0; i < counters->header.entry_count; i++)
		json_array_append_new(list, show_counter(counters, i));
	request_reply(request,
		json_pack("{s:I, s:I, s:o}", "generation", (json_int_t)config->generation,
			"workers", (json_int_t)counters->header.worker_count, "counters", list));
}
