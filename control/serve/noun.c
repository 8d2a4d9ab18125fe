// SPDX-License-Identifier: BSD-3-Clause
// create, update, delete, list and show of objects that the config lists, the same for all kinds.
//
// An object is made as a document of one, so that what holds for files holds here too.

#include "control/serve/noun.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/document.h"
#include "control/serve/utf8.h"

void noun_list(struct request *request, const struct noun *noun)
{
	const struct config *config = request_config(request);
	const struct kind *kind = kind_get(noun->kind);
	json_t *list = json_array();

	for (size_t i = 0; i < kind_count(kind, config); i++)
		json_array_append_new(list, noun->show(kind_object(kind, config, i)));
	request_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation, noun->list,
			list));
}

// NULL: there is none, and the request is answered.
static const void *find(
	struct request *request, const struct noun *noun, const struct config *config)
{
	const struct kind *kind = kind_get(noun->kind);
	const char *name = request_text(request, "name");
	const void *object = kind_find(kind, config, name);

	if (!object)
		request_fail(request, ERROR_REFUSED, NULL, "%s: there is no %s '%s'",
			request->method->name, kind->noun, name);
	return object;
}

void noun_show(struct request *request, const struct noun *noun)
{
	const struct config *config = request_config(request);
	const void *object = find(request, noun, config);

	if (object)
		request_reply(request,
			json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation,
				noun->name, noun->show(object)));
}

static json_t *list_rest(const struct config_errors *errors)
{
	json_t *list = json_array();

	for (size_t i = 1; i < errors->count; i++)
		json_array_append_new(list, utf8_json(errors->items[i].message));
	return list;
}

struct config *noun_refuse(
	struct request *request, struct config *next, struct config_errors *errors)
{
	config_free(next);
	request_fail(request, ERROR_REFUSED, list_rest(errors), "%s: %s: %s", request->method->name,
		request_text(request, "name"),
		errors->count ? errors->items[0].message : "no memory for a change");
	errors_fini(errors);
	return NULL;
}

// An empty text, or one in a list, takes away what is there.
static void set_field(json_t *object, const char *key, json_t *value)
{
	const char *text = json_is_array(value) && json_array_size(value) == 1
		? json_string_value(json_array_get(value, 0))
		: json_string_value(value);

	if (text && text[0] == '\0')
		json_object_del(object, key);
	else
		json_object_set(object, key, value);
}

// The object as a document: what the parameters say, over what `base` (NULL: nothing) is.
static char *build_document(
	const struct request *request, const struct noun *noun, const void *base)
{
	json_t *object =
		base ? noun->show(base) : json_pack("{s:s}", "name", request_text(request, "name"));
	json_t *document;
	char *text;

	for (const struct noun_field *field = noun->fields; field->parameter; field++) {
		json_t *value = json_object_get(request->params, field->parameter);

		if (value)
			set_field(object, field->key, value);
	}
	json_object_del(object, "kind");
	document = json_pack("{s:[o]}", kind_get(noun->kind)->list_key, object);
	text = document ? json_dumps(document, 0) : NULL;
	json_decref(document);
	return text;
}

static struct config *put(struct request *request, const struct noun *noun, const void *base)
{
	const struct kind *kind = kind_get(noun->kind);
	const char *name = request_text(request, "name");
	struct config *next = request_copy(request);
	struct config_errors errors = {0};
	struct load_file file = {.name = request->method->name};
	char *text;
	int err = -ENOMEM;

	if (!next)
		return NULL;
	text = build_document(request, noun, base);
	if (text) {
		file.data = text;
		file.len = strlen(text);
		err = document_put(next, &file, &errors);
	}
	free(text);
	if (err)
		return noun_refuse(request, next, &errors);
	request->result = json_pack("{s:o}", noun->name, noun->show(kind_find(kind, next, name)));
	return next;
}

struct config *noun_create(struct request *request, const struct noun *noun)
{
	const struct kind *kind = kind_get(noun->kind);
	const char *name = request_text(request, "name");

	if (!kind_find(kind, request_config(request), name))
		return put(request, noun, NULL);
	request_fail(request, ERROR_REFUSED, NULL,
		"%s: there is %s %s '%s' already: update it, or choose another name",
		request->method->name, strchr("aeiou", kind->noun[0]) ? "an" : "a", kind->noun,
		name);
	return NULL;
}

struct config *noun_update(struct request *request, const struct noun *noun)
{
	const void *base = find(request, noun, request_config(request));

	return base ? put(request, noun, base) : NULL;
}

struct config *noun_delete(struct request *request, const struct noun *noun)
{
	const void *object = find(request, noun, request_config(request));
	struct config_errors errors = {0};
	struct config *next;

	if (!object)
		return NULL;
	next = request_copy(request);
	if (!next)
		return NULL;
	if (document_remove(next, noun->kind, request_text(request, "name"), &errors))
		return noun_refuse(request, next, &errors);
	request->result = json_pack("{s:o}", noun->name, noun->show(object));
	return next;
}
