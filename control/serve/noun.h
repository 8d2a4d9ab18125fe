// SPDX-License-Identifier: BSD-3-Clause
// create, update, delete, list and show of objects that the config lists, the same for all kinds.
#pragma once

#include "control/config/errors.h"
#include "control/config/kind.h"
#include "control/serve/request.h"

// A parameter, and the key of the YAML that it gives.
struct noun_field {
	const char *parameter; // NULL ends a table
	const char *key;
};

struct noun {
	enum config_kind kind;
	const char *name; // of one in results
	const char *list; // of several
	const struct noun_field *fields;
	json_t *(*show)(const void *object);
};

void noun_list(struct request *request, const struct noun *noun);
void noun_show(struct request *request, const struct noun *noun);
// Each gives what shall run, or NULL with the request answered.
[[nodiscard]] struct config *noun_create(struct request *request, const struct noun *noun);
[[nodiscard]] struct config *noun_update(struct request *request, const struct noun *noun);
[[nodiscard]] struct config *noun_delete(struct request *request, const struct noun *noun);

// Refuses with what is wrong: one error in the message, more beside it. `next` goes. Gives NULL.
struct config *noun_refuse(
	struct request *request, struct config *next, struct config_errors *errors);
