// SPDX-License-Identifier: BSD-3-Clause
// How hard it is to answer in an upstream's place: source ports and IDs as an outsider sees them, and replies that he forges.
//
// Runs are a tenth of full length, or a fiftieth, unless SHUNT_FULL is set. The key is the same each time, and so is the outcome.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/path/path.h"
#include "tests/unit/lane.h"
#include "tests/unit/unit.h"

#define SERVER "10.54.0.11"
// 20 letters below a.com.
#define NAME  "\24abcdefghijklmnopqrst\1a\3com\0"
#define QUERY "\x12\x34\1\0\0\1\0\0\0\0\0\0" NAME "\0\1\0\1"

enum {
	TYPE_OFF = sizeof(QUERY) - 1 - 4,
	PORT_FIRST = 10000,
	PORT_COUNT = 51000,
	PORT_BINS = 1000,
	BINS = 256,
	DRAWS = 1000000,
	FORGERIES = 10000000,
	DEADLINE_US = 4000000,
};

static const struct image_rule_text rules[] = {
	{.domain = "a.com.", .target = SERVER, .upstream_flags = IMAGE_RANDOMISES_CASE}};

static bool is_full(void)
{
	return getenv("SHUNT_FULL") != NULL;
}

struct sent {
	uint16_t port;
	uint16_t id;
	uint16_t len;
	uint8_t message[512];
};

static void ask(struct lane *lane, unsigned n)
{
	uint8_t query[] = QUERY;

	query[TYPE_OFF] = (uint8_t)(1 + n % 64);
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){
			"10.53.0.1", IMAGES_INBOUND, 4242, 53, query, sizeof(query) - 1});
}

static bool take_sent(struct lane *lane, struct sent *sent)
{
	struct lane_datagram datagram;
	const uint8_t *message = lane_take(lane, LANE_UPSTREAMS, &sent->len, &datagram);

	if (!message)
		return false;
	sent->port = datagram.from_port;
	sent->id = (uint16_t)(message[0] << 8 | message[1]);
	memcpy(sent->message, message, sent->len);
	return true;
}

static void reply(struct lane *lane, struct sent *sent)
{
	sent->message[2] |= 0x80;
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){
			SERVER, IMAGES_OUTBOUND, 53, sent->port, sent->message, sent->len});
}

// What was counted in bins that are equally likely, as standard deviations from what is to be expected.
static double deviation(const uint32_t *bins, unsigned count)
{
	double sum = 0, chi = 0, expected;

	for (unsigned i = 0; i < count; i++)
		sum += bins[i];
	expected = sum / count;
	for (unsigned i = 0; i < count; i++)
		chi += (bins[i] - expected) * (bins[i] - expected) / expected;
	return (chi - (count - 1)) / sqrt(2.0 * (count - 1));
}

// One worker's draws.
struct tally {
	uint32_t ports[PORT_BINS], high[BINS], low[BINS];
	uint32_t pairs[BINS];  // upper four bits of port and ID together
	uint32_t serial[BINS]; // upper four bits of an ID and the next
	uint32_t before;
};

static void add(struct tally *tally, const struct sent *sent)
{
	uint32_t port = sent->port - PORT_FIRST;

	assert_in_range(sent->port, PORT_FIRST, PORT_FIRST + PORT_COUNT - 1);
	tally->ports[port / (PORT_COUNT / PORT_BINS)]++;
	tally->high[sent->id >> 8]++;
	tally->low[sent->id & 0xff]++;
	tally->serial[tally->before << 4 | sent->id >> 12]++;
	tally->before = sent->id >> 12;
	if (port < PORT_COUNT / 17 * 16)
		tally->pairs[port / (PORT_COUNT / 17) << 4 | sent->id >> 12]++;
}

// Where all is uniform, one run in 500 is further off.
static void assert_uniform(const char *what, const uint32_t *bins, unsigned count)
{
	double found = deviation(bins, count);

	printf("# %s: %.2f standard deviations\n", what, found);
	assert_true(fabs(found) < 3.1);
}

static void check_draws(unsigned worker_count)
{
	unsigned draws = is_full() ? DRAWS : DRAWS / 10;
	struct lane *lanes[LANE_CROWD_MAX];

	lane_new_crowd(lanes, worker_count, rules, 1);
	for (unsigned w = 0; w < worker_count; w++) {
		struct tally *tally = calloc(1, sizeof(*tally));
		struct sent sent;

		assert_non_null(tally);
		for (unsigned i = 0; i < draws; i++) {
			ask(lanes[w], i);
			assert_true(take_sent(lanes[w], &sent));
			add(tally, &sent);
			reply(lanes[w], &sent);
			assert_non_null(memory_take_sent(lanes[w]->ports[LANE_CLIENTS]));
		}
		printf("# %u queries by worker %u of %u\n", draws, w, worker_count);
		assert_uniform("ports", tally->ports, PORT_BINS);
		assert_uniform("upper half of the ID", tally->high, BINS);
		assert_uniform("lower half of the ID", tally->low, BINS);
		assert_uniform("port and ID together", tally->pairs, BINS);
		assert_uniform("ID and the one before", tally->serial, BINS);
		free(tally);
	}
	for (unsigned w = 0; w < worker_count; w++)
		lane_free(lanes[w]);
}

static void I01_I02_ports_and_IDs_of_one_worker_are_uniform(void **state)
{
	(void)state;
	check_draws(1);
}

static void I03_ports_and_IDs_of_each_of_four_workers_are_uniform(void **state)
{
	(void)state;
	check_draws(4);
}

// Within so many draws, 16 turns of every send at least, no pair comes again.
static void I04_a_pair_does_not_come_again_soon(void **state)
{
	enum { RUN = 200000 };
	struct lane *lane = lane_new(rules, 1);
	uint8_t *seen = calloc((size_t)PORT_COUNT << 16 >> 3, 1);
	struct sent sent;

	(void)state;
	assert_non_null(seen);
	for (unsigned i = 0; i < RUN; i++) {
		size_t pair;

		ask(lane, i);
		assert_true(take_sent(lane, &sent));
		pair = (size_t)(sent.port - PORT_FIRST) << 16 | sent.id;
		assert_int_equal(seen[pair >> 3] >> (pair & 7) & 1, 0);
		seen[pair >> 3] |= (uint8_t)(1 << (pair & 7));
		reply(lane, &sent);
		assert_non_null(memory_take_sent(lane->ports[LANE_CLIENTS]));
	}
	free(seen);
	lane_free(lane);
}

// The forger's own numbers (xorshift).
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t count(const struct lane *lane, enum path_counter counter)
{
	return counter_get(&lane->counters[counter]);
}

// Someone who knows the name, its type, both addresses and the target's port, but neither port, ID nor letter case. The target is
// silent; the question is asked anew at each deadline.
static void C01_no_forged_reply_is_accepted(void **state)
{
	unsigned forgeries = is_full() ? FORGERIES : FORGERIES / 50;
	unsigned rounds = 25, asked = 0;
	struct lane *lane = lane_new(rules, 1);
	uint64_t random = 88172645463325252;
	uint8_t frame[MEMORY_CELL_SIZE];
	struct sent sent;

	(void)state;
	for (unsigned i = 0; i < forgeries; i++) {
		uint64_t bits = draw(&random);
		uint16_t port = (uint16_t)(PORT_FIRST + (bits >> 16) % PORT_COUNT);
		uint8_t message[] = QUERY;

		if (i % (forgeries / rounds) == 0) {
			lane->now_us += DEADLINE_US;
			ask(lane, 0);
			while (take_sent(lane, &sent))
				asked++;
		}
		memcpy(message, &bits, 2);
		message[2] = 0x81;
		message[3] = 0x80;
		assert_true(memory_put(lane->ports[LANE_UPSTREAMS], frame,
			lane_frame(frame,
				&(struct lane_datagram){SERVER, IMAGES_OUTBOUND, 53, port, message,
					sizeof(message) - 1})));
		if (i % 32 == 31)
			worker_turn(&lane->worker, lane->now_us);
	}
	worker_turn(&lane->worker, lane->now_us);
	printf("# %u forged replies against %u sends: %llu accepted, %llu found nobody\n",
		forgeries, asked, (unsigned long long)count(lane, EXIT_accepted),
		(unsigned long long)count(lane, EXIT_upstream_unknown));
	assert_int_equal(count(lane, COUNT_replies), forgeries);
	assert_int_equal(count(lane, EXIT_accepted), 0);
	assert_true(asked >= rounds);
	// G08: the one who is slandered does not rest.
	ask(lane, 1);
	assert_true(take_sent(lane, &sent));
	reply(lane, &sent);
	assert_int_equal(count(lane, EXIT_accepted), 1);
	lane_free(lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(I01_I02_ports_and_IDs_of_one_worker_are_uniform),
		cmocka_unit_test(I03_ports_and_IDs_of_each_of_four_workers_are_uniform),
		cmocka_unit_test(I04_a_pair_does_not_come_again_soon),
		cmocka_unit_test(C01_no_forged_reply_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
