// SPDX-License-Identifier: BSD-3-Clause
// A whole control in one thread, for tests.
#include "tests/unit/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

enum {
	PATIENCE = 30000,
	WORKERS = 2,
	STRIDE = 8,
	RULES = 64,
	RULES_OFF = 8192,
	UPSTREAMS = 4,
	UPSTREAMS_OFF = RULES_OFF + WORKERS * RULES * 8,
	LINES_OFF = UPSTREAMS_OFF + UPSTREAMS * sizeof(struct upstream),
	LOOPS_OFF = LINES_OFF + WORKERS * UPSTREAMS * sizeof(struct upstream_line),
}; // patience in turns of 1 ms

// One counter of each kind that the laws speak of, and what each worker has counted.
static const struct {
	const char *name;
	enum counter_kind kind;
	uint64_t value;
} counters[] = {
	{"rx", COUNTER_STEP, 10},
	{"received", COUNTER_RECEIVED, 10},
	{"answered", COUNTER_ANSWERED, 6},
	{"rx_short", COUNTER_EXIT, 3},
	{"waiting", COUNTER_WAITING, 1},
	{"replies", COUNTER_REPLIES, 7},
	{"accepted", COUNTER_ACCEPTED, 6},
	{"upstream_unknown", COUNTER_REFUSAL, 1},
};

enum { COUNTER_COUNT = sizeof(counters) / sizeof(counters[0]) };
static_assert((int)COUNTER_COUNT <= (int)STRIDE, "a block holds them");

static int make_counters(void)
{
	struct counters_header header = {
		.magic = COUNTERS_MAGIC,
		.version = COUNTERS_VERSION,
		.worker_count = WORKERS,
		.entry_count = COUNTER_COUNT,
		.entries_off = 128,
		.workers_off = 4096,
		.rules_off = RULES_OFF,
		.loops_off = LOOPS_OFF,
		.worker_stride = STRIDE,
		.rule_capacity = RULES,
		.upstreams_off = UPSTREAMS_OFF,
		.lines_off = LINES_OFF,
		.upstream_capacity = UPSTREAMS,
	};
	int fd = memfd_create("counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	header.size = LOOPS_OFF + WORKERS * RULES * 8;
	assert_int_equal(ftruncate(fd, (off_t)header.size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	for (uint32_t i = 0; i < COUNTER_COUNT; i++) {
		struct counter_entry entry = {.kind = counters[i].kind, .idx = i};

		strcpy(entry.name, counters[i].name);
		assert_true(pwrite(fd, &entry, sizeof(entry),
				    (off_t)(header.entries_off + i * sizeof(entry))) > 0);
		for (uint32_t w = 0; w < WORKERS; w++)
			assert_true(pwrite(fd, &counters[i].value, sizeof(uint64_t),
					    (off_t)(header.workers_off +
						    (w * STRIDE + i) * sizeof(uint64_t))) > 0);
	}
	return fd;
}

// A descriptor beside a message, as sendmsg() wants it.
union rights {
	char space[CMSG_SPACE(8 * sizeof(int))];
	struct cmsghdr header;
};

static void add_rights(struct msghdr *message, union rights *rights, const int *fds, size_t count)
{
	message->msg_control = rights->space;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	rights->header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(count * sizeof(int))};
	memcpy(CMSG_DATA(&rights->header), fds, count * sizeof(int));
}

static void say(struct stage *stage, enum link_type type, const void *body, size_t len, int fd)
{
	struct link_header header = {.version = LINK_VERSION,
		.type = type,
		.len = (uint32_t)len,
		.generation = stage->generation};
	struct iovec parts[] = {{&header, sizeof(header)}, {(void *)body, len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	union rights rights = {0};

	if (fd >= 0)
		add_rights(&message, &rights, &fd, 1);
	assert_true(sendmsg(stage->connection, &message, MSG_NOSIGNAL) > 0);
}

static void greet(struct stage *stage)
{
	struct link_hello hello = {.pid = 1,
		.worker_count = WORKERS,
		.port_count = 1,
		.started_us = stage->started_us};

	strcpy(hello.version, "test");
	strcpy(hello.ports[0], "memory:");
	say(stage, LINK_HELLO, &hello, sizeof(hello), stage->counters_fd);
	stage->greetings++;
}

static void hang_up(struct stage *stage)
{
	if (stage->connection >= 0)
		close(stage->connection);
	stage->connection = -1;
}

static void take_image(struct stage *stage, const struct link_header *header)
{
	uint64_t before = stage->generation;

	stage->images_taken++;
	stage->generation = header->generation;
	switch (stage->manner) {
	case STAGE_ADOPT_ONCE: stage->manner = STAGE_REFUSE; [[fallthrough]];
	case STAGE_ADOPT:
		stage_count(stage, 2, stage->counts_at_switch);
		say(stage, LINK_ADOPTED, NULL, 0, -1);
		break;
	case STAGE_REFUSE:
		say(stage, LINK_REFUSED, "not\033today\xff", 10, -1);
		stage->generation = before;
		break;
	case STAGE_HANG_UP_ONCE: stage->manner = STAGE_ADOPT; [[fallthrough]];
	case STAGE_HANG_UP: hang_up(stage); break;
	}
}

static void take_message(struct stage *stage)
{
	struct {
		struct link_header header;
		struct link_upstream order;
	} message;
	ssize_t len = recv(stage->connection, &message, sizeof(message), MSG_DONTWAIT);

	if (len == sizeof(message.header)) {
		take_image(stage, &message.header);
	} else if (len == sizeof(message.header) + sizeof(message.order)) {
		assert_int_equal(message.header.type, LINK_UPSTREAM);
		stage->order = message.order;
	} else {
		hang_up(stage);
	}
}

static bool is_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return fd >= 0 && poll(&poll_fd, 1, 0) > 0;
}

// One turn of everything that runs.
static void turn(struct stage *stage)
{
	assert_true(event_base_loop(stage->base, EVLOOP_NONBLOCK) >= 0);
	if (is_readable(stage->connection)) {
		take_message(stage);
	} else if (is_readable(stage->listener) && stage->connection < 0) {
		stage->connection = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC);
		greet(stage);
	} else if (!is_readable(stage->client)) {
		poll(NULL, 0, 1);
	}
}

static struct sockaddr_un address_of(const struct stage *stage, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", stage->folder, name);
	return address;
}

void stage_init(struct stage *stage)
{
	*stage = (struct stage){
		.listener = -1, .connection = -1, .client = -1, .file = -1, .started_us = 1};
	strcpy(stage->folder, "/tmp/shunt-test-XXXXXX");
	assert_non_null(mkdtemp(stage->folder));
	stage->counters_fd = make_counters();
	stage->base = event_base_new();
	assert_non_null(stage->base);
}

void stage_fini(struct stage *stage)
{
	DIR *listing = opendir(stage->folder);
	struct dirent *entry;

	stage_stop(stage);
	stage_stop_dataplane(stage);
	event_base_free(stage->base);
	close(stage->counters_fd);
	while ((entry = readdir(listing)))
		unlinkat(dirfd(listing), entry->d_name, 0);
	closedir(listing);
	assert_int_equal(rmdir(stage->folder), 0);
}

void stage_start_dataplane(struct stage *stage, uint64_t generation)
{
	struct sockaddr_un address = address_of(stage, LINK_SOCKET_NAME);

	stage->generation = generation;
	stage->images_taken = 0;
	stage->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(stage->listener, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(stage->listener, 4), 0);
}

void stage_stop_dataplane(struct stage *stage)
{
	struct sockaddr_un address = address_of(stage, LINK_SOCKET_NAME);

	hang_up(stage);
	if (stage->listener >= 0)
		close(stage->listener);
	stage->listener = -1;
	unlink(address.sun_path);
}

static void write_at(const struct stage *stage, const void *bytes, size_t len, size_t off)
{
	assert_int_equal(pwrite(stage->counters_fd, bytes, len, (off_t)off), len);
}

void stage_know_upstream(const struct stage *stage, const struct upstream *upstream,
	const struct upstream_line *line)
{
	uint32_t one = 1;

	write_at(stage, upstream, sizeof(*upstream), UPSTREAMS_OFF);
	write_at(stage, line, sizeof(*line), LINES_OFF + UPSTREAMS * sizeof(*line));
	write_at(stage, &one, sizeof(one), offsetof(struct counters_header, upstream_count));
}

void stage_count(const struct stage *stage, uint32_t number, uint64_t count)
{
	assert_int_equal(pwrite(stage->counters_fd, &count, sizeof(count),
				 RULES_OFF + number * (off_t)sizeof(count)),
		sizeof(count));
}

void stage_reconnect(struct stage *stage)
{
	unsigned greetings = stage->greetings;

	hang_up(stage);
	for (unsigned i = 0; stage->greetings == greetings && i < PATIENCE; i++)
		turn(stage);
	assert_int_equal(stage->greetings, greetings + 1);
	// The HELLO is read in one turn, the image that may follow is taken in another.
	for (unsigned i = 0; i < 5 || running_is_busy(stage->running); i++)
		turn(stage);
}

static void on_begun(void *context, int err, const char *why)
{
	struct stage *stage = context;

	(void)why;
	stage->begun = err;
}

static void on_idle(void *context)
{
	struct stage *stage = context;

	if (stage->serve)
		serve_continue(stage->serve);
}

static void begin(struct stage *stage)
{
	struct sockaddr_un link = address_of(stage, LINK_SOCKET_NAME);
	char why[STORE_ERROR_LEN];
	struct running_start start = {
		.base = stage->base,
		.link_path = link.sun_path,
		.store = &stage->store,
		.files = configs_load(configs_small),
		.begun = on_begun,
		.idle = on_idle,
		.context = stage,
	};

	assert_int_equal(store_open(&stage->store, stage->folder, why), 0);
	(void)!store_load(&stage->store, &start.stored, why);
	stage->begun = 1;
	stage->running = running_new(&start);
	assert_non_null(stage->running);
	for (unsigned i = 0; stage->begun == 1 && i < PATIENCE; i++)
		turn(stage);
	assert_int_equal(stage->begun, 0);
}

void stage_start(struct stage *stage)
{
	struct sockaddr_un address = address_of(stage, "control.sock");
	char why[SERVE_WHY_LEN];

	begin(stage);
	stage->setup = (struct serve_setup){
		.base = stage->base,
		.running = stage->running,
		.store = &stage->store,
		.config_path = "/nowhere",
		.state_dir = stage->folder,
		.run_dir = stage->folder,
	};
	stage->serve = serve_new(&stage->setup, why);
	assert_non_null(stage->serve);
	stage->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(stage->client, (void *)&address, sizeof(address)), 0);
}

void stage_stop(struct stage *stage)
{
	if (!stage->running)
		return;
	serve_free(stage->serve);
	running_free(stage->running);
	store_close(&stage->store);
	close(stage->client);
	hang_up(stage);
	stage->client = -1;
	stage->serve = NULL;
	stage->running = NULL;
}

void stage_give_file(struct stage *stage, const char *text)
{
	stage->file = memfd_create("file", MFD_CLOEXEC);
	assert_int_equal(write(stage->file, text, strlen(text)), strlen(text));
}

// The stage's file goes with the line, once.
static void send_line(struct stage *stage, const char *line, int fd_count)
{
	struct iovec part = {(void *)line, strlen(line)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union rights rights = {0};
	int fds[8];

	for (int i = 0; i < fd_count; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (stage->file >= 0)
		fds[fd_count++] = stage->file;
	stage->file = -1;
	if (fd_count)
		add_rights(&message, &rights, fds, (size_t)fd_count);
	// A session that was ended takes nothing; reading tells.
	if (sendmsg(stage->client, &message, MSG_NOSIGNAL) != (ssize_t)strlen(line))
		assert_int_equal(errno, EPIPE);
	for (int i = 0; i < fd_count; i++)
		close(fds[i]);
}

// NULL: the session was ended.
static char *read_line(struct stage *stage)
{
	static char line[1 << 16];
	size_t len = 0;

	for (unsigned i = 0; i < PATIENCE; i++) {
		ssize_t got = recv(stage->client, line + len, sizeof(line) - 1 - len, MSG_DONTWAIT);

		if (got == 0)
			return NULL;
		len += got > 0 ? (size_t)got : 0;
		line[len] = '\0';
		if (len && line[len - 1] == '\n')
			return line;
		turn(stage);
	}
	fail_msg("no reply came");
	return NULL;
}

json_t *stage_exchange(struct stage *stage, const char *line, int fd_count)
{
	char *reply;
	json_t *object;

	send_line(stage, line, fd_count);
	reply = read_line(stage);
	if (!reply)
		return NULL;
	for (const char *c = reply; *c != '\n'; c++)
		assert_in_range(*c, 0x20, 0x7e);
	object = json_loads(reply, 0, NULL);
	assert_non_null(object);
	return object;
}

json_t *stage_call(struct stage *stage, const char *method, const char *params, ...)
{
	json_t *request, *reply;
	va_list arguments;
	char *text, *line;

	va_start(arguments, params);
	request = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", 1, "method", method,
		"params", json_vpack_ex(NULL, 0, params, arguments));
	va_end(arguments);
	text = json_dumps(request, JSON_COMPACT);
	assert_non_null(text);
	assert_true(asprintf(&line, "%s\n", text) > 0);
	reply = stage_exchange(stage, line, 0);
	free(line);
	free(text);
	json_decref(request);
	return reply;
}

const char *stage_write_config(const struct stage *stage, char path[static 64])
{
	FILE *file;

	snprintf(path, 64, "%s/t.yaml", stage->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(configs_small, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

void stage_wait_generation(struct stage *stage, uint64_t generation)
{
	for (unsigned i = 0; stage->generation != generation && i < PATIENCE; i++)
		turn(stage);
	assert_int_equal(stage->generation, generation);
	// The answer on its way is taken too.
	for (unsigned i = 0; running_is_busy(stage->running) && i < PATIENCE; i++)
		turn(stage);
}
