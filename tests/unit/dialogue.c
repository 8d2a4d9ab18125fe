// SPDX-License-Identifier: BSD-3-Clause
// A lane's conversation: a client that asks, and upstreams that are asked and reply.
#include "tests/unit/dialogue.h"

#include <string.h>

#include "tests/unit/unit.h"

enum { FLAGS_OFF = 2 };

void dialogue_turn(struct lane *lane)
{
	worker_turn(&lane->worker, lane->now_us);
}

void dialogue_assert_silence(struct lane *lane)
{
	uint16_t len;

	assert_null(lane_take(lane, LANE_CLIENTS, &len, NULL));
	assert_null(lane_take(lane, LANE_UPSTREAMS, &len, NULL));
}

void dialogue_end(struct lane *lane)
{
	uint16_t len;

	for (unsigned i = 0; i < 200; i++) {
		lane->now_us += 100 * DIALOGUE_MS;
		dialogue_turn(lane);
		while (lane_take(lane, LANE_CLIENTS, &len, NULL) ||
			lane_take(lane, LANE_UPSTREAMS, &len, NULL))
			continue;
	}
	assert_int_equal(counter_get(&lane->counters[COUNT_waiting]), 0);
	lane_check_laws(lane);
	lane_free(lane);
}

void dialogue_ask(struct lane *lane, const uint8_t *message, size_t len)
{
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){
			DIALOGUE_CLIENT, IMAGES_INBOUND, 4242, 53, message, (uint16_t)len});
}

bool dialogue_take(struct lane *lane, struct dialogue_sent *sent)
{
	struct lane_datagram datagram;
	const uint8_t *message = lane_take(lane, LANE_UPSTREAMS, &sent->len, &datagram);

	if (!message)
		return false;
	strcpy(sent->to, datagram.to);
	sent->port = datagram.from_port;
	memcpy(sent->message, message, sent->len);
	return true;
}

struct dialogue_sent dialogue_expect(struct lane *lane, const char *to)
{
	struct dialogue_sent sent;

	assert_true(dialogue_take(lane, &sent));
	assert_string_equal(sent.to, to);
	return sent;
}

struct dialogue_sent dialogue_expect_at(
	struct lane *lane, uint64_t start_us, unsigned at_ms, const char *to)
{
	lane->now_us = start_us + at_ms * DIALOGUE_MS - 1;
	dialogue_turn(lane);
	dialogue_assert_silence(lane);
	lane->now_us++;
	dialogue_turn(lane);
	return dialogue_expect(lane, to);
}

void dialogue_say(
	struct lane *lane, const struct dialogue_sent *to, const uint8_t *message, size_t len)
{
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){
			to->to, IMAGES_OUTBOUND, 53, to->port, message, (uint16_t)len});
}

void dialogue_echo(struct lane *lane, const struct dialogue_sent *to, uint8_t rcode)
{
	uint8_t reply[sizeof(to->message)];

	memcpy(reply, to->message, to->len);
	reply[FLAGS_OFF] |= 0x80;
	reply[FLAGS_OFF + 1] = (uint8_t)((reply[FLAGS_OFF + 1] & 0xf0) | rcode);
	dialogue_say(lane, to, reply, to->len);
}

const uint8_t *dialogue_answer(struct lane *lane, unsigned rcode, uint16_t *len)
{
	const uint8_t *answer = lane_take(lane, LANE_CLIENTS, len, NULL);

	assert_non_null(answer);
	assert_memory_equal(answer, "\x12\x34", 2);
	assert_int_equal(answer[FLAGS_OFF] & 0x80, 0x80);
	assert_int_equal(answer[FLAGS_OFF + 1] & 0x0f, rcode);
	return answer;
}
