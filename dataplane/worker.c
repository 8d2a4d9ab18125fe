// SPDX-License-Identifier: BSD-3-Clause
// The poll loop: a turn takes a burst from each port, walks it through the path, and sends what comes out.
#include "dataplane/worker.h"

#include <assert.h>
#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	IDLE_TURNS = 2000,    // empty turns before a worker sleeps: about 0.2 ms
	SLEEP_MS = 10,        // at most: deadlines and a stop are looked at that often
	SLEEP_BLIND_US = 100, // where a port can't wake us, nor a worker that hands a reply over
	HANDED_MAX =
		2048, // replies on their way to a worker: 2 ms at 1 M/s, the longest pause to survive
	HANDED_MIN = 64, // from one other worker
	GAP_US = 1000,
	UPSTREAM_SHARE =
		4, // of the slots, what one upstream may take: three dead ones leave room for others
	CHANCE_LOW = CHANCE_POOL_SIZE / 2, // refilled below: a pass draws under 2 KiB
};

enum worker_counter {
	WORKER_COUNTER_FIRST = PATH_COUNTER_COUNT - 1,
#define WORKER_COUNTER_ID(name, what) WORKER_##name,
	WORKER_COUNTERS(WORKER_COUNTER_ID)
#undef WORKER_COUNTER_ID
		WORKER_COUNTER_COUNT
};

enum { PORT_COUNTER_COUNT = sizeof(struct port_counters) / sizeof(uint64_t) };

static const char *const worker_counter_names[] = {
#define WORKER_COUNTER_NAME(name, what) #name,
	WORKER_COUNTERS(WORKER_COUNTER_NAME)
#undef WORKER_COUNTER_NAME
};

static const char *const port_counter_names[] = {
#define PORT_COUNTER_NAME(name, what) #name,
	PORT_COUNTERS(PORT_COUNTER_NAME)
#undef PORT_COUNTER_NAME
};

static void name_entry(struct counter_entry *entry, enum counter_kind kind, const char *name)
{
	entry->kind = kind;
	snprintf(entry->name, sizeof(entry->name), "%s", name);
}

unsigned worker_counter_entries(struct counter_entry *entries, unsigned port_count)
{
	unsigned count = WORKER_COUNTER_COUNT + port_count * PORT_COUNTER_COUNT;

	if (!entries)
		return count;
	for (unsigned i = 0; i < PATH_COUNTER_COUNT; i++)
		name_entry(entries++, path_counter_kind(i), path_counter_name(i));
	for (unsigned i = 0; i < WORKER_COUNTER_COUNT - PATH_COUNTER_COUNT; i++)
		name_entry(entries++, COUNTER_WORKER, worker_counter_names[i]);
	for (unsigned i = 0; i < port_count * PORT_COUNTER_COUNT; i++, entries++) {
		entries->kind = COUNTER_PORT;
		snprintf(entries->name, sizeof(entries->name), "port%u.%s", i / PORT_COUNTER_COUNT,
			port_counter_names[i % PORT_COUNTER_COUNT]);
	}
	return count;
}

// What a question's way takes of memory, all of it here: nothing is taken later.
static int take_memory(struct worker *worker)
{
	uint32_t slot_count = worker->options->slot_count;
	struct inflight_options options = {.slot_count = slot_count};
	struct path *path = &worker->path;
	void *memory = aligned_alloc(64, (inflight_size(slot_count) + 63) & ~(size_t)63);
	void *chains;

	worker->loads =
		calloc(UPSTREAMS_CAPACITY, sizeof(*worker->loads)); // pages as they are used
	path->kept = calloc(PATH_KEPT, sizeof(*path->kept));
	chains = aligned_alloc(64, chains_size());
	if (!memory || !worker->loads || !path->kept || !chains) {
		free(memory);
		free(chains);
		return -ENOMEM;
	}
	if (RAND_bytes(options.secret, sizeof(options.secret)) != 1) {
		free(memory);
		free(chains);
		return -EIO;
	}
	options.loads = worker->loads;
	path->inflight = inflight_init(memory, &options);
	path->chains = chains_init(chains);
	for (uint32_t i = 0; i < PATH_KEPT; i++)
		path->kept[i].next_free = i + 1 < PATH_KEPT ? i + 1 : LIST_END;
	path->kept_free = 0;
	path->upstream_max = slot_count / UPSTREAM_SHARE;
	return 0;
}

int worker_init(struct worker *worker, counter_t *rule_counters)
{
	const struct worker_options *options = worker->options;
	struct path *path = &worker->path;
	int err = take_memory(worker);

	if (err)
		return err;
	path->chance = &worker->chance;
	path->counters = worker->counters;
	path->rule_counters = rule_counters;
	path->loop_counters = worker->loop_counters;
	path->health.upstreams = worker->upstreams;
	path->health.lines = worker->lines;
	path->port_macs = options->port_macs;
	path->worker = worker->index;
	path->worker_count = 1;
	path->crowd = (struct owner_crowd){1, options->slot_count * INFLIGHT_SENDS_A_SLOT};
	path->keyring = options->keyring;
	snapshot_park(worker->reader);
	return 0;
}

void worker_fini(struct worker *worker)
{
	for (unsigned i = 0; i < worker->path.worker_count; i++)
		free(worker->path.inboxes[i]);
	free(worker->path.inflight);
	free(worker->path.kept);
	free(worker->loads);
	free(worker->path.chains);
}

static struct handover *new_ring(unsigned worker_count)
{
	uint32_t record_count = HANDED_MIN;
	void *memory;

	while (record_count * worker_count < HANDED_MAX)
		record_count *= 2;
	memory = aligned_alloc(64, (handover_size(record_count) + 63) & ~(size_t)63);
	return memory ? handover_init(memory, record_count) : NULL;
}

int worker_connect(struct worker *const *workers, unsigned count)
{
	assert(count <= PATH_WORKERS_MAX);
	for (unsigned to = 0; to < count; to++) {
		workers[to]->path.worker_count = workers[to]->path.crowd.worker_count = count;
		for (unsigned from = 0; from < count; from++) {
			struct handover *ring = from == to ? NULL : new_ring(count);

			if (!ring && from != to)
				return -ENOMEM;
			workers[to]->path.inboxes[from] = ring;
			workers[from]->path.outboxes[to] = ring;
		}
	}
	return 0;
}

// Without random numbers there is no service: the pool stays empty, and steps refuse.
static void refill_chance(struct chance *chance)
{
	uint32_t len;
	uint8_t *spent;

	if (chance->left > CHANCE_LOW)
		return;
	spent = chance_spent(chance, &len);
	if (RAND_bytes(spent, (int)len) == 1)
		chance_refilled(chance);
}

// Keeps packets ready for what we originate. They come from the first port; any other sends a copy.
static void refill_blanks(struct worker *worker)
{
	struct path *path = &worker->path;
	struct port *port = worker->ports[0];

	if (path->blank_count < PATH_BLANKS)
		path->blank_count += port->ops->take(
			port, path->blanks + path->blank_count, PATH_BLANKS - path->blank_count);
}

// Sends what the pass left, in runs of packets that leave by the same port, and releases the rest.
static void send_out(struct worker *worker)
{
	struct path *path = &worker->path;
	uint64_t ticks = profile_ticks();
	unsigned end;

	for (unsigned first = 0; first < path->out_count; first = end) {
		struct port *port = worker->ports[path->out[first].port];

		for (end = first + 1; end < path->out_count; end++)
			if (path->out[end].port != path->out[first].port)
				break;
		port->ops->send(port, path->out + first, end - first);
	}
	port_release_all(worker->ports, path->released, path->released_count);
	profile_take(&worker->counters[PROFILE_SEND], &ticks, path->query_count);
}

static bool walk(struct worker *worker, const struct packet *packets, unsigned count)
{
	struct path *path = &worker->path;

	refill_chance(path->chance);
	refill_blanks(worker);
	path_pass(path, packets, count);
	send_out(worker);
	return path->query_count > 0;
}

// The ports count for themselves; readers see it here.
static void publish_port_counters(struct worker *worker)
{
	counter_t *out = worker->counters + WORKER_COUNTER_COUNT;

	for (unsigned i = 0; i < worker->options->port_count; i++) {
		const uint64_t *counts = (const uint64_t *)&worker->ports[i]->counters;

		for (unsigned c = 0; c < PORT_COUNTER_COUNT; c++)
			atomic_store_explicit(out++, counts[c], memory_order_relaxed);
	}
}

bool worker_turn(struct worker *worker, uint64_t now_us)
{
	const struct snapshot *snapshot = snapshot_enter(worker->snapshots, worker->reader);
	struct path *path = &worker->path;
	bool has_walked = false, has_moved = false;

	path->now_us = now_us;
	path->image = snapshot ? &snapshot->image : NULL;
	path->before = snapshot ? snapshot->before : NULL;
	path->sources_before = snapshot ? snapshot->sources_before : NULL;
	path->before_count = snapshot ? snapshot->before_count : 0;
	path->scanner = snapshot ? regex_scanner(snapshot->regex, worker->index) : NULL;
	path->hops = snapshot ? snapshot->hops : NULL;
	path->sources = snapshot ? snapshot->sources : NULL;
	path->upstreams = snapshot ? snapshot->upstreams : NULL;
	if (snapshot) {
		path->health.initial_us = snapshot->image.header->backoff_initial_us;
		path->health.max_us = snapshot->image.header->backoff_max_us;
	}
	for (unsigned i = 0; i < worker->options->port_count; i++) {
		struct port *port = worker->ports[i];
		uint64_t ticks = profile_ticks();
		unsigned count = port->ops->receive(port, worker->burst, PORT_BURST);

		if (count > 0) {
			profile_take(&worker->counters[PROFILE_RECEIVE], &ticks, count);
			profile_burst(&worker->counters[PROFILE_BURST], count);
			has_moved |= walk(worker, worker->burst, count);
			has_walked = true;
		}
	}
	// Every pass takes time-outs, and what other workers hand over, as far as it has room: a pass at least, and more of them
	// after a full one, as many as there are workers who may have filled it.
	for (unsigned i = 0; i < path->worker_count; i++) {
		if (has_walked && path->query_count < PATH_ROOM)
			break;
		has_moved |= walk(worker, NULL, 0);
		has_walked = true;
	}
	if (has_moved) {
		counter_add(&worker->counters[WORKER_loops], 1);
		publish_port_counters(worker);
	}
	return has_moved;
}

// A reply may come by a ring, which wakes nobody: the worker that received it makes no system call for it. So with
// queries waiting, the owner looks often instead.
static bool may_be_handed_a_reply(const struct worker *worker)
{
	return worker->path.worker_count > 1 && inflight_count(worker->path.inflight) > 0;
}

// Until a packet arrives at a port that can say so; else for a moment.
static void sleep_idle(struct worker *worker)
{
	const struct timespec moment = {.tv_nsec = SLEEP_BLIND_US * 1000};
	const struct timespec longest = {.tv_nsec = SLEEP_MS * 1000000};
	struct pollfd fds[PORT_MAX];
	unsigned count = worker->options->port_count;

	snapshot_park(worker->reader);
	counter_add(&worker->counters[WORKER_sleeps], 1);
	publish_port_counters(worker);
	for (unsigned i = 0; i < count; i++) {
		struct port *port = worker->ports[i];

		fds[i] = (struct pollfd){.fd = port->ops->wait_fd(port), .events = POLLIN};
		if (fds[i].fd < 0) {
			nanosleep(&moment, NULL);
			return;
		}
	}
	ppoll(fds, count, may_be_handed_a_reply(worker) ? &moment : &longest, NULL);
}

static uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void rest(struct worker *worker)
{
	if (worker->options->is_busy || ++worker->idle_turns < IDLE_TURNS)
		return;
	sleep_idle(worker);
	worker->idle_turns = 0;
	worker->last_turn_us = clock_us(); // sleep is no gap
}

// While the loop was elsewhere, answers may have come and been lost: nobody is charged for them, for as long again.
static void note_gap(struct worker *worker, uint64_t now_us)
{
	uint64_t gap_us = now_us - worker->last_turn_us;

	if (gap_us > GAP_US) {
		counter_add(&worker->counters[WORKER_gaps], 1);
		worker->path.lenient_until_us = now_us + gap_us;
	}
	worker->last_turn_us = now_us;
}

static void *run(void *argument)
{
	struct worker *worker = argument;
	const struct worker_options *options = worker->options;

	if (options->begin && options->begin() != 0) {
		fprintf(stderr, "shunt-dataplane: worker %u can't start its thread's ports\n",
			worker->index);
		abort();
	}
	worker->last_turn_us = clock_us();
	while (!atomic_load_explicit(&worker->must_stop, memory_order_relaxed)) {
		uint64_t now_us = clock_us();

		note_gap(worker, now_us);
		if (worker_turn(worker, now_us))
			worker->idle_turns = 0;
		else
			rest(worker);
	}
	snapshot_park(worker->reader);
	return NULL;
}

int worker_start(struct worker *worker)
{
	return -pthread_create(&worker->thread, NULL, run, worker);
}

void worker_stop(struct worker *worker)
{
	atomic_store(&worker->must_stop, true);
	pthread_join(worker->thread, NULL);
}
