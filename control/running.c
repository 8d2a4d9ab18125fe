// SPDX-License-Identifier: BSD-3-Clause
// What runs, and how it is changed.

#include "control/running.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "control/config/merge.h"
#include "control/log.h"
#include "control/sent.h"

// What is under way with the dataplane.
enum step {
	STEP_IDLE,
	STEP_SYNC,     // it gets what runs already
	STEP_CHANGE,   // it gets what shall run
	STEP_ROLLBACK, // it gets again what ran, as the change could not be stored
};

struct change {
	struct config *next; // what shall run
	struct compile_result image;
	running_done done;
	void *context;
	int err; // of a change that is rolled back
	char why[RUNNING_WHY_LEN];
};

struct running {
	struct running_start start;
	struct publish *publish;
	struct config *config;
	struct compile_result image; // of config; fd -1: none
	enum step step;
	struct change change;
	struct sent sent; // what came from here, if the dataplane serves it
	struct running_refusal refusal;
	bool is_begun;
	bool is_fresh; // began with an empty state folder, and met no dataplane yet
	bool is_held;
	bool is_unstored;               // what runs is not in the state folder
	char link_why[RUNNING_WHY_LEN]; // why there is no dataplane, as last logged
};

static void sync_dataplane(struct running *running);

static uint64_t dataplane_generation(const struct running *running)
{
	const struct publish_dataplane *dataplane = publish_dataplane(running->publish);

	return dataplane ? dataplane->generation : 0;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t running_next_generation(const struct running *running)
{
	uint64_t highest = max(running->config->generation, running->sent.last);

	return max(highest, dataplane_generation(running)) + 1;
}

// The dataplane serves what was sent from here, but did not become what runs.
static bool is_stray(const struct running *running)
{
	uint64_t theirs = dataplane_generation(running);

	return theirs > running->config->generation && sent_holds(&running->sent, theirs);
}

static void close_image(struct compile_result *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

// `config` and `image` are what runs from now on.
static void become(struct running *running, struct config *config, struct compile_result *image)
{
	config_free(running->config);
	close_image(&running->image);
	running->config = config;
	running->image = *image;
	image->fd = -1;
}

const char *running_attention(const struct running *running, char out[static RUNNING_WHY_LEN])
{
	uint64_t theirs = dataplane_generation(running);
	uint64_t ours = running->config->generation;

	if (ours == 0)
		snprintf(out, RUNNING_WHY_LEN,
			"nothing is published, as the first configuration failed; the dataplane "
			"serves generation %" PRIu64
			"; mend the cause, then 'shuntctl reload --force' publishes the files",
			theirs);
	else if (running->is_held)
		snprintf(out, RUNNING_WHY_LEN,
			"nothing is published: the dataplane serves generation %" PRIu64
			", the state folder's newest is %" PRIu64
			"; 'shuntctl reload --force' publishes it above the dataplane's",
			theirs, ours);
	else if (running->is_unstored)
		snprintf(out, RUNNING_WHY_LEN,
			"generation %" PRIu64
			" is not in the state folder, which could not be written; the next change "
			"that can be stored mends this",
			ours);
	else if (publish_dataplane(running->publish) && theirs != ours &&
		running->step == STEP_IDLE)
		snprintf(out, RUNNING_WHY_LEN,
			"the dataplane serves generation %" PRIu64 ", not %" PRIu64
			": it refused that, see the last refusal; the next change that it takes "
			"mends this",
			theirs, ours);
	else
		return NULL;
	return out;
}

static uint64_t read_counter(void *context, uint32_t number)
{
	return counters_rule(context, number);
}

static uint64_t count_nothing(void *context, uint32_t number)
{
	(void)context;
	(void)number;
	return 0;
}

// Rules that are new to the dataplane's counters begin at what these say now, which is before it
// serves them. If it does already, then since before this control knew of it: all is theirs.
static void settle_counters(struct running *running, struct config *config)
{
	const struct publish_dataplane *dataplane = publish_dataplane(running->publish);
	bool is_served = dataplane && dataplane->generation == config->generation;

	if (dataplane)
		config_settle_counters(config, dataplane->hello.started_us,
			is_served ? count_nothing : read_counter,
			(void *)publish_counters(running->publish));
}

static void note_refusal(struct running *running, uint64_t generation, const char *reason)
{
	running->refusal.generation = generation;
	snprintf(running->refusal.reason, sizeof(running->refusal.reason), "%s", reason);
	log_line("the dataplane refused generation %" PRIu64 ": %s", generation, reason);
}

static int send_image(struct running *running, enum step step, uint64_t generation, int fd)
{
	struct sent sent = running->sent;
	int err = 0;

	if (!is_stray(running))
		sent.above = dataplane_generation(running);
	sent.last = max(sent.last, generation);
	if (generation > running->sent.last)
		err = sent_write(running->start.store, &sent);
	// What is taken back can't wait for the disk, which is why it is taken back.
	if (err && step == STEP_CHANGE)
		return err;
	running->sent = sent;
	err = publish_send(running->publish, generation, fd);
	if (err)
		return err;
	running->step = step;
	return 0;
}

// Ends the transaction. The callee may begin the next one.
static void finish(struct running *running, int err, const char *why)
{
	struct change change = running->change;

	running->step = STEP_IDLE;
	running->change = (struct change){.image.fd = -1};
	config_free(change.next);
	close_image(&change.image);
	if (change.done)
		change.done(change.context, err, why);
	else if (err)
		log_line("a change failed: %s", why);
	if (running->step == STEP_IDLE)
		running->start.idle(running->start.context);
}

static void finish_format(struct running *running, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void finish_format(struct running *running, int err, const char *format, ...)
{
	char why[RUNNING_WHY_LEN];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	finish(running, err, why);
}

// The change was adopted, but is not on disk: what ran before is published again, above it.
static void roll_back(struct running *running, int err, const char *store_why)
{
	struct change *change = &running->change;
	uint64_t generation = running_next_generation(running);
	struct config *again = config_copy(running->config, generation);

	change->err = err;
	snprintf(change->why, sizeof(change->why), "%s", store_why);
	config_free(change->next);
	close_image(&change->image);
	change->next = again;
	if (!again || compile_image(again, generation, &change->image) ||
		send_image(running, STEP_ROLLBACK, generation, change->image.fd))
		finish_format(running, -ENOTRECOVERABLE,
			"the dataplane adopted it, but it can't be stored (%s), and it could not "
			"be taken back",
			store_why);
}

// The dataplane, if there is one, has taken the change.
static void store_change(struct running *running, bool is_adopted)
{
	struct change *change = &running->change;
	char why[STORE_ERROR_LEN];
	int err;

	err = store_save(running->start.store, change->next, why);
	if (err && is_adopted && running->config->generation) {
		log_line("generation %" PRIu64 " was adopted but can't be stored: %s",
			change->next->generation, why);
		roll_back(running, err, why);
		return;
	}
	if (err) {
		finish_format(running, err, "it can't be stored: %s", why);
		return;
	}
	become(running, change->next, &change->image);
	change->next = NULL;
	sent_forget(running->start.store);
	running->is_held = false;
	running->is_unstored = false;
	finish(running, 0, NULL);
}

// `failure`: why it was not taken back; NULL: it was.
static void end_rollback(struct running *running, const char *failure)
{
	struct change *change = &running->change;
	uint64_t generation = change->next->generation;
	char unused[STORE_ERROR_LEN];
	int err = change->err;
	char why[RUNNING_WHY_LEN];

	snprintf(why, sizeof(why), "%s", change->why);
	if (failure) {
		finish_format(running, -ENOTRECOVERABLE,
			"the dataplane adopted it, but it can't be stored (%s), and it could not "
			"be taken back: %s",
			why, failure);
		return;
	}
	become(running, change->next, &change->image);
	change->next = NULL;
	running->is_unstored = store_save(running->start.store, running->config, unused) != 0;
	if (!running->is_unstored)
		sent_forget(running->start.store);
	finish_format(running, err,
		"it was adopted but can't be stored (%s), so it was taken back: the rules as they "
		"were are generation %" PRIu64,
		why, generation);
}

void running_change(struct running *running, struct config *next, bool is_forced, running_done done,
	void *context)
{
	struct change *change = &running->change;
	char why[RUNNING_WHY_LEN];
	int err;

	assert(running->step == STEP_IDLE);
	*change = (struct change){.next = next, .image.fd = -1, .done = done, .context = context};
	if (running->is_held && !is_forced) {
		finish(running, -EPERM, running_attention(running, why));
		return;
	}
	err = compile_image(next, next->generation, &change->image);
	if (err) {
		finish_format(running, err, "%s", change->image.error);
		return;
	}
	if (!publish_dataplane(running->publish)) {
		store_change(running, false);
		return;
	}
	settle_counters(running, next);
	err = send_image(running, STEP_CHANGE, next->generation, change->image.fd);
	if (err)
		finish_format(running, err,
			"it can't be noted in the state folder, or not be sent: %s",
			strerror(-err));
}

// What runs gets a number above the dataplane's, and goes there again.
static void renumber(struct running *running)
{
	uint64_t generation = running_next_generation(running);
	struct config *again = config_copy(running->config, generation);

	if (!again) {
		log_line("no memory to publish generation %" PRIu64, generation);
		return;
	}
	log_line("the dataplane serves a generation that came to nothing here: publishing %" PRIu64
		 " over it",
		generation);
	running_change(running, again, true, NULL, NULL);
}

// The dataplane connected, or a change ended: it shall serve what runs.
static void sync_dataplane(struct running *running)
{
	uint64_t theirs = dataplane_generation(running);
	uint64_t ours = running->config->generation;
	bool is_ours = running->is_fresh || is_stray(running);
	char why[RUNNING_WHY_LEN];

	// An empty configuration is never published: it would end all service.
	running->is_held = theirs > ours && (ours == 0 || !is_ours);
	running->is_fresh = false;
	settle_counters(running, running->config);
	if (running->is_held)
		log_line("%s", running_attention(running, why));
	else if (theirs > ours)
		renumber(running);
	else if (theirs < ours && running->image.fd >= 0)
		send_image(running, STEP_SYNC, ours, running->image.fd);
}

// It is settled what runs; the files are not needed any more.
static void end_begin(struct running *running, int err, const char *why)
{
	running->is_begun = true;
	config_free(running->start.files);
	running->start.files = NULL;
	running->start.begun(running->start.context, err, why);
}

static void on_merged(void *context, int err, const char *why)
{
	struct running *running = context;
	bool is_lost = err && running->config->generation == 0 && !running->refusal.generation;

	if (err)
		log_line("the files' changes don't run: %s", why);
	// Nothing ran yet, and the dataplane went away: the next event of the link begins anew.
	if (is_lost && err == -ECONNRESET)
		return;
	end_begin(running, is_lost ? err : 0, why);
	if (err && !is_lost && publish_dataplane(running->publish))
		sync_dataplane(running);
}

// What is on disk runs as it is.
static void begin_with_stored(struct running *running)
{
	int err = compile_image(running->config, running->config->generation, &running->image);

	end_begin(running, err, err ? running->image.error : NULL);
	if (!err && publish_dataplane(running->publish))
		sync_dataplane(running);
}

static void log_changes(const struct config_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		log_line("files: %s: %s", changes->items[i].object, changes->items[i].what);
}

// Once it is known whether there is a dataplane, and what it serves.
static void begin(struct running *running)
{
	const struct config *stored = running->config->generation ? running->config : NULL;
	struct config_errors errors = {0};
	struct config_changes changes = {0};
	struct config *next = NULL;
	int err;

	if (stored && dataplane_generation(running) > stored->generation && !is_stray(running)) {
		begin_with_stored(running);
		return;
	}
	settle_counters(running, running->config);
	err = config_merge(stored, running->start.files, running_next_generation(running), &next,
		&changes, &errors);
	if (err) {
		errors_print(&errors, stderr);
		end_begin(running, err, "the files don't fit what runs");
	} else if (stored && changes.count == 0) {
		config_free(next);
		begin_with_stored(running);
	} else {
		if (stored)
			log_changes(&changes);
		running->is_fresh = !stored && !publish_dataplane(running->publish);
		if (stored)
			err = compile_image(stored, stored->generation, &running->image);
		running_change(running, next, false, on_merged, running);
	}
	changes_fini(&changes);
	errors_fini(&errors);
}

static void on_connected(void *context)
{
	struct running *running = context;
	const struct publish_dataplane *dataplane = publish_dataplane(running->publish);

	running->link_why[0] = '\0';
	log_line("connected to the dataplane: version %s, pid %" PRIu32 ", %u workers, generation "
		 "%" PRIu64,
		dataplane->hello.version, dataplane->hello.pid,
		(unsigned)dataplane->hello.worker_count, dataplane->generation);
	if (running->is_begun)
		sync_dataplane(running);
	else
		begin(running);
}

static void on_disconnected(void *context, const char *why)
{
	struct running *running = context;
	enum step step = running->step;

	if (strcmp(why, running->link_why) != 0)
		log_line("no dataplane: %s; trying on", why);
	snprintf(running->link_why, sizeof(running->link_why), "%s", why);
	if (step == STEP_SYNC)
		running->step = STEP_IDLE;
	else if (step == STEP_CHANGE)
		finish_format(running, -ECONNRESET,
			"the dataplane went away before it took the change (%s)", why);
	else if (step == STEP_ROLLBACK)
		end_rollback(running,
			"the dataplane went away; it gets what ran before when it is back");
	if (!running->is_begun && step == STEP_IDLE)
		begin(running);
	else if (step == STEP_SYNC)
		running->start.idle(running->start.context);
}

static void on_answered(void *context, uint64_t generation, const char *refusal)
{
	struct running *running = context;
	enum step step = running->step;

	if (refusal)
		note_refusal(running, generation, refusal);
	if (step == STEP_SYNC) {
		running->step = STEP_IDLE;
		running->start.idle(running->start.context);
	} else if (step == STEP_ROLLBACK) {
		end_rollback(running, refusal);
	} else if (refusal) {
		if (!is_stray(running))
			sent_forget(running->start.store);
		finish_format(running, -EREMOTEIO, "the dataplane refused it: %s", refusal);
	} else {
		log_line("generation %" PRIu64 " is adopted", generation);
		store_change(running, true);
	}
}

static const struct publish_events events = {
	.connected = on_connected,
	.disconnected = on_disconnected,
	.answered = on_answered,
};

struct running *running_new(const struct running_start *start)
{
	struct running *running = calloc(1, sizeof(*running));

	if (!running) {
		config_free(start->stored);
		config_free(start->files);
		return NULL;
	}
	running->start = *start;
	running->start.link_path = NULL; // publish has its own copy
	running->image.fd = -1;
	running->change.image.fd = -1;
	running->config = start->stored ? start->stored : config_new();
	running->sent = sent_read(start->store);
	if (running->config)
		running->publish = publish_new(start->base, start->link_path, &events, running);
	if (!running->publish) {
		running_free(running);
		return NULL;
	}
	return running;
}

void running_free(struct running *running)
{
	if (!running)
		return;
	publish_free(running->publish);
	config_free(running->change.next);
	close_image(&running->change.image);
	config_free(running->config);
	close_image(&running->image);
	config_free(running->start.files);
	free(running);
}

const struct config *running_config(const struct running *running)
{
	return running->config;
}

const struct publish *running_publish(const struct running *running)
{
	return running->publish;
}

int running_image(const struct running *running, uint64_t *size, uint64_t *elapsed_us)
{
	*size = running->image.size;
	*elapsed_us = running->image.elapsed_us;
	return running->image.fd;
}

const struct running_refusal *running_last_refusal(const struct running *running)
{
	return &running->refusal;
}

bool running_is_held(const struct running *running)
{
	return running->is_held;
}

bool running_is_busy(const struct running *running)
{
	return !running->is_begun || running->step != STEP_IDLE;
}

int running_order(struct running *running, const struct link_upstream *order)
{
	return publish_order(running->publish, order);
}
