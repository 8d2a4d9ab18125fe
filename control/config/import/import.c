// SPDX-License-Identifier: BSD-3-Clause
// Files of other name servers and clouds, as objects of ours: the document that they become.
#include "control/config/import/import.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/autoname.h"
#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/import/reader.h"
#include "control/config/import/seen.h"
#include "control/config/rule.h"
#include "control/config/text.h"
#include "core/name.h"

enum { MESSAGE_LEN = 600, KEY_LEN = NAME_TEXT_MAX + 80 };

#define DEFAULT_ENDPOINT "outbound"

static const struct format {
	const char *name;
	void (*read)(struct import *import, const struct load_file *file);
} formats[] = {
	{"azure", import_azure},
	{"arm", import_arm},
	{"private-endpoint", import_private_endpoint},
	{"private-dns", import_private_dns},
	{"aws", import_aws},
	{"dnsmasq", import_dnsmasq},
	{"unbound", import_unbound},
	{"bind", import_bind},
	{"corefile", import_corefile},
	{"hosts", import_hosts},
};

const char *import_formats(void)
{
	return "azure, arm, private-endpoint, private-dns, aws, dnsmasq, unbound, bind, corefile, "
	       "hosts";
}

// What is being made. Faults of checks become what is dropped, at the place that is looked at.
struct import {
	struct config_faults faults;
	struct import_place at;
	const struct load_file *file;
	const struct format *format;
	const struct import_wish *wish;
	struct import_result *result;
	json_t *rulesets, *zones;
	struct seen rules; // by ruleset, names and match
	struct seen names; // of rules, by ruleset
	struct seen zone_names;
	const char *fallback;
	bool failed;
};

void import_fail(struct import *import)
{
	import->failed = true;
}

const struct import_wish *import_wish(const struct import *import)
{
	return import->wish;
}

void import_drop(struct import *import, struct import_place place, const char *format, ...)
{
	char message[MESSAGE_LEN];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	errors_add(&import->result->dropped, import->file->name, place.line, place.column, "%s",
		message);
}

void import_say(struct import *import, const char *format, ...)
{
	char message[MESSAGE_LEN];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	errors_add(&import->result->notes, import->file->name, 0, 0, "%s", message);
}

static void take_fault(struct config_faults *faults, const struct config_fault *fault)
{
	struct import *import = (struct import *)faults; // its first member

	import_drop(import, import->at, "%s", fault->text);
}

static json_t *text_json(struct import *import, const char *text)
{
	json_t *value = json_string(text);

	if (!value)
		import_fail(import);
	return value;
}

static void add(struct import *import, json_t *list, json_t *item)
{
	if (json_array_append_new(list, item))
		import_fail(import);
}

static void set(struct import *import, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, value))
		import_fail(import);
}

static void set_text(struct import *import, json_t *object, const char *key, const char *text)
{
	if (text)
		set(import, object, key, text_json(import, text));
}

static void add_unique(struct import *import, json_t *list, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcasecmp(json_string_value(item), text) == 0)
			return;
	add(import, list, text_json(import, text));
}

static json_t *wished_endpoints(struct import *import)
{
	const struct import_wish *wish = import->wish;
	json_t *list = json_array();

	for (size_t i = 0; i < wish->outbound_endpoints_count; i++)
		add(import, list, text_json(import, wish->outbound_endpoints[i]));
	if (wish->outbound_endpoints_count == 0)
		add(import, list, text_json(import, DEFAULT_ENDPOINT));
	return list;
}

// A wish goes before what the file says.
static const char *ruleset_name(const struct import *import, const struct import_rule *rule)
{
	if (import->wish->ruleset)
		return import->wish->ruleset;
	return rule->ruleset ? rule->ruleset : import->format->name;
}

// The ruleset of that name, made if it is not there.
static json_t *find_ruleset(struct import *import, const char *name)
{
	json_t *ruleset;
	size_t i;

	json_array_foreach(import->rulesets, i, ruleset)
		if (strcasecmp(json_string_value(json_object_get(ruleset, "name")), name) == 0)
			return ruleset;
	ruleset = json_object();
	set_text(import, ruleset, "name", name);
	set(import, ruleset, "outbound-endpoints", wished_endpoints(import));
	set(import, ruleset, "rules", json_array());
	add(import, import->rulesets, ruleset);
	return ruleset;
}

// `text` with a final dot, in `out`; NULL: it is no domain, which is noted.
static const char *finish_domain(
	struct import *import, const char *text, char out[static NAME_TEXT_MAX])
{
	size_t len = strlen(text);

	if (snprintf(out, NAME_TEXT_MAX, "%s%s", text, check_has_final_dot(text, len) ? "" : ".") >=
		NAME_TEXT_MAX) {
		import_drop(import, import->at, "\"%.60s...\" is too long for a name", text);
		return NULL;
	}
	return check_domain(&import->faults, "domain", out) ? out : NULL;
}

// Those of `texts` that are addresses of somebody, once each.
static json_t *take_endpoints(struct import *import, json_t *list, const struct import_rule *rule)
{
	for (size_t i = 0; i < rule->target_count; i++) {
		struct endpoint endpoint;
		char text[TEXT_ENDPOINT_MAX];
		const char *why;

		if (text_parse_endpoint(rule->targets[i], &endpoint, &why))
			import_drop(
				import, import->at, "target \"%.80s\" %s", rule->targets[i], why);
		else if (!check_unicast(
				 &import->faults, "targets", i, rule->targets[i], &endpoint.ip))
			continue;
		else if (json_array_size(list) == CONFIG_TARGETS_MAX)
			import_drop(import, import->at, "target %s is one too many: a rule has %d",
				rule->targets[i], CONFIG_TARGETS_MAX);
		else
			add_unique(import, list, text_format_endpoint(&endpoint, text));
	}
	return list;
}

static json_t *take_addresses(struct import *import, json_t *list, const struct import_rule *rule)
{
	for (size_t i = 0; i < rule->address_count; i++) {
		struct ip ip;
		char text[TEXT_IP_MAX];
		const char *why;

		if (text_parse_ip(rule->addresses[i], &ip, &why))
			import_drop(import, import->at, "address \"%.80s\" %s", rule->addresses[i],
				why);
		else
			add_unique(import, list, text_format_ip(&ip, text));
	}
	return list;
}

static bool is_forward(const struct import_rule *rule)
{
	return !rule->action || strcmp(rule->action, "forward") == 0;
}

static bool is_addresses(const struct import_rule *rule)
{
	return rule->action && strcmp(rule->action, "addresses") == 0;
}

// The rule of the same names, if it may be added to.
static void join(struct import *import, json_t *object, const struct import_rule *rule)
{
	const char *action = json_string_value(json_object_get(object, "action"));
	bool is_same =
		strcmp(action ? action : "forward", rule->action ? rule->action : "forward") == 0;

	if (rule->joins && is_same && is_forward(rule))
		take_endpoints(import, json_object_get(object, "targets"), rule);
	else if (rule->joins && is_same && is_addresses(rule))
		take_addresses(import, json_object_get(object, "addresses"), rule);
	else if (!rule->joins || !is_same)
		import_drop(import, import->at, "%s has a rule already, %s", rule->domain,
			json_string_value(json_object_get(object, "name")));
}

static void ignore_fault(struct config_faults *faults, const struct config_fault *fault)
{
	(void)faults;
	(void)fault;
}

// A name that no rule of the ruleset has: the one given, or one made of the domain.
static void set_name(struct import *import, json_t *object, const char *ruleset,
	const struct import_rule *rule, const char *names)
{
	char name[CHECK_NAME_LEN_MAX + 24], key[KEY_LEN];
	struct config_faults quiet = {.take = ignore_fault};
	unsigned number = 1;
	size_t len;

	if (rule->name && check_name(&quiet, "name", CONFIG_NONE, rule->name))
		snprintf(name, sizeof(name), "%s", rule->name);
	else
		*autoname_put(name, names, strnlen(names, CHECK_NAME_LEN_MAX - 3)) = '\0';
	if (quiet.count > 0)
		import_say(import,
			"rule \"%.80s\" is called %s: a name is a letter, then letters, "
			"digits, _ or -",
			rule->name, name);
	len = strlen(name);
	snprintf(key, sizeof(key), "%s %s", ruleset, name);
	while (seen_find(&import->names, key)) {
		snprintf(name + len, sizeof(name) - len, "-%u", ++number);
		snprintf(key, sizeof(key), "%s %s", ruleset, name);
	}
	if (seen_add(&import->names, key, object))
		import_fail(import);
	set_text(import, object, "name", name);
}

static void set_texts(struct import *import, json_t *object, const char *key,
	const char *const *texts, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		add(import, list, text_json(import, texts[i]));
	if (count > 0)
		set(import, object, key, list);
	else
		json_decref(list);
}

// The rule as the YAML has it, and the lists that others may join.
static json_t *make_rule(struct import *import, const char *ruleset, const struct import_rule *rule,
	const char *names)
{
	json_t *object = json_object();
	size_t len = strlen(names);

	// Without its final dot, but for the root.
	if (len > 1 && check_has_final_dot(names, len)) {
		char bare[NAME_TEXT_MAX];

		snprintf(bare, sizeof(bare), "%.*s", (int)len - 1, names);
		set_name(import, object, ruleset, rule, bare);
	} else {
		set_name(import, object, ruleset, rule, names);
	}
	set_text(import, object, rule->prefix ? "prefix" : "domain", names);
	set_text(import, object, "match", rule->match);
	set_text(import, object, "action", rule->action);
	set_text(import, object, "state", rule->state);
	set_text(import, object, "policy", rule->policy);
	if (is_forward(rule))
		set(import, object, "targets", take_endpoints(import, json_array(), rule));
	if (is_addresses(rule))
		set(import, object, "addresses", take_addresses(import, json_array(), rule));
	set_texts(import, object, "metadata", rule->metadata, rule->metadata_count);
	return object;
}

static bool is_whole(const json_t *object, const struct import_rule *rule)
{
	if (is_forward(rule))
		return json_array_size(json_object_get(object, "targets")) > 0;
	return !is_addresses(rule) || json_array_size(json_object_get(object, "addresses")) > 0;
}

static void add_rule(struct import *import, const struct import_rule *rule, const char *names)
{
	const char *name = ruleset_name(import, rule);
	char key[KEY_LEN];
	json_t *object;

	snprintf(key, sizeof(key), "%s %s %s", name, rule->match ? rule->match : "suffix", names);
	object = seen_find(&import->rules, key);
	if (object) {
		join(import, object, rule);
		return;
	}
	object = make_rule(import, name, rule, names);
	if (!is_whole(object, rule)) {
		import_drop(import, import->at, "%s is left without %s", names,
			is_forward(rule) ? "a server to ask" : "an address");
		json_decref(object);
		return;
	}
	if (seen_add(&import->rules, key, object))
		import_fail(import);
	add(import, json_object_get(find_ruleset(import, name), "rules"), object);
	import->result->rule_count++;
}

void import_rule(struct import *import, const struct import_rule *rule)
{
	char domain[NAME_TEXT_MAX];
	const char *names = rule->prefix, *why;
	struct config_prefix prefix;

	import->at = rule->place;
	if (names && text_parse_prefix(names, &prefix, &why)) {
		import_drop(import, rule->place, "prefix \"%.60s\" %s", names, why);
		return;
	}
	if (!names && rule->domain)
		names = finish_domain(import, rule->domain, domain);
	else if (!names)
		import_drop(import, rule->place, "there is no domain");
	if (names && !import->failed)
		add_rule(import, rule, names);
}

// The zone, made if it is not there; NULL: its name is no good, which is noted.
static json_t *find_zone(struct import *import, const char *name)
{
	char domain[NAME_TEXT_MAX];
	const char *whole = finish_domain(import, name, domain);
	json_t *zone = whole ? seen_find(&import->zone_names, whole) : NULL;

	if (!whole || zone)
		return zone;
	zone = json_object();
	set_text(import, zone, "name", whole);
	set(import, zone, "records", json_array());
	if (seen_add(&import->zone_names, whole, zone))
		import_fail(import);
	add(import, import->zones, zone);
	return zone;
}

void import_record(
	struct import *import, struct import_place place, const char *zone_name, const char *record)
{
	json_t *zone;

	import->at = place;
	for (const char *c = record; *c; c++)
		if (*c < ' ' || *c > '~') {
			import_drop(import, place,
				"the record has a byte that is not ASCII: write it as \\DDD");
			return;
		}
	zone = find_zone(import, zone_name);
	if (!zone)
		return;
	add(import, json_object_get(zone, "records"), text_json(import, record));
	import->result->record_count++;
}

void import_zone_passes(struct import *import, const char *zone_name)
{
	json_t *zone = find_zone(import, zone_name);

	if (zone)
		set_text(import, zone, "on-nxdomain", "forward");
}

void import_global(struct import *import, const char *key, const char *value)
{
	set_text(import, import->result->document, key, value);
}

void import_default(struct import *import, const char *target)
{
	import->fallback = target;
}

static json_t *names_of(struct import *import, const json_t *objects)
{
	json_t *list = json_array();
	json_t *object;
	size_t i;

	json_array_foreach(objects, i, object)
		add(import, list, json_incref(json_object_get(object, "name")));
	return list;
}

// The network that links it all: the one wished for; Azure's default needs one in any case.
static void add_network(struct import *import, json_t *document)
{
	const char *name = import->wish->network;
	json_t *first = json_array_get(import->rulesets, 0), *network = json_object();

	if (!name)
		name = json_string_value(json_object_get(first, "name"));
	set_text(import, network, "name", name ? name : import->format->name);
	set(import, network, "rulesets", names_of(import, import->rulesets));
	set(import, network, "private-zones", names_of(import, import->zones));
	if (import->fallback) {
		set_text(import, network, "default", "forward");
		set_texts(import, network, "default-targets", &import->fallback, 1);
		set(import, network, "default-outbound-endpoints", wished_endpoints(import));
	}
	set(import, document, "virtual-networks", json_pack("[o]", network));
}

static void build_document(struct import *import)
{
	json_t *document = import->result->document;

	if (json_array_size(import->rulesets) > 0)
		set(import, document, "rulesets", json_incref(import->rulesets));
	if (json_array_size(import->zones) > 0)
		set(import, document, "private-zones", json_incref(import->zones));
	if (import->wish->network || import->fallback)
		add_network(import, document);
}

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static int read_file(struct import *import)
{
	const struct load_file *file = import->file;
	const char *nul = file->len ? memchr(file->data, '\0', file->len) : NULL;

	if (nul)
		import_drop(import, (struct import_place){0},
			"a NUL byte at offset %td: this is not a text file", nul - file->data);
	else
		import->format->read(import, file);
	if (import->failed)
		return -ENOMEM;
	if (import->result->rule_count + import->result->record_count > 0)
		return 0;
	import_drop(import, (struct import_place){0}, "nothing of the file can be kept as %s",
		import->format->name);
	return -EINVAL;
}

int import_run(const char *format, const struct load_file *file, const struct import_wish *wish,
	struct import_result *result)
{
	struct import import = {
		.faults.take = take_fault,
		.file = file,
		.format = find_format(format),
		.wish = wish,
		.result = result,
		.rulesets = json_array(),
		.zones = json_array(),
	};
	int error = -ENOENT;

	*result = (struct import_result){.document = json_object()};
	if (import.format)
		error = read_file(&import);
	else
		errors_add(&result->dropped, file->name, 0, 0,
			"there is no format \"%.40s\": choose one of %s", format, import_formats());
	if (!error)
		build_document(&import);
	if (import.failed)
		error = -ENOMEM;
	seen_fini(&import.rules);
	seen_fini(&import.names);
	seen_fini(&import.zone_names);
	json_decref(import.rulesets);
	json_decref(import.zones);
	errors_sort(&result->dropped);
	return error;
}

void import_result_fini(struct import_result *result)
{
	json_decref(result->document);
	errors_fini(&result->dropped);
	errors_fini(&result->notes);
}
