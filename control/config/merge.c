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

#include "control/config/fit.h"
#include "control/config/kind.h"
#include "control/config/removed.h"
#include "control/config/rule.h"
#include "control/config/ruleset.h"

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
	struct config_ruleset *ruleset = &next->rulesets[next->ruleset_count];
	bool is_kept = running && running->file_hash == files->file_hash;
	int error;

	if (!running && removed_has(merge->running, CONFIG_RULESET, files->name, files->file_hash))
		return removed_add(next, CONFIG_RULESET, files->name, files->file_hash);
	next->ruleset_count++;
	error = ruleset_copy(ruleset, is_kept ? running : files);

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

// All other objects: as they run while their text in the files is the same.

// The end of what ran as `was`, which the files call `name`.
static int note_end(struct merge *merge, const struct kind *kind, const void *was, const char *name,
	const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%s", what,
		kind_is_edited(kind, was) ? "; changes made at run time are lost" : "");
	return note(merge, kind->noun, name, text);
}

static int copy_object(struct merge *merge, const struct kind *kind, const void *object)
{
	void *copy = kind_append(kind, merge->next);

	return copy ? kind->copy(copy, object) : -ENOMEM;
}

// An object of the files, or what it runs as.
static int take_object(struct merge *merge, const struct kind *kind, void *from)
{
	void *was = kind_find(kind, merge->running, kind_name(from));
	uint64_t hash = *kind_hash(kind, from);
	bool is_kept = was && *kind_hash(kind, was) == hash;
	int error;

	if (!was && removed_has(merge->running, kind->kind, kind_name(from), hash))
		return removed_add(merge->next, kind->kind, kind_name(from), hash);
	error = copy_object(merge, kind, is_kept ? was : from);
	if (error || is_kept)
		return error;
	return was ? note_end(merge, kind, was, kind_name(from), "replaced")
		   : note(merge, kind->noun, kind_name(from), "added");
}

static int merge_kind(struct merge *merge, enum config_kind which)
{
	const struct kind *kind = kind_get(which);
	int error = kind_reserve(kind, merge->next, 0);

	for (size_t i = 0; i < kind_count(kind, merge->files) && !error; i++)
		error = take_object(merge, kind, kind_object(kind, merge->files, i));
	for (size_t i = 0; i < kind_count(kind, merge->running) && !error; i++) {
		void *was = kind_object(kind, merge->running, i);

		if (kind_find(kind, merge->files, kind_name(was)))
			continue;
		error = *kind_hash(kind, was) == 0
			? copy_object(merge, kind, was)
			: note_end(merge, kind, was, kind_name(was), "removed");
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
		error = merge_kind(&merge, CONFIG_INBOUND);
	if (!error)
		error = merge_kind(&merge, CONFIG_OUTBOUND);
	if (!error)
		error = merge_rulesets(&merge);
	if (!error)
		error = merge_kind(&merge, CONFIG_ZONE);
	if (!error)
		error = merge_kind(&merge, CONFIG_NETWORK);
	if (!error)
		error = merge_kind(&merge, CONFIG_UPSTREAM);
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
