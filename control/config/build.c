// SPDX-License-Identifier: BSD-3-Clause
// A whole config as somebody wrote it, to struct config.
#include "control/config/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/addresses.h"
#include "control/config/check.h"
#include "control/config/endpoint.h"
#include "control/config/faults.h"
#include "control/config/index.h"
#include "control/config/kind.h"
#include "control/config/loops.h"
#include "control/config/names.h"
#include "control/config/network.h"
#include "control/config/ruleset.h"
#include "control/config/text.h"
#include "control/config/upstream.h"
#include "control/config/zone.h"

enum {
	QUERY_TIMEOUT_MIN_US = 100000,
	QUERY_TIMEOUT_MAX_US = 60000000,
	BACKOFF_MIN_US = 100000,
	BACKOFF_MAX_US = 3600000000,
};

static const struct check_choice profiles[] = {
	{"none", 0},
	{"azure", CHECK_NOT_BUILT},
	{NULL, 0},
};

static const struct check_choice unknown_clients[] = {
	{"refuse", 0},
	{"drop", CHECK_NOT_BUILT},
	{NULL, 0},
};

// NULL leaves `*us` as it is.
static void build_duration(
	const char *text, const char *key, uint64_t *us, struct config_faults *faults)
{
	const char *why;

	if (text && text_parse_duration(text, us, &why))
		faults_add(faults, -EINVAL, key, CONFIG_NONE, "\"%.80s\" %s", text, why);
}

static void build_backoff(
	const struct build_backoff *text, struct config *config, struct config_faults *faults)
{
	uint64_t initial_us = config->backoff_initial_us, max_us = config->backoff_max_us;
	size_t before = faults->count;

	build_duration(text->initial, "backoff", &initial_us, faults);
	build_duration(text->max, "backoff", &max_us, faults);
	if (faults->count > before)
		return;
	if (initial_us < BACKOFF_MIN_US || max_us > BACKOFF_MAX_US)
		faults_add(faults, -EINVAL, "backoff", CONFIG_NONE,
			"initial or max is out of bounds: give 100ms to 1h");
	else if (max_us < initial_us)
		faults_add(faults, -EINVAL, "backoff", CONFIG_NONE,
			"max is shorter than initial: make it longer, or both the same");
	config->backoff_initial_us = initial_us;
	config->backoff_max_us = max_us;
}

static void build_globals(
	const struct build_text *text, struct config *config, struct config_faults *faults)
{
	uint64_t us = CONFIG_QUERY_TIMEOUT_US;
	const char *why;

	faults_enter(faults, CONFIG_GLOBAL, 0);
	if (text->backoff)
		build_backoff(text->backoff, config, faults);
	(void)!check_choice(faults, "profile", text->profile, profiles);
	(void)!check_choice(faults, "unknown-clients", text->unknown_clients, unknown_clients);
	if (text->query_timeout && text_parse_duration(text->query_timeout, &us, &why))
		faults_add(faults, -EINVAL, "query-timeout", CONFIG_NONE, "\"%.80s\" %s",
			text->query_timeout, why);
	else if (us < QUERY_TIMEOUT_MIN_US || us > QUERY_TIMEOUT_MAX_US)
		faults_add(faults, -EINVAL, "query-timeout", CONFIG_NONE,
			"%.80s is out of bounds: give 100ms to 60s", text->query_timeout);
	config->query_timeout_us = us;
	if (text->max_waiters)
		(void)!check_number(faults, "max-waiters", text->max_waiters, 1,
			CONFIG_MAX_WAITERS_MAX, &config->max_waiters);
}

// The ruleset's rules are checked against the outbound endpoints, which are there already.
static void build_ruleset(
	const struct config_ruleset_text *text, struct config *config, struct config_faults *faults)
{
	struct config_ruleset *ruleset = &config->rulesets[config->ruleset_count++];
	struct ruleset_families families;
	size_t count = text->outbound_endpoints_count;

	ruleset->name = check_copy_name(faults, text->name);
	ruleset->outbound_endpoints = names_copy(text->outbound_endpoints, count);
	ruleset->outbound_endpoint_count = ruleset->outbound_endpoints ? count : 0;
	if (count != ruleset->outbound_endpoint_count)
		faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for the ruleset");
	families = ruleset_families(config, "outbound-endpoints", ruleset->outbound_endpoints,
		ruleset->outbound_endpoint_count, faults);
	(void)!ruleset_fill(ruleset, text->rules, text->rules_count, families, faults);
}

static int build_objects(
	const struct build_text *text, struct config *config, struct config_faults *faults)
{
	if (kind_reserve(kind_get(CONFIG_INBOUND), config, text->inbounds_count) ||
		kind_reserve(kind_get(CONFIG_OUTBOUND), config, text->outbounds_count) ||
		kind_reserve(kind_get(CONFIG_RULESET), config, text->rulesets_count) ||
		kind_reserve(kind_get(CONFIG_NETWORK), config, text->networks_count) ||
		kind_reserve(kind_get(CONFIG_UPSTREAM), config, text->upstreams_count) ||
		kind_reserve(kind_get(CONFIG_ZONE), config, text->zones_count))
		return -ENOMEM;
	for (size_t i = 0; i < text->inbounds_count; i++) {
		faults_enter(faults, CONFIG_INBOUND, i);
		endpoint_parse_inbound(&text->inbounds[i], &config->inbounds[i], faults);
		config->inbound_count++;
	}
	for (size_t i = 0; i < text->outbounds_count; i++) {
		faults_enter(faults, CONFIG_OUTBOUND, i);
		endpoint_parse_outbound(&text->outbounds[i], &config->outbounds[i], faults);
		config->outbound_count++;
	}
	for (size_t i = 0; i < text->rulesets_count; i++) {
		faults_enter(faults, CONFIG_RULESET, i);
		build_ruleset(&text->rulesets[i], config, faults);
	}
	for (size_t i = 0; i < text->networks_count; i++) {
		faults_enter(faults, CONFIG_NETWORK, i);
		network_parse(&text->networks[i], &config->networks[i], faults);
		config->network_count++;
	}
	for (size_t i = 0; i < text->zones_count; i++) {
		faults_enter(faults, CONFIG_ZONE, i);
		zone_parse(&text->zones[i], &config->zones[i], faults);
		config->zone_count++;
	}
	for (size_t i = 0; i < text->upstreams_count; i++) {
		faults_enter(faults, CONFIG_UPSTREAM, i);
		upstream_parse(&text->upstreams[i], &config->upstreams[i], faults);
		config->upstream_count++;
	}
	return 0;
}

struct search {
	const struct kind *kind;
	const struct config *config;
};

static bool is_name(const void *list, size_t position, const void *wanted)
{
	const struct search *search = list;

	return strcasecmp(kind_name(kind_object(search->kind, search->config, position)), wanted) ==
		0;
}

static int check_names(
	const struct kind *kind, const struct config *config, struct config_faults *faults)
{
	const struct search search = {kind, config};
	size_t count = kind_count(kind, config);
	struct index index;
	int error = index_init(&index, count);

	for (size_t i = 0; i < count && !error; i++) {
		const char *name = kind_name(kind_object(kind, config, i));
		uint64_t hash = name ? index_hash_folded(name) : 0;

		if (!name)
			continue;
		faults_enter(faults, kind->kind, i);
		if (index_find(&index, hash, is_name, &search, name) == INDEX_NONE)
			index_put(&index, hash, i);
		else
			faults_add(faults, -EEXIST, kind->name_key, CONFIG_NONE,
				"%s is given twice: choose another %s, or join the two", name,
				kind->name_key);
	}
	index_fini(&index);
	return error;
}

static int check_all_names(const struct config *config, struct config_faults *faults)
{
	int error = 0;

	for (size_t k = CONFIG_GLOBAL + 1; k < KIND_COUNT && !error; k++)
		error = check_names(kind_get((enum config_kind)k), config, faults);
	return error;
}

int build_check_links(const struct config *config, struct config_faults *faults)
{
	size_t before = faults->count;
	int error = check_all_names(config, faults);

	if (error)
		return error;
	addresses_check(config, faults);
	for (size_t i = 0; i < config->network_count; i++) {
		faults_enter(faults, CONFIG_NETWORK, i);
		network_check_links(config, &config->networks[i], faults);
	}
	network_check_alike(config, faults);
	if (faults->count == before) // names that are pointed at are there
		loops_check(config, faults);
	return faults->count > before ? faults->code : 0;
}

int build_config(const struct build_text *text, struct config **out, struct config_faults *faults)
{
	struct config *config = config_new();
	int error = -ENOMEM;

	*out = NULL;
	if (!config)
		return error;
	build_globals(text, config, faults);
	error = build_objects(text, config, faults);
	if (!error)
		error = build_check_links(config, faults);
	if (error || faults->count > 0) {
		config_free(config);
		return error ? error : faults->code;
	}
	*out = config;
	return 0;
}
