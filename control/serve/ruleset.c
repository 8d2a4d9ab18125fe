// SPDX-License-Identifier: BSD-3-Clause
// ruleset.*: whole sets of rules.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/fit.h"
#include "control/config/json.h"
#include "control/config/load.h"
#include "control/serve/confirm.h"
#include "control/serve/noun.h"
#include "control/serve/object.h"
#include "control/serve/ruleset.h"

void ruleset_list(struct request *request)
{
	const struct config *config = request_config(request);
	json_t *rulesets = json_array();

	for (size_t i = 0; i < config->ruleset_count; i++)
		json_array_append_new(rulesets, object_ruleset_head(&config->rulesets[i]));
	request_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation, "rulesets",
			rulesets));
}

void ruleset_show(struct request *request)
{
	const struct config *config = request_config(request);
	const char *name = request_text(request, "name");
	const struct config_ruleset *ruleset = config_find_ruleset(config, name);

	if (ruleset)
		request_reply(request,
			json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation,
				"ruleset", config_json_ruleset(ruleset)));
	else
		request_fail(request, ERROR_REFUSED, NULL, "there is no ruleset '%s'", name);
}

int ruleset_read_file(struct request *request, struct load_file *file, char **data)
{
	const char *name = request_text(request, "file");
	int err = -EBADF;

	*file = (struct load_file){.name = name ? name : "file"};
	if (request->fd >= 0)
		err = config_read_fd(request->fd, data, &file->len);
	file->data = *data;
	if (err == -EBADF)
		request_fail(request, ERROR_PARAMETER, NULL,
			"%s: the file must come as a descriptor with the request",
			request->method->name);
	else if (err)
		request_fail(request, ERROR_REFUSED, NULL, "%s: can't be read: %s", file->name,
			err == -EINVAL ? "it is neither a file nor a memfd" : strerror(-err));
	return err;
}

static struct config *apply_file(
	struct request *request, const struct load_file *file, const struct load_ruleset *wanted)
{
	struct config *next = request_copy(request);
	struct config_errors errors = {0};

	if (!next)
		return NULL;
	if (config_load_ruleset(next, wanted, file, &errors)) {
		config_free(next);
		next = NULL;
		request_fail(request, ERROR_REFUSED, object_errors(&errors),
			"%s: %s: nothing changed, the file has %zu faults:", request->method->name,
			wanted->name, errors.count + errors.left_off);
	}
	errors_fini(&errors);
	return next;
}

struct config *ruleset_apply_file(struct request *request)
{
	struct load_ruleset wanted = {
		.name = request_text(request, "name"),
		.create = request_flag(request, "create"),
	};
	struct load_file file;
	struct config *next = NULL;
	char *data = NULL;

	if (ruleset_read_file(request, &file, &data))
		return NULL;
	wanted.targets = request_list(request, "target", &wanted.targets_count);
	wanted.outbound_endpoints =
		request_list(request, "outbound_endpoint", &wanted.outbound_endpoints_count);
	next = apply_file(request, &file, &wanted);
	free((void *)wanted.targets);
	free((void *)wanted.outbound_endpoints);
	free(data);
	return next;
}

// Reading, checking and compiling happen here and now; the event loop serves nobody else meanwhile.
struct config *ruleset_apply(struct request *request)
{
	struct config *next = ruleset_apply_file(request);

	if (!next)
		return NULL;
	request->result = json_pack("{s:o}", "ruleset",
		object_ruleset_head(config_find_ruleset(next, request_text(request, "name"))));
	if (confirm_wish(request, next) == 0)
		return next;
	config_free(next);
	return NULL;
}

static const struct noun_field fields[] = {
	{"outbound_endpoint", "outbound-endpoints"}, {NULL, NULL}};

static json_t *show_head(const void *object)
{
	return object_ruleset_head(object);
}

static const struct noun noun = {CONFIG_RULESET, "ruleset", "rulesets", fields, show_head};

struct config *ruleset_create(struct request *request)
{
	return noun_create(request, &noun);
}

struct config *ruleset_delete(struct request *request)
{
	return noun_delete(request, &noun);
}

// Its endpoints alone: rules have verbs of their own.
static int update(struct request *request, struct config *next, struct config_errors *errors)
{
	size_t count;
	const char **names = request_list(request, "outbound_endpoint", &count);
	int err = config_set_outbounds(
		config_find_ruleset(next, request_text(request, "name")), names, count);

	free((void *)names);
	return err ? err : fit_check(next, errors);
}

struct config *ruleset_update(struct request *request)
{
	const char *name = request_text(request, "name");
	struct config_errors errors = {0};
	struct config *next;

	if (!config_find_ruleset(request_config(request), name)) {
		request_fail(request, ERROR_REFUSED, NULL, "there is no ruleset '%s'", name);
		return NULL;
	}
	next = request_copy(request);
	if (!next)
		return NULL;
	if (update(request, next, &errors))
		return noun_refuse(request, next, &errors);
	request->result =
		json_pack("{s:o}", "ruleset", object_ruleset_head(config_find_ruleset(next, name)));
	return next;
}
