// SPDX-License-Identifier: BSD-3-Clause
// The counters file, write side: a sparse memfd.
#include "dataplane/counters_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, LINE_COUNTERS = 64 / sizeof(counter_t) };

static uint64_t align(uint64_t off, uint64_t to)
{
	return (off + to - 1) / to * to;
}

static struct counters_header lay_out(uint32_t entry_count, uint32_t worker_count)
{
	struct counters_header header = {
		.magic = COUNTERS_MAGIC,
		.version = COUNTERS_VERSION,
		.worker_count = worker_count,
		.entry_count = entry_count,
		.worker_stride = (uint32_t)align(entry_count, LINE_COUNTERS),
		.rule_capacity = COUNTERS_RULE_CAPACITY,
		.upstream_capacity = UPSTREAMS_CAPACITY,
	};

	header.entries_off = align(sizeof(header), 64);
	header.workers_off =
		align(header.entries_off + entry_count * sizeof(struct counter_entry), PAGE);
	header.rules_off = align(header.workers_off +
			(uint64_t)worker_count * header.worker_stride * sizeof(counter_t),
		PAGE);
	header.upstreams_off = align(header.rules_off +
			(uint64_t)worker_count * header.rule_capacity * sizeof(counter_t),
		PAGE);
	header.lines_off =
		header.upstreams_off + header.upstream_capacity * sizeof(struct upstream);
	header.loops_off = align(header.lines_off +
			(uint64_t)worker_count * header.upstream_capacity *
				sizeof(struct upstream_line),
		PAGE);
	header.size = header.loops_off +
		(uint64_t)worker_count * header.rule_capacity * sizeof(counter_t);
	return header;
}

int counters_file_init(struct counters_file *file, const struct counter_entry *entries,
	uint32_t entry_count, uint32_t worker_count)
{
	struct counters_header header = lay_out(entry_count, worker_count);
	struct counter_entry *directory;
	int err;

	*file = (struct counters_file){.size = header.size};
	file->fd = memfd_create("shunt-counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (file->fd < 0)
		return -errno;
	// Nobody who maps it can be hurt by its size.
	if (ftruncate(file->fd, (off_t)header.size) != 0 ||
		fcntl(file->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
		goto err;
	file->header = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (file->header == MAP_FAILED)
		goto err;
	*file->header = header;
	directory = (struct counter_entry *)((uint8_t *)file->header + header.entries_off);
	for (uint32_t i = 0; i < entry_count; i++) {
		directory[i] = entries[i];
		directory[i].idx = i;
	}
	return 0;

err:
	err = -errno;
	close(file->fd);
	return err;
}

void counters_file_fini(struct counters_file *file)
{
	munmap(file->header, file->size);
	close(file->fd);
}

static counter_t *block(const struct counters_file *file, uint64_t off, uint64_t index)
{
	return (counter_t *)((uint8_t *)file->header + off) + index;
}

counter_t *counters_file_worker(const struct counters_file *file, uint32_t worker)
{
	return block(
		file, file->header->workers_off, (uint64_t)worker * file->header->worker_stride);
}

counter_t *counters_file_rules(const struct counters_file *file, uint32_t worker)
{
	return block(file, file->header->rules_off, (uint64_t)worker * file->header->rule_capacity);
}

counter_t *counters_file_loops(const struct counters_file *file, uint32_t worker)
{
	return block(file, file->header->loops_off, (uint64_t)worker * file->header->rule_capacity);
}

struct upstream *counters_file_upstreams(const struct counters_file *file)
{
	return (struct upstream *)((uint8_t *)file->header + file->header->upstreams_off);
}

struct upstream_line *counters_file_lines(const struct counters_file *file, uint32_t worker)
{
	struct upstream_line *lines =
		(struct upstream_line *)((uint8_t *)file->header + file->header->lines_off);

	return lines + (uint64_t)worker * file->header->upstream_capacity;
}
