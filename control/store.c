// SPDX-License-Identifier: BSD-3-Clause
// Generations on disk: one JSON file each in the state folder.
//
//   generation-<20 digits>.json:  {"checksum":"<16 hex digits>","config":{…}}\n
//
// The checksum is over the text of the config, so that a damaged file that still is JSON is told
// from a whole one.
#include "control/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/index.h"
#include "control/config/load.h"
#include "control/config/print.h"
#include "control/config/state.h"

#define PREFIX    "generation-"
#define SUFFIX    ".json"
#define TEMPORARY ".tmp"
#define HEAD      "{\"checksum\":\"%016" PRIx64 "\",\"config\":"
#define TAIL      "}\n"

enum {
	DIGITS = 20,
	NAME_LEN = sizeof(PREFIX) - 1 + DIGITS + sizeof(SUFFIX) - 1,
	HEAD_LEN = 13 + 16 + 11, // of HEAD, printed
	TAIL_LEN = sizeof(TAIL) - 1,
	FILE_LEN_MAX = LOAD_FILE_LEN_MAX,
};

static void format_name(uint64_t generation, char name[static NAME_LEN + 1])
{
	snprintf(name, NAME_LEN + 1, PREFIX "%0*" PRIu64 SUFFIX, DIGITS, generation);
}

// 0: not the name of a generation.
static uint64_t parse_name(const char *name)
{
	const char *digits = name + sizeof(PREFIX) - 1;

	if (strlen(name) != NAME_LEN || strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0 ||
		strspn(digits, "0123456789") != DIGITS || strcmp(digits + DIGITS, SUFFIX) != 0)
		return 0;
	return strtoull(digits, NULL, 10);
}

static int fail(char *error, int code, const char *path, const char *name, const char *what)
{
	snprintf(error, STORE_ERROR_LEN, "%s%s%s: %s: %s", path, name ? "/" : "", name ? name : "",
		what, strerror(-code));
	return code;
}

// The folder for reading its names; another description than dir_fd, whose position it would move.
static DIR *open_listing(const struct store *store)
{
	int fd = openat(store->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !listing)
		close(fd);
	return listing;
}

// What a crash left half-written.
static int remove_temporaries(const struct store *store)
{
	DIR *listing = open_listing(store);
	struct dirent *entry;

	if (!listing)
		return -errno;
	while ((entry = readdir(listing))) {
		size_t len = strlen(entry->d_name);
		size_t suffix = sizeof(TEMPORARY) - 1;

		if (len > suffix && strcmp(entry->d_name + len - suffix, TEMPORARY) == 0)
			unlinkat(store->dir_fd, entry->d_name, 0);
	}
	closedir(listing);
	return 0;
}

int store_open(struct store *store, const char *path, char error[static STORE_ERROR_LEN])
{
	int code;

	error[0] = '\0';
	store->path = strdup(path);
	store->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!store->path || store->dir_fd < 0) {
		code = store->path ? -errno : -ENOMEM;
		fail(error, code, path, NULL,
			"can't open the state folder (make it, or name another with --state-dir)");
		store_close(store);
		return code;
	}
	code = remove_temporaries(store);
	if (code) {
		fail(error, code, path, NULL, "can't read the state folder");
		store_close(store);
	}
	return code;
}

void store_close(struct store *store)
{
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	free(store->path);
	store->dir_fd = -1;
	store->path = NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0; // newest first
}

ssize_t store_list(const struct store *store, uint64_t **generations)
{
	DIR *listing = open_listing(store);
	struct dirent *entry;
	size_t count = 0;
	uint64_t *grown;

	*generations = NULL;
	if (!listing)
		return -errno;
	while ((entry = readdir(listing))) {
		uint64_t generation = parse_name(entry->d_name);

		if (generation == 0)
			continue;
		grown = reallocarray(*generations, count + 1, sizeof(*grown));
		if (!grown) {
			closedir(listing);
			free(*generations);
			*generations = NULL;
			return -ENOMEM;
		}
		*generations = grown;
		grown[count++] = generation;
	}
	closedir(listing);
	if (count > 1)
		qsort(*generations, count, sizeof(**generations), compare);
	return (ssize_t)count;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, data, len);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			data += written;
			len -= (size_t)written;
		}
	}
	return 0;
}

static int write_file(int fd, const char *text, size_t len)
{
	char head[HEAD_LEN + 1];
	int code;

	snprintf(head, sizeof(head), HEAD, index_hash(INDEX_HASH_START, text, len));
	code = write_all(fd, head, HEAD_LEN);
	if (!code)
		code = write_all(fd, text, len);
	if (!code)
		code = write_all(fd, TAIL, TAIL_LEN);
	if (!code && fsync(fd))
		code = -errno;
	return code;
}

// Written aside, synced, and moved to its place.
static int write_generation(
	const struct store *store, const char *name, const char *text, size_t len, char *error)
{
	char temporary[NAME_LEN + sizeof(TEMPORARY)];
	int code;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s" TEMPORARY, name);
	unlinkat(store->dir_fd, temporary, 0);
	fd = openat(store->dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return fail(error, -errno, store->path, temporary, "can't be made");
	code = write_file(fd, text, len);
	close(fd);
	if (code) {
		fail(error, code, store->path, temporary, "can't be written");
	} else if (renameat(store->dir_fd, temporary, store->dir_fd, name)) {
		code = fail(error, -errno, store->path, name, "can't be put in place");
	} else if (fsync(store->dir_fd)) {
		code = fail(error, -errno, store->path, NULL, "can't be synced");
		unlinkat(store->dir_fd, name, 0); // what may not last was not stored
	}
	if (code)
		unlinkat(store->dir_fd, temporary, 0);
	return code;
}

// Those too old go. What can't be removed now is tried again at the next generation.
static void forget_old(const struct store *store, uint64_t pinned)
{
	uint64_t *generations;
	ssize_t count = store_list(store, &generations);
	char name[NAME_LEN + 1];

	for (ssize_t i = STORE_KEPT; i < count; i++) {
		if (generations[i] == pinned)
			continue;
		format_name(generations[i], name);
		unlinkat(store->dir_fd, name, 0);
	}
	free(generations);
}

int store_save(struct store *store, const struct config *config, char error[static STORE_ERROR_LEN])
{
	size_t len;
	char *text = print_state(config, &len);
	char name[NAME_LEN + 1];
	int code = -ENOMEM;

	error[0] = '\0';
	format_name(config->generation, name);
	if (text && len > FILE_LEN_MAX - HEAD_LEN - TAIL_LEN)
		code = fail(error, -EFBIG, store->path, name,
			"can't be stored, since it couldn't be read again (remove rules)");
	else if (text)
		code = write_generation(store, name, text, len, error);
	else
		fail(error, code, store->path, name, "can't be written");
	if (!code)
		forget_old(store, config->waiting.ruleset ? config->waiting.back : 0);
	free(text);
	return code;
}

// The config's text between head and tail, if the checksum is right.
static const char *find_config(const char *data, size_t len, size_t *config_len)
{
	char head[HEAD_LEN + 1];

	if (len < HEAD_LEN + TAIL_LEN)
		return NULL;
	*config_len = len - HEAD_LEN - TAIL_LEN;
	snprintf(head, sizeof(head), HEAD,
		index_hash(INDEX_HASH_START, data + HEAD_LEN, *config_len));
	if (memcmp(data, head, HEAD_LEN) != 0 || memcmp(data + len - TAIL_LEN, TAIL, TAIL_LEN) != 0)
		return NULL;
	return data + HEAD_LEN;
}

static int parse(
	const char *data, size_t len, uint64_t generation, struct config **out, const char **why)
{
	size_t config_len = 0;
	const char *text = find_config(data, len, &config_len);
	json_t *json;
	int code;

	*why = "is damaged: its checksum is wrong";
	if (!text)
		return -EBADMSG;
	json = json_loadb(text, config_len, 0, NULL);
	code = state_parse(json, out);
	json_decref(json);
	*why = "is of another version, or damaged";
	if (!code && (*out)->generation != generation) {
		*why = "holds another generation than its name says";
		config_free(*out);
		*out = NULL;
		code = -EBADMSG;
	}
	return code;
}

// `stored_sec` may be NULL.
static int load(const struct store *store, uint64_t generation, struct config **out,
	int64_t *stored_sec, const char **why)
{
	struct stat stat;
	char name[NAME_LEN + 1];
	char *data = NULL;
	size_t len = 0;
	int code;
	int fd;

	format_name(generation, name);
	fd = openat(store->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	*why = "can't be read";
	if (fd < 0)
		return -errno;
	code = config_read_fd(fd, &data, &len);
	if (!code && stored_sec && fstat(fd, &stat) == 0)
		*stored_sec = stat.st_mtim.tv_sec;
	close(fd);
	if (!code)
		code = parse(data, len, generation, out, why);
	free(data);
	return code;
}

int store_load(const struct store *store, struct config **out, char error[static STORE_ERROR_LEN])
{
	uint64_t *generations;
	ssize_t count = store_list(store, &generations);
	int code = -ENOENT;
	size_t len = 0;

	error[0] = '\0';
	*out = NULL;
	if (count < 0)
		return fail(error, (int)count, store->path, NULL, "can't read the state folder");
	for (ssize_t i = 0; i < count; i++) {
		const char *why;

		code = load(store, generations[i], out, NULL, &why);
		if (!code)
			break;
		if (len < STORE_ERROR_LEN)
			len += (size_t)snprintf(error + len, STORE_ERROR_LEN - len,
				"%s%s/" PREFIX "%0*" PRIu64 SUFFIX " %s", len ? "; " : "",
				store->path, DIGITS, generations[i], why);
	}
	free(generations);
	return code;
}

int store_load_one(const struct store *store, uint64_t generation, struct config **out,
	int64_t *stored_sec, char error[static STORE_ERROR_LEN])
{
	const char *why;
	int code;

	*out = NULL;
	*stored_sec = 0;
	code = load(store, generation, out, stored_sec, &why);
	if (code == -ENOENT)
		snprintf(error, STORE_ERROR_LEN, "generation %" PRIu64 " is not kept any more",
			generation);
	else if (code)
		snprintf(error, STORE_ERROR_LEN, "generation %" PRIu64 " %s", generation, why);
	return code;
}
