// SPDX-License-Identifier: BSD-3-Clause
// Two workers: replies that arrive at the wrong one's queue find their query all the same.
#include "dataplane/path/path.h"
#include "tests/unit/lane.h"
#include "tests/unit/unit.h"

#define CLIENT "10.53.0.1"
#define SERVER "10.54.0.11"

#define QUESTION "\3www\1a\3com\0\0\1\0\1"
#define QUERY    "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
// One answer: a TXT record, whose data follow.
#define REPLY     "\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x0c\0\x10\0\1\0\0\0\x3c"
#define REPLY_LEN (sizeof(REPLY) - 1)

enum { TYPE_OFF = sizeof(QUERY) - 1 - 4, FLAGS_OFF = 2, ID_LEN = 2, RING_RECORDS = 1024 };

static const struct image_rule_text rules[] = {{.domain = "a.com.", .target = SERVER}};

struct pair {
	struct lane *lanes[2];
};

static struct pair pair;

static int set_up(void **state)
{
	lane_new_crowd(pair.lanes, 2, rules, 1);
	*state = &pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *both = *state;

	for (unsigned i = 0; i < 2; i++) {
		lane_check_laws(both->lanes[i]);
		lane_free(both->lanes[i]);
	}
	return 0;
}

static void turn(struct lane *lane)
{
	worker_turn(&lane->worker, lane->now_us);
}

static uint64_t count(const struct lane *lane, enum path_counter counter)
{
	return counter_get(&lane->counters[counter]);
}

// What went upstream: where from, and with which ID.
struct sent {
	uint16_t port;
	uint8_t id[ID_LEN];
	uint8_t type[2];
};

// Each time for another type, so that it is another question.
static struct sent ask(struct lane *lane)
{
	static uint8_t type;
	uint8_t query[] = QUERY;
	struct lane_datagram datagram;
	struct sent sent = {.type = {1, type++}};
	const uint8_t *message;
	uint16_t len;

	memcpy(query + TYPE_OFF, sent.type, 2);
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){
			CLIENT, IMAGES_INBOUND, 4242, 53, query, sizeof(query) - 1});
	message = lane_take(lane, LANE_UPSTREAMS, &len, &datagram);
	assert_non_null(message);
	sent.port = datagram.from_port;
	memcpy(sent.id, message, ID_LEN);
	return sent;
}

static void give(struct lane *lane, const struct sent *sent, const uint8_t *message, size_t len)
{
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){
			SERVER, IMAGES_OUTBOUND, 53, sent->port, message, (uint16_t)len});
}

// A right reply whose record has so many bytes of data, into this worker's queue.
static size_t reply(struct lane *lane, const struct sent *sent, uint16_t data_len)
{
	uint8_t message[1500] = {0};

	memcpy(message, sent->id, ID_LEN);
	memcpy(message + FLAGS_OFF, REPLY, REPLY_LEN);
	memcpy(message + TYPE_OFF, sent->type, 2);
	message[FLAGS_OFF + REPLY_LEN] = (uint8_t)(data_len >> 8);
	message[FLAGS_OFF + REPLY_LEN + 1] = (uint8_t)data_len;
	give(lane, sent, message, FLAGS_OFF + REPLY_LEN + 2 + data_len);
	return FLAGS_OFF + REPLY_LEN + 2 + data_len;
}

static void assert_answered(struct lane *lane, size_t wanted_len)
{
	const uint8_t *answer;
	uint16_t len;

	answer = lane_take(lane, LANE_CLIENTS, &len, NULL);
	assert_non_null(answer);
	assert_memory_equal(answer, "\x12\x34\x81\x80\0\1\0\1", 8);
	assert_int_equal(len, wanted_len);
}

static void assert_silence(struct lane *lane)
{
	uint16_t len;

	assert_null(lane_take(lane, LANE_CLIENTS, &len, NULL));
	assert_null(lane_take(lane, LANE_UPSTREAMS, &len, NULL));
}

// Odd and even ports alike, low and high ones: of 1,000 draws each quarter of the range gets its share of 250, by chance hardly more
// than 70 off.
static void I03_each_worker_draws_from_the_whole_range(void **state)
{
	struct pair *both = *state;

	for (unsigned worker = 0; worker < 2; worker++) {
		unsigned quarters[4] = {0}, odd = 0;

		for (unsigned i = 0; i < 1000; i++) {
			struct sent sent = ask(both->lanes[worker]);

			assert_in_range(sent.port, 10000, 60999);
			quarters[(sent.port - 10000) / 12750]++;
			odd += sent.port % 2;
			reply(both->lanes[worker], &sent, 4);
			assert_non_null(memory_take_sent(both->lanes[worker]->ports[LANE_CLIENTS]));
		}
		for (unsigned i = 0; i < 4; i++)
			assert_in_range(quarters[i], 180, 320);
		assert_in_range(odd, 420, 580);
	}
}

static void reply_at_its_owners_queue_stays_there(void **state)
{
	struct pair *both = *state;
	struct sent sent = ask(both->lanes[1]);
	size_t len = reply(both->lanes[1], &sent, 4);

	assert_answered(both->lanes[1], len);
	assert_int_equal(count(both->lanes[1], EXIT_handed_over), 0);
}

static void reply_at_the_other_queue_finds_its_query(void **state)
{
	static const uint16_t lens[] = {4, 100, 200, 400}; // in a record, and in a cell
	struct pair *both = *state;

	for (unsigned owner = 0; owner < 2; owner++) {
		struct lane *own = both->lanes[owner], *other = both->lanes[!owner];

		for (unsigned i = 0; i < 4; i++) {
			struct sent sent = ask(own);
			size_t len = reply(other, &sent, lens[i]);

			assert_silence(own);
			assert_silence(other);
			turn(own);
			assert_answered(own, len);
			assert_silence(own);
			turn(other);
			assert_silence(other);
		}
		assert_int_equal(count(other, EXIT_handed_over), 4);
		assert_int_equal(count(own, COUNT_taken_over), 4);
		assert_int_equal(count(own, EXIT_accepted), 4);
		assert_int_equal(count(own, COUNT_waiting), 0);
	}
}

// With another ID it is nobody's, whoever it goes to.
static void reply_that_lies_finds_nobody(void **state)
{
	struct pair *both = *state;
	struct sent sent = ask(both->lanes[0]), forged = sent;
	uint64_t unknown;
	size_t len;

	for (unsigned i = 0; i < 100; i++) {
		forged.id[i % 2]++;
		reply(both->lanes[1], &forged, 4);
	}
	turn(both->lanes[0]);
	turn(both->lanes[1]);
	assert_silence(both->lanes[0]);
	assert_silence(both->lanes[1]);
	unknown = count(both->lanes[0], EXIT_upstream_unknown) +
		count(both->lanes[1], EXIT_upstream_unknown);
	assert_int_equal(unknown, 100);
	len = reply(both->lanes[1], &sent, 4);
	turn(both->lanes[0]);
	assert_answered(both->lanes[0], len);
}

// What left under the old key is answered while the next one is issued by, at either worker.
static void replies_find_their_queries_across_a_change_of_keys(void **state)
{
	static const uint8_t next_key[AES128_KEY_LEN] = {2};
	struct pair *both = *state;
	struct sent old[100], fresh;
	size_t len = 0;

	both->lanes[0]->worker.path.upstream_max = UINT32_MAX;
	for (unsigned i = 0; i < 100; i++)
		old[i] = ask(both->lanes[0]);
	for (unsigned i = 0; i < 2; i++) {
		keyring_offer(&both->lanes[i]->keyring, next_key);
		turn(both->lanes[i]);
		keyring_switch(&both->lanes[i]->keyring);
	}
	fresh = ask(both->lanes[0]);
	for (unsigned i = 0; i < 100; i++) {
		len = reply(both->lanes[i % 2], &old[i], 4);
		for (unsigned t = 0; t < 4; t++)
			turn(both->lanes[t % 2]);
		assert_answered(both->lanes[0], len);
	}
	for (unsigned i = 0; i < 2; i++)
		keyring_retire(&both->lanes[i]->keyring);
	reply(both->lanes[1], &fresh, 4);
	turn(both->lanes[0]);
	assert_answered(both->lanes[0], len);
}

static void junk_is_not_handed_over(void **state)
{
	struct pair *both = *state;
	struct sent sent = ask(both->lanes[0]);
	uint8_t message[64] = {0};

	give(both->lanes[1], &sent, message, 11);
	give(both->lanes[1], &sent, (const uint8_t *)QUERY, sizeof(QUERY) - 1);
	assert_int_equal(count(both->lanes[1], EXIT_upstream_bad_header), 2);
	memcpy(message, "\0\0\x81\x80\0\0\0\1\0\0\0\0", 12); // an answer that is not there
	give(both->lanes[1], &sent, message, 12);
	assert_int_equal(count(both->lanes[1], EXIT_upstream_malformed), 1);
	assert_int_equal(count(both->lanes[1], EXIT_handed_over), 0);
	turn(both->lanes[0]);
	assert_int_equal(count(both->lanes[0], COUNT_taken_over), 0);
}

static void full_ring_drops_and_counts_and_drains(void **state)
{
	struct pair *both = *state;
	struct sent sent = ask(both->lanes[0]);
	size_t len = 0;

	for (unsigned i = 0; i < RING_RECORDS + 10; i++)
		len = reply(both->lanes[1], &sent, 4);
	assert_int_equal(count(both->lanes[1], EXIT_handed_over), RING_RECORDS);
	assert_int_equal(count(both->lanes[1], EXIT_upstream_not_handed), 10);
	while (count(both->lanes[0], COUNT_taken_over) < RING_RECORDS)
		turn(both->lanes[0]);
	assert_answered(both->lanes[0], len);
	assert_silence(both->lanes[0]);
	assert_int_equal(count(both->lanes[0], EXIT_upstream_unknown), RING_RECORDS - 1);
	sent = ask(both->lanes[0]);
	len = reply(both->lanes[1], &sent, 4);
	turn(both->lanes[0]);
	assert_answered(both->lanes[0], len);
}

// A turn takes over as much as two full bursts, so that a ring drains faster than a burst a turn fills it.
static void a_turn_takes_over_more_than_a_burst(void **state)
{
	struct pair *both = *state;
	struct sent sent = ask(both->lanes[0]);

	for (unsigned i = 0; i < 2 * PORT_BURST; i++)
		reply(both->lanes[1], &sent, 4);
	turn(both->lanes[0]);
	assert_int_equal(count(both->lanes[0], COUNT_taken_over), 2 * PORT_BURST);
	assert_non_null(memory_take_sent(both->lanes[0]->ports[LANE_CLIENTS]));
}

static void late_reply_meets_the_time_out(void **state)
{
	struct pair *both = *state;
	struct sent sent = ask(both->lanes[0]);
	const uint8_t *answer;
	uint16_t len;

	both->lanes[0]->now_us += 4000000;
	turn(both->lanes[0]);
	answer = lane_take(both->lanes[0], LANE_CLIENTS, &len, NULL);
	assert_non_null(answer);
	assert_int_equal(answer[FLAGS_OFF + 1] & 0x0f, RCODE_SERVFAIL);
	reply(both->lanes[1], &sent, 4);
	turn(both->lanes[0]);
	assert_silence(both->lanes[0]);
	assert_int_equal(count(both->lanes[0], EXIT_upstream_unknown), 1);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(I03_each_worker_draws_from_the_whole_range),
		PAIR_TEST(reply_at_its_owners_queue_stays_there),
		PAIR_TEST(reply_at_the_other_queue_finds_its_query),
		PAIR_TEST(reply_that_lies_finds_nobody),
		PAIR_TEST(replies_find_their_queries_across_a_change_of_keys),
		PAIR_TEST(junk_is_not_handed_over),
		PAIR_TEST(full_ring_drops_and_counts_and_drains),
		PAIR_TEST(a_turn_takes_over_more_than_a_burst),
		PAIR_TEST(late_reply_meets_the_time_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
