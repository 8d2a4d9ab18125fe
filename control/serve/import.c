// SPDX-License-Identifier: BSD-3-Clause
// import: a foreign file to YAML, or into what runs.

#include "control/config/import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/document.h"
#include "control/config/json.h"
#include "control/config/yaml.h"
#include "control/serve/object.h"
#include "control/serve/ruleset.h"

// The endpoints asked for, or else the only one there is. NULL: there is none or there are several,
// and the request is answered.
static const char **choose_endpoints(struct request *request, size_t *count)
{
	const struct config *config = request_config(request);
	const char **names = request_list(request, "outbound_endpoint", count);

	if (*count > 0)
		return names;
	free(names);
	names = config->outbound_count == 1 ? calloc(1, sizeof(*names)) : NULL;
	if (names) {
		names[0] = config->outbounds[0].name;
		*count = 1;
		return names;
	}
	request_fail(request, ERROR_PARAMETER, NULL,
		"import: there are %zu outbound endpoints: say by --outbound-endpoint which one "
		"rules ask from",
		config->outbound_count);
	return NULL;
}

// A network that is there keeps what it has.
static void extend_network(json_t *document, const struct config *config)
{
	json_t *network = json_array_get(json_object_get(document, "virtual-networks"), 0);
	const char *name = json_string_value(json_object_get(network, "name")), *key;
	const struct config_network *there = name ? config_find_network(config, name) : NULL;
	json_t *base, *value;

	if (!there)
		return;
	base = config_json_network(there);
	json_object_foreach(network, key, value) {
		json_t *list = json_object_get(base, key);
		json_t *item;
		size_t i, j;

		if (!json_is_array(value) || strncmp(key, "default-", 8) == 0) {
			json_object_set(base, key, value);
			continue;
		}
		if (!list)
			json_object_set_new(base, key, list = json_array());
		json_array_foreach(value, i, item) {
			for (j = 0; j < json_array_size(list); j++)
				if (json_equal(json_array_get(list, j), item))
					break;
			if (j == json_array_size(list))
				json_array_append(list, item);
		}
	}
	json_object_set_new(document, "virtual-networks", json_pack("[o]", base));
}

// What was made is put into what runs. NULL: the request is answered.
static struct config *apply(
	struct request *request, const char *yaml, size_t len, struct import_result *result)
{
	struct load_file file = {.name = "imported", .data = yaml, .len = len};
	struct config *next = request_copy(request);
	struct config_errors errors = {0};

	if (!next)
		return NULL;
	if (document_put(next, &file, &errors)) {
		config_free(next);
		next = NULL;
		request_fail(request, ERROR_REFUSED, object_errors(&errors),
			"import: nothing changed: what was made does not fit what runs:");
	} else if (json_object_get(result->document, "profile")) {
		errors_add(&result->notes, "profile", 0, 0,
			"is not changed while all runs: write it into the config file");
	}
	errors_fini(&errors);
	return next;
}

static json_t *show(const struct request *request, const struct import_result *result,
	const char *yaml, size_t len)
{
	return json_pack("{s:I, s:s#, s:I, s:I, s:o, s:o}", "generation",
		(json_int_t)request_config(request)->generation, "yaml", yaml, len, "rules",
		(json_int_t)result->rule_count, "records", (json_int_t)result->record_count,
		"dropped", object_errors(&result->dropped), "notes", object_errors(&result->notes));
}

// The result is shown, or applied as well.
static struct config *settle(struct request *request, struct import_result *result)
{
	struct config *next = NULL;
	size_t len = 0;
	char *yaml;

	extend_network(result->document, request_config(request));
	yaml = yaml_print(result->document, &len);
	if (!yaml) {
		request_fail(request, ERROR_INTERNAL, NULL, "no memory for an import");
	} else if (request_flag(request, "apply")) {
		next = apply(request, yaml, len, result);
		if (next)
			request->result = show(request, result, yaml, len);
	} else {
		request_reply(request, show(request, result, yaml, len));
	}
	free(yaml);
	return next;
}

static struct config *convert(
	struct request *request, const struct load_file *file, const struct import_wish *wish)
{
	const char *format = request_text(request, "from");
	struct import_result result;
	struct config *next = NULL;
	int err = import_run(format, file, wish, &result);

	if (err == -ENOENT)
		request_fail(request, ERROR_PARAMETER, NULL,
			"import: parameter 'from' must be one of %s", import_formats());
	else if (err)
		request_fail(request, ERROR_REFUSED, object_errors(&result.dropped),
			"import: nothing of %s can be kept as %s:", file->name, format);
	else
		next = settle(request, &result);
	import_result_fini(&result);
	return next;
}

struct config *import_write(struct request *request)
{
	struct import_wish wish = {
		.ruleset = request_text(request, "ruleset"),
		.network = request_text(request, "network"),
		.fallback = request_text(request, "default"),
	};
	struct config *next = NULL;
	struct load_file file;
	char *data = NULL;

	wish.outbound_endpoints = choose_endpoints(request, &wish.outbound_endpoints_count);
	if (!wish.outbound_endpoints)
		return NULL;
	if (ruleset_read_file(request, &file, &data) == 0)
		next = convert(request, &file, &wish);
	free((void *)wish.outbound_endpoints);
	free(data);
	return next;
}
