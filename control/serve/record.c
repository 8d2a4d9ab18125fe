// SPDX-License-Identifier: BSD-3-Clause
// record.*: records of a private zone, of which a name and a type tell a set.
//
// A change is one of the zone's lines, OWNER TTL TYPE DATA, and goes the way that all zones go.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/document.h"
#include "control/config/json.h"
#include "control/serve/noun.h"
#include "core/name.h"

enum { TYPE_LEN = 32 };

// The zone that the request names; NULL: there is none, and the request is answered.
static const struct config_zone *find_zone(struct request *request)
{
	const char *name = request_text(request, "zone");
	const struct config_zone *zone = config_find_zone(request_config(request), name);

	if (zone && zone->domain)
		return zone;
	request_fail(request, ERROR_REFUSED, NULL,
		zone ? "%s: zone %s has hosts alone: its names stand in that file"
		     : "%s: there is no private zone '%s'",
		request->method->name, name);
	return NULL;
}

// A name as the zone's own lines have it: `@` is the zone's domain, what has no final dot lies below.
static void qualify(char out[static NAME_TEXT_MAX], const char *name, const char *domain)
{
	size_t len = strlen(name);

	if (strcmp(name, "@") == 0)
		snprintf(out, NAME_TEXT_MAX, "%s", domain);
	else if (len > 0 && name[len - 1] == '.')
		snprintf(out, NAME_TEXT_MAX, "%s", name);
	else
		snprintf(out, NAME_TEXT_MAX, "%s.%s", name, domain);
}

// The words of a line: OWNER TTL TYPE and the rest. NULL: no memory.
static json_t *show_line(const char *zone, const char *line)
{
	char owner[NAME_TEXT_MAX], type[TYPE_LEN];
	unsigned long ttl;
	int data = 0;

	if (sscanf(line, "%1015s %lu %31s %n", owner, &ttl, type, &data) < 3 || !data)
		return NULL;
	return json_pack("{s:s, s:s, s:I, s:s, s:s}", "zone", zone, "name", owner, "ttl",
		(json_int_t)ttl, "type", type, "data", line + data);
}

// Whether a record is of the name and type that were asked for; NULL: of any.
static bool is_meant(const json_t *record, const char *name, const char *type)
{
	return (!name ||
		       strcasecmp(json_string_value(json_object_get(record, "name")), name) == 0) &&
		(!type ||
			strcasecmp(json_string_value(json_object_get(record, "type")), type) == 0);
}

static void add_meant(
	json_t *list, const struct config_zone *zone, const char *name, const char *type)
{
	json_t *object = config_json_zone(zone), *line;
	size_t i;

	json_array_foreach(json_object_get(object, "records"), i, line) {
		json_t *record = show_line(zone->name, json_string_value(line));

		if (record && is_meant(record, name, type))
			json_array_append(list, record);
		json_decref(record);
	}
	json_decref(object);
}

static void reply(struct request *request, json_t *list)
{
	request_reply(request,
		json_pack("{s:I, s:o}", "generation",
			(json_int_t)request_config(request)->generation, "records", list));
}

void record_list(struct request *request)
{
	const struct config *config = request_config(request);
	const struct config_zone *zone = NULL;
	json_t *list;

	if (request_text(request, "zone") && !(zone = find_zone(request)))
		return;
	list = json_array();
	for (size_t i = 0; i < config->zone_count; i++)
		if (!zone || zone == &config->zones[i])
			add_meant(list, &config->zones[i], NULL, NULL);
	reply(request, list);
}

void record_show(struct request *request)
{
	const struct config_zone *zone = find_zone(request);
	char name[NAME_TEXT_MAX];
	json_t *list;

	if (!zone)
		return;
	qualify(name, request_text(request, "name"), zone->domain);
	list = json_array();
	add_meant(list, zone, name, request_text(request, "type"));
	if (json_array_size(list) > 0) {
		reply(request, list);
		return;
	}
	json_decref(list);
	request_fail(request, ERROR_REFUSED, NULL, "record.show: zone %s has no such record of %s",
		zone->name, name);
}

// Takes the set out of the zone's lines. Gives how many there were.
static size_t take_out(json_t *lines, const char *zone, const char *name, const char *type)
{
	size_t taken = 0;

	for (size_t i = json_array_size(lines); i-- > 0;) {
		json_t *record = show_line(zone, json_string_value(json_array_get(lines, i)));

		if (record && is_meant(record, name, type)) {
			json_array_remove(lines, i);
			taken++;
		}
		json_decref(record);
	}
	return taken;
}

static void put_in(const struct request *request, json_t *lines, const char *name)
{
	json_t *data = json_object_get(request->params, "data"), *item;
	const char *ttl = request_text(request, "ttl");
	size_t i;

	json_array_foreach(data, i, item)
		json_array_append_new(lines,
			json_sprintf("%s %s%s%s %s", name, ttl ? ttl : "", ttl ? " " : "",
				request_text(request, "type"), json_string_value(item)));
}

// What runs, with the zone as `object` says. NULL: the request is answered.
static struct config *put(struct request *request, const json_t *object, const char *name)
{
	struct config *next = request_copy(request);
	struct config_errors errors = {0};
	struct load_file file = {.name = request->method->name};
	json_t *document = json_pack("{s:[O]}", "private-zones", object), *list = json_array();
	char *text = json_dumps(document, 0);
	int err = -ENOMEM;

	if (next && text) {
		file.data = text;
		file.len = strlen(text);
		err = document_put(next, &file, &errors);
	}
	free(text);
	json_decref(document);
	if (next && err)
		next = noun_refuse(request, next, &errors);
	if (next)
		add_meant(list, config_find_zone(next, request_text(request, "zone")), name,
			request_text(request, "type"));
	if (next)
		request->result = json_pack("{s:O}", "records", list);
	json_decref(list);
	return next;
}

enum change { CREATE, UPDATE, DELETE };

static struct config *change(struct request *request, enum change change)
{
	const struct config_zone *zone = find_zone(request);
	char name[NAME_TEXT_MAX];
	struct config *next = NULL;
	json_t *object, *lines;
	size_t taken = 0;

	if (!zone)
		return NULL;
	qualify(name, request_text(request, "name"), zone->domain);
	object = config_json_zone(zone);
	lines = json_object_get(object, "records");
	if (change != CREATE)
		taken = take_out(lines, zone->name, name, request_text(request, "type"));
	if (change != DELETE)
		put_in(request, lines, name);
	if (change == CREATE || taken > 0)
		next = put(request, object, name);
	else
		request_fail(request, ERROR_REFUSED, NULL, "%s: zone %s has no such record of %s",
			request->method->name, zone->name, name);
	json_decref(object);
	return next;
}

struct config *record_create(struct request *request)
{
	return change(request, CREATE);
}

struct config *record_update(struct request *request)
{
	return change(request, UPDATE);
}

struct config *record_delete(struct request *request)
{
	return change(request, DELETE);
}
