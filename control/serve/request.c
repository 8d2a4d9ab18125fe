// SPDX-License-Identifier: BSD-3-Clause
// One request, from its line to its reply.

#include "control/serve/request.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/log.h"
#include "control/serve/confirm.h"
#include "control/serve/utf8.h"

enum { MESSAGE_LEN = 2048, LARGE_LEN = 1 << 20 };

void request_free(struct request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	json_decref(request->id);
	json_decref(request->params);
	json_decref(request->result);
	free(request);
}

// JSON may leave DEL as it is (RFC 8259, 7), but a terminal acts on it. NULL: no memory; `text` is freed.
static char *escape_deletes(char *text)
{
	static const char escape[] = "\\u007f";
	const size_t escape_len = sizeof(escape) - 1;
	size_t len = strlen(text), end = len;
	char *out;

	for (const char *at = text; (at = strchr(at, 0x7f)); at++)
		end += escape_len - 1;
	if (end == len)
		return text;
	out = realloc(text, end + 1);
	if (!out) {
		free(text);
		return NULL;
	}
	// From the end, so that each byte has moved before its place is taken.
	for (size_t from = len + 1, to = end + 1; from-- > 0;) {
		to -= out[from] == 0x7f ? escape_len : 1;
		if (out[from] == 0x7f)
			memcpy(out + to, escape, escape_len);
		else
			out[to] = out[from];
	}
	return out;
}

static char *dump_ascii(const json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	return text ? escape_deletes(text) : NULL;
}

// An object as one line of ASCII: nothing in it can reach a terminal's controls. NULL: no memory.
static char *dump_line(json_t *object)
{
	char *text = object ? dump_ascii(object) : NULL;
	size_t len = text ? strlen(text) : 0;
	char *line = text ? realloc(text, len + 2) : NULL;

	json_decref(object);
	// What a list of 100,000 rules took in small pieces goes back to the system.
	if (len > LARGE_LEN)
		malloc_trim(0);
	if (!line) {
		free(text);
		return NULL;
	}
	line[len] = '\n';
	line[len + 1] = '\0';
	return line;
}

char *request_error_line(const json_t *id, int code, json_t *data, const char *message)
{
	json_t *error = json_pack("{s:i, s:o}", "code", code, "message", utf8_json(message));

	if (data && error)
		json_object_set(error, "data", data);
	json_decref(data);
	return dump_line(json_pack(
		"{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id ? id : json_null(), "error", error));
}

// Nobody waits for it: the log gets it.
static void log_failure(const char *message, const json_t *data)
{
	json_t *item;
	size_t i;

	log_line("%s", message);
	json_array_foreach(data, i, item)
		log_line("%s", json_string_value(item));
}

static void log_result(const json_t *result)
{
	json_t *change;
	size_t i;

	json_array_foreach(json_object_get(result, "changes"), i, change)
		log_line("files: %s: %s", json_string_value(json_object_get(change, "object")),
			json_string_value(json_object_get(change, "what")));
}

void request_fail(struct request *request, int code, json_t *data, const char *format, ...)
{
	char message[MESSAGE_LEN];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (request->session)
		session_reply(request->session,
			request->id ? request_error_line(request->id, code, data, message) : NULL,
			!request->id);
	else
		log_failure(message, data);
	if (!request->session || !request->id)
		json_decref(data);
	request_free(request);
}

void request_reply(struct request *request, json_t *result)
{
	char *line = NULL;

	if (!request->session)
		log_result(result);
	if (request->session && request->id)
		line = dump_line(json_pack(
			"{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", request->id, "result", result));
	else
		json_decref(result);
	if (request->session)
		session_reply(request->session, line, !request->id);
	request_free(request);
}

// A request that is none is answered too: with the id if it has one.
static void fail_malformed(struct request *request, json_t *id, int code, const char *message)
{
	json_decref(request->id);
	request->id = json_is_string(id) || json_is_number(id) ? json_incref(id) : json_null();
	request_fail(request, code, NULL, "%s", message);
}

// Fills the request from the object. False: it was answered.
static bool take_object(struct request *request, json_t *object)
{
	json_t *id = json_object_get(object, "id");
	json_t *params = json_object_get(object, "params");
	const char *version = json_string_value(json_object_get(object, "jsonrpc"));
	const char *method = json_string_value(json_object_get(object, "method"));

	if (!json_is_object(object))
		fail_malformed(request, id, ERROR_REQUEST, "a request is one JSON object");
	else if (!version || strcmp(version, "2.0") != 0)
		fail_malformed(request, id, ERROR_REQUEST, "'jsonrpc' must be \"2.0\"");
	else if (!method)
		fail_malformed(request, id, ERROR_REQUEST, "'method' must be a text");
	else if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		fail_malformed(request, id, ERROR_REQUEST, "'id' must be a text or a number");
	else if (params && !json_is_object(params))
		fail_malformed(request, id, ERROR_PARAMETER, "'params' must be an object");
	else {
		request->id = json_incref(id);
		request->params = params ? json_incref(params) : json_object();
		request->method = method_find(method);
		if (request->method)
			return true;
		request_fail(request, ERROR_METHOD, NULL, "no method '%.64s'", method);
	}
	return false;
}

// True: `if_generation` is not given or right.
static bool check_generation(struct request *request)
{
	json_t *wanted = json_object_get(request->params, "if_generation");
	uint64_t generation = request_config(request)->generation;

	if (!wanted || (uint64_t)json_integer_value(wanted) == generation)
		return true;
	request_fail(request, ERROR_CONFLICT, NULL,
		"generation %" JSON_INTEGER_FORMAT " does not run, but %" PRIu64
		": look again at what you change",
		json_integer_value(wanted), generation);
	return false;
}

static void on_changed(void *context, int err, const char *why)
{
	struct request *request = context;
	const struct running *running = request->serve->setup->running;
	const char *dataplane =
		publish_dataplane(running_publish(running)) ? "adopted" : "not connected";
	json_t *result = request->result;

	if (err) {
		request_fail(request, ERROR_REFUSED, NULL, "%s: %s%s", request->method->name,
			err == -ENOTRECOVERABLE ? "" : "nothing changed: ", why);
		return;
	}
	confirm_arm(request->serve);
	request->result = NULL;
	json_object_set_new(result, "generation",
		json_integer((json_int_t)running_config(running)->generation));
	json_object_set_new(result, "dataplane", json_string(dataplane));
	request_reply(request, result);
}

static void write_now(struct request *request)
{
	struct config *next;

	if (!check_generation(request))
		return;
	next = request->method->write(request);
	if (next)
		running_change(request->serve->setup->running, next, request->is_forced, on_changed,
			request);
}

static void enqueue(struct request *request)
{
	struct request **end = &request->serve->first;

	while (*end)
		end = &(*end)->next;
	*end = request;
	request_continue(request->serve);
}

// A writer that ends calls this again from within; the loop below is then already running.
void request_continue(struct serve *serve)
{
	if (serve->is_continuing)
		return;
	serve->is_continuing = true;
	while (serve->first && !running_is_busy(serve->setup->running)) {
		struct request *request = serve->first;

		serve->first = request->next;
		request->next = NULL;
		write_now(request);
	}
	serve->is_continuing = false;
}

void request_abandon(struct request *request)
{
	struct request **at = &request->serve->first;

	while (*at && *at != request)
		at = &(*at)->next;
	if (*at) {
		*at = request->next;
		request_free(request);
	} else {
		request->session = NULL;
	}
}

void request_take(
	struct serve *serve, struct session *session, const char *line, size_t len, int fd)
{
	struct request *request = calloc(1, sizeof(*request));
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	char why[METHOD_WHY_LEN];

	if (!request) {
		json_decref(object);
		if (fd >= 0)
			close(fd);
		return;
	}
	*request = (struct request){.serve = serve, .session = session, .fd = fd};
	session_set_request(session, request);
	if (!object) {
		fail_malformed(request, NULL, ERROR_PARSE, "a request is one JSON object a line");
		return;
	}
	if (take_object(request, object)) {
		if (method_check(request->method, request->params, why))
			request_fail(request, ERROR_PARAMETER, NULL, "%s", why);
		else if (request->method->read)
			request->method->read(request);
		else
			enqueue(request);
	}
	json_decref(object);
}

const struct config *request_config(const struct request *request)
{
	return running_config(request->serve->setup->running);
}

struct config *request_copy(struct request *request)
{
	uint64_t generation = running_next_generation(request->serve->setup->running);
	struct config *next = config_copy(request_config(request), generation);

	if (!next)
		request_fail(request, ERROR_INTERNAL, NULL, "no memory for a change");
	return next;
}

const char *request_text(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->params, name));
}

uint64_t request_number(const struct request *request, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(request->params, name));
}

bool request_flag(const struct request *request, const char *name)
{
	return json_is_true(json_object_get(request->params, name));
}

const char **request_list(const struct request *request, const char *name, size_t *count)
{
	json_t *list = json_object_get(request->params, name);
	const char **texts = list ? calloc(json_array_size(list) + 1, sizeof(*texts)) : NULL;
	json_t *item;
	size_t i;

	*count = texts ? json_array_size(list) : 0;
	for (i = 0; i < *count; i++) {
		item = json_array_get(list, i);
		texts[i] = json_string_value(item);
	}
	return texts;
}
