// SPDX-License-Identifier: BSD-3-Clause
// Reporting what is wrong with an object while it is checked.
#include "control/config/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void faults_enter(struct config_faults *faults, enum config_kind kind, size_t object)
{
	faults->at.kind = kind;
	faults->at.object = object;
	faults->at.rule = CONFIG_NONE;
}

void faults_enter_rule(struct config_faults *faults, size_t rule)
{
	faults->at.rule = rule;
}

void faults_add(struct config_faults *faults, int code, const char *key, size_t idx,
	const char *format, ...)
{
	struct config_fault *at = &faults->at;
	va_list args;
	int len;

	at->key = key;
	at->idx = idx;
	len = key ? snprintf(at->text, sizeof(at->text), "%s: ", key) : 0;
	va_start(args, format);
	vsnprintf(at->text + len, sizeof(at->text) - (size_t)len, format, args);
	va_end(args);
	if (faults->count++ == 0)
		faults->code = code;
	faults->take(faults, at);
}

static void take_first(struct config_faults *faults, const struct config_fault *fault)
{
	struct faults_first *first = (struct faults_first *)faults;

	if (faults->count == 1)
		*first->fault = *fault;
}

void faults_first_init(struct faults_first *first, struct config_fault *fault)
{
	memset(first, 0, sizeof(*first));
	memset(fault, 0, sizeof(*fault));
	first->faults.take = take_first;
	first->faults.at.rule = CONFIG_NONE;
	first->fault = fault;
}
