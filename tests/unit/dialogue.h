// SPDX-License-Identifier: BSD-3-Clause
// A lane's conversation: a client that asks, and upstreams that are asked and reply.
#pragma once

#include "tests/unit/lane.h"

#define DIALOGUE_CLIENT "10.53.0.1"

enum { DIALOGUE_MS = 1000, DIALOGUE_SECOND = 1000000 };

// What went upstream.
struct dialogue_sent {
	char to[16];
	uint16_t port;
	uint16_t len;
	uint8_t message[1500];
};

void dialogue_turn(struct lane *lane);
void dialogue_assert_silence(struct lane *lane);
// All that waited is over: answered or timed out, and the laws hold. Frees the lane.
void dialogue_end(struct lane *lane);

// DIALOGUE_CLIENT asks from port 4242.
void dialogue_ask(struct lane *lane, const uint8_t *message, size_t len);
// The next query that went upstream, if there is one.
[[nodiscard]] bool dialogue_take(struct lane *lane, struct dialogue_sent *sent);
// The next query that went upstream, to this address.
struct dialogue_sent dialogue_expect(struct lane *lane, const char *to);
// Likewise, and nothing before `at_ms` after `start_us`.
struct dialogue_sent dialogue_expect_at(
	struct lane *lane, uint64_t start_us, unsigned at_ms, const char *to);
// This message comes from where that query went to.
void dialogue_say(
	struct lane *lane, const struct dialogue_sent *to, const uint8_t *message, size_t len);
// The query itself comes back, as a reply with this code.
void dialogue_echo(struct lane *lane, const struct dialogue_sent *to, uint8_t rcode);
// The answer that the client got, which has this code.
const uint8_t *dialogue_answer(struct lane *lane, unsigned rcode, uint16_t *len);
