// SPDX-License-Identifier: BSD-3-Clause
// One connection.
//
//   reading ──a line──▶ serving ──reply──▶ writing ──all out──▶ reading

#include "control/serve/session.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/log.h"
#include "control/rights.h"
#include "control/serve/request.h"

enum { READ_LEN = 1 << 16 };

struct session {
	struct session *next;
	struct serve *serve;
	int fd;
	uid_t uid;
	struct event *readable;
	struct event *writable;
	struct event *deadline;
	struct event *advance; // looks for the next line, from the loop rather than from a reply
	struct evbuffer *in;
	struct evbuffer *out;
	size_t scanned;          // bytes of `in` without newline
	int file;                // descriptor that came; -1: none
	size_t file_end;         // bytes of `in` up to the last that came with it
	struct request *request; // being served
};

static void arm(struct session *session, int seconds)
{
	struct timeval after = {.tv_sec = seconds};

	event_add(session->deadline, &after);
}

void session_set_request(struct session *session, struct request *request)
{
	if (session)
		session->request = request;
}

unsigned session_count_user(const struct serve *serve, uid_t uid)
{
	unsigned count = 0;

	for (const struct session *s = serve->sessions; s; s = s->next)
		count += s->uid == uid;
	return count;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void session_close(struct session *session)
{
	struct session **at = &session->serve->sessions;

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	session->serve->session_count--;
	if (session->request)
		request_abandon(session->request);
	free_event(session->readable);
	free_event(session->writable);
	free_event(session->deadline);
	free_event(session->advance);
	if (session->in)
		evbuffer_free(session->in);
	if (session->out)
		evbuffer_free(session->out);
	if (session->file >= 0)
		close(session->file);
	close(session->fd);
	free(session);
}

void session_close_all(struct serve *serve)
{
	while (serve->sessions)
		session_close(serve->sessions);
}

// Says why, then hangs up: what was read can't be made sense of.
static void close_with(struct session *session, int code, const char *why)
{
	char *line = request_error_line(NULL, code, NULL, why);

	log_line("a session of user %u is closed: %s", (unsigned)session->uid, why);
	if (line && send(session->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_line("it could not be told: %s", strerror(errno));
	free(line);
	session_close(session);
}

// The descriptor of the line of `len` bytes at the start of `in`.
static int take_file(struct session *session, size_t len)
{
	int file = session->file;

	if (file < 0)
		return -1;
	if (session->file_end > len) {
		session->file_end -= len;
		return -1;
	}
	session->file = -1;
	return file;
}

// Serves the next line, if it is there and no request is being served. `is_turn`: the reply before
// is out, so the clock of the next message starts.
static void advance(struct session *session, bool is_turn)
{
	struct evbuffer_ptr from, at;
	char *line;
	size_t len;

	if (session->request || evbuffer_get_length(session->out))
		return;
	evbuffer_ptr_set(session->in, &from, session->scanned, EVBUFFER_PTR_SET);
	at = evbuffer_search(session->in, "\n", 1, &from);
	if (at.pos < 0) {
		session->scanned = evbuffer_get_length(session->in);
		if (is_turn)
			arm(session, session->scanned ? SESSION_MESSAGE_SEC : SESSION_IDLE_SEC);
		event_add(session->readable, NULL);
		return;
	}
	len = (size_t)at.pos + 1;
	session->scanned = 0;
	line = malloc(len);
	if (!line || evbuffer_remove(session->in, line, len) != (int)len) {
		free(line);
		session_close(session);
		return;
	}
	event_del(session->readable);
	event_del(session->deadline);
	request_take(session->serve, session, line, len - 1, take_file(session, len));
	free(line);
}

static void on_advance(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	advance(context, true);
}

// Keeps a descriptor that came; more than one at a time is a fault.
static int keep_file(struct session *session, struct msghdr *header, size_t in_len)
{
	int file;
	size_t count = rights_take(header, &file);

	if (count > 0 && session->file >= 0) {
		close(file);
		return -E2BIG;
	}
	if (count > 0) {
		session->file = file;
		session->file_end = in_len;
	}
	return count > 1 || header->msg_flags & MSG_CTRUNC ? -E2BIG : 0;
}

// Bytes read, 0 at the end, or -errno.
static ssize_t receive(struct session *session)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char bytes[READ_LEN];
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	ssize_t len = recvmsg(session->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int err;

	if (len < 0)
		return -errno;
	err = keep_file(session, &header, evbuffer_get_length(session->in) + (size_t)len);
	if (!err && evbuffer_add(session->in, bytes, (size_t)len))
		err = -ENOMEM;
	return err ? err : len;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct session *session = context;
	bool is_first = evbuffer_get_length(session->in) == 0;
	ssize_t len = receive(session);

	(void)fd;
	(void)what;
	if (len == -EAGAIN || len == -EINTR)
		return;
	if (len == -E2BIG)
		close_with(session, ERROR_REQUEST, "more than one descriptor came with a message");
	else if (len <= 0)
		session_close(session);
	else if (evbuffer_get_length(session->in) > SESSION_MESSAGE_MAX)
		close_with(session, ERROR_REQUEST,
			"a message is longer than 16 MiB; send large sets as a file's descriptor");
	else {
		// The clock of a message runs from its first byte.
		if (is_first)
			arm(session, SESSION_MESSAGE_SEC);
		advance(session, false);
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct session *session = context;

	(void)fd;
	(void)what;
	if (evbuffer_get_length(session->out))
		log_line("a session of user %u is closed: it does not read its reply",
			(unsigned)session->uid);
	if (evbuffer_get_length(session->out) || !evbuffer_get_length(session->in))
		session_close(session);
	else
		close_with(session, ERROR_REQUEST, "a message was not complete within 10 s");
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct session *session = context;
	int written = evbuffer_write(session->out, fd);

	(void)what;
	if (written < 0 && errno != EAGAIN && errno != EINTR) {
		session_close(session);
		return;
	}
	arm(session, SESSION_MESSAGE_SEC);
	if (evbuffer_get_length(session->out))
		return;
	event_del(session->writable);
	advance(session, true);
}

// Bytes that all sessions still have to send.
static size_t count_pending(const struct serve *serve)
{
	size_t pending = 0;

	for (const struct session *s = serve->sessions; s; s = s->next)
		pending += evbuffer_get_length(s->out);
	return pending;
}

static void free_line(const void *line, size_t len, void *context)
{
	(void)len;
	(void)context;
	free((void *)line);
}

void session_reply(struct session *session, char *line, bool is_silent)
{
	size_t len = line ? strlen(line) : 0;
	size_t pending = count_pending(session->serve);
	json_t *id = session->request ? session->request->id : NULL;

	if (pending && pending + len > SESSION_PENDING_MAX) {
		free(line);
		line = request_error_line(
			id, ERROR_BUSY, NULL, "too many replies wait for slow readers; try again");
		len = line ? strlen(line) : 0;
	}
	session->request = NULL;
	if (is_silent) {
		event_active(session->advance, 0, 0);
		return;
	}
	if (!line || evbuffer_add_reference(session->out, line, len, free_line, NULL)) {
		// The peer sees the end of the connection from the event loop, not from under the
		// caller's feet.
		free(line);
		shutdown(session->fd, SHUT_RDWR);
		event_active(session->advance, 0, 0);
		return;
	}
	arm(session, SESSION_MESSAGE_SEC);
	event_add(session->writable, NULL);
}

static int make_events(struct session *session)
{
	struct event_base *base = session->serve->setup->base;

	session->in = evbuffer_new();
	session->out = evbuffer_new();
	session->readable =
		event_new(base, session->fd, EV_READ | EV_PERSIST, on_readable, session);
	session->writable =
		event_new(base, session->fd, EV_WRITE | EV_PERSIST, on_writable, session);
	session->deadline = evtimer_new(base, on_deadline, session);
	session->advance = event_new(base, -1, 0, on_advance, session);
	if (!session->in || !session->out || !session->readable || !session->writable ||
		!session->deadline || !session->advance)
		return -ENOMEM;
	return event_add(session->readable, NULL) ? -ENOMEM : 0;
}

int session_new(struct serve *serve, int fd, uid_t uid)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session) {
		close(fd);
		return -ENOMEM;
	}
	*session = (struct session){
		.next = serve->sessions, .serve = serve, .fd = fd, .uid = uid, .file = -1};
	serve->sessions = session;
	serve->session_count++;
	if (make_events(session)) {
		session_close(session);
		return -ENOMEM;
	}
	arm(session, SESSION_IDLE_SEC);
	return 0;
}
