// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that come beside a message.

#include "control/rights.h"

#include <string.h>
#include <unistd.h>

// Those of one part of the control data, behind `count` that came before.
static size_t take_part(const struct cmsghdr *part, size_t count, int *first)
{
	size_t part_count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < part_count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
		if (count + i > 0)
			close(fd);
		else
			*first = fd;
	}
	return part_count;
}

size_t rights_take(struct msghdr *message, int *first)
{
	size_t count = 0;

	*first = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			count += take_part(c, count, first);
	return count;
}
