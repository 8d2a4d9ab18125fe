// SPDX-License-Identifier: BSD-3-Clause
// A file of questions read, and queries drawn from it as they go over the wire.
#include "bench/load/questions.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/msg.h"

enum {
	SLACK = 8, // behind the last message: question_hash() reads whole words
	QUERY_MAX = MSG_HEADER_LEN + MSG_QUESTION_LEN_MAX + MSG_OPT_LEN,
};

// The types that queries are made of.
static const struct {
	const char *text;
	uint16_t type;
} types[] = {{"A", 1}, {"NS", 2}, {"CNAME", 5}, {"SOA", 6}, {"PTR", 12}, {"MX", 15}, {"TXT", 16},
	{"AAAA", 28}, {"SRV", 33}, {"NAPTR", 35}, {"DS", 43}, {"DNSKEY", 48}, {"SVCB", 64},
	{"HTTPS", 65}, {"ANY", 255}, {"CAA", 257}};

// A line of the file.
struct line {
	uint8_t name[NAME_LEN_MAX];
	uint8_t name_len;
	uint16_t type;
};

struct lines {
	struct line *list;
	size_t count, capacity;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int find_type(const char *text, uint16_t *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].text, text) == 0) {
			*type = types[i].type;
			return 0;
		}
	return strncasecmp(text, "TYPE", 4) == 0 && sscanf(text + 4, "%hu", type) == 1 ? 0 : -1;
}

// NULL: the line is good.
static const char *parse_line(char *text, struct line *line)
{
	char *rest;
	char *name = strtok_r(text, " \t\r\n", &rest);
	char *type = strtok_r(NULL, " \t\r\n", &rest);
	const char *why = NULL;

	if (!type)
		return "it is not NAME TYPE";
	if (find_type(type, &line->type) != 0)
		return "no such type; TYPE65 is how any is written";
	line->name_len = (uint8_t)name_parse(name, strlen(name), line->name, &why);
	return why;
}

static int add_line(struct lines *lines, const struct line *line)
{
	if (lines->count == lines->capacity) {
		size_t capacity = lines->capacity ? lines->capacity * 2 : 1024;
		struct line *list = reallocarray(lines->list, capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		lines->list = list;
		lines->capacity = capacity;
	}
	lines->list[lines->count++] = *line;
	return 0;
}

static int read_lines(struct lines *lines, const char *path, char *error)
{
	FILE *file = fopen(path, "re");
	char text[2 * NAME_TEXT_MAX];
	unsigned number = 0;
	int err = 0;

	if (!file) {
		err = -errno;
		snprintf(error, QUESTIONS_ERROR_LEN, "%s: %s", path, strerror(errno));
		return err;
	}
	while (err == 0 && fgets(text, sizeof(text), file)) {
		struct line line = {0};
		const char *why;

		number++;
		if (text[0] == '#' || text[0] == ';' || text[strspn(text, " \t\r\n")] == '\0')
			continue;
		why = parse_line(text, &line);
		err = why ? -EINVAL : add_line(lines, &line);
		if (why)
			snprintf(error, QUESTIONS_ERROR_LEN, "%s:%u: %s", path, number, why);
	}
	fclose(file);
	if (err == 0 && lines->count == 0) {
		snprintf(error, QUESTIONS_ERROR_LEN, "%s: no questions in it", path);
		err = -EINVAL;
	}
	return err;
}

// Its place among the lines; the Zipf ranks are strewn over the file, whose neighbours may be alike.
static size_t draw_line(enum order order, size_t count, size_t number, uint64_t *seed)
{
	double share = (double)(next_random(seed) >> 11) / 9007199254740992.0;
	size_t rank;

	switch (order) {
	case ORDER_FILE: return number % count;
	case ORDER_UNIFORM: return (size_t)(share * (double)count);
	case ORDER_ZIPF: break;
	}
	rank = (size_t)pow((double)count + 1, share) - 1;
	return (size_t)(rank * UINT64_C(0x9e3779b97f4a7c15) % count);
}

// Gives the length of the message.
static unsigned write_query(
	const struct line *line, uint64_t random, struct question *question, uint8_t *out)
{
	struct msg_header header = {.flags = be16_of(MSG_RD), .question_count = be16_of(1)};
	be16_t words[2] = {be16_of(line->type), be16_of(CLASS_IN)};
	unsigned len = MSG_HEADER_LEN + line->name_len;

	question->has_opt = (random & 15) != 0;
	header.additional_count = be16_of(question->has_opt);
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), line->name, line->name_len);
	memcpy(out + len, words, sizeof(words));
	len += sizeof(words);
	if (question->has_opt)
		len += msg_build_opt(out + len, MSG_SIZE_MAX, 0, (random & 12) == 0, 0);
	return len;
}

static int draw(struct questions *questions, const struct lines *lines, enum order order)
{
	uint64_t seed = 0x6c62272e07bb0142, size = (uint64_t)questions->count * 64 + QUERY_MAX;

	questions->bytes = malloc(size + SLACK);
	questions->list = calloc(questions->count, sizeof(*questions->list));
	if (!questions->bytes || !questions->list)
		return -ENOMEM;
	for (uint32_t i = 0; i < questions->count; i++) {
		const struct line *line = &lines->list[draw_line(order, lines->count, i, &seed)];
		struct question *question = &questions->list[i];

		if (size - questions->bytes_len < QUERY_MAX) {
			uint8_t *bytes = realloc(questions->bytes, (size *= 2) + SLACK);

			if (!bytes)
				return -ENOMEM;
			questions->bytes = bytes;
		}
		question->off = (uint32_t)questions->bytes_len;
		question->len = (uint16_t)write_query(line, next_random(&seed) >> 20, question,
			questions->bytes + questions->bytes_len);
		question->type = line->type;
		question->name_len = line->name_len;
		question->hash = question_hash(line->name, line->name_len, line->type);
		questions->bytes_len += question->len;
	}
	return 0;
}

int questions_read(struct questions *questions, const char *path, enum order order, uint32_t count,
	char error[static QUESTIONS_ERROR_LEN])
{
	struct lines lines = {0};
	int err = read_lines(&lines, path, error);

	*questions = (struct questions){.count = count ? count : (uint32_t)lines.count};
	if (err == 0) {
		err = draw(questions, &lines, order);
		if (err)
			snprintf(error, QUESTIONS_ERROR_LEN, "%s: no memory for %u questions", path,
				questions->count);
	}
	free(lines.list);
	if (err)
		questions_fini(questions);
	return err;
}

void questions_fini(struct questions *questions)
{
	free(questions->list);
	free(questions->bytes);
	*questions = (struct questions){0};
}
