// SPDX-License-Identifier: BSD-3-Clause
// One request to control and its reply: JSON-RPC 2.0, an object a line, a file as a descriptor
// beside the first byte.

#include "ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/noun.h"
#include "ctl/table.h"

enum {
	REPLY_TIMEOUT_SEC = 120, // writers wait for one another, and each for the dataplane
	INVALID_PARAMS = -32602,
	METHOD_NOT_FOUND = -32601,
};

static int unreachable(const char *path, const char *what)
{
	if (errno == 0)
		errno = ECONNRESET; // the end came where a reply was due
	fprintf(stderr, "shuntctl: %s %s: %s; is shunt-control running? -s names another socket\n",
		what, path, strerror(errno));
	return EXIT_UNREACHABLE;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = REPLY_TIMEOUT_SEC};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

// Sends `len` bytes, the descriptor `file` with the first of them.
static int send_all(int fd, const char *data, size_t len, int file)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (char *)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (file >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &file, sizeof(int));
	}
	while (part.iov_len) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		part.iov_base = (char *)part.iov_base + sent;
		part.iov_len -= (size_t)sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
	return 0;
}

// One line, NUL-terminated without its newline; the caller frees it. NULL: errno says why, 0 being
// the end.
static char *receive_line(int fd)
{
	size_t capacity = 1 << 16, len = 0;
	char *line = malloc(capacity);

	while (line) {
		char *grown;
		ssize_t got = recv(fd, line + len, capacity - len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got == 0 ? 0 : errno;
			break;
		}
		len += (size_t)got;
		if (line[len - 1] == '\n') {
			line[len - 1] = '\0';
			return line;
		}
		if (len < capacity)
			continue;
		capacity *= 2;
		grown = realloc(line, capacity);
		if (!grown)
			break;
		line = grown;
	}
	free(line);
	return NULL;
}

static char *build_request(const char *method, json_t *params)
{
	json_t *request = json_pack("{s:s, s:i, s:s, s:O}", "jsonrpc", "2.0", "id", 1, "method",
		method, "params", params);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	char *line = text ? realloc(text, len + 2) : NULL;

	json_decref(request);
	if (!line) {
		free(text);
		return NULL;
	}
	line[len] = '\n';
	line[len + 1] = '\0';
	return line;
}

// Prints the error; the reasons of a refused file are a list under it.
static int refused(const json_t *error)
{
	json_int_t code = table_number(error, "code");
	json_t *data = json_object_get(error, "data");
	char *shown = table_escape(table_text(error, "message"));
	json_t *item;
	size_t i;

	fprintf(stderr, "shuntctl: %s\n", shown);
	free(shown);
	json_array_foreach(data, i, item) {
		shown = table_escape(json_string_value(item) ? json_string_value(item) : "");
		fprintf(stderr, "%s\n", shown);
		free(shown);
	}
	return code == INVALID_PARAMS || code == METHOD_NOT_FOUND ? EXIT_USAGE : EXIT_REFUSED;
}

static int take_reply(const char *path, const char *line, json_t **result)
{
	json_t *reply = json_loads(line, 0, NULL);
	json_t *error = json_object_get(reply, "error");
	int code = EXIT_UNREACHABLE;

	*result = json_incref(json_object_get(reply, "result"));
	if (json_is_object(error))
		code = refused(error);
	else if (*result)
		code = EXIT_DONE;
	else
		fprintf(stderr, "shuntctl: what came from %s is no JSON-RPC reply\n", path);
	json_decref(reply);
	return code;
}

int client_call(const char *path, const char *method, json_t *params, int fd, json_t **result)
{
	char *request = build_request(method, params);
	int code, socket_fd = connect_to(path);
	char *reply;

	*result = NULL;
	if (!request || socket_fd < 0) {
		free(request);
		return unreachable(path, "can't connect to");
	}
	// Control may have said why it won't listen and hung up: so a failed send still asks for
	// the reply.
	code = send_all(socket_fd, request, strlen(request), fd);
	reply = receive_line(socket_fd);
	if (reply)
		code = take_reply(path, reply, result);
	else if (errno == 0 || code)
		code = unreachable(path, "no reply, the connection was closed by");
	else
		code = unreachable(path, "no reply from");
	close(socket_fd);
	free(reply);
	free(request);
	return code;
}
