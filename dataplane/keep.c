// SPDX-License-Identifier: BSD-3-Clause
// The last adopted image on disk: written beside, synced, renamed over the one before.
#include "dataplane/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/link.h"

#define KEEP_NAME_NEW KEEP_NAME ".new"

static int fail(char *error, const char *doing, const char *folder)
{
	int err = errno;

	snprintf(error, KEEP_ERROR_LEN, "%s %s/%s: %s", doing, folder, KEEP_NAME, strerror(err));
	return -err;
}

static int copy_all(int to, int from)
{
	struct stat st;
	off_t off = 0;

	if (fstat(from, &st) != 0)
		return -1;
	while (off < st.st_size) {
		ssize_t copied = sendfile(to, from, &off, (size_t)(st.st_size - off));

		if (copied < 0 && errno == EINTR)
			continue;
		if (copied == 0)
			errno = EIO;
		if (copied <= 0)
			return -1;
	}
	return 0;
}

int keep_save(const char *folder, int fd, char error[static KEEP_ERROR_LEN])
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file, err = 0;

	if (dir < 0)
		return fail(error, "can't keep the image as", folder);
	file = openat(
		dir, KEEP_NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0 || copy_all(file, fd) != 0 || fsync(file) != 0 ||
		renameat(dir, KEEP_NAME_NEW, dir, KEEP_NAME) != 0 || fsync(dir) != 0)
		err = fail(error, "can't keep the image as", folder);
	if (file >= 0)
		close(file);
	close(dir);
	return err;
}

int keep_load(const char *folder, char error[static KEEP_ERROR_LEN])
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file = dir < 0 ? -1 : openat(dir, KEEP_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int fd = -1, err = 0;

	if (file < 0) {
		err = fail(error, "can't read the kept image", folder);
		goto out;
	}
	fd = memfd_create("shunt-kept-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || copy_all(fd, file) != 0 || fcntl(fd, F_ADD_SEALS, LINK_IMAGE_SEALS) != 0)
		err = fail(error, "can't read the kept image", folder);
out:
	if (err && fd >= 0)
		close(fd);
	if (file >= 0)
		close(file);
	if (dir >= 0)
		close(dir);
	return err ? err : fd;
}
