// SPDX-License-Identifier: BSD-3-Clause
// The last adopted image, kept on disk, so that a restarted dataplane serves before control is back.
#pragma once

#define KEEP_NAME "last-image" // in the folder

enum { KEEP_ERROR_LEN = 256 };

// Writes the image of this descriptor to `folder`, whole or not at all. 0, or -errno with `error` set.
[[nodiscard]] int keep_save(const char *folder, int fd, char error[static KEEP_ERROR_LEN]);

// The kept image as a sealed memfd, not yet checked; the caller closes it. -ENOENT: none is kept; or -errno with `error` set.
[[nodiscard]] int keep_load(const char *folder, char error[static KEEP_ERROR_LEN]);
