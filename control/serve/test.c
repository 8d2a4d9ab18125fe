// SPDX-License-Identifier: BSD-3-Clause
// rule.test: which rule answers a name, and which others would have.
//
//   name, type ──▶ client ──▶ network ──▶ winner, from the image ──▶ beaten, from the config
//                (prefix_find)          (suffix_match)

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/compile/compile.h"
#include "control/config/pattern.h"
#include "control/config/text.h"
#include "control/serve/request.h"
#include "control/serve/upstream.h"
#include "core/msg.h"
#include "core/name.h"
#include "core/prefix.h"
#include "core/route.h"

enum { LIST_LEN = 512 };

// What is asked, and what was found.
struct question {
	const struct config *config;
	const struct lookup *lookup;
	const struct counters *counters; // of the dataplane; none if it is not connected
	uint8_t name[NAME_LEN_MAX];
	unsigned name_len;
	uint16_t type;
	struct ip client;
	bool has_client;
	struct endpoint inbound;
	bool has_inbound;
	uint32_t network; // IMAGE_NONE: the client is in none
	struct route_found found;
};

static const struct {
	const char *text;
	uint16_t type;
} types[] = {
	{"A", 1},
	{"NS", 2},
	{"CNAME", 5},
	{"SOA", 6},
	{"PTR", 12},
	{"MX", 15},
	{"TXT", 16},
	{"AAAA", 28},
	{"SRV", 33},
	{"NAPTR", 35},
	{"DS", 43},
	{"SSHFP", 44},
	{"RRSIG", 46},
	{"NSEC", 47},
	{"DNSKEY", 48},
	{"TLSA", 52},
	{"SVCB", 64},
	{"HTTPS", 65},
	{"ANY", 255},
	{"CAA", 257},
};

// A mnemonic, or TYPE and a number (RFC 3597, 5).
static int parse_type(const char *text, uint16_t *type)
{
	char *end;
	unsigned long number;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].text, text) == 0) {
			*type = types[i].type;
			return 0;
		}
	if (strncasecmp(text, "TYPE", 4) != 0 || text[4] < '0' || text[4] > '9')
		return -EINVAL;
	number = strtoul(text + 4, &end, 10);
	*type = (uint16_t)number;
	return *end || number > UINT16_MAX ? -EINVAL : 0;
}

static const struct config_rule *rule_of(
	const struct question *question, const struct lookup_rule *at)
{
	return &question->config->rulesets[at->ruleset].rules[at->rule];
}

// The parameters to the question. 0, or the request is answered.
static int read_name(struct request *request, struct question *question)
{
	const char *name = request_text(request, "name");
	const char *type = request_text(request, "type");
	const char *why;

	question->name_len = name_parse(name, strlen(name), question->name, &why);
	if (question->name_len == 0) {
		request_fail(request, ERROR_PARAMETER, NULL, "rule.test: name: %s", why);
		return -EINVAL;
	}
	name_fold(question->name, question->name, question->name_len);
	if (parse_type(type ? type : "A", &question->type)) {
		request_fail(request, ERROR_PARAMETER, NULL,
			"rule.test: type: '%.32s' is no record type; a rare one is written "
			"TYPE65280",
			type);
		return -EINVAL;
	}
	return 0;
}

static int read_addresses(struct request *request, struct question *question)
{
	const char *client = request_text(request, "client");
	const char *inbound = request_text(request, "inbound");
	const char *why;

	question->has_client = client != NULL;
	question->has_inbound = inbound != NULL;
	if (client && text_parse_ip(client, &question->client, &why)) {
		request_fail(request, ERROR_PARAMETER, NULL, "rule.test: client: %s", why);
		return -EINVAL;
	}
	if (inbound && text_parse_endpoint(inbound, &question->inbound, &why)) {
		request_fail(request, ERROR_PARAMETER, NULL, "rule.test: inbound: %s", why);
		return -EINVAL;
	}
	return 0;
}

// Without a client: the only network.
static int find_only_network(struct request *request, struct question *question)
{
	const struct config *config = question->config;
	char list[LIST_LEN] = "";

	question->network = 0;
	if (config->network_count == 1)
		return 0;
	for (size_t i = 0, len = 0; i < config->network_count && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
			config->networks[i].name);
	request_fail(request, ERROR_PARAMETER, NULL,
		"rule.test: client is needed, as there are %zu networks: %s", config->network_count,
		list);
	return -EINVAL;
}

// Which of our addresses was asked decides between networks; without it they must agree.
static int find_network(struct request *request, struct question *question)
{
	const struct image *image = &question->lookup->view.image;
	bool is_first = true;

	if (!question->has_client)
		return find_only_network(request, question);
	if (question->has_inbound) {
		question->network = prefix_find(image, &question->client, &question->inbound);
		return 0;
	}
	question->network = IMAGE_NONE;
	for (uint32_t i = 0; i < image->inbound_count; i++) {
		uint32_t network = prefix_find(image, &question->client, &image->inbound[i]);

		if (ip_is_v4(&image->inbound[i].ip) != ip_is_v4(&question->client))
			continue;
		if (!is_first && network != question->network) {
			request_fail(request, ERROR_PARAMETER, NULL,
				"rule.test: inbound is needed: this client's network depends on "
				"which of our addresses it asks");
			return -EINVAL;
		}
		is_first = false;
		question->network = network;
	}
	return 0;
}

static void find_winner(struct question *question)
{
	const struct image *image = &question->lookup->view.image;
	struct suffix_query query = {
		.name = question->name, .network = question->network, .type = question->type};
	struct suffix_scanner *scanner = regex_view_scanner(question->lookup->regexes);
	struct suffix_match match;

	question->found = (struct route_found){.route = IMAGE_NONE, .winner.rule = IMAGE_NONE};
	if (question->network == IMAGE_NONE)
		return;
	suffix_match(image, &query, &match, 1);
	if (match.has_regex)
		suffix_match_scanned(image, &query, scanner, &match);
	route_find(image, &query, scanner, &match, &question->found);
}

// The private zone that won; NULL: another has.
static const struct config_zone *winner_zone(const struct question *question)
{
	const struct image *image = &question->lookup->view.image;
	uint32_t at = question->found.winner.rule;
	struct image_rule rule;

	if (at == IMAGE_NONE)
		return NULL;
	rule = image_rule(image, at);
	if (rule.rank < IMAGE_RANK_ZONE)
		return NULL;
	return &question->config->zones[image->zones[image->routes[rule.route].local].number];
}

// The rule that won; NULL: another has.
static const struct lookup_rule *winner_rule(const struct question *question)
{
	uint32_t at = question->found.winner.rule;

	if (at == IMAGE_NONE || winner_zone(question))
		return NULL;
	return lookup_counter(
		question->lookup, image_rule(&question->lookup->view.image, at).counter);
}

static json_t *show_winner(const struct question *question)
{
	const struct lookup_rule *winner = winner_rule(question);
	const struct config_zone *zone = winner_zone(question);
	const struct config_rule *rule;

	if (zone)
		return json_pack("{s:s, s:s, s:s?}", "kind", "zone", "name", zone->name, "domain",
			zone->domain);
	if (!winner)
		return json_pack("{s:s, s:s}", "kind", "default", "action",
			question->found.route == IMAGE_NONE ? "refuse" : "forward");
	rule = rule_of(question, winner);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "rule", "ruleset",
		question->config->rulesets[winner->ruleset].name, "name", rule->name, "domain",
		rule->domain, "match", config_match_text(rule->match), "action",
		config_action_text(rule->action));
}

// What the dataplane knows of each target; of one that it does not know, nothing stands against asking it.
static void find_targets(const struct question *question, const struct image_route *route,
	struct counters_upstream *targets)
{
	const struct image *image = &question->lookup->view.image;

	for (uint32_t i = 0; i < route->target_count; i++) {
		const struct endpoint *endpoint =
			&image->upstreams[image->targets[route->target_first + i]].endpoint;

		if (!counters_find_upstream(question->counters, endpoint, &targets[i]))
			targets[i] = (struct counters_upstream){.endpoint = *endpoint};
	}
}

// The first that is up; else the one that has rested longest. -1: all are drained.
static int find_next(const struct counters_upstream *targets, uint32_t count)
{
	int next = -1;

	for (uint32_t i = 0; i < count; i++) {
		if (targets[i].is_drained)
			continue;
		if (!targets[i].rest)
			return (int)i;
		if (next < 0 ||
			upstream_rest_start_us(targets[i].rest) <
				upstream_rest_start_us(targets[next].rest))
			next = (int)i;
	}
	return next;
}

// By another policy than the order, it is not known before.
static json_t *show_targets(const struct question *question)
{
	const struct image *image = &question->lookup->view.image;
	struct counters_upstream found[IMAGE_TARGETS_MAX];
	const struct image_route *route;
	json_t *targets = json_array();
	int next;

	if (!route_is(image, question->found.route, IMAGE_ACTION_FORWARD))
		return targets;
	route = &image->routes[question->found.route];
	find_targets(question, route, found);
	next = find_next(found, route->target_count);
	for (uint32_t i = 0; i < route->target_count; i++) {
		bool is_ordered = route->policy == IMAGE_POLICY_ORDERED;
		char text[TEXT_ENDPOINT_MAX];

		text_format_endpoint(&found[i].endpoint, text);
		json_array_append_new(targets,
			json_pack("{s:s, s:s, s:o, s:o}", "address", text, "state",
				upstream_state(&found[i]), "rtt_us", upstream_rtt(&found[i]),
				"next", is_ordered ? json_boolean((int)i == next) : json_null()));
	}
	return targets;
}

static bool is_linked(const struct question *question, const struct lookup_rule *at)
{
	const struct config_network *network = &question->config->networks[question->network];
	const char *name = question->config->rulesets[at->ruleset].name;

	for (size_t i = 0; i < network->ruleset_count; i++)
		if (strcasecmp(network->rulesets[i], name) == 0)
			return true;
	return false;
}

// Whether a regex rule's pattern is found in the name from `whole_off` on. What is disabled is not in the image.
static bool is_pattern_found(const struct question *question, const struct lookup_rule *at,
	unsigned off, unsigned whole_off)
{
	const struct image *image = &question->lookup->view.image;
	const struct config_rule *config = rule_of(question, at);
	char text[NAME_TEXT_MAX + SUFFIX_SCAN_SLACK] = "";
	unsigned len = name_format(question->name + whole_off, text) - 1;
	struct image_rule rule = {0};
	uint32_t offset;

	text[len] = '\0'; // the final dot
	if (config->state == CONFIG_DISABLED)
		return pattern_is_found(config->pattern, text, len);
	offset = suffix_find(image, at->ruleset, question->name + off);
	for (; offset != IMAGE_NONE && !rule.is_last; offset += (uint32_t)sizeof(rule)) {
		rule = image_rule(image, offset);
		if (rule.counter == config->counter)
			return regex_view_is_found(question->lookup->regexes, offset, text, len);
	}
	return false;
}

// Why `at`, whose domain is the name (`is_whole`) or above it, is not the winner; NULL: it does not
// cover the name.
static const char *why_beaten(
	const struct question *question, const struct lookup_rule *at, bool is_whole, bool is_same)
{
	const struct config_rule *rule = rule_of(question, at);
	const struct config_rule *winner;

	if (rule->match == (is_whole ? CONFIG_MATCH_SUBDOMAINS : CONFIG_MATCH_EXACT))
		return NULL;
	if (rule->state == CONFIG_DISABLED)
		return "disabled";
	if (!is_same)
		return "shorter";
	if (winner_zone(question))
		return "zone";
	winner = rule_of(question, winner_rule(question));
	return compile_ranks[rule->match] < compile_ranks[winner->match] ? "match" : "order";
}

// The length of the winner's domain in wire form; 0: the default won.
static unsigned winner_len(const struct question *question)
{
	uint8_t labels[NAME_LABELS_MAX + 1];
	unsigned count = name_labels(question->name, labels);
	const struct suffix_match *winner = &question->found.winner;

	if (winner->rule == IMAGE_NONE)
		return 0;
	labels[count] = (uint8_t)(question->name_len - 1);
	return question->name_len - labels[count - winner->label_count];
}

// The rules whose domain is the question's name from `off` on.
static void add_beaten(
	json_t *beaten, const struct question *question, unsigned off, unsigned whole_off)
{
	unsigned len = question->name_len - off;
	bool is_same = len == winner_len(question);
	const struct lookup_rule *at = NULL;

	while ((at = lookup_domain(question->lookup, question->name + off, len, at))) {
		const struct config_rule *rule = rule_of(question, at);
		const char *why = why_beaten(question, at, off == whole_off, is_same);

		if (at == winner_rule(question) || !why || !is_linked(question, at))
			continue;
		if (rule->pattern && !is_pattern_found(question, at, off, whole_off))
			continue;
		json_array_append_new(beaten,
			json_pack("{s:s, s:s, s:s, s:s}", "ruleset",
				question->config->rulesets[at->ruleset].name, "name", rule->name,
				"domain", rule->domain, "reason", why));
	}
}

// Every other rule that would cover the name, longest first.
static json_t *show_beaten(const struct question *question)
{
	json_t *beaten = json_array();
	unsigned whole_off = 0;

	if (question->network == IMAGE_NONE)
		return beaten;
	// A DS record is asked of the parent (RFC 4035, 3.1.4.1).
	if (question->type == TYPE_DS && question->name_len > 1)
		whole_off = question->name[0] + 1u;
	for (unsigned off = whole_off;; off += question->name[off] + 1u) {
		add_beaten(beaten, question, off, whole_off);
		if (question->name[off] == 0)
			return beaten;
	}
}

static json_t *show(struct request *request, const struct question *question)
{
	char name[NAME_TEXT_MAX];
	const char *type = request_text(request, "type");
	const char *client = request_text(request, "client");
	json_t *result;

	name_format(question->name, name);
	result = json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:o, s:o, s:o, s:[]}", "generation",
		(json_int_t)question->config->generation, "name", name, "type", type ? type : "A",
		"client", client, "network",
		question->network == IMAGE_NONE
			? NULL
			: question->config->networks[question->network].name,
		"winner", show_winner(question), "beaten", show_beaten(question), "targets",
		show_targets(question), "hops");
	return result;
}

void test_read(struct request *request)
{
	struct lookup *lookup = &request->serve->lookup;
	struct question question = {
		.config = request_config(request),
		.lookup = lookup,
		.counters = publish_counters(running_publish(request->serve->setup->running)),
	};
	char why[LOOKUP_WHY_LEN];

	if (request_flag(request, "follow")) {
		request_fail(request, ERROR_REFUSED, NULL, "rule.test: follow is not built yet");
		return;
	}
	if (read_name(request, &question) || read_addresses(request, &question))
		return;
	if (lookup_refresh(lookup, request->serve->setup->running, why)) {
		request_fail(request, ERROR_REFUSED, NULL, "rule.test: %s", why);
		return;
	}
	if (find_network(request, &question))
		return;
	find_winner(&question);
	request_reply(request, show(request, &question));
}
