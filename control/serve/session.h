// SPDX-License-Identifier: BSD-3-Clause
// One connection: bytes in, lines out to request.c, one reply back at a time.
//
// A message has 10 s from its first byte, 16 MiB and one descriptor; a reply must move within 10 s;
// a session that says nothing for 5 minutes is closed. While a request is served nothing is read.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct request;
struct serve;
struct session;

enum {
	SESSION_MESSAGE_SEC = 10,
	SESSION_IDLE_SEC = 300,
	SESSION_MESSAGE_MAX = 16 << 20,
	SESSION_PENDING_MAX =
		256 << 20, // bytes of replies of all sessions that wait for slow readers
};

// Takes the connection `fd` of user `uid` and enters it in serve's list. 0 or -ENOMEM, and `fd` is
// closed.
[[nodiscard]] int session_new(struct serve *serve, int fd, uid_t uid);
void session_close(struct session *session);
void session_close_all(struct serve *serve);
unsigned session_count_user(const struct serve *serve, uid_t uid);

// The request that the session's last line became. `session` may be NULL.
void session_set_request(struct session *session, struct request *request);
// Sends `line`, which it takes; NULL: nothing if `is_silent`, else there was no memory for it. The
// next line follows once it is out.
void session_reply(struct session *session, char *line, bool is_silent);
