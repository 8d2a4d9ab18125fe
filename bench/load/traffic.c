// SPDX-License-Identifier: BSD-3-Clause
// From arguments to what both sides are set up with.
#include "bench/load/traffic.h"

#include <stdio.h>
#include <string.h>

#include "bench/path/image.h"
#include "core/msg.h"

const char *const traffic_orders[] = {"file", "uniform", "zipf", NULL};
const char *const traffic_answers[] = {"answer", "refused", "nxdomain", "echo", NULL};

static uint8_t of_256(double share)
{
	return (uint8_t)(share >= 1 ? 255 : share * 256);
}

static void fill_client(struct traffic *traffic)
{
	static const uint16_t rcodes[] = {
		[TRAFFIC_REFUSED] = RCODE_REFUSED, [TRAFFIC_NXDOMAIN] = RCODE_NXDOMAIN};
	struct ip clients = bench_ip(BENCH_CLIENTS), server = bench_ip(BENCH_INBOUND);
	struct client_setup *client = &traffic->client;

	*client = (struct client_setup){
		.questions = &traffic->questions,
		.server_port = BENCH_PORT,
		.rcode = traffic->expected < TRAFFIC_ECHO ? rcodes[traffic->expected] : 0,
		.is_echo = traffic->expected == TRAFFIC_ECHO,
		.is_random = traffic->is_random,
		.truncated = of_256(traffic->truncated),
	};
	memcpy(client->mac, bench_peer_mac, 6);
	memcpy(client->server_mac, bench_our_mac, 6);
	memcpy(client->address, clients.b + 12, 4);
	memcpy(client->server, server.b + 12, 4);
}

int traffic_read(struct traffic *traffic, char error[static QUESTIONS_ERROR_LEN])
{
	if (!traffic->queries) {
		snprintf(error, QUESTIONS_ERROR_LEN, "queries=FILE is missing");
		return -1;
	}
	fill_client(traffic);
	traffic->reply = (struct reply_setup){
		.truncated = of_256(traffic->truncated),
		.dropped = of_256(traffic->dropped),
		.lied = of_256(traffic->lied),
		.is_nxdomain = traffic->expected == TRAFFIC_NXDOMAIN,
	};
	memcpy(traffic->reply.silent, bench_ip(BENCH_SILENT).b + 12, 4);
	return questions_read(&traffic->questions, traffic->queries, (enum order)traffic->order,
		       (uint32_t)traffic->count, error) == 0
		? 0
		: -1;
}
