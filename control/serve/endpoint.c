// SPDX-License-Identifier: BSD-3-Clause
// endpoint.*: inbound and outbound endpoints, which are told apart by `kind`.

#include <stdio.h>
#include <string.h>

#include "control/config/json.h"
#include "control/serve/noun.h"

static const struct noun_field inbound_fields[] = {{"address", "addresses"}, {NULL, NULL}};
static const struct noun_field outbound_fields[] = {
	{"address", "addresses"},
	{"ports", "ports"},
	{"replies", "replies"},
	{NULL, NULL},
};

// The kind goes before what the YAML says.
static json_t *add_kind(const char *kind, json_t *object)
{
	json_t *shown = json_pack("{s:s}", "kind", kind);

	if (shown && object)
		json_object_update(shown, object);
	json_decref(object);
	return shown;
}

static json_t *show_inbound(const void *object)
{
	return add_kind("inbound", config_json_inbound(object));
}

static json_t *show_outbound(const void *object)
{
	return add_kind("outbound", config_json_outbound(object));
}

enum { INBOUND, OUTBOUND, NOUNS };

static const struct noun nouns[NOUNS] = {
	[INBOUND] = {CONFIG_INBOUND, "endpoint", "endpoints", inbound_fields, show_inbound},
	[OUTBOUND] = {CONFIG_OUTBOUND, "endpoint", "endpoints", outbound_fields, show_outbound},
};

static const char *const words[NOUNS] = {"inbound", "outbound"};

// Whether the noun may be meant: as the parameter says, or else by the name.
static bool is_meant(const struct request *request, size_t i, bool by_name)
{
	const char *kind = request_text(request, "kind");

	if (kind)
		return strcmp(kind, words[i]) == 0;
	return !by_name ||
		kind_find(kind_get(nouns[i].kind), request_config(request),
			request_text(request, "name"));
}

// NULL: it is neither or both, and the request is answered.
static const struct noun *choose(struct request *request)
{
	bool is_inbound = is_meant(request, INBOUND, true);
	bool is_outbound = is_meant(request, OUTBOUND, true);
	const char *name = request_text(request, "name");

	if (is_inbound != is_outbound)
		return &nouns[is_inbound ? INBOUND : OUTBOUND];
	if (request_text(request, "kind"))
		request_fail(request, ERROR_PARAMETER, NULL,
			"%s: parameter 'kind' must be inbound or outbound", request->method->name);
	else if (is_inbound)
		request_fail(request, ERROR_PARAMETER, NULL,
			"%s: there are two endpoints '%s': say which by --kind inbound or outbound",
			request->method->name, name);
	else
		request_fail(request, ERROR_REFUSED, NULL, "%s: there is no endpoint '%s'",
			request->method->name, name);
	return NULL;
}

void endpoint_list(struct request *request)
{
	const struct config *config = request_config(request);
	json_t *list = json_array();

	for (size_t n = 0; n < NOUNS; n++) {
		const struct kind *kind = kind_get(nouns[n].kind);

		for (size_t i = 0; i < kind_count(kind, config) && is_meant(request, n, false); i++)
			json_array_append_new(list, nouns[n].show(kind_object(kind, config, i)));
	}
	request_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation, "endpoints",
			list));
}

void endpoint_show(struct request *request)
{
	const struct noun *noun = choose(request);

	if (noun)
		noun_show(request, noun);
}

struct config *endpoint_create(struct request *request)
{
	const struct noun *noun = choose(request);

	return noun ? noun_create(request, noun) : NULL;
}

struct config *endpoint_update(struct request *request)
{
	const struct noun *noun = choose(request);

	return noun ? noun_update(request, noun) : NULL;
}

struct config *endpoint_delete(struct request *request)
{
	const struct noun *noun = choose(request);

	return noun ? noun_delete(request, noun) : NULL;
}
