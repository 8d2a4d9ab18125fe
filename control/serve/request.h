// SPDX-License-Identifier: BSD-3-Clause
// One request, from its line to its reply. It is freed by what replies.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/serve/room.h"

struct request {
	struct serve *serve;
	struct session *session; // NULL: hung up, or there never was one
	struct request *next;    // of the writers that wait
	const struct method *method;
	json_t *id; // NULL: wants no reply
	json_t *params;
	int fd;         // that came with it; -1: none
	bool is_forced; // the change is to override what holds it back
	json_t *result; // of a writer, sent once the change runs
};

// Takes a line and the descriptor that came with it. `session` NULL: for nobody.
void request_take(
	struct serve *serve, struct session *session, const char *line, size_t len, int fd);

// Replies, and frees the request. `result` is taken, NULL being a lack of memory.
void request_reply(struct request *request, json_t *result);
// `data`, taken, is a list of texts, or NULL.
void request_fail(struct request *request, int code, json_t *data, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
// Without reply.
void request_free(struct request *request);

// Goes on with writers until one waits for the dataplane.
void request_continue(struct serve *serve);
// Its session is gone: dropped if it still waits for its turn, else it goes on with nobody to tell.
void request_abandon(struct request *request);

// What runs.
const struct config *request_config(const struct request *request);
// A copy of it to be changed. NULL: no memory, and the request is answered.
[[nodiscard]] struct config *request_copy(struct request *request);

// Parameters, which have passed the method's table; NULL or 0 where not given.
const char *request_text(const struct request *request, const char *name);
uint64_t request_number(const struct request *request, const char *name);
bool request_flag(const struct request *request, const char *name);
// A list of texts that live as long as the request; free() the list. NULL with `*count` 0: not
// given.
const char **request_list(const struct request *request, const char *name, size_t *count);

// An error as a line, for connections that get no request; free() it. `data` is taken. NULL: no
// memory.
char *request_error_line(const json_t *id, int code, json_t *data, const char *message);
