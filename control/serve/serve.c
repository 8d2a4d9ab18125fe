// SPDX-License-Identifier: BSD-3-Clause
// The control socket: who may connect, and how many.

#include "control/serve/serve.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/log.h"
#include "control/serve/confirm.h"
#include "control/serve/request.h"

#define SOCKET_NAME "control.sock"
#define GROUP_NAME  "shunt"

enum { BACKLOG = 128, GROUPS_MAX = 1024 };

static bool has_group(int fd, gid_t wanted)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

// Root, our own user, and members of the socket's group.
static bool may_connect(const struct serve *serve, int fd, const struct ucred *peer)
{
	return peer->uid == 0 || peer->uid == geteuid() || peer->gid == serve->group ||
		has_group(fd, serve->group);
}

static bool has_room(const struct serve *serve, uid_t uid)
{
	unsigned limit = uid == 0 ? SERVE_ROOT_MAX : SERVE_USER_MAX;

	return serve->session_count < SERVE_SESSIONS_MAX && session_count_user(serve, uid) < limit;
}

static void turn_away(int fd, uid_t uid)
{
	char *line = request_error_line(NULL, ERROR_BUSY, NULL,
		"busy: too many connections to the control socket; try again");

	if (!line || send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_line("user %u has too many connections", (unsigned)uid);
	free(line);
	close(fd);
}

static void on_acceptable(evutil_socket_t listening, short what, void *context)
{
	struct serve *serve = context;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	(void)what;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)) {
		close(fd);
	} else if (!may_connect(serve, fd, &peer)) {
		log_line("user %u (pid %d) may not use the control socket: not root, not of its "
			 "group",
			(unsigned)peer.uid, (int)peer.pid);
		close(fd);
	} else if (!has_room(serve, peer.uid)) {
		turn_away(fd, peer.uid);
	} else if (session_new(serve, fd, peer.uid)) {
		log_line("no memory for a session of user %u", (unsigned)peer.uid);
	}
}

// Bound under a temporary name and renamed, so that nobody meets it before its mode and group are
// right.
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct group *group = getgrnam(GROUP_NAME);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path) >=
		(int)sizeof(address.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		goto err;
	if (group && chown(address.sun_path, (uid_t)-1, group->gr_gid))
		log_line("%s can't be given to group %s: %s", path, GROUP_NAME, strerror(errno));
	if (chmod(address.sun_path, 0660) || listen(fd, BACKLOG) || rename(address.sun_path, path))
		goto err;
	return fd;
err:
	err = -errno;
	close(fd);
	return err;
}

struct serve *serve_new(const struct serve_setup *setup, char why[static SERVE_WHY_LEN])
{
	struct serve *serve = calloc(1, sizeof(*serve));
	struct stat status;

	if (!serve)
		return NULL;
	serve->setup = setup;
	serve->fd = -1;
	if (snprintf(serve->path, sizeof(serve->path), "%s/" SOCKET_NAME, setup->run_dir) >=
		(int)sizeof(serve->path)) {
		snprintf(why, SERVE_WHY_LEN, "the run folder's path is too long for a socket");
		goto err;
	}
	serve->fd = listen_at(serve->path);
	if (serve->fd < 0 || stat(serve->path, &status)) {
		snprintf(why, SERVE_WHY_LEN, "can't listen on %s: %s", serve->path,
			strerror(serve->fd < 0 ? -serve->fd : errno));
		goto err;
	}
	serve->group = status.st_gid;
	serve->acceptable =
		event_new(setup->base, serve->fd, EV_READ | EV_PERSIST, on_acceptable, serve);
	if (serve->acceptable && event_add(serve->acceptable, NULL) == 0) {
		confirm_arm(serve);
		return serve;
	}
	snprintf(why, SERVE_WHY_LEN, "no memory to listen on %s", serve->path);
err:
	serve_free(serve);
	return NULL;
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	session_close_all(serve);
	while (serve->first)
		request_abandon(serve->first);
	if (serve->acceptable)
		event_free(serve->acceptable);
	if (serve->fd >= 0) {
		close(serve->fd);
		unlink(serve->path);
	}
	confirm_fini(serve);
	lookup_fini(&serve->lookup);
	free(serve);
}

void serve_continue(struct serve *serve)
{
	request_continue(serve);
}

void serve_reload(struct serve *serve)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"method\":\"reload\"}";

	request_take(serve, NULL, line, sizeof(line) - 1, -1);
}
