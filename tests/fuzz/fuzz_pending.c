// SPDX-License-Identifier: BSD-3-Clause
// Questions that wait: any order of queries, replies, replies again, late and forged ones, time, and changes of keys. Each client gets
// one answer at most, with an ID and a letter case of his own; a question is sent three times at most; and in the end nothing waits.
//
// Two bytes an event: what happens, and to whom.
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/lane.h"

#define SERVER   "10.54.0.11"
#define QUESTION "\3www\1a\0\0\1\0\1"
#define QUERY    "\0\0\1\0\0\1\0\0\0\0\0\0" QUESTION

enum {
	NAMES = 4,
	CLIENTS = 256,
	SENT = 64,
	NAME_OFF = 13,
	TYPE_OFF = 20,
	FIRST_PORT = 2000,
	DEADLINE_US = 4000000
};

enum event { ASK, REPLY, REPLY_BADLY, WAIT, OFFER_KEY, SWITCH_KEY, RETIRE_KEY, FORGE, EVENTS };

static const struct image_rule_text rules[] = {{.domain = "a.", .target = SERVER}};

struct sent {
	uint16_t port, len;
	uint8_t message[64];
};

// What one input does: who asked and waits, in which letter case, and what was sent upstream last.
struct run {
	struct lane *lane;
	bool is_waiting[CLIENTS];
	uint8_t name[CLIENTS][3];
	struct sent sent[SENT];
	unsigned sent_count; // in all
	unsigned question_count;
	uint8_t key;
};

static void write_name(uint8_t *at, uint8_t client)
{
	for (unsigned i = 0; i < 3; i++)
		at[i] = (uint8_t)((i < 2 ? 'w' : 'a' + client % NAMES) ^
			(client >> (2 + i) & 1 ? 0x20 : 0));
}

static void ask(struct run *run, uint8_t client)
{
	uint8_t query[] = QUERY;

	if (run->is_waiting[client])
		return;
	query[1] = client;
	write_name(query + NAME_OFF, client);
	memcpy(run->name[client], query + NAME_OFF, 3);
	run->is_waiting[client] = true;
	run->question_count++;
	lane_give_datagram(run->lane, LANE_CLIENTS,
		&(struct lane_datagram){"10.53.0.1", IMAGES_INBOUND,
			(uint16_t)(FIRST_PORT + client), 53, query, sizeof(query) - 1});
}

// To something that was sent lately, right in all but the ID if it is forged.
static void reply(struct run *run, uint8_t which, uint8_t rcode, bool is_forged)
{
	const struct sent *sent = &run->sent[which % SENT];
	uint8_t message[64];
	uint16_t len = (uint16_t)(sizeof(QUERY) - 1);

	if (sent->len < len)
		return;
	memcpy(message, sent->message, len);
	message[0] ^= is_forged;
	message[2] |= 0x80;
	message[3] = rcode;
	memset(message + 6, 0, 6);
	lane_give_datagram(run->lane, LANE_UPSTREAMS,
		&(struct lane_datagram){SERVER, IMAGES_OUTBOUND, 53, sent->port, message, len});
}

// A key is replaced in the order of state/keyring.h only.
static void change_key(struct run *run, enum event event)
{
	struct keyring *ring = &run->lane->keyring;
	static const uint8_t steps[] = {OFFER_KEY, SWITCH_KEY, RETIRE_KEY};
	uint8_t key[AES128_KEY_LEN] = {run->key};

	if (event != steps[run->key % 3])
		return;
	if (event == OFFER_KEY)
		keyring_offer(ring, key);
	else if (event == SWITCH_KEY)
		keyring_switch(ring);
	else
		keyring_retire(ring);
	run->key++;
}

static void take_sent(struct run *run)
{
	struct lane_datagram datagram;
	const uint8_t *message;
	uint16_t len;

	while ((message = lane_take(run->lane, LANE_UPSTREAMS, &len, &datagram))) {
		struct sent *sent = &run->sent[run->sent_count++ % SENT];

		HOLDS(len <= sizeof(sent->message));
		sent->port = datagram.from_port;
		sent->len = len;
		memcpy(sent->message, message, len);
	}
}

static void take_answers(struct run *run)
{
	struct lane_datagram datagram;
	const uint8_t *message;
	uint16_t len;

	while ((message = lane_take(run->lane, LANE_CLIENTS, &len, &datagram))) {
		uint8_t client = message[1];

		HOLDS(message[0] == 0 && datagram.to_port == FIRST_PORT + client);
		HOLDS(run->is_waiting[client]);
		HOLDS(memcmp(message + NAME_OFF, run->name[client], 3) == 0);
		run->is_waiting[client] = false;
	}
}

static void turn(struct run *run)
{
	worker_turn(&run->lane->worker, run->lane->now_us);
	take_sent(run);
	take_answers(run);
}

static void take_event(struct run *run, enum event event, uint8_t who)
{
	switch (event) {
	case ASK: ask(run, who); break;
	case REPLY: reply(run, who, RCODE_NOERROR, false); break;
	case REPLY_BADLY: reply(run, who, RCODE_SERVFAIL, false); break;
	case FORGE: reply(run, who, RCODE_NOERROR, true); break;
	case WAIT: run->lane->now_us += (uint64_t)who * 20000; break;
	case OFFER_KEY:
	case SWITCH_KEY:
	case RETIRE_KEY: change_key(run, event); break;
	case EVENTS: break;
	}
	turn(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;

	if (!run.lane)
		run.lane = lane_new(rules, 1);
	memset(run.sent, 0, sizeof(run.sent));
	run.sent_count = run.question_count = 0;
	for (; size >= 2; data += 2, size -= 2)
		take_event(&run, data[0] % EVENTS, data[1]);
	for (unsigned i = 0; i < 80; i++) {
		run.lane->now_us += DEADLINE_US / 40;
		turn(&run);
	}
	HOLDS(run.sent_count <= 3 * run.question_count);
	HOLDS(inflight_count(run.lane->worker.path.inflight) == 0);
	HOLDS(inflight_load(run.lane->worker.path.inflight, 0) == 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		HOLDS(!run.is_waiting[i]);
	lane_check_laws(run.lane);
	return 0;
}
