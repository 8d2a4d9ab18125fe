// SPDX-License-Identifier: BSD-3-Clause
// The current image, and the quiescence by which it is replaced.
#include "dataplane/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/link.h"

#define HUGE_PAGE ((size_t)1 << 21)

// Memory of our own, on huge pages if the system gives any: a look-up touches some three places of the image, and with
// small pages each would wait for the page table too.
static int take_memory(struct snapshot *snapshot)
{
	bool is_large = snapshot->size >= HUGE_PAGE;
	size_t slack = is_large ? 2 * HUGE_PAGE : 0;
	uintptr_t at;

	snapshot->mapped_size = snapshot->size + slack;
	snapshot->mapped = mmap(NULL, snapshot->mapped_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (snapshot->mapped == MAP_FAILED) {
		snapshot->mapped = NULL;
		return -ENOMEM;
	}
	at = (uintptr_t)snapshot->mapped;
	if (is_large) {
		at = (at + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
		// Refused where the system has none: then small pages do.
		(void)madvise((void *)at, snapshot->size, MADV_HUGEPAGE);
	}
	snapshot->base = (void *)at;
	return 0;
}

static int read_image(struct snapshot *snapshot, int fd)
{
	uint8_t *base = snapshot->base;

	for (size_t at = 0; at < snapshot->size;) {
		ssize_t got = pread(fd, base + at, snapshot->size - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		at += (size_t)got;
	}
	return mprotect(snapshot->mapped, snapshot->mapped_size, PROT_READ) ? -errno : 0;
}

static int load_image(struct snapshot *snapshot, int fd, char *error)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	int err;

	if (seals < 0 || (seals & LINK_IMAGE_SEALS) != LINK_IMAGE_SEALS) {
		snprintf(error, SNAPSHOT_ERROR_LEN,
			"the image is not sealed: it could change after it was checked");
		return -EPERM;
	}
	if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(struct image_header)) {
		snprintf(error, SNAPSHOT_ERROR_LEN, "the image is too short to be one");
		return -EINVAL;
	}
	snapshot->size = (size_t)st.st_size;
	err = take_memory(snapshot);
	if (!err)
		err = read_image(snapshot, fd);
	if (err)
		snprintf(
			error, SNAPSHOT_ERROR_LEN, "the image can't be loaded: %s", strerror(-err));
	return err;
}

struct snapshot *snapshot_open(int fd, unsigned worker_count, char error[static SNAPSHOT_ERROR_LEN])
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	const char *wrong;

	if (!snapshot) {
		snprintf(error, SNAPSHOT_ERROR_LEN, "no memory for another image");
		return NULL;
	}
	if (load_image(snapshot, fd, error) != 0)
		goto err;
	wrong = image_open(&snapshot->image, snapshot->base, snapshot->size);
	if (!wrong)
		snapshot->regex = regex_new(&snapshot->image, worker_count, &wrong);
	if (wrong) {
		snprintf(error, SNAPSHOT_ERROR_LEN, "%s", wrong);
		goto err;
	}
	snapshot->hops = calloc(snapshot->image.upstreams_count + 1, sizeof(*snapshot->hops));
	snapshot->sources = calloc(snapshot->image.outbound_count + 1, sizeof(*snapshot->sources));
	snapshot->upstreams =
		calloc(snapshot->image.upstreams_count + 1, sizeof(*snapshot->upstreams));
	if (!snapshot->hops || !snapshot->sources || !snapshot->upstreams) {
		snprintf(error, SNAPSHOT_ERROR_LEN,
			"no memory for the image's upstreams and source ports");
		goto err;
	}
	return snapshot;

err:
	snapshot_close(snapshot);
	return NULL;
}

void snapshot_close(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	if (snapshot->mapped)
		munmap(snapshot->mapped, snapshot->mapped_size);
	regex_free(snapshot->regex);
	free(snapshot->hops);
	free(snapshot->before);
	free(snapshot->sources_before);
	free(snapshot->sources);
	free(snapshot->upstreams);
	free(snapshot);
}

static void copy_sources(struct port_sources *to, const struct port_sources *from)
{
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++) {
		atomic_store(&to->ports[i], atomic_load(&from->ports[i]));
		atomic_store(&to->replaced[i], atomic_load(&from->replaced[i]));
	}
	atomic_store(&to->count, atomic_load(&from->count));
}

int snapshot_follow(struct snapshot *snapshot, const struct snapshot *before)
{
	uint32_t count = before ? before->image.outbound_count : 0;

	snapshot->before = calloc(count + 1, sizeof(*snapshot->before));
	snapshot->sources_before = calloc(count + 1, sizeof(*snapshot->sources_before));
	if (!snapshot->before || !snapshot->sources_before)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		copy_sources(&snapshot->sources_before[i], &before->sources[i]);
	if (count > 0)
		memcpy(snapshot->before, before->image.outbound, count * sizeof(*snapshot->before));
	snapshot->before_count = count;
	return 0;
}

// The order of all four accesses to epoch, seen and current matters, so they are sequentially consistent: main
// sees either that this reader is behind, or that it will find the newest.
const struct snapshot *snapshot_enter(
	struct snapshot_switch *source, struct snapshot_reader *reader)
{
	atomic_store(&reader->seen, atomic_load(&source->epoch));
	return atomic_load(&source->current);
}

void snapshot_park(struct snapshot_reader *reader)
{
	atomic_store(&reader->seen, SNAPSHOT_PARKED);
}

struct snapshot *snapshot_publish(struct snapshot_switch *target, struct snapshot *next)
{
	struct snapshot *previous = atomic_exchange(&target->current, next);

	atomic_fetch_add(&target->epoch, 1);
	return previous;
}

void snapshot_turn(struct snapshot_switch *target)
{
	atomic_fetch_add(&target->epoch, 1);
}

bool snapshot_is_quiet(const struct snapshot_switch *source)
{
	uint64_t epoch = atomic_load(&source->epoch);

	for (unsigned i = 0; i < source->reader_count; i++)
		if (atomic_load(&source->readers[i].seen) < epoch)
			return false;
	return true;
}
