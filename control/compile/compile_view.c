// SPDX-License-Identifier: BSD-3-Clause
// An image mapped by control, to answer `rule test` from what is published.
#include "control/compile/compile_view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int compile_view_open(struct compile_view *view, int fd, char *error)
{
	const char *wrong;
	struct stat st;

	*view = (struct compile_view){0};
	if (fstat(fd, &st) != 0)
		goto err_errno;
	view->size = (size_t)st.st_size;
	view->base = mmap(NULL, view->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (view->base == MAP_FAILED)
		goto err_errno;
	wrong = image_open(&view->image, view->base, view->size);
	if (!wrong)
		return 0;
	snprintf(error, COMPILE_ERROR_LEN, "the published image can't be read: %s", wrong);
	compile_view_close(view);
	return -EBADMSG;

err_errno:
	view->base = NULL;
	snprintf(error, COMPILE_ERROR_LEN, "the published image can't be mapped: %s",
		strerror(errno));
	return -errno;
}

void compile_view_close(struct compile_view *view)
{
	if (view->base)
		munmap(view->base, view->size);
	*view = (struct compile_view){0};
}
