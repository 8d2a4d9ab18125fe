// SPDX-License-Identifier: BSD-3-Clause
// Regex rules, write side.
//
//   control                                child
//   patterns of each accept ──fork──▶      hs_compile_multi, hs_serialize_database
//   databases           ◀──pipe──          struct answer and its bytes, accept by accept
#include "control/compile/regex.h"

#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/config/pattern.h"

enum { DATABASE_ALIGNMENT = 64 };

// The rules of one accept.
struct set {
	struct image_regex *regex; // in the assembly
	const struct regex_rule **rules;
};

// What the child says of a set; `len` bytes follow: the database, or why there is none.
struct answer {
	int32_t status;  // of Hyperscan
	int32_t pattern; // that is to blame; -1: none by itself
	uint32_t len;
};

static bool write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			at += done;
			len -= (size_t)done;
		}
	}
	return true;
}

static bool answer_database(int fd, const hs_database_t *database)
{
	struct answer answer = {.pattern = -1};
	char *bytes = NULL;
	size_t len = 0;

	answer.status = hs_serialize_database(database, &bytes, &len);
	answer.len = (uint32_t)len;
	return write_all(fd, &answer, sizeof(answer)) && write_all(fd, bytes, len);
}

static bool answer_error(int fd, hs_error_t status, const hs_compile_error_t *error)
{
	const char *message = error ? error->message : "Hyperscan gives no reason.";
	struct answer answer = {.status = status,
		.pattern = error ? error->expression : -1,
		.len = (uint32_t)strlen(message)};

	return write_all(fd, &answer, sizeof(answer)) && write_all(fd, message, answer.len);
}

// In the child. What it takes is never given back: it ends.
static bool compile_set(int fd, const struct set *set)
{
	unsigned count = set->regex->rule_count;
	const char **patterns = calloc(count, sizeof(*patterns));
	unsigned *flags = calloc(count, sizeof(*flags));
	unsigned *numbers = calloc(count, sizeof(*numbers));
	hs_compile_error_t *error = NULL;
	hs_database_t *database = NULL;
	hs_error_t status;

	if (!patterns || !flags || !numbers)
		return false;
	for (unsigned i = 0; i < count; i++) {
		patterns[i] = set->rules[i]->rule->pattern;
		flags[i] = PATTERN_FLAGS;
		numbers[i] = i;
	}
	status = hs_compile_multi(
		patterns, flags, numbers, count, HS_MODE_BLOCK, NULL, &database, &error);
	return status == HS_SUCCESS ? answer_database(fd, database)
				    : answer_error(fd, status, error);
}

static void run_child(int fd, const struct set *sets, size_t count)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < count; i++)
		if (!compile_set(fd, &sets[i]))
			_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// 0, -ETIME, or -EIO: the child ended without.
static int read_all(int fd, void *bytes, size_t len, int64_t deadline_ms)
{
	char *at = bytes;

	while (len > 0) {
		int64_t left_ms = deadline_ms - now_ms();
		struct pollfd waited = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (left_ms <= 0 || poll(&waited, 1, (int)left_ms) == 0)
			return -ETIME;
		got = read(fd, at, len);
		if (got == 0 || (got < 0 && errno != EINTR))
			return -EIO;
		if (got > 0) {
			at += got;
			len -= (size_t)got;
		}
	}
	return 0;
}

// Each database begins where a 64-byte boundary is, as its deserialiser likes.
static int take_database(struct assembly *assembly, struct image_regex *regex, int fd, uint32_t len,
	int64_t deadline_ms)
{
	size_t padding = -(size_t)assembly_count(assembly, IMAGE_databases) % DATABASE_ALIGNMENT;

	assembly_add(assembly, IMAGE_databases, NULL, padding);
	regex->database_off = assembly_add(assembly, IMAGE_databases, NULL, len);
	regex->database_len = len;
	if (assembly->is_out_of_memory)
		return -ENOMEM;
	return read_all(
		fd, assembly_at(assembly, IMAGE_databases, regex->database_off), len, deadline_ms);
}

static void blame(const struct set *set, int32_t pattern, const char *why, char *error)
{
	uint32_t count = set->regex->rule_count;
	bool is_known = pattern >= 0 && (uint32_t)pattern < count;
	const struct regex_rule *rule = set->rules[is_known ? pattern : 0];
	char others[64] = "";

	if (!is_known && count > 1)
		snprintf(others, sizeof(others), " and %u more under that domain", count - 1);
	snprintf(error, COMPILE_ERROR_LEN, "ruleset %s, rule %s (%s)%s: pattern: %s",
		rule->ruleset->name, rule->rule->name, rule->rule->domain, others, why);
}

static int take_answer(struct assembly *assembly, const struct set *set, int fd, char *error)
{
	int64_t deadline_ms = now_ms() + REGEX_TIMEOUT_SEC * 1000;
	char message[COMPILE_ERROR_LEN / 2] = "";
	struct answer answer;
	int err = read_all(fd, &answer, sizeof(answer), deadline_ms);

	if (!err && answer.status == HS_SUCCESS)
		return take_database(assembly, set->regex, fd, answer.len, deadline_ms);
	if (!err && answer.len < sizeof(message))
		err = read_all(fd, message, answer.len, deadline_ms);
	if (err == -ETIME)
		blame(set, -1, "takes over 10 s to compile: make it simpler", error);
	else if (err)
		blame(set, -1, "Hyperscan died of it", error);
	else
		blame(set, answer.pattern, message, error);
	return err ? err : -EINVAL;
}

// All sets through one child.
static int compile_sets(
	struct assembly *assembly, const struct set *sets, size_t count, char *error)
{
	int ends[2], err = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	child = fork();
	if (child == 0)
		run_child(ends[1], sets, count);
	close(ends[1]);
	if (child < 0)
		err = -errno;
	for (size_t i = 0; i < count && !err; i++)
		err = take_answer(assembly, &sets[i], ends[0], error);
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return err;
}

static int compare_counters(const void *left, const void *right)
{
	const struct regex_rule *a = left, *b = right;

	return (a->counter > b->counter) - (a->counter < b->counter);
}

static int fill_set(struct assembly *assembly, uint32_t index, const struct regex_rule *rules,
	size_t rule_count, struct set *set)
{
	struct image_regex *regex = assembly_at(assembly, IMAGE_regexes, index);

	set->regex = regex;
	set->rules = calloc(regex->rule_count, sizeof(*set->rules));
	if (!set->rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < regex->rule_count; i++) {
		struct regex_rule wanted = {0};
		struct image_rule rule;

		memcpy(&rule,
			assembly_at(
				assembly, IMAGE_accepts, regex->rule + i * (uint32_t)sizeof(rule)),
			sizeof(rule));
		wanted.counter = rule.counter;
		set->rules[i] =
			bsearch(&wanted, rules, rule_count, sizeof(*rules), compare_counters);
		if (!set->rules[i])
			return -EINVAL;
	}
	return 0;
}

int regex_compile(struct assembly *assembly, struct regex_rule *rules, size_t rule_count,
	char error[static COMPILE_ERROR_LEN])
{
	uint32_t count = assembly_count(assembly, IMAGE_regexes);
	struct set *sets;
	int err = 0;

	if (count == 0)
		return 0;
	sets = calloc(count, sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	qsort(rules, rule_count, sizeof(*rules), compare_counters);
	for (uint32_t i = 0; i < count && !err; i++)
		err = fill_set(assembly, i, rules, rule_count, &sets[i]);
	if (!err)
		err = compile_sets(assembly, sets, count, error);
	for (uint32_t i = 0; i < count; i++)
		free(sets[i].rules);
	free(sets);
	return err;
}
