// SPDX-License-Identifier: BSD-3-Clause
// Reporting what is wrong with an object while it is checked.
#pragma once

#include "control/config/config.h"

// What follows is about this object; then about this rule of it (CONFIG_NONE: the ruleset itself).
void faults_enter(struct config_faults *faults, enum config_kind kind, size_t object);
void faults_enter_rule(struct config_faults *faults, size_t rule);

// One fault; the text becomes `KEY: …`. `key` is a constant or NULL, `code` a -errno.
void faults_add(struct config_faults *faults, int code, const char *key, size_t idx,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

// Keeps the first fault only.
struct faults_first {
	struct config_faults faults;
	struct config_fault *fault;
};

void faults_first_init(struct faults_first *first, struct config_fault *fault);
