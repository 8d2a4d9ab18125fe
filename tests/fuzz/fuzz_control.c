// SPDX-License-Identifier: BSD-3-Clause
// What a client may say to the control socket: any bytes, in two pieces. Each line that comes back is
// a JSON object in ASCII, and control goes on serving others.
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/stage.h"

enum { TURNS = 4, REPLY_MAX = 1 << 20 };

static void turn(struct stage *stage)
{
	for (int i = 0; i < TURNS; i++)
		HOLDS(event_base_loop(stage->base, EVLOOP_NONBLOCK) >= 0);
}

static int connect_to(const struct stage *stage)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock", stage->folder);
	HOLDS(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static void check_line(const char *line, size_t len)
{
	json_t *reply = json_loadb(line, len, 0, NULL);

	for (size_t i = 0; i < len; i++)
		HOLDS(line[i] >= 0x20 && line[i] < 0x7f);
	HOLDS(json_is_object(reply));
	HOLDS(!json_object_get(reply, "result") != !json_object_get(reply, "error"));
	json_decref(reply);
}

// All lines that came so far. Gives their number.
static size_t read_replies(struct stage *stage, int fd)
{
	static char text[REPLY_MAX];
	size_t len = 0, count = 0;
	ssize_t got;

	do {
		turn(stage);
		got = recv(fd, text + len, sizeof(text) - len, MSG_DONTWAIT);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0 && len < sizeof(text));
	for (char *at = text, *end; (end = memchr(at, '\n', (size_t)(text + len - at)));
		at = end + 1, count++)
		check_line(at, (size_t)(end - at));
	return count;
}

static void say(struct stage *stage, int fd, const void *data, size_t size)
{
	(void)!send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	turn(stage);
}

static void end(int status, void *context)
{
	(void)status;
	stage_fini(context);
	free(context);
}

static struct stage *start(void)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	HOLDS(stage);
	stage_init(stage);
	stage_start(stage);
	on_exit(end, stage);
	return stage;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char status[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n";
	static struct stage *stage;
	int fd;

	if (!stage)
		stage = start();
	fd = connect_to(stage);
	say(stage, fd, data, size / 2);
	say(stage, fd, data + size / 2, size - size / 2);
	(void)read_replies(stage, fd);
	close(fd);
	turn(stage);
	fd = connect_to(stage);
	say(stage, fd, status, sizeof(status) - 1);
	HOLDS(read_replies(stage, fd) == 1);
	close(fd);
	turn(stage);
	return 0;
}
