// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that come beside a message.
#pragma once

#include <stddef.h>
#include <sys/socket.h>

// Takes the first of them, which is the caller's to close, and closes the others. -1: none came.
// Gives how many did.
size_t rights_take(struct msghdr *message, int *first);
