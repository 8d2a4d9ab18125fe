// SPDX-License-Identifier: BSD-3-Clause
// The generations that are under way to the dataplane: two decimal numbers in a file of the state
// folder.

#include "control/sent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME      "sent"
#define TEMPORARY "sent.tmp"

enum { TEXT_LEN = 64 };

struct sent sent_read(const struct store *store)
{
	static const struct sent none;
	struct sent sent;
	int fd = openat(store->dir_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[TEXT_LEN] = "";
	ssize_t len;

	if (fd < 0)
		return none;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0 || sscanf(text, "%" SCNu64 " %" SCNu64, &sent.above, &sent.last) != 2)
		return none;
	return sent;
}

static int write_text(int fd, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);
	ssize_t written = write(fd, text, (size_t)len);

	if (written < 0)
		return -errno;
	if (written != len)
		return -ENOSPC;
	return fsync(fd) ? -errno : 0;
}

int sent_write(const struct store *store, const struct sent *sent)
{
	int fd = openat(store->dir_fd, TEMPORARY,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	char text[TEXT_LEN];
	int err;

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 "\n", sent->above, sent->last);
	err = write_text(fd, text);
	close(fd);
	if (!err && renameat(store->dir_fd, TEMPORARY, store->dir_fd, NAME))
		err = -errno;
	if (!err && fsync(store->dir_fd))
		err = -errno;
	if (err)
		unlinkat(store->dir_fd, TEMPORARY, 0);
	return err;
}

void sent_forget(const struct store *store)
{
	unlinkat(store->dir_fd, NAME, 0);
}
