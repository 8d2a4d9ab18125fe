// SPDX-License-Identifier: BSD-3-Clause
// The table of methods and their parameters.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/config/config.h"

struct request;

enum parameter_kind { PARAMETER_TEXT, PARAMETER_LIST, PARAMETER_NUMBER, PARAMETER_FLAG };

struct parameter {
	const char *name; // NULL ends a table
	enum parameter_kind kind;
	bool is_required;
};

// Either `read`, which replies, or `write`, which makes the config that shall run and leaves the
// result in the request; NULL: it has replied instead.
struct method {
	const char *name;
	const struct parameter *parameters; // NULL: none
	void (*read)(struct request *request);
	struct config *(*write)(struct request *request);
};

enum { METHOD_WHY_LEN = 256 };

// NULL: there is none.
const struct method *method_find(const char *name);
// 0, or -EINVAL with `why` naming the method and the parameter. Writers take `if_generation` too.
[[nodiscard]] int method_check(
	const struct method *method, const json_t *params, char why[static METHOD_WHY_LEN]);

// One function a method.
void status_read(struct request *request);
struct config *reload_write(struct request *request);
void rule_list(struct request *request);
void rule_show(struct request *request);
struct config *rule_create(struct request *request);
struct config *rule_update(struct request *request);
struct config *rule_delete(struct request *request);
struct config *rule_enable(struct request *request);
struct config *rule_disable(struct request *request);
void test_read(struct request *request);
void ruleset_list(struct request *request);
void ruleset_show(struct request *request);
void ruleset_dump(struct request *request);
void ruleset_stats(struct request *request);
struct config *ruleset_apply(struct request *request);
void ruleset_diff(struct request *request);
void ruleset_export(struct request *request);
void ruleset_history(struct request *request);
struct config *ruleset_rollback(struct request *request);
struct config *ruleset_confirm(struct request *request);
struct config *ruleset_expire(struct request *request);
struct config *ruleset_create(struct request *request);
struct config *ruleset_update(struct request *request);
struct config *ruleset_delete(struct request *request);
void network_list(struct request *request);
void network_show(struct request *request);
struct config *network_create(struct request *request);
struct config *network_update(struct request *request);
struct config *network_delete(struct request *request);
void endpoint_list(struct request *request);
void endpoint_show(struct request *request);
struct config *endpoint_create(struct request *request);
struct config *endpoint_update(struct request *request);
struct config *endpoint_delete(struct request *request);
struct config *import_write(struct request *request);
void zone_list(struct request *request);
void zone_show(struct request *request);
struct config *zone_create(struct request *request);
struct config *zone_update(struct request *request);
struct config *zone_delete(struct request *request);
void record_list(struct request *request);
void record_show(struct request *request);
struct config *record_create(struct request *request);
struct config *record_update(struct request *request);
struct config *record_delete(struct request *request);
void stats_show(struct request *request);
void upstream_list(struct request *request);
void upstream_show(struct request *request);
void upstream_drain(struct request *request);
void upstream_enable(struct request *request);
void upstream_reset(struct request *request);
void path_show(struct request *request);
