// SPDX-License-Identifier: BSD-3-Clause
// The link to the dataplane.
//
//   down ──connect──▶ greeting ──HELLO──▶ up ──IMAGE──▶ under way ──ADOPTED, REFUSED──▶ up
//    ▲                   │                 │                │
//    └──── retry ────────┴──── end, deadline, a message that is none of these ──┘

#include "control/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/rights.h"

enum {
	RETRY_US = 200000,
	DEADLINE_SEC = 10, // for a HELLO, and for the answer to an image
	WHY_LEN = 256,
};

struct publish {
	const struct publish_events *events;
	void *context;
	struct sockaddr_un address;
	struct event_base *base;
	struct event *retry; // while down
	struct event *deadline;
	struct event *readable; // while a socket is open
	int fd;                 // -1: down
	bool is_up;             // HELLO was taken
	uint64_t under_way;     // generation of the image sent; 0: none
	struct publish_dataplane dataplane;
	struct counters counters;
};

// A message as it came: at most one descriptor, which the handler takes (sets -1) or the reader
// closes.
struct incoming {
	struct link_header header;
	uint8_t body[LINK_BODY_MAX + 1]; // one more, so that text can be ended
	int fd;
};

static void arm(struct event *timer, unsigned long us)
{
	struct timeval after = {
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};

	event_add(timer, &after);
}

static void close_socket(struct publish *publish)
{
	if (publish->readable)
		event_free(publish->readable);
	publish->readable = NULL;
	if (publish->fd >= 0)
		close(publish->fd);
	publish->fd = -1;
	publish->is_up = false;
	publish->under_way = 0;
	counters_close(&publish->counters);
}

static void go_down(struct publish *publish, const char *why)
{
	close_socket(publish);
	event_del(publish->deadline);
	arm(publish->retry, RETRY_US);
	publish->events->disconnected(publish->context, why);
}

// NULL, or why the HELLO is none.
static const char *take_hello(struct publish *publish, struct incoming *message)
{
	struct publish_dataplane *dataplane = &publish->dataplane;
	struct link_hello *hello = &dataplane->hello;
	const char *why;

	if (publish->is_up || message->header.len != sizeof(*hello))
		return "a HELLO of another length, or a second one";
	if (message->fd < 0)
		return "a HELLO without the counters";
	why = counters_open(&publish->counters, message->fd);
	if (why)
		return why;
	memcpy(hello, message->body, sizeof(*hello));
	hello->version[sizeof(hello->version) - 1] = '\0';
	for (size_t i = 0; i < LINK_PORTS_MAX; i++)
		hello->ports[i][LINK_PORT_TEXT - 1] = '\0';
	if (hello->port_count > LINK_PORTS_MAX)
		hello->port_count = LINK_PORTS_MAX;
	dataplane->generation = message->header.generation;
	dataplane->since_sec = (int64_t)time(NULL);
	publish->is_up = true;
	event_del(publish->deadline);
	publish->events->connected(publish->context);
	return NULL;
}

// NULL, or why the answer is none to the image under way.
static const char *take_answer(struct publish *publish, struct incoming *message)
{
	uint64_t generation = message->header.generation;
	bool is_refusal = message->header.type == LINK_REFUSED;

	if (!publish->under_way || generation != publish->under_way)
		return "an answer to an image that was not sent";
	if (!is_refusal && message->header.len != 0)
		return "an ADOPTED with a body";
	publish->under_way = 0;
	event_del(publish->deadline);
	message->body[message->header.len] = '\0';
	if (!is_refusal)
		publish->dataplane.generation = generation;
	publish->events->answered(
		publish->context, generation, is_refusal ? (const char *)message->body : NULL);
	return NULL;
}

static const char *take_message(struct publish *publish, struct incoming *message)
{
	switch (message->header.type) {
	case LINK_HELLO: return take_hello(publish, message);
	case LINK_ADOPTED:
	case LINK_REFUSED: return take_answer(publish, message);
	default: return "a message of unknown type";
	}
}

// NULL with a message; or why there is none. `*again`: nothing to read yet.
static const char *receive(struct publish *publish, struct incoming *message, bool *again)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec parts[] = {
		{.iov_base = &message->header, .iov_len = sizeof(message->header)},
		{.iov_base = message->body, .iov_len = LINK_BODY_MAX},
	};
	struct msghdr header = {.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	ssize_t len = recvmsg(publish->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	message->fd = -1;
	*again = len < 0 && (errno == EAGAIN || errno == EINTR);
	if (len < 0)
		return strerror(errno);
	rights_take(&header, &message->fd);
	if (len == 0)
		return "the dataplane closed the connection";
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return "a message that is too long";
	if ((size_t)len < sizeof(message->header) ||
		(size_t)len - sizeof(message->header) != message->header.len)
		return "a message of another length than it says";
	if (message->header.version != LINK_VERSION)
		return "a message of another version: use dataplane and control of one release";
	return NULL;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct publish *publish = context;
	struct incoming message;
	bool again;
	const char *why = receive(publish, &message, &again);

	(void)fd;
	(void)what;
	if (again)
		return;
	if (!why)
		why = take_message(publish, &message);
	if (message.fd >= 0)
		close(message.fd);
	if (why)
		go_down(publish, why);
}

static int connect_to(struct publish *publish)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&publish->address, sizeof(publish->address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static void on_retry(evutil_socket_t unused, short what, void *context)
{
	struct publish *publish = context;
	int fd = connect_to(publish);

	(void)unused;
	(void)what;
	if (fd < 0) {
		go_down(publish, strerror(-fd));
		return;
	}
	publish->fd = fd;
	publish->readable =
		event_new(publish->base, fd, EV_READ | EV_PERSIST, on_readable, publish);
	if (!publish->readable || event_add(publish->readable, NULL)) {
		go_down(publish, "no memory");
		return;
	}
	arm(publish->deadline, DEADLINE_SEC * 1000000ul);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	go_down(context, "the dataplane did not answer in time");
}

struct publish *publish_new(struct event_base *base, const char *path,
	const struct publish_events *events, void *context)
{
	struct publish *publish = calloc(1, sizeof(*publish));

	if (!publish)
		return NULL;
	publish->events = events;
	publish->context = context;
	publish->base = base;
	publish->fd = -1;
	publish->address.sun_family = AF_UNIX;
	snprintf(publish->address.sun_path, sizeof(publish->address.sun_path), "%s", path);
	publish->retry = evtimer_new(base, on_retry, publish);
	publish->deadline = evtimer_new(base, on_deadline, publish);
	if (!publish->retry || !publish->deadline) {
		publish_free(publish);
		return NULL;
	}
	arm(publish->retry, 0);
	return publish;
}

void publish_free(struct publish *publish)
{
	if (!publish)
		return;
	close_socket(publish);
	if (publish->retry)
		event_free(publish->retry);
	if (publish->deadline)
		event_free(publish->deadline);
	free(publish);
}

const struct publish_dataplane *publish_dataplane(const struct publish *publish)
{
	return publish->is_up ? &publish->dataplane : NULL;
}

const struct counters *publish_counters(const struct publish *publish)
{
	return &publish->counters;
}

int publish_send(struct publish *publish, uint64_t generation, int fd)
{
	struct link_header body = {
		.version = LINK_VERSION, .type = LINK_IMAGE, .generation = generation};
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = &body, .iov_len = sizeof(body)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};

	if (!publish->is_up)
		return -ENOTCONN;
	if (publish->under_way)
		return -EBUSY;
	*CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(int));
	if (sendmsg(publish->fd, &message, MSG_NOSIGNAL) < 0)
		return -errno;
	publish->under_way = generation;
	arm(publish->deadline, DEADLINE_SEC * 1000000ul);
	return 0;
}

int publish_order(struct publish *publish, const struct link_upstream *order)
{
	struct link_header header = {
		.version = LINK_VERSION, .type = LINK_UPSTREAM, .len = sizeof(*order)};
	struct iovec parts[] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (void *)order, .iov_len = sizeof(*order)},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (!publish->is_up)
		return -ENOTCONN;
	return sendmsg(publish->fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
