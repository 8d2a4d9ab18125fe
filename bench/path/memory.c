// SPDX-License-Identifier: BSD-3-Clause
// The whole worker over port/memory: queries from a file, an upstream that answers them after others, every answer held
// against its question. Prints what a query costs as one JSON object.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/reply.h"
#include "bench/load/traffic.h"
#include "bench/path/stand.h"
#include "dataplane/path/frame.h"
#include "dataplane/port/memory.h"

enum {
	BURST = 32,       // queries a turn, and replies
	AWAY = 4096,      // room for replies that the upstream holds back
	HELD = 3800,      // of them, unless said otherwise
	FRAME_MAX = 1024, // of a reply
	WARM_UP = 4 * AWAY,
	TURNS_MAX = 4, // before more queries and replies come
	CALM_MAX_MS = 30000,
	MS = 1000000, // in ns
};

// Replies on their way, oldest first.
struct away {
	unsigned head, tail;
	struct {
		uint64_t due; // when so many queries are sent
		uint16_t len;
		uint8_t bytes[FRAME_MAX];
	} frames[AWAY];
};

struct bench {
	struct stand stand;
	struct stand_record record;
	struct memory_port *memory;
	struct client client;
	struct replier replier;
	struct away away;
	uint64_t held;    // replies that the upstream holds back
	uint64_t warm_up; // queries before those that count
};

static const struct ipv4_header *ip_of(const uint8_t *frame)
{
	return (const struct ipv4_header *)(frame + sizeof(struct ethernet_header));
}

static bool is_to_upstream(const uint8_t *frame)
{
	const struct udp_header *udp = (const struct udp_header *)(ip_of(frame) + 1);

	return be16_get(udp->target) == BENCH_PORT;
}

static void put_query(struct bench *bench)
{
	uint8_t frame[CLIENT_FRAME_MAX] __attribute__((uninitialized));
	unsigned len = client_ask(&bench->client, frame, stand_clock_ns());

	if (!memory_put(bench->memory, frame, len))
		client_unsend(&bench->client);
}

static void put_reply(struct bench *bench)
{
	struct away *away = &bench->away;
	unsigned at = away->head % AWAY;

	if (memory_put(bench->memory, away->frames[at].bytes, away->frames[at].len))
		away->head++;
}

static void send_away(struct bench *bench, const struct memory_frame *frame)
{
	struct away *away = &bench->away;
	unsigned at = away->tail % AWAY;
	uint8_t *bytes = away->frames[at].bytes;
	bool is_lie = false;

	switch (reply_plan(&bench->replier)) {
	case REPLY_NOTHING: return;
	case REPLY_LIE_FIRST: is_lie = true; break;
	case REPLY_TRUTH: break;
	}
	memcpy(bytes, frame->data, frame->len);
	away->frames[at].len = (uint16_t)reply_make(&bench->replier, bytes, frame->len);
	if (is_lie && away->frames[at].len > 0) {
		uint8_t lie[FRAME_MAX];

		memcpy(lie, bytes, away->frames[at].len);
		reply_falsify(&bench->replier, lie);
		(void)!memory_put(bench->memory, lie, away->frames[at].len);
	}
	away->frames[at].due = bench->client.sent + bench->held;
	away->tail += away->frames[at].len > 0;
}

// What the worker sent goes to whom it is for.
static void deliver(struct bench *bench)
{
	const struct memory_frame *frame;

	while ((frame = memory_take_sent(bench->memory))) {
		struct client_frame one = {frame->data, frame->len};

		if (is_to_upstream(frame->data))
			send_away(bench, frame);
		else
			client_take(&bench->client, &one, 1, stand_clock_ns());
	}
}

static bool is_due(const struct bench *bench, bool is_all_due)
{
	const struct away *away = &bench->away;

	return away->head != away->tail &&
		(is_all_due || away->frames[away->head % AWAY].due <= bench->client.sent);
}

// A burst of queries, and the replies that are due, or all; then turns, until nothing moves.
static void step(struct bench *bench, unsigned query_count, bool is_all_due)
{
	for (unsigned i = 0; i < query_count; i++)
		put_query(bench);
	for (unsigned i = 0; i < BURST && is_due(bench, is_all_due); i++)
		put_reply(bench);
	for (unsigned i = 0; i < TURNS_MAX && stand_turn(&bench->stand); i++)
		deliver(bench);
}

static void run(struct bench *bench, uint64_t count)
{
	while (bench->client.sent < count)
		step(bench, BURST, false);
	while (counter_get(&bench->stand.counters[COUNT_waiting]) > 0)
		step(bench, 0, true);
}

static bool is_left_alone(const struct stand *stand, const struct ip *ip)
{
	for (uint32_t i = 0; i < atomic_load(&stand->upstream_count); i++)
		if (ip_equal(&stand->upstreams[i].endpoint.ip, ip))
			return atomic_load(&stand->upstreams[i].rest) != 0;
	return false;
}

// Slowly, until the worker knows who does not answer: on a machine that others use too it forgives many misses.
static void run_calmly(struct bench *bench)
{
	const struct ip silent = bench_ip(BENCH_SILENT);
	uint64_t began = stand_clock_ns();

	for (uint64_t at = began; at - began < (uint64_t)CALM_MAX_MS * MS; at += MS) {
		while (stand_clock_ns() < at)
			(void)!stand_turn(&bench->stand);
		step(bench, BURST, true);
		if (is_left_alone(&bench->stand, &silent))
			return;
	}
}

static int make(struct bench *bench, struct traffic *traffic, const struct image_setup *setup,
	char error[static IMAGE_ERROR_LEN])
{
	if (traffic_read(traffic, error) != 0)
		return -1;
	replier_init(&bench->replier, &traffic->reply);
	bench->memory = memory_new(0);
	if (!bench->memory || client_init(&bench->client, &traffic->client) != 0) {
		snprintf(error, IMAGE_ERROR_LEN, "no memory for the port or the clients");
		return -1;
	}
	if (stand_init(&bench->stand, memory_as_port(bench->memory), &bench->record, error) != 0 ||
		stand_load(&bench->stand, 0, setup, error) != 0 ||
		(setup->swap_sec > 0 && stand_load(&bench->stand, 1, setup, error) != 0))
		return -1;
	stand_serve(&bench->stand, 0);
	if (setup->swap_sec > 0)
		stand_swap(&bench->stand, setup->swap_sec);
	return 0;
}

// What each step took of a query, in ns; nothing in a build without profile.
static json_t *steps_of(const struct bench *bench, double per_ns)
{
	json_t *steps = json_object();

	for (unsigned i = 0; i < PATH_COUNTER_COUNT; i++)
		if (path_counter_kind(i) == COUNTER_CYCLES)
			json_object_set_new(steps, strchr(path_counter_name(i), '.') + 1,
				json_real((double)counter_get(&bench->stand.counters[i]) / per_ns /
					(double)bench->client.answered));
	return steps;
}

static int report(const struct bench *bench)
{
	const struct client *client = &bench->client;
	const struct stand_record *record = &bench->record;
	double answered = (double)(client->answered ? client->answered : 1);
	double per_ns = stand_ticks_per_ns();
	json_t *out = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:o}",
		"warm_up", (json_int_t)bench->warm_up, "sent", (json_int_t)client->sent, "answered",
		(json_int_t)client->answered, "wrong", (json_int_t)client_wrong(client), "late",
		(json_int_t)client->late, "lost", (json_int_t)(client->sent - client->answered),
		"own_ns", (double)record->own_ticks / per_ns / answered, "port_ns",
		(double)record->port_ticks / per_ns / answered, "turns", (json_int_t)record->turns,
		"gaps", (json_int_t)record->gap_count, "steps", steps_of(bench, per_ns));
	int err = json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));

	putchar('\n');
	json_decref(out);
	return err;
}

static void forget(struct bench *bench)
{
	bench->warm_up = bench->client.sent;
	client_reset(&bench->client);
	bench->record = (struct stand_record){0};
	for (unsigned i = 0; i < PATH_COUNTER_COUNT; i++)
		if (path_counter_kind(i) == COUNTER_CYCLES)
			atomic_store(&bench->stand.counters[i], 0);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	static struct traffic traffic;
	struct image_setup image = {.rule_count = 1000000};
	uint64_t count = 2000000;
	const struct word words[] = {
		TRAFFIC_WORDS(&traffic),
		IMAGE_WORDS(&image),
		{"for", WORD_NUMBER, &count, NULL},
		{"held", WORD_NUMBER, &bench.held, NULL},
		{.kind = WORD_END},
	};
	char error[IMAGE_ERROR_LEN];
	int status;

	bench.held = HELD;
	if (words_read(words, argc, argv) != 0)
		return 2;
	if (bench.held > HELD) {
		fprintf(stderr, "memory: held=%d is the most\n", HELD);
		return 2;
	}
	if (make(&bench, &traffic, &image, error) != 0) {
		fprintf(stderr, "memory: %s\n", error);
		return 1;
	}
	if (image.has_silent)
		run_calmly(&bench);
	run(&bench, bench.client.sent + WARM_UP);
	forget(&bench);
	run(&bench, count);
	status = report(&bench);
	stand_fini(&bench.stand);
	client_fini(&bench.client);
	questions_fini(&traffic.questions);
	memory_free(bench.memory);
	return status;
}
