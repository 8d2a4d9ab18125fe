// SPDX-License-Identifier: BSD-3-Clause
// The file that travels with a request.

#include "ctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/table.h"

enum { SPOOL_CHUNK = 1 << 16 };

static int complain(const char *what, const char *which)
{
	char *shown = table_escape(which);

	fprintf(stderr, "shuntctl: %s %s: %s\n", what, shown, strerror(errno));
	free(shown);
	return EXIT_REFUSED;
}

// Copies all of `from` to a memory file: control wants to know a size, and won't wait for a pipe.
// -1 with errno.
static int spool(int from)
{
	int to = memfd_create("shuntctl", MFD_CLOEXEC);
	char *chunk = malloc(SPOOL_CHUNK);
	ssize_t got = to < 0 || !chunk ? -1 : 1;

	while (got > 0) {
		got = read(from, chunk, SPOOL_CHUNK);
		for (ssize_t done = 0, n = 0; done < got; done += n) {
			n = write(to, chunk + done, (size_t)(got - done));
			if (n < 0) {
				got = -1;
				break;
			}
		}
	}
	free(chunk);
	if (got == 0)
		return to;
	if (to >= 0)
		close(to);
	return -1;
}

int file_open(struct call *call)
{
	const char *path = table_text(call->params, "file");
	bool is_stdin = strcmp(path, "-") == 0;
	struct stat status;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status))
		return complain("can't open", path);
	call->fd = fd;
	if (S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return complain("can't read", path);
	}
	if (is_stdin || !S_ISREG(status.st_mode)) {
		call->fd = spool(fd);
		close(fd);
	}
	if (call->fd < 0)
		return complain("can't read", path);
	if (is_stdin && json_object_set_new(call->params, "file", json_string("stdin")))
		return EXIT_REFUSED;
	return EXIT_DONE;
}
