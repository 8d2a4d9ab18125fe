// SPDX-License-Identifier: BSD-3-Clause
// Clients played: many addresses that ask questions in turn and hold every answer against what was asked.
//
//   number ──▶ question, client's address and port, ID          an answer leads back by its port and ID
//
// No I/O and no clock: frames are made and looked at, time is an argument, in ticks of the caller's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/histogram.h"
#include "bench/load/questions.h"
#include "core/ip.h"

enum {
	CLIENT_SLOTS_LOG2 = 20, // questions that may wait
	CLIENT_SLOTS = 1 << CLIENT_SLOTS_LOG2,
	CLIENT_ADDRESSES_LOG2 = 12, // below the first
	CLIENT_BURST = 64,
	CLIENT_FRAME_MAX = 512, // of a query
};

// What is wrong with an answer.
#define CLIENT_FAULTS(FAULT)                                               \
	FAULT(frame, "no UDP over IPv4, or lengths contradict each other") \
	FAULT(ip_sum, "wrong IPv4 header checksum")                        \
	FAULT(udp_sum, "wrong UDP checksum")                               \
	FAULT(unasked, "nobody asked with this address, port and ID")      \
	FAULT(source, "not from the server asked")                         \
	FAULT(question, "another question")                                \
	FAULT(rcode, "another rcode, or other flags")                      \
	FAULT(record, "other records")

enum client_fault {
#define CLIENT_FAULT_ID(name, what) CLIENT_FAULT_##name,
	CLIENT_FAULTS(CLIENT_FAULT_ID)
#undef CLIENT_FAULT_ID
		CLIENT_FAULT_COUNT,
	CLIENT_RIGHT = CLIENT_FAULT_COUNT,
	CLIENT_LATE, // right once, but answered before, or given up
};

struct client_setup {
	const struct questions *questions;
	uint8_t mac[6], server_mac[6];
	uint8_t address[4]; // the first client's
	uint8_t server[4];
	uint16_t server_port;
	uint16_t rcode;    // that is right
	bool is_echo;      // what comes back is the query itself
	bool is_random;    // the first label is one of its own each time
	uint8_t truncated; // of 256 questions, answered with TC; must agree with the upstream
};

// A question that waits.
struct client_wait {
	uint64_t sent; // 0: nobody waits
	uint32_t number;
	uint32_t unused;
};

struct client {
	struct client_setup setup;
	uint32_t next; // number
	uint64_t sent, answered, late;
	uint64_t wrong[CLIENT_FAULT_COUNT];
	struct histogram latency; // ticks
	struct client_wait *waits;
};

// 0 or -ENOMEM.
[[nodiscard]] int client_init(struct client *, const struct client_setup *setup);
void client_fini(struct client *);
// Nothing waits and nothing was counted; numbers go on, so that what comes late is known to be.
void client_reset(struct client *);

// The next query; gives its length. It waits from now on, unless client_unsend() says that it could not be sent.
[[nodiscard]] unsigned client_ask(
	struct client *, uint8_t frame[static CLIENT_FRAME_MAX], uint64_t now);
void client_unsend(struct client *);

struct client_frame {
	const uint8_t *bytes;
	uint32_t len;
};

// Looks at answers, CLIENT_BURST at most.
void client_take(struct client *, const struct client_frame *frames, unsigned count, uint64_t now);

[[nodiscard]] uint64_t client_wrong(const struct client *);
const char *client_fault_name(enum client_fault fault);
