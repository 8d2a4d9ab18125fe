// SPDX-License-Identifier: BSD-3-Clause
// The path over IPv6 and behind VLAN tags: frames by hand, both families on either side.
#include "dataplane/path/frame.h"
#include "tests/unit/lane.h"
#include "tests/unit/unit.h"

#define QUESTION "\3www\1a\3com\0\0\1\0\1"
#define QUERY    "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
#define RECORD   "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"

#define SERVER_V4 "10.54.0.11"
#define SERVER_V6 "fd54::11"
#define CLIENT_V4 "10.53.0.1"
#define CLIENT_V6 "fd53::1"

enum { IP = 14, UDP = IP + 40, SERVER_PORT = 53, CLIENT_PORT = 4242 };

static const struct image_rule_text rule_v4[] = {{.domain = "a.com.", .target = SERVER_V4}};
static const struct image_rule_text rule_v6[] = {{.domain = "a.com.", .target = SERVER_V6}};

static int set_up(void **state)
{
	*state = lane_new(rule_v6, 1);
	return 0;
}

static int tear_down(void **state)
{
	lane_check_laws(*state);
	lane_free(*state);
	return 0;
}

static uint64_t count(const struct lane *lane, enum path_counter counter)
{
	return counter_get(&lane->counters[counter]);
}

static const struct lane_datagram query_v6 = {
	CLIENT_V6, IMAGES_INBOUND_V6, CLIENT_PORT, 53, QUERY, sizeof(QUERY) - 1};

static void ask(struct lane *lane, const char *client, const char *inbound)
{
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){
			client, inbound, CLIENT_PORT, 53, QUERY, sizeof(QUERY) - 1});
}

// The server's answer, from where the query went to where it came from.
static void answer(struct lane *lane, const struct lane_datagram *asked)
{
	uint8_t reply[512];

	memcpy(reply, asked->message, 2);
	memcpy(reply + 2, "\x81\x80\0\1\0\1\0\0\0\0" QUESTION RECORD,
		sizeof("\x81\x80\0\1\0\1\0\0\0\0" QUESTION RECORD) - 1);
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){asked->to, asked->from, asked->to_port, asked->from_port,
			reply, 12 + sizeof(QUESTION RECORD) - 1});
}

static void take_query(struct lane *lane, struct lane_datagram *asked)
{
	uint16_t len;

	assert_non_null(lane_take(lane, LANE_UPSTREAMS, &len, asked));
}

static void queries_of_either_family_go_to_targets_of_either(void **state)
{
	const struct {
		const char *client, *inbound, *outbound, *server;
		const struct image_rule_text *rules;
	} rows[] = {
		{CLIENT_V4, IMAGES_INBOUND, IMAGES_OUTBOUND, SERVER_V4, rule_v4},
		{CLIENT_V4, IMAGES_INBOUND, IMAGES_OUTBOUND_V6, SERVER_V6, rule_v6},
		{CLIENT_V6, IMAGES_INBOUND_V6, IMAGES_OUTBOUND, SERVER_V4, rule_v4},
		{CLIENT_V6, IMAGES_INBOUND_V6, IMAGES_OUTBOUND_V6, SERVER_V6, rule_v6},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lane *lane = lane_new(rows[i].rules, 1);
		struct lane_datagram asked, answered;
		uint16_t len;

		ask(lane, rows[i].client, rows[i].inbound);
		take_query(lane, &asked);
		assert_string_equal(asked.from, rows[i].outbound);
		assert_string_equal(asked.to, rows[i].server);
		assert_int_equal(asked.to_port, SERVER_PORT);
		answer(lane, &asked);
		assert_non_null(lane_take(lane, LANE_CLIENTS, &len, &answered));
		assert_string_equal(answered.from, rows[i].inbound); // A14
		assert_string_equal(answered.to, rows[i].client);
		assert_int_equal(answered.from_port, 53);
		assert_int_equal(answered.to_port, CLIENT_PORT);
		assert_int_equal(len, 12 + sizeof(QUESTION RECORD) - 1);
		lane_check_laws(lane);
		lane_free(lane);
	}
}

// A frame of the query with so many extension headers of 8 bytes before UDP, all of a kind.
static uint16_t chain(uint8_t frame[static MEMORY_CELL_SIZE], unsigned headers, uint8_t kind)
{
	struct ipv6_header *ip = (struct ipv6_header *)(frame + IP);
	uint16_t len = lane_frame(frame, &query_v6);

	memmove(frame + UDP + 8 * headers, frame + UDP, len - UDP);
	memset(frame + UDP, 0, 8 * headers);
	for (unsigned i = 0; i < headers; i++)
		frame[UDP + 8 * i] = i + 1 < headers ? kind : IP_UDP;
	if (headers > 0)
		ip->next = kind;
	ip->payload_len = be16_of((uint16_t)(len - UDP + 8 * headers));
	return (uint16_t)(len + 8 * headers);
}

static void expect_exit(
	struct lane *lane, const uint8_t *frame, uint16_t len, enum path_counter exit)
{
	uint64_t before = count(lane, exit), received = count(lane, COUNT_received);
	uint16_t answer_len;

	lane_give(lane, LANE_CLIENTS, frame, len);
	assert_int_equal(count(lane, exit), before + 1);
	assert_int_equal(count(lane, COUNT_received), received + 1);
	assert_null(lane_take(lane, LANE_CLIENTS, &answer_len, NULL));
	assert_null(lane_take(lane, LANE_UPSTREAMS, &answer_len, NULL));
}

// It went upstream, and so was read.
static void expect_taken(struct lane *lane, const uint8_t *frame, uint16_t len)
{
	struct lane_datagram asked;

	lane_give(lane, LANE_CLIENTS, frame, len);
	take_query(lane, &asked);
	answer(lane, &asked);
	assert_non_null(lane_take(lane, LANE_CLIENTS, &(uint16_t){0}, NULL));
}

static void A02_A04_wrong_and_absent_checksums_are_dropped(void **state)
{
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &query_v6);

	frame[UDP + 6] ^= 1;
	expect_exit(lane, frame, len, EXIT_rx_bad_udp_csum);
	frame[UDP + 6] = frame[UDP + 7] = 0;
	expect_exit(lane, frame, len, EXIT_rx_bad_udp_csum);
	memory_set_flags(lane->ports[LANE_CLIENTS], PACKET_IP_OK | PACKET_UDP_OK);
	expect_exit(lane, frame, len, EXIT_rx_bad_udp_csum);
}

static void A07_lengths_that_contradict_each_other_are_dropped(void **state)
{
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];
	struct ipv6_header *ip = (struct ipv6_header *)(frame + IP);
	uint16_t len = lane_frame(frame, &query_v6), payload_len = be16_get(ip->payload_len);

	for (uint16_t cut = LINK_LAYER_MAX; cut < len; cut++)
		expect_exit(lane, frame, cut, EXIT_rx_bad_length);
	ip->payload_len = be16_of(payload_len + 1);
	expect_exit(lane, frame, len, EXIT_rx_bad_length);
	for (uint16_t less = 0; less < payload_len; less++) {
		ip->payload_len = be16_of(less);
		expect_exit(lane, frame, len, EXIT_rx_bad_length);
	}
	ip->payload_len = be16_of(payload_len);
	ip->version = 0x40;
	expect_exit(lane, frame, len, EXIT_rx_bad_length);
	ip->version = 0x6f; // the class may be any
	expect_taken(lane, frame, len);
}

static void A09_up_to_eight_extension_headers_are_stepped_over(void **state)
{
	static const uint8_t kinds[] = {
		IPV6_OPTIONS_HOP, IPV6_ROUTING, IPV6_FRAGMENT, IPV6_OPTIONS_END};
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];

	for (unsigned k = 0; k < sizeof(kinds); k++) {
		for (unsigned headers = 0; headers <= 8; headers++)
			expect_taken(lane, frame, chain(frame, headers, kinds[k]));
		for (unsigned headers = 9; headers <= 40; headers++)
			expect_exit(lane, frame, chain(frame, headers, kinds[k]), EXIT_rx_not_ours);
	}
}

static void A09_extension_headers_stay_within_the_packet(void **state)
{
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = chain(frame, 3, IPV6_OPTIONS_END);
	struct ipv6_header *ip = (struct ipv6_header *)(frame + IP);

	for (unsigned header = 0; header < 3; header++) {
		frame[UDP + 8 * header + 1] = 255;
		expect_exit(lane, frame, len, EXIT_rx_bad_length);
		frame[UDP + 8 * header + 1] = 0;
	}
	for (uint16_t payload_len = 0; payload_len < 24 + 8; payload_len++) {
		ip->payload_len = be16_of(payload_len);
		expect_exit(lane, frame, len, EXIT_rx_bad_length);
	}
}

static void A09_what_is_routed_on_or_is_no_udp_is_not_ours(void **state)
{
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = chain(frame, 1, IPV6_ROUTING);
	struct ipv6_header *ip = (struct ipv6_header *)(frame + IP);

	frame[UDP + 3] = 1; // segments left
	expect_exit(lane, frame, len, EXIT_rx_not_ours);
	frame[UDP + 3] = 0;
	for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
		bool is_known = kind == IPV6_OPTIONS_HOP || kind == IPV6_ROUTING ||
			kind == IPV6_FRAGMENT || kind == IPV6_OPTIONS_END || kind == IP_UDP;

		ip->next = (uint8_t)kind;
		if (!is_known)
			expect_exit(lane, frame, len, EXIT_rx_not_ours);
	}
}

static void A10_fragments_are_not_read_and_a_whole_one_is(void **state)
{
	static const uint16_t parts[] = {0x0001, 0x0008, 0x0009, 0xfff8};
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = chain(frame, 1, IPV6_FRAGMENT);

	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		frame[UDP + 2] = (uint8_t)(parts[i] >> 8);
		frame[UDP + 3] = (uint8_t)parts[i];
		expect_exit(lane, frame, len, EXIT_rx_fragment);
	}
	frame[UDP + 2] = 0;
	frame[UDP + 3] = 0x06; // reserved bits (RFC 6946; RFC 8200, 4.5)
	expect_taken(lane, frame, len);
}

static void A12_sources_that_nobody_has_are_dropped(void **state)
{
	static const char *const sources[] = {"::", "ff02::1", "::1", "::ffff:10.53.0.1", "ff00::"};
	struct lane *lane = *state;
	struct lane_datagram datagram = query_v6;
	uint8_t frame[MEMORY_CELL_SIZE];

	for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct ip source = images_ip(sources[i]);
		uint16_t len;

		datagram.from = CLIENT_V6;
		len = lane_frame(frame, &datagram);
		memcpy(frame + IP + 8, source.b, 16);
		memory_set_flags(lane->ports[LANE_CLIENTS], PACKET_UDP_OK);
		expect_exit(lane, frame, len, EXIT_rx_bad_source);
	}
	datagram.from = IMAGES_INBOUND_V6;
	datagram.from_port = 53;
	expect_exit(lane, frame, lane_frame(frame, &datagram), EXIT_rx_bad_source);
}

// ::ffff:10.53.0.2 on the wire is not the endpoint 10.53.0.2, and not where replies to 10.54.0.2 go.
static void mapped_targets_are_no_endpoints_of_ours(void **state)
{
	static const char *const targets[] = {IMAGES_INBOUND, IMAGES_OUTBOUND};
	struct lane *lane = *state;
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = lane_frame(frame, &query_v6);

	memory_set_flags(lane->ports[LANE_CLIENTS], PACKET_UDP_OK);
	for (unsigned i = 0; i < 2; i++) {
		struct ip target = images_ip(targets[i]);

		memcpy(frame + IP + 24, target.b, 16);
		expect_exit(lane, frame, len, EXIT_rx_bad_source);
	}
}

// Tags between the addresses and the type, outermost first; gives the frame's length.
static uint16_t put_tags(uint8_t *frame, uint16_t len, const uint16_t *tags, unsigned tag_count)
{
	memmove(frame + 12 + 4 * tag_count, frame + 12, len - 12u);
	for (unsigned i = 0; i < tag_count; i++) {
		uint16_t type = i + 1 < tag_count ? ETHERTYPE_PROVIDER : ETHERTYPE_VLAN;

		memcpy(frame + 12 + 4 * i, (be16_t[]){be16_of(type), be16_of(tags[i])}, 4);
	}
	return (uint16_t)(len + 4 * tag_count);
}

static void A15_the_answer_carries_the_tags_of_the_query(void **state)
{
	static const uint16_t tags[] = {0x6007, 42, 1};
	struct lane *lane = *state;

	for (unsigned tag_count = 1; tag_count <= 2; tag_count++) {
		for (unsigned is_v6 = 0; is_v6 < 2; is_v6++) {
			struct lane_datagram datagram = query_v6, asked;
			const struct memory_frame *answered;
			uint8_t frame[MEMORY_CELL_SIZE];
			uint16_t len;

			datagram.from = is_v6 ? CLIENT_V6 : CLIENT_V4;
			datagram.to = is_v6 ? IMAGES_INBOUND_V6 : IMAGES_INBOUND;
			len = put_tags(frame, lane_frame(frame, &datagram), tags, tag_count);
			lane_give(lane, LANE_CLIENTS, frame, len);
			take_query(lane, &asked);
			answer(lane, &asked);
			answered = memory_take_sent(lane->ports[LANE_CLIENTS]);
			assert_non_null(answered);
			assert_memory_equal(answered->data + 12, frame + 12, 4 * tag_count + 2);
		}
	}
}

static void A15_a_third_tag_is_one_too_many(void **state)
{
	static const uint16_t tags[] = {1, 2, 3};
	uint8_t frame[MEMORY_CELL_SIZE];
	uint16_t len = put_tags(frame, lane_frame(frame, &query_v6), tags, 3);

	expect_exit(*state, frame, len, EXIT_rx_not_ours);
}

// 40 for IPv6, 8 for UDP: no link that carries IPv6 is narrower than 1,280 (RFC 8200, 5), so none of ours is fragmented.
static void A16_the_longest_message_fits_every_link(void **state)
{
	(void)state;
	assert_true(MSG_SIZE_MAX + 40 + 8 <= 1280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_of_either_family_go_to_targets_of_either),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(A02_A04_wrong_and_absent_checksums_are_dropped),
		TEST(A07_lengths_that_contradict_each_other_are_dropped),
		TEST(A09_up_to_eight_extension_headers_are_stepped_over),
		TEST(A09_extension_headers_stay_within_the_packet),
		TEST(A09_what_is_routed_on_or_is_no_udp_is_not_ours),
		TEST(A10_fragments_are_not_read_and_a_whole_one_is),
		TEST(A12_sources_that_nobody_has_are_dropped),
		TEST(mapped_targets_are_no_endpoints_of_ours),
		TEST(A15_the_answer_carries_the_tags_of_the_query),
		TEST(A15_a_third_tag_is_one_too_many),
#undef TEST
		cmocka_unit_test(A16_the_longest_message_fits_every_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
