// SPDX-License-Identifier: BSD-3-Clause
// What `reload` does: objects whose text in the files changed replace the running ones, all others
// stay as they run.
#include "control/config/merge.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/endpoint.h"
#include "control/config/fit.h"
#include "control/config/network.h"
#include "control/config/rule.h"
#include "control/config/ruleset.h"
#include "control/config/upstream.h"
#include "control/config/zone.h"

enum { NAMES_LISTED = 5 }; // of lost rules

void changes_fini(struct config_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].object);
		free(changes->items[i].what);
	}
	free(changes->items);
	memset(changes, 0, sizeof(*changes));
}

// What happens in one merge. `next` is built in the order of the files, then what they don't know.
struct merge {
	const struct config *running;
	const struct config *files;
	struct config *next;
	struct config_changes *changes;
};

static int note(struct merge *merge, const char *kind, const char *name, const char *what)
{
	struct config_changes *changes = merge->changes;
	size_t capacity = changes->capacity ? 2 * changes->capacity : 16;
	struct config_change *item;

	if (changes->count == changes->capacity) {
		item = reallocarray(changes->items, capacity, sizeof(*item));
		if (!item)
			return -ENOMEM;
		changes->items = item;
		changes->capacity = capacity;
	}
	item = &changes->items[changes->count];
	if (asprintf(&item->object, "%s%s%s", kind, name ? " " : "", name ? name : "") < 0)
		return -ENOMEM;
	item->what = strdup(what);
	if (!item->what) {
		free(item->object);
		return -ENOMEM;
	}
	changes->count++;
	return 0;
}

// Names of rules for a message, the first few of them.
struct listing {
	size_t count;
	size_t len;
	char text[NAMES_LISTED * 64];
};

static void list_name(struct listing *listing, const char *name)
{
	if (listing->count++ >= NAMES_LISTED)
		return;
	listing->len += (size_t)snprintf(listing->text + listing->len,
		sizeof(listing->text) - listing->len, "%s%.60s", listing->len ? ", " : "", name);
}

// Rules made or changed at run time that are not the same in `files`.
static int list_lost(const struct config_ruleset *running, const struct config_ruleset *files,
	struct listing *lost)
{
	struct index names;
	int error = ruleset_index_names(files, &names);

	for (size_t i = 0; i < running->rule_count && !error; i++) {
		const struct config_rule *rule = &running->rules[i];
		size_t same = rule->edited ? ruleset_find_same_name(files, &names, rule) : 0;

		if (!rule->edited)
			continue;
		if (same == INDEX_NONE || !rule_is_same(rule, &files->rules[same]))
			list_name(lost, rule->name);
	}
	index_fini(&names);
	return error;
}

// The end of a ruleset as it ran; `files` is NULL if it has no successor.
static int note_ruleset(struct merge *merge, const struct config_ruleset *running,
	const struct config_ruleset *files)
{
	static const struct config_ruleset nothing;
	struct listing lost = {0};
	char what[sizeof(lost.text) + 160];
	int len;

	if (list_lost(running, files ? files : &nothing, &lost))
		return -ENOMEM;
	len = snprintf(what, sizeof(what), "%s", files ? "replaced" : "removed");
	if (lost.count > 0)
		len += snprintf(what + len, sizeof(what) - (size_t)len,
			"; lost %zu rules made or changed at run time: %s%s", lost.count, lost.text,
			lost.count > NAMES_LISTED ? ", ..." : "");
	if (files && running->deleted_count > 0)
		snprintf(what + len, sizeof(what) - (size_t)len,
			"; %zu deleted or replaced at run time may be back",
			running->deleted_count);
	return note(merge, "ruleset", running->name, what);
}

static int release_numbers(struct merge *merge, const struct config_ruleset *ruleset)
{
	struct config *next = merge->next;
	int error = 0;

	for (size_t i = 0; i < ruleset->rule_count && !error; i++)
		error = numbers_release(
			&next->numbers, ruleset->rules[i].counter, next->generation);
	return error;
}

// `running` is NULL if the ruleset is new.
static int take_ruleset(struct merge *merge, const struct config_ruleset *files,
	const struct config_ruleset *running)
{
	struct config *next = merge->next;
	struct config_ruleset *ruleset = &next->rulesets[next->ruleset_count++];
	bool is_kept = running && running->file_hash == files->file_hash;
	int error = ruleset_copy(ruleset, is_kept ? running : files);

	if (error || is_kept)
		return error;
	error = ruleset_number(ruleset, running, &next->numbers, next->generation);
	if (error)
		return error;
	return running ? note_ruleset(merge, running, files)
		       : note(merge, "ruleset", files->name, "added");
}

static int merge_rulesets(struct merge *merge)
{
	const struct config *files = merge->files;
	const struct config *running = merge->running;
	struct config *next = merge->next;
	int error = 0;

	next->rulesets =
		calloc(files->ruleset_count + running->ruleset_count + 1, sizeof(*next->rulesets));
	if (!next->rulesets)
		return -ENOMEM;
	for (size_t i = 0; i < files->ruleset_count && !error; i++)
		error = take_ruleset(merge, &files->rulesets[i],
			config_find_ruleset(running, files->rulesets[i].name));
	for (size_t i = 0; i < running->ruleset_count && !error; i++) {
		const struct config_ruleset *ruleset = &running->rulesets[i];

		if (config_find_ruleset(files, ruleset->name))
			continue;
		if (ruleset->file_hash == 0) {
			error = ruleset_copy(&next->rulesets[next->ruleset_count++], ruleset);
			continue;
		}
		error = release_numbers(merge, ruleset);
		if (!error)
			error = note_ruleset(merge, ruleset, NULL);
	}
	return error;
}

// Objects without run-time changes: the files' version always holds; what differs is named.

// Where struct config keeps the objects of a kind. Their names come first in them.
struct kind {
	const char *text;
	size_t list_off;
	size_t count_off;
	size_t size;
	size_t hash_off; // of file_hash in an object
	int (*copy)(void *copy, const void *object);
};

static_assert(offsetof(struct config_inbound, name) == 0);
static_assert(offsetof(struct config_outbound, name) == 0);
static_assert(offsetof(struct config_network, name) == 0);
static_assert(offsetof(struct config_upstream, address) == 0);
static_assert(offsetof(struct config_zone, name) == 0);

static int copy_inbound(void *copy, const void *object)
{
	return endpoint_copy_inbound(copy, object);
}

static int copy_outbound(void *copy, const void *object)
{
	return endpoint_copy_outbound(copy, object);
}

static int copy_network(void *copy, const void *object)
{
	return network_copy(copy, object);
}

static int copy_upstream(void *copy, const void *object)
{
	return upstream_copy(copy, object);
}

static int copy_zone(void *copy, const void *object)
{
	return zone_copy(copy, object);
}

enum { KIND_INBOUND, KIND_OUTBOUND, KIND_ZONE, KIND_NETWORK, KIND_UPSTREAM };

static const struct kind kinds[] = {
	[KIND_INBOUND] = {"inbound endpoint", offsetof(struct config, inbounds),
		offsetof(struct config, inbound_count), sizeof(struct config_inbound),
		offsetof(struct config_inbound, file_hash), copy_inbound},
	[KIND_OUTBOUND] = {"outbound endpoint", offsetof(struct config, outbounds),
		offsetof(struct config, outbound_count), sizeof(struct config_outbound),
		offsetof(struct config_outbound, file_hash), copy_outbound},
	[KIND_NETWORK] = {"virtual network", offsetof(struct config, networks),
		offsetof(struct config, network_count), sizeof(struct config_network),
		offsetof(struct config_network, file_hash), copy_network},
	[KIND_ZONE] = {"private zone", offsetof(struct config, zones),
		offsetof(struct config, zone_count), sizeof(struct config_zone),
		offsetof(struct config_zone, file_hash), copy_zone},
	[KIND_UPSTREAM] = {"upstream", offsetof(struct config, upstreams),
		offsetof(struct config, upstream_count), sizeof(struct config_upstream),
		offsetof(struct config_upstream, file_hash), copy_upstream},
};

static size_t kind_count(const struct kind *kind, const struct config *config)
{
	return *(const size_t *)((const char *)config + kind->count_off);
}

static const void *kind_object(const struct kind *kind, const struct config *config, size_t i)
{
	const char *list;

	memcpy(&list, (const char *)config + kind->list_off, sizeof(list));
	return list + i * kind->size;
}

static const char *name_of(const void *object)
{
	return *(char *const *)object;
}

// NULL: there is none of that name.
static const void *kind_find(const struct kind *kind, const struct config *config, const char *name)
{
	for (size_t i = 0; i < kind_count(kind, config); i++) {
		const void *object = kind_object(kind, config, i);

		if (strcasecmp(name_of(object), name) == 0)
			return object;
	}
	return NULL;
}

// `was` is NULL if the object is new.
static int note_difference(
	struct merge *merge, const struct kind *kind, const void *was, const void *from)
{
	if (was &&
		memcmp((const char *)was + kind->hash_off, (const char *)from + kind->hash_off,
			sizeof(uint64_t)) == 0)
		return 0;
	return note(merge, kind->text, name_of(from), was ? "replaced" : "added");
}

static int merge_kind(struct merge *merge, const struct kind *kind)
{
	size_t *next_count = (size_t *)((char *)merge->next + kind->count_off);
	size_t count = kind_count(kind, merge->files);
	char *list = calloc(count + 1, kind->size);
	int error = 0;

	if (!list)
		return -ENOMEM;
	memcpy((char *)merge->next + kind->list_off, &list, sizeof(list));
	for (size_t i = 0; i < count && !error; i++) {
		const void *from = kind_object(kind, merge->files, i);
		const void *was = kind_find(kind, merge->running, name_of(from));

		error = kind->copy(list + (*next_count)++ * kind->size, from);
		if (!error)
			error = note_difference(merge, kind, was, from);
	}
	for (size_t i = 0; i < kind_count(kind, merge->running) && !error; i++) {
		const char *name = name_of(kind_object(kind, merge->running, i));

		if (!kind_find(kind, merge->files, name))
			error = note(merge, kind->text, name, "removed");
	}
	return error;
}

static int merge_globals(struct merge *merge)
{
	const struct config *running = merge->running;
	const struct config *files = merge->files;
	bool is_read = running->query_timeout_hash != 0;
	int error = 0;

	merge->next->query_timeout_us = files->query_timeout_us;
	merge->next->query_timeout_hash = files->query_timeout_hash;
	merge->next->backoff_initial_us = files->backoff_initial_us;
	merge->next->backoff_max_us = files->backoff_max_us;
	merge->next->backoff_hash = files->backoff_hash;
	merge->next->max_waiters = files->max_waiters;
	merge->next->max_waiters_hash = files->max_waiters_hash;
	if (is_read && running->query_timeout_hash != files->query_timeout_hash)
		error = note(merge, "query-timeout", NULL, "replaced");
	if (is_read && running->backoff_hash && running->backoff_hash != files->backoff_hash &&
		!error)
		error = note(merge, "backoff", NULL, "replaced");
	if (is_read && running->max_waiters_hash &&
		running->max_waiters_hash != files->max_waiters_hash && !error)
		error = note(merge, "max-waiters", NULL, "replaced");
	return error;
}

// A ruleset goes on waiting for its confirmation unless the files replaced it.
static int merge_waiting(struct merge *merge)
{
	const struct config_waiting *waiting = &merge->running->waiting;
	const struct config_ruleset *was =
		waiting->ruleset ? config_find_ruleset(merge->running, waiting->ruleset) : NULL;
	const struct config_ruleset *is =
		was ? config_find_ruleset(merge->next, waiting->ruleset) : NULL;

	if (!is || is->file_hash != was->file_hash)
		return 0;
	return config_set_waiting(merge->next, waiting->ruleset, waiting->back, waiting->until_sec);
}

int config_merge(const struct config *running, const struct config *files, uint64_t generation,
	struct config **out, struct config_changes *changes, struct config_errors *errors)
{
	static const struct config nothing;
	struct merge merge = {
		.running = running ? running : &nothing,
		.files = files,
		.next = config_new(),
		.changes = changes,
	};
	int error = -ENOMEM;

	*out = NULL;
	if (!merge.next)
		goto err;
	merge.next->generation = generation;
	merge.next->counting_since_us = merge.running->counting_since_us;
	error = numbers_copy(&merge.next->numbers, &merge.running->numbers);
	if (!error)
		error = merge_globals(&merge);
	if (!error)
		error = merge_kind(&merge, &kinds[KIND_INBOUND]);
	if (!error)
		error = merge_kind(&merge, &kinds[KIND_OUTBOUND]);
	if (!error)
		error = merge_rulesets(&merge);
	if (!error)
		error = merge_kind(&merge, &kinds[KIND_ZONE]);
	if (!error)
		error = merge_kind(&merge, &kinds[KIND_NETWORK]);
	if (!error)
		error = merge_kind(&merge, &kinds[KIND_UPSTREAM]);
	if (!error)
		error = merge_waiting(&merge);
	if (!error)
		error = fit_check(merge.next, errors);
	if (error)
		goto err;
	*out = merge.next;
	return 0;
err:
	if (errors->count == 0)
		errors_add(errors, "the running configuration", 0, 0, "can't be merged: %s",
			error == -ENOSPC ? "no counter numbers are left" : strerror(-error));
	config_free(merge.next);
	return error;
}
