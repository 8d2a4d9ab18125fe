// SPDX-License-Identifier: BSD-3-Clause
// A client and name servers around a lane that serves a config, who speak in text.
#pragma once

#include "tests/unit/lane.h"

// A lane that serves this YAML; fails the test where it can't. Give it back with lane_free().
struct lane *talk_new(const char *yaml);
// Serves another from now on.
void talk_switch(struct lane *lane, const char *yaml);

// Sends a question, of a client with these header flags and, if its size is not 0, an OPT record.
void talk_ask(struct lane *lane, const char *name, uint16_t type, uint16_t flags, uint16_t size);
// The answer: "RCODE AA TC AD answers | authority", records as "owner ttl type data; ". Empty: there is none.
const char *talk_answer(struct lane *lane);
// Both, with RD set and without an OPT record; "forwarded" if it went upstream.
const char *talk(struct lane *lane, const char *name, uint16_t type);

// What went upstream.
struct talk_sent {
	char text[1200]; // "name type to address"
	char to[64];
	uint16_t port, len;
	uint8_t message[512];
};
// False: nothing did.
bool talk_sent(struct lane *lane, struct talk_sent *sent);
// The server's reply, with these flags beside QR and RA. Records are lines "OWNER TTL TYPE DATA", those behind a line "--" in the authority
// section; names are
// compressed.
void talk_reply(
	struct lane *lane, const struct talk_sent *sent, uint16_t flags, const char *records);
