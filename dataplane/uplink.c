// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's end of the link: accept, greet, take images, answer.
#include "dataplane/uplink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int uplink_open(struct uplink *uplink, const char *run_dir, char error[static UPLINK_ERROR_LEN])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(
		address.sun_path, sizeof(address.sun_path), "%s/%s", run_dir, LINK_SOCKET_NAME);
	int err;

	uplink->connection = uplink->listener = -1;
	if (len >= (int)sizeof(address.sun_path)) {
		snprintf(error, UPLINK_ERROR_LEN,
			"the path %s/%s is too long for a socket; choose a shorter --run-dir",
			run_dir, LINK_SOCKET_NAME);
		return -ENAMETOOLONG;
	}
	uplink->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (uplink->listener < 0)
		goto err;
	unlink(address.sun_path);
	if (bind(uplink->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		chmod(address.sun_path, 0600) != 0 || listen(uplink->listener, 4) != 0)
		goto err;
	return 0;

err:
	err = -errno;
	snprintf(error, UPLINK_ERROR_LEN, "can't listen at %s: %s", address.sun_path,
		strerror(-err));
	if (uplink->listener >= 0)
		close(uplink->listener);
	return err;
}

static void drop_connection(struct uplink *uplink)
{
	if (uplink->connection >= 0)
		close(uplink->connection);
	uplink->connection = -1;
}

void uplink_close(struct uplink *uplink)
{
	drop_connection(uplink);
	close(uplink->listener);
}

void uplink_prepare(const struct uplink *uplink, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = uplink->listener, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = uplink->connection, .events = POLLIN};
}

// One message; `fd` goes along unless it is -1. A control that does not read is dropped.
static void send_message(
	struct uplink *uplink, const struct link_header *header, const void *body, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec parts[2] = {
		{.iov_base = (void *)header, .iov_len = sizeof(*header)},
		{.iov_base = (void *)body, .iov_len = header->len},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (fd >= 0) {
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	if (sendmsg(uplink->connection, &message, MSG_NOSIGNAL) < 0) {
		fprintf(stderr, "shunt-dataplane: control does not take messages: %s\n",
			strerror(errno));
		drop_connection(uplink);
	}
}

static void say(struct uplink *uplink, enum link_type type, uint64_t generation, const char *text)
{
	struct link_header header = {
		.version = LINK_VERSION,
		.type = type,
		.len = (uint32_t)strlen(text),
		.generation = generation,
	};

	send_message(uplink, &header, text, -1);
}

static void greet(struct uplink *uplink)
{
	struct link_header header = {
		.version = LINK_VERSION,
		.type = LINK_HELLO,
		.len = sizeof(uplink->hello),
		.generation = uplink->generation,
	};

	send_message(uplink, &header, &uplink->hello, uplink->counters_fd);
}

static bool is_allowed(int connection)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

// The newest connection is the one that counts: control's lock keeps two from running.
static void accept_control(struct uplink *uplink)
{
	int connection = accept4(uplink->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (connection < 0)
		return;
	if (!is_allowed(connection)) {
		fprintf(stderr, "shunt-dataplane: refused a link from another user\n");
		close(connection);
		return;
	}
	drop_connection(uplink);
	uplink->connection = connection;
	greet(uplink);
}

// Takes the first descriptor out of the message and closes all others. -1: there is none.
static int take_descriptor(struct msghdr *message)
{
	int taken = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (taken < 0)
				taken = fd;
			else
				close(fd);
		}
	}
	return taken;
}

static bool is_image(const struct link_header *header, ssize_t len, const struct msghdr *message)
{
	return len == sizeof(*header) && !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
		header->version == LINK_VERSION && header->len == 0 && header->type == LINK_IMAGE;
}

static void take_image(struct uplink *uplink, const struct link_header *header, int fd)
{
	char error[UPLINK_ERROR_LEN] = "";

	if (uplink->adopt(uplink->context, fd, header->generation, error)) {
		uplink->generation = header->generation;
		say(uplink, LINK_ADOPTED, header->generation, "");
	} else {
		fprintf(stderr, "shunt-dataplane: refused generation %llu: %s\n",
			(unsigned long long)header->generation, error);
		say(uplink, LINK_REFUSED, header->generation, error);
	}
}

static bool is_order(const struct link_header *header, ssize_t len, const struct msghdr *message)
{
	return len == (ssize_t)(sizeof(*header) + sizeof(struct link_upstream)) &&
		!(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
		header->version == LINK_VERSION && header->type == LINK_UPSTREAM &&
		header->len == sizeof(struct link_upstream);
}

static void read_message(struct uplink *uplink)
{
	struct link_header header = {0};
	struct link_upstream order;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec parts[] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = &order, .iov_len = sizeof(order)},
	};
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t len = recvmsg(uplink->connection, &message, MSG_CMSG_CLOEXEC);
	int fd;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		drop_connection(uplink);
		return;
	}
	fd = take_descriptor(&message);
	if (is_image(&header, len, &message) && fd >= 0) {
		take_image(uplink, &header, fd);
	} else if (is_order(&header, len, &message) && fd < 0) {
		uplink->order(uplink->context, &order);
	} else {
		fprintf(stderr, "shunt-dataplane: control sent what is no message; link dropped\n");
		drop_connection(uplink);
	}
	if (fd >= 0)
		close(fd);
}

void uplink_handle(struct uplink *uplink, const struct pollfd *fds)
{
	if (fds[1].revents && uplink->connection == fds[1].fd)
		read_message(uplink);
	if (fds[0].revents)
		accept_control(uplink);
}
