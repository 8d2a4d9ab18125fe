// SPDX-License-Identifier: BSD-3-Clause
// reload: the files are read again.

#include <errno.h>

#include "control/config/load.h"
#include "control/config/merge.h"
#include "control/serve/object.h"
#include "control/serve/request.h"

static json_t *show_changes(const struct config_changes *changes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < changes->count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s}", "object", changes->items[i].object, "what",
				changes->items[i].what));
	return list;
}

static struct config *refuse(struct request *request, const struct config_errors *errors)
{
	request_fail(request, ERROR_REFUSED, object_errors(errors),
		"reload: nothing changed, the files have %zu faults:",
		errors->count + errors->left_off);
	return NULL;
}

// Nothing changed: what runs goes on as it is, unless it is to be published over the dataplane's.
static struct config *keep(struct request *request, struct config *next)
{
	const struct running *running = request->serve->setup->running;
	const char *dataplane =
		publish_dataplane(running_publish(running)) ? "adopted" : "not connected";

	if (request->is_forced)
		return next;
	config_free(next);
	request_reply(request,
		json_pack("{s:I, s:[], s:s}", "generation",
			(json_int_t)request_config(request)->generation, "changes", "dataplane",
			running_is_held(running) ? "held" : dataplane));
	return NULL;
}

struct config *reload_write(struct request *request)
{
	const struct serve_setup *setup = request->serve->setup;
	struct config_errors errors = {0};
	struct config_changes changes = {0};
	struct config *files = NULL, *next = NULL;
	int err = config_load(setup->config_path, &files, &errors);

	request->is_forced = request_flag(request, "force");
	if (!err)
		err = config_merge(request_config(request), files,
			running_next_generation(setup->running), &next, &changes, &errors);
	if (err) {
		next = refuse(request, &errors);
	} else if (changes.count == 0) {
		request->result = json_pack("{s:[]}", "changes");
		next = keep(request, next);
	} else {
		request->result = json_pack("{s:o}", "changes", show_changes(&changes));
	}
	config_free(files);
	changes_fini(&changes);
	errors_fini(&errors);
	return next;
}
