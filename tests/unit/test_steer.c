// SPDX-License-Identifier: BSD-3-Clause
// The steering program, run by the kernel frame by frame. It needs root, or CAP_BPF and CAP_NET_ADMIN.
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/path/frame.h"
#include "dataplane/port/steer.h"
#include "tests/unit/unit.h"

enum {
	FIRST = 10000, // the outbound range
	LAST = 60999,
};

struct stand {
	struct steer *steer;
	int socket; // in the sockets' map at queue 0
};

// A frame as it grows.
struct frame {
	uint8_t bytes[4096];
	uint32_t len;
};

static struct ip v4(uint8_t last)
{
	return ip_from_v4((const uint8_t[]){10, 53, 0, last});
}

static struct ip v6(uint8_t last)
{
	return (struct ip){{0xfd, 0x53, [15] = last}};
}

static void put(struct frame *frame, const void *bytes, size_t len)
{
	memcpy(frame->bytes + frame->len, bytes, len);
	frame->len += (uint32_t)len;
}

static struct frame link_of(uint16_t type)
{
	struct frame frame = {.len = 12};

	put(&frame, &(be16_t[]){be16_of(type)}, 2);
	return frame;
}

static void put_tag(struct frame *frame, uint16_t id, uint16_t type)
{
	put(frame, (be16_t[]){be16_of(id), be16_of(type)}, 4);
}

static void put_udp(struct frame *frame, uint16_t port)
{
	put(frame, (be16_t[]){be16_of(40000), be16_of(port), be16_of(20), be16_of(0)}, 8);
	frame->len += 12;
}

// To the .2 of the lab from its .1, as all these.
static void put_v4(struct frame *frame, struct ipv4_header ip, uint8_t from, uint8_t to)
{
	if (ip.version_and_len == 0)
		ip.version_and_len = 0x45;
	ip.protocol = ip.protocol ? ip.protocol : IPPROTO_UDP;
	memcpy(ip.source, v4(from).b + 12, 4);
	memcpy(ip.target, v4(to).b + 12, 4);
	put(frame, &ip, sizeof(ip));
}

static void put_v6(struct frame *frame, uint8_t next, uint8_t from, uint8_t to)
{
	put(frame, (uint8_t[]){0x60, 0, 0, 0, 0, 20, next, 64}, 8);
	put(frame, v6(from).b, 16);
	put(frame, v6(to).b, 16);
}

static struct frame v4_frame(uint8_t to, uint16_t port)
{
	struct frame frame = link_of(ETHERTYPE_V4);

	put_v4(&frame, (struct ipv4_header){0}, 1, to);
	put_udp(&frame, port);
	return frame;
}

static struct frame v6_frame(uint8_t to, uint16_t port)
{
	struct frame frame = link_of(ETHERTYPE_V6);

	put_v6(&frame, IPPROTO_UDP, 1, to);
	put_udp(&frame, port);
	return frame;
}

// What the program counts the frame as; its verdict too.
static const char *fate_of(const struct stand *stand, const struct frame *frame, uint32_t *verdict)
{
	struct device_counter before[STEER_COUNTER_COUNT], after[STEER_COUNTER_COUNT];
	const char *found = NULL;

	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->len);
	steer_count(stand->steer, before);
	assert_int_equal(bpf_prog_test_run_opts(steer_program_fd(stand->steer), &opts), 0);
	steer_count(stand->steer, after);
	for (unsigned i = 0; i < STEER_COUNTER_COUNT; i++) {
		if (after[i].value == before[i].value)
			continue;
		assert_null(found);
		assert_int_equal(after[i].value, before[i].value + 1);
		found = after[i].name;
	}
	assert_non_null(found);
	*verdict = opts.retval;
	return found + strlen("steer_");
}

static void expect(const struct stand *stand, const struct frame *frame, const char *fate)
{
	uint32_t verdict;

	assert_string_equal(fate_of(stand, frame, &verdict), fate);
	if (strncmp(fate, "passed", 6) == 0)
		assert_int_equal(verdict, XDP_PASS);
	else
		assert_int_equal(
			verdict, strncmp(fate, "dropped", 7) == 0 ? XDP_DROP : XDP_REDIRECT);
}

// .2 is inbound at port 53, .3 outbound; both families. The clients .66 are dropped.
static int set_up(void **state)
{
	static struct stand stand;
	const struct steer_prefix drops[] = {
		{.bits = 128, .ip.b = {[10] = 0xff, 0xff, 10, 53, 0, 66}},
		{.bits = 128, .ip.b = {0xfd, 0x53, [15] = 66}},
	};
	const struct endpoint inbound[] = {{v4(2), be16_of(53)}, {v6(2), be16_of(53)}};
	const struct steering_range outbound[] = {
		{v4(3), FIRST, LAST, NULL}, {v6(3), FIRST, LAST, NULL}};
	const struct steering steering = {inbound, outbound, 2, 2};
	struct port_error error;

	*state = &stand;
	stand.steer = steer_new("test", &error);
	if (!stand.steer)
		return geteuid() == 0 ? -1 : 0;
	stand.socket = socket(AF_XDP, SOCK_RAW, 0);
	assert_true(stand.socket >= 0);
	assert_int_equal(bpf_map_update_elem(steer_sockets_fd(stand.steer), &(uint32_t){0},
				 &stand.socket, BPF_ANY),
		0);
	assert_int_equal(steer_drop(stand.steer, drops, 2), 0);
	return steer_set(stand.steer, &steering);
}

static int tear_down(void **state)
{
	struct stand *stand = *state;

	if (stand->steer)
		close(stand->socket);
	steer_free(stand->steer);
	return 0;
}

static const struct stand *stand_of(void **state)
{
	const struct stand *stand = *state;

	if (!stand->steer)
		skip();
	return stand;
}

static void queries_and_replies_of_both_families_are_given_to_the_socket(void **state)
{
	const struct stand *stand = stand_of(state);
	const struct {
		struct frame frame;
		const char *fate;
	} rows[] = {
		{v4_frame(2, 53), "inbound"},
		{v6_frame(2, 53), "inbound"},
		{v4_frame(3, FIRST), "outbound"},
		{v6_frame(3, LAST), "outbound"},
		{v4_frame(3, FIRST - 1), "passed"},
		{v6_frame(3, LAST + 1), "passed"},
		{v4_frame(3, 53), "passed"},
		{v6_frame(2, 54), "passed"},
		{v4_frame(4, 53), "passed"},
		{v6_frame(4, 53), "passed"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(stand, &rows[i].frame, rows[i].fate);
}

static void A15_one_tag_and_two_are_looked_behind_and_three_are_not(void **state)
{
	const struct stand *stand = stand_of(state);
	static const char *const fates[] = {"inbound", "inbound", "passed"};

	for (unsigned tags = 1; tags <= 3; tags++) {
		for (unsigned is_v6 = 0; is_v6 < 2; is_v6++) {
			const struct frame plain = is_v6 ? v6_frame(2, 53) : v4_frame(2, 53);
			struct frame frame = link_of(tags == 1 ? 0x8100 : 0x88a8);

			for (unsigned i = 1; i < tags; i++)
				put_tag(&frame, 7, 0x8100);
			put_tag(&frame, 7, is_v6 ? ETHERTYPE_V6 : ETHERTYPE_V4);
			put(&frame, plain.bytes + 14, plain.len - 14);
			expect(stand, &frame, fates[tags - 1]);
		}
	}
}

static void A08_ports_are_found_behind_options(void **state)
{
	const struct stand *stand = stand_of(state);

	for (uint8_t words = 0; words < 16; words++) {
		struct frame frame = link_of(ETHERTYPE_V4);

		put_v4(&frame, (struct ipv4_header){.version_and_len = (uint8_t)(0x40 | words)}, 1,
			2);
		if (words > 5)
			frame.len += (words - 5u) * 4;
		put_udp(&frame, 53);
		expect(stand, &frame, "inbound");
	}
}

// Headers of 8 bytes, the first of them announced by the packet's own.
static struct frame chain(unsigned count, uint8_t kind, uint8_t last)
{
	struct frame frame = link_of(ETHERTYPE_V6);

	put_v6(&frame, count ? kind : last, 1, 2);
	for (unsigned i = 1; i <= count; i++)
		put(&frame, (uint8_t[8]){i < count ? kind : last}, 8);
	put_udp(&frame, 53);
	return frame;
}

static void A09_eight_extension_headers_are_walked_and_nine_dropped(void **state)
{
	const struct stand *stand = stand_of(state);
	static const uint8_t kinds[] = {0, 43, 60};

	for (unsigned i = 0; i < sizeof(kinds); i++) {
		for (unsigned count = 0; count <= 10; count++) {
			struct frame frame = chain(count, kinds[i], IPPROTO_UDP);

			expect(stand, &frame, count <= 8 ? "inbound" : "dropped_buried");
		}
	}
}

static void A09_an_extension_header_may_be_long_and_must_be_whole(void **state)
{
	const struct stand *stand = stand_of(state);
	struct frame frame = link_of(ETHERTYPE_V6);
	uint8_t header[24] = {IPPROTO_UDP, 2};

	put_v6(&frame, IPPROTO_DSTOPTS, 1, 2);
	put(&frame, header, sizeof(header));
	put_udp(&frame, 53);
	expect(stand, &frame, "inbound");
	frame.bytes[55] = 255; // ends behind the frame
	expect(stand, &frame, "passed");
}

static void A09_what_is_routed_on_or_is_no_udp_passes(void **state)
{
	const struct stand *stand = stand_of(state);
	struct frame routed = chain(1, 43, IPPROTO_UDP);
	struct frame tcp = chain(2, 0, IPPROTO_TCP);
	struct frame none = chain(1, 0, 59);

	routed.bytes[14 + 40 + 3] = 1; // segments left
	expect(stand, &routed, "passed");
	expect(stand, &tcp, "passed");
	expect(stand, &none, "passed");
}

static struct frame v6_fragment(uint8_t to, uint16_t port, uint16_t offset_and_more)
{
	struct frame frame = link_of(ETHERTYPE_V6);

	put_v6(&frame, IPPROTO_FRAGMENT, 1, to);
	put(&frame,
		(uint8_t[8]){
			IPPROTO_UDP, 0, (uint8_t)(offset_and_more >> 8), (uint8_t)offset_and_more},
		8);
	put_udp(&frame, port);
	return frame;
}

static struct frame v4_fragment(uint8_t to, uint16_t port, uint16_t offset_and_more)
{
	struct frame frame = link_of(ETHERTYPE_V4);

	put_v4(&frame, (struct ipv4_header){.fragment = be16_of(offset_and_more)}, 1, to);
	put_udp(&frame, port);
	return frame;
}

static void A10_pieces_never_reach_the_socket(void **state)
{
	const struct stand *stand = stand_of(state);
	const struct {
		struct frame frame;
		const char *fate;
	} rows[] = {
		{v4_fragment(2, 53, 0x2000), "passed_fragment"},
		{v4_fragment(2, 53, 0x0001), "passed_fragment"},
		{v4_fragment(3, FIRST, 0x2000), "dropped_fragment"},
		{v4_fragment(3, FIRST, 0x2001), "passed_fragment"},
		{v6_fragment(2, 53, 0x0001), "passed_fragment"},
		{v6_fragment(2, 53, 0x0008), "passed_fragment"},
		{v6_fragment(3, FIRST, 0x0001), "dropped_fragment"},
		{v6_fragment(3, FIRST, 0x0009), "passed_fragment"},
		{v6_fragment(2, 53, 0), "inbound"}, // all there is of it (RFC 6946)
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(stand, &rows[i].frame, rows[i].fate);
}

static void queries_of_clients_to_drop_are_dropped_and_replies_are_not(void **state)
{
	const struct stand *stand = stand_of(state);

	for (uint8_t from = 65; from <= 67; from++) {
		const char *fate = from == 66 ? "dropped_client" : "inbound";
		struct frame query4 = link_of(ETHERTYPE_V4), query6 = link_of(ETHERTYPE_V6);
		struct frame reply = link_of(ETHERTYPE_V4);

		put_v4(&query4, (struct ipv4_header){0}, from, 2);
		put_udp(&query4, 53);
		expect(stand, &query4, fate);
		put_v6(&query6, IPPROTO_UDP, from, 2);
		put_udp(&query6, 53);
		expect(stand, &query6, fate);
		put_v4(&reply, (struct ipv4_header){0}, from, 3);
		put_udp(&reply, FIRST);
		expect(stand, &reply, "outbound");
	}
}

static void what_is_longer_than_a_frame_is_left_or_dropped(void **state)
{
	const struct stand *stand = stand_of(state);
	struct frame inbound = v4_frame(2, 53), outbound = v6_frame(3, FIRST);

	inbound.len = outbound.len = STEER_FRAME_MAX;
	expect(stand, &inbound, "inbound");
	expect(stand, &outbound, "outbound");
	inbound.len = outbound.len = STEER_FRAME_MAX + 1;
	expect(stand, &inbound, "passed_too_long");
	expect(stand, &outbound, "dropped_too_long");
}

// Cut off anywhere: never given to the socket before the ports are there.
static void frames_cut_off_are_left_to_the_kernel(void **state)
{
	const struct stand *stand = stand_of(state);
	struct frame four = v4_frame(2, 53), six = v6_frame(2, 53);

	for (four.len = 14; four.len < 38; four.len++)
		expect(stand, &four, "passed");
	for (six.len = 14; six.len < 58; six.len++)
		expect(stand, &six, "passed");
}

static void without_a_socket_queries_pass_and_replies_are_dropped(void **state)
{
	const struct stand *stand = stand_of(state);
	struct frame query = v6_frame(2, 53), reply = v6_frame(3, FIRST);
	int sockets = steer_sockets_fd(stand->steer);

	assert_int_equal(bpf_map_delete_elem(sockets, &(uint32_t){0}), 0);
	expect(stand, &query, "passed_no_socket");
	expect(stand, &reply, "dropped_no_socket");
	assert_int_equal(bpf_map_update_elem(sockets, &(uint32_t){0}, &stand->socket, BPF_ANY), 0);
}

static void addresses_come_at_once_and_go_when_replies_had_time(void **state)
{
	const struct stand *stand = stand_of(state);
	const struct endpoint moved = {v6(9), be16_of(5300)};
	const struct steering steering = {.inbound = &moved, .inbound_count = 1};
	struct frame old = v4_frame(3, FIRST), new = v6_frame(9, 5300);

	assert_int_equal(steer_set(stand->steer, &steering), 0);
	expect(stand, &new, "inbound");
	expect(stand, &old, "outbound");
	for (unsigned seconds = 0; seconds < 10; seconds++)
		steer_tick(stand->steer);
	expect(stand, &new, "inbound");
	expect(stand, &old, "passed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_and_replies_of_both_families_are_given_to_the_socket),
		cmocka_unit_test(A15_one_tag_and_two_are_looked_behind_and_three_are_not),
		cmocka_unit_test(A08_ports_are_found_behind_options),
		cmocka_unit_test(A09_eight_extension_headers_are_walked_and_nine_dropped),
		cmocka_unit_test(A09_an_extension_header_may_be_long_and_must_be_whole),
		cmocka_unit_test(A09_what_is_routed_on_or_is_no_udp_passes),
		cmocka_unit_test(A10_pieces_never_reach_the_socket),
		cmocka_unit_test(queries_of_clients_to_drop_are_dropped_and_replies_are_not),
		cmocka_unit_test(what_is_longer_than_a_frame_is_left_or_dropped),
		cmocka_unit_test(frames_cut_off_are_left_to_the_kernel),
		cmocka_unit_test(without_a_socket_queries_pass_and_replies_are_dropped),
		cmocka_unit_test(addresses_come_at_once_and_go_when_replies_had_time),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
