// SPDX-License-Identifier: BSD-3-Clause
// What goes over the wire of a benchmark, as arguments say it: questions, clients, and the upstream.
#pragma once

#include "bench/load/client.h"
#include "bench/load/reply.h"
#include "bench/load/words.h"

// Beside setups of both sides, which it fills.
struct traffic {
	const char *queries; // file
	int order;           // enum order
	uint64_t count;      // of questions drawn; 0: as many as the file has lines
	int expected;        // enum traffic_answer
	bool is_random;
	double truncated, dropped, lied; // shares
	struct questions questions;
	struct client_setup client;
	struct reply_setup reply;
};

enum traffic_answer { TRAFFIC_ANSWERED, TRAFFIC_REFUSED, TRAFFIC_NXDOMAIN, TRAFFIC_ECHO };

extern const char *const traffic_orders[], *const traffic_answers[];

// The keys of a table of words, for `t`, a struct traffic *.
// clang-format off
#define TRAFFIC_WORDS(t)                                                \
	{"queries", WORD_TEXT, &(t)->queries, NULL},                    \
	{"order", WORD_CHOICE, &(t)->order, traffic_orders},            \
	{"questions", WORD_NUMBER, &(t)->count, NULL},                  \
	{"expect", WORD_CHOICE, &(t)->expected, traffic_answers},       \
	{"random", WORD_FLAG, &(t)->is_random, NULL},                   \
	{"truncate", WORD_DECIMAL, &(t)->truncated, NULL},              \
	{"drop", WORD_DECIMAL, &(t)->dropped, NULL},                    \
	{"lie", WORD_DECIMAL, &(t)->lied, NULL}
// clang-format on

// Reads the questions and fills both setups; addresses are bench/path/image.h's. 0, or -1 with `error` set.
[[nodiscard]] int traffic_read(struct traffic *, char error[static QUESTIONS_ERROR_LEN]);
