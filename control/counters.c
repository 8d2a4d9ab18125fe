// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's counters, read side.

#include "control/counters.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

// `count` elements of `size` bytes at `off` lie within `total`, aligned.
static bool fits(uint64_t total, uint64_t off, uint64_t count, uint64_t size, uint64_t alignment)
{
	return off % alignment == 0 && off <= total && count <= (total - off) / size;
}

static const char *check_entries(const struct counters *counters)
{
	for (uint32_t i = 0; i < counters->header.entry_count; i++) {
		const struct counter_entry *entry = &counters->entries[i];

		if (!memchr(entry->name, '\0', COUNTER_NAME_LEN))
			return "a counter's name has no end";
		if (entry->idx >= counters->header.worker_stride)
			return "a counter lies outside its worker's block";
	}
	return NULL;
}

static const char *check(struct counters *counters)
{
	const struct counters_header *h = &counters->header;

	memcpy(&counters->header, counters->base, sizeof(counters->header));
	if (h->magic != COUNTERS_MAGIC)
		return "not a file of counters";
	if (h->version != COUNTERS_VERSION)
		return "counters of another version: use dataplane and control of one release";
	if (h->size > counters->size)
		return "the file of counters is shorter than it says";
	if (h->entries_off < sizeof(*h) ||
		!fits(h->size, h->entries_off, h->entry_count, sizeof(struct counter_entry), 8))
		return "the directory of counters lies outside the file";
	// 32 bits each, so their product fits 64; a stride of 0 has no counters to read.
	if (!fits(h->size, h->workers_off, (uint64_t)h->worker_count * h->worker_stride,
		    sizeof(counter_t), 64))
		return "the workers' counters lie outside the file";
	if (!fits(h->size, h->rules_off, (uint64_t)h->worker_count * h->rule_capacity,
		    sizeof(counter_t), 64) ||
		!fits(h->size, h->loops_off, (uint64_t)h->worker_count * h->rule_capacity,
			sizeof(counter_t), 64))
		return "the rules' counters lie outside the file";
	if (!fits(h->size, h->upstreams_off, h->upstream_capacity, sizeof(struct upstream), 64) ||
		!fits(h->size, h->lines_off, (uint64_t)h->worker_count * h->upstream_capacity,
			sizeof(struct upstream_line), 64))
		return "the upstreams lie outside the file of counters";
	counters->entries = calloc(h->entry_count + 1, sizeof(struct counter_entry));
	if (!counters->entries)
		return "no memory for the directory of counters";
	memcpy(counters->entries, (const char *)counters->base + h->entries_off,
		h->entry_count * sizeof(struct counter_entry));
	return check_entries(counters);
}

const char *counters_open(struct counters *counters, int fd)
{
	struct stat status;
	const char *why;
	void *base;

	*counters = (struct counters){0};
	if (fstat(fd, &status) || status.st_size < (off_t)sizeof(struct counters_header))
		return "the file of counters is too short";
	// A file that shrinks under its map kills the reader.
	if (!(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK))
		return "the file of counters is not sealed against shrinking";
	base = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return "the file of counters can't be mapped";
	counters->base = base;
	counters->size = (size_t)status.st_size;
	why = check(counters);
	if (why)
		counters_close(counters);
	return why;
}

void counters_close(struct counters *counters)
{
	if (counters->base)
		munmap((void *)counters->base, counters->size);
	free(counters->entries);
	*counters = (struct counters){0};
}

const char *counters_kind_text(uint32_t kind)
{
	static const char *const texts[] = {
		[COUNTER_STEP] = "step",
		[COUNTER_RECEIVED] = "received",
		[COUNTER_ANSWERED] = "answered",
		[COUNTER_EXIT] = "exit",
		[COUNTER_WAITING] = "waiting",
		[COUNTER_REPLIES] = "replies",
		[COUNTER_ACCEPTED] = "accepted",
		[COUNTER_REFUSAL] = "refusal",
		[COUNTER_PORT] = "port",
		[COUNTER_WORKER] = "worker",
		[COUNTER_HANDED_OVER] = "handed-over",
		[COUNTER_TAKEN_OVER] = "taken-over",
		[COUNTER_CYCLES] = "cycles",
		[COUNTER_BURST] = "burst",
	};

	if (kind >= sizeof(texts) / sizeof(texts[0]) || !texts[kind])
		return "other";
	return texts[kind];
}

static uint64_t read_at(const struct counters *counters, uint64_t off, uint64_t idx)
{
	const counter_t *all = (const void *)((const char *)counters->base + off);

	return counter_get(&all[idx]);
}

uint64_t counters_get(const struct counters *counters, uint32_t entry, uint32_t worker)
{
	const struct counters_header *h = &counters->header;
	uint64_t block = (uint64_t)worker * h->worker_stride;

	return read_at(counters, h->workers_off, block + counters->entries[entry].idx);
}

uint64_t counters_sum(const struct counters *counters, uint32_t entry)
{
	uint64_t sum = 0;

	for (uint32_t worker = 0; worker < counters->header.worker_count; worker++)
		sum += counters_get(counters, entry, worker);
	return sum;
}

uint64_t counters_sum_kind(const struct counters *counters, enum counter_kind kind)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; counters->base && i < counters->header.entry_count; i++)
		if (counters->entries[i].kind == kind)
			sum += counters_sum(counters, i);
	return sum;
}

// Of a rule's number, in the block of rules at this offset.
static uint64_t sum_rule(const struct counters *counters, uint64_t off, uint32_t number)
{
	const struct counters_header *h = &counters->header;
	uint64_t sum = 0;

	if (!counters->base || number >= h->rule_capacity)
		return 0;
	for (uint32_t worker = 0; worker < h->worker_count; worker++)
		sum += read_at(counters, off, (uint64_t)worker * h->rule_capacity + number);
	return sum;
}

uint64_t counters_rule(const struct counters *counters, uint32_t number)
{
	return sum_rule(counters, counters->header.rules_off, number);
}

uint64_t counters_loops(const struct counters *counters, uint32_t number)
{
	return sum_rule(counters, counters->header.loops_off, number);
}

// The count grows while the file is mapped; what lies beyond the capacity is not there.
uint32_t counters_upstream_count(const struct counters *counters)
{
	const struct counters_header *now = counters->base;
	uint32_t count;

	if (!now)
		return 0;
	count = atomic_load_explicit(
		(_Atomic uint32_t *)&now->upstream_count, memory_order_acquire);
	return count < counters->header.upstream_capacity ? count
							  : counters->header.upstream_capacity;
}

static const struct upstream *upstream_at(const struct counters *counters, uint32_t index)
{
	const void *all = (const char *)counters->base + counters->header.upstreams_off;

	return (const struct upstream *)all + index;
}

// What each worker has of it, summed; the time is the mean of those that have one.
static void add_lines(
	const struct counters *counters, uint32_t index, struct counters_upstream *out)
{
	const struct upstream_line *lines =
		(const void *)((const char *)counters->base + counters->header.lines_off);
	uint64_t sum_us = 0;
	unsigned measured = 0;

	for (uint32_t worker = 0; worker < counters->header.worker_count; worker++) {
		const struct upstream_line *line =
			&lines[(uint64_t)worker * counters->header.upstream_capacity + index];
		uint32_t srtt_us = upstream_srtt_us(upstream_at(counters, index), line);

		measured += srtt_us > 0;
		sum_us += srtt_us;
		out->sent += counter_get(&line->sent);
		out->answered += counter_get(&line->answered);
		out->missed += counter_get(&line->missed);
	}
	out->srtt_us = measured ? (uint32_t)(sum_us / measured) : 0;
}

struct counters_upstream counters_upstream(const struct counters *counters, uint32_t index)
{
	struct upstream *at = (struct upstream *)upstream_at(counters, index);
	struct counters_upstream out = {
		.endpoint = at->endpoint,
		.generation = atomic_load_explicit(&at->generation, memory_order_relaxed),
		.is_drained = atomic_load_explicit(&at->is_drained, memory_order_relaxed) != 0,
		.rest = atomic_load_explicit(&at->rest, memory_order_relaxed),
		.case_lost = atomic_load_explicit(&at->case_lost, memory_order_relaxed),
	};

	add_lines(counters, index, &out);
	return out;
}

bool counters_find_upstream(const struct counters *counters, const struct endpoint *endpoint,
	struct counters_upstream *upstream)
{
	uint32_t count = counters_upstream_count(counters);

	for (uint32_t i = 0; i < count; i++) {
		if (!endpoint_equal(&upstream_at(counters, i)->endpoint, endpoint))
			continue;
		*upstream = counters_upstream(counters, i);
		return true;
	}
	return false;
}
