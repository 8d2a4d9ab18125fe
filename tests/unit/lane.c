// SPDX-License-Identifier: BSD-3-Clause
// A worker between two memory ports.
#include "tests/unit/lane.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/path/frame.h"
#include "tests/unit/unit.h"

static const uint8_t port_macs[LANE_PORTS][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
static const uint8_t lane_key[AES128_KEY_LEN] = {1};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 9};

struct snapshot *lane_switch_to(struct lane *lane, int fd)
{
	struct nexthop hop = {.state = NEXTHOP_RESOLVED, .port = LANE_UPSTREAMS};
	char error[SNAPSHOT_ERROR_LEN];
	struct snapshot *snapshot = snapshot_open(fd, 1, error);

	assert_non_null(snapshot);
	lane->generation++;
	close(fd);
	memcpy(hop.source_mac, port_macs[LANE_UPSTREAMS], 6);
	memcpy(hop.target_mac, peer_mac, 6);
	for (uint32_t i = 0; i < snapshot->image.upstreams_count; i++)
		nexthop_set(&snapshot->hops[i], &hop);
	assert_int_equal(upstreams_follow(lane->places, &snapshot->image, snapshot->upstreams), 0);
	return snapshot_publish(&lane->snapshots, snapshot);
}

struct snapshot *lane_switch(
	struct lane *lane, const struct image_rule_text *rules, uint32_t rule_count)
{
	return lane_switch_to(lane, images_make(rules, rule_count, lane->generation + 1));
}

static struct lane *new_lane(
	unsigned index, const struct image_rule_text *rules, uint32_t rule_count)
{
	struct lane *lane = aligned_alloc(64, (sizeof(*lane) + 63) / 64 * 64);

	assert_non_null(lane);
	memset(lane, 0, sizeof(*lane));
	lane->now_us = 1000000;
	lane->snapshots.reader_count = 1;
	lane->snapshots.readers = &lane->reader;
	keyring_init(&lane->keyring, lane_key);
	lane->options = (struct worker_options){
		.slot_count = 128,
		.port_count = LANE_PORTS,
		.port_macs = lane->macs,
		.keyring = &lane->keyring,
	};
	for (unsigned i = 0; i < LANE_PORTS; i++)
		lane->macs[i] = port_mac_word(port_macs[i]);
	lane->worker.index = index;
	lane->worker.options = &lane->options;
	lane->worker.snapshots = &lane->snapshots;
	lane->worker.reader = &lane->reader;
	lane->worker.counters = lane->counters;
	lane->worker.upstreams = lane->upstreams;
	lane->worker.lines = lane->lines;
	lane->places = upstreams_new(lane->upstreams, &lane->upstream_count, LANE_UPSTREAM_PLACES);
	assert_non_null(lane->places);
	for (uint8_t i = 0; i < LANE_PORTS; i++) {
		lane->ports[i] = memory_new(i);
		assert_non_null(lane->ports[i]);
		lane->worker.ports[i] = memory_as_port(lane->ports[i]);
		lane->worker.ports[i]->siblings = lane->worker.ports;
	}
	lane->worker.loop_counters = lane->loop_counters;
	assert_int_equal(worker_init(&lane->worker, lane->rule_counters), 0);
	assert_null(lane_switch(lane, rules, rule_count));
	return lane;
}

struct lane *lane_new(const struct image_rule_text *rules, uint32_t rule_count)
{
	return new_lane(0, rules, rule_count);
}

void lane_new_crowd(struct lane **lanes, unsigned count, const struct image_rule_text *rules,
	uint32_t rule_count)
{
	struct worker *workers[LANE_CROWD_MAX];

	assert_in_range(count, 1, LANE_CROWD_MAX);
	for (unsigned i = 0; i < count; i++) {
		lanes[i] = new_lane(i, rules, rule_count);
		workers[i] = &lanes[i]->worker;
	}
	assert_int_equal(worker_connect(workers, count), 0);
}

void lane_free(struct lane *lane)
{
	worker_fini(&lane->worker);
	upstreams_free(lane->places);
	snapshot_close(atomic_load(&lane->snapshots.current));
	for (unsigned i = 0; i < LANE_PORTS; i++)
		memory_free(lane->ports[i]);
	free(lane);
}

static be16_t checksum_of(uint64_t sum)
{
	uint16_t folded = (uint16_t)~frame_fold(sum);
	be16_t checksum;

	memcpy(&checksum, &folded, sizeof(checksum));
	return checksum;
}

// Of either family; gives the sum of the addresses.
static uint64_t put_ip(uint8_t **at, const struct lane_datagram *datagram, uint16_t udp_len)
{
	struct ip source = images_ip(datagram->from), target = images_ip(datagram->to);
	struct ipv4_header *v4 = (struct ipv4_header *)*at;
	struct ipv6_header *v6 = (struct ipv6_header *)*at;

	if (!ip_is_v4(&target)) {
		*v6 = (struct ipv6_header){
			.version = IPV6_VERSION,
			.payload_len = be16_of(udp_len),
			.next = IP_UDP,
			.hops = IP_HOPS,
		};
		memcpy(v6->source, source.b, 16);
		memcpy(v6->target, target.b, 16);
		*at += sizeof(*v6);
		return frame_sum_v6(v6);
	}
	*v4 = (struct ipv4_header){
		.version_and_len = IPV4_VERSION_AND_LEN,
		.total_len = be16_of((uint16_t)(sizeof(*v4) + udp_len)),
		.ttl = IP_HOPS,
		.protocol = IP_UDP,
	};
	memcpy(v4->source, source.b + 12, 4);
	memcpy(v4->target, target.b + 12, 4);
	v4->checksum = checksum_of(frame_sum(v4, sizeof(*v4), 0));
	*at += sizeof(*v4);
	return frame_sum_v4(v4);
}

static bool is_inbound(const char *address)
{
	return strcmp(address, IMAGES_INBOUND) == 0 || strcmp(address, IMAGES_INBOUND_V6) == 0;
}

uint16_t lane_frame(uint8_t frame[static MEMORY_CELL_SIZE], const struct lane_datagram *datagram)
{
	struct ethernet_header *ethernet = (struct ethernet_header *)frame;
	uint16_t udp_len = (uint16_t)(sizeof(struct udp_header) + datagram->message_len);
	uint8_t *at = (uint8_t *)(ethernet + 1);
	struct udp_header *udp;
	uint64_t addresses;

	memcpy(ethernet->target,
		port_macs[is_inbound(datagram->to) ? LANE_CLIENTS : LANE_UPSTREAMS], 6);
	memcpy(ethernet->source, peer_mac, 6);
	ethernet->type = be16_of(strchr(datagram->to, ':') ? ETHERTYPE_V6 : ETHERTYPE_V4);
	addresses = put_ip(&at, datagram, udp_len);
	udp = (struct udp_header *)at;
	*udp = (struct udp_header){
		.source = be16_of(datagram->from_port),
		.target = be16_of(datagram->to_port),
		.len = be16_of(udp_len),
	};
	memcpy(udp + 1, datagram->message, datagram->message_len);
	udp->checksum = checksum_of(frame_udp_sum(addresses, udp, udp_len));
	return (uint16_t)(at + udp_len - frame);
}

void lane_give(struct lane *lane, unsigned port, const uint8_t *frame, uint16_t len)
{
	assert_true(memory_put(lane->ports[port], frame, len));
	worker_turn(&lane->worker, lane->now_us);
}

void lane_give_datagram(struct lane *lane, unsigned port, const struct lane_datagram *datagram)
{
	uint8_t frame[MEMORY_CELL_SIZE];

	lane_give(lane, port, frame, lane_frame(frame, datagram));
}

// What stands in a frame's IP header, which is held to be right.
struct headers {
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	const struct udp_header *udp;
	uint64_t addresses;
};

static void read_ipv4(const struct ipv4_header *ip, struct headers *headers)
{
	headers->udp = (const struct udp_header *)(ip + 1);
	headers->addresses = frame_sum_v4(ip);
	assert_int_equal(be16_get(ip->total_len), sizeof(*ip) + be16_get(headers->udp->len));
	assert_int_equal(frame_fold(frame_sum(ip, sizeof(*ip), 0)), 0xffff);
	inet_ntop(AF_INET, ip->source, headers->from, sizeof(headers->from));
	inet_ntop(AF_INET, ip->target, headers->to, sizeof(headers->to));
}

static void read_ipv6(const struct ipv6_header *ip, struct headers *headers)
{
	headers->udp = (const struct udp_header *)(ip + 1);
	headers->addresses = frame_sum_v6(ip);
	assert_int_equal(ip->version, IPV6_VERSION);
	assert_int_equal(ip->next, IP_UDP);
	assert_int_equal(be16_get(ip->payload_len), be16_get(headers->udp->len));
	inet_ntop(AF_INET6, ip->source, headers->from, sizeof(headers->from));
	inet_ntop(AF_INET6, ip->target, headers->to, sizeof(headers->to));
}

static void read_headers(const uint8_t *frame, struct headers *headers)
{
	const struct ethernet_header *ethernet = (const struct ethernet_header *)frame;
	const uint8_t *at = (const uint8_t *)(ethernet + 1);
	uint16_t type = be16_get(ethernet->type);

	while (type == ETHERTYPE_VLAN || type == ETHERTYPE_PROVIDER) {
		type = be16_get(((const struct vlan_tag *)at)->type);
		at += sizeof(struct vlan_tag);
	}
	if (type == ETHERTYPE_V6)
		read_ipv6((const struct ipv6_header *)at, headers);
	else
		read_ipv4((const struct ipv4_header *)at, headers);
}

const uint8_t *lane_take(
	struct lane *lane, unsigned port, uint16_t *len, struct lane_datagram *datagram)
{
	const struct memory_frame *frame = memory_take_sent(lane->ports[port]);
	static struct headers headers;
	const struct udp_header *udp;

	if (!frame)
		return NULL;
	assert_true(frame->len >= FRAME_MIN);
	assert_memory_equal(frame->data, peer_mac, 6);
	assert_memory_equal(frame->data + 6, port_macs[port], 6);
	read_headers(frame->data, &headers);
	udp = headers.udp;
	*len = (uint16_t)(be16_get(udp->len) - sizeof(*udp));
	assert_int_not_equal(be16_get(udp->checksum), 0);
	assert_int_equal(
		frame_fold(frame_udp_sum(headers.addresses, udp, be16_get(udp->len))), 0xffff);
	if (datagram)
		*datagram = (struct lane_datagram){
			.from = headers.from,
			.to = headers.to,
			.from_port = be16_get(udp->source),
			.to_port = be16_get(udp->target),
			.message = udp + 1,
			.message_len = *len,
		};
	return (const uint8_t *)(udp + 1);
}

void lane_check_laws(struct lane *lane)
{
	uint64_t sums[COUNTER_KIND_COUNT] = {0};
	unsigned in_use = lane->worker.path.blank_count;

	for (unsigned i = 0; i < PATH_COUNTER_COUNT; i++)
		sums[path_counter_kind(i)] += counter_get(&lane->counters[i]);
	assert_int_equal(sums[COUNTER_RECEIVED],
		sums[COUNTER_ANSWERED] + sums[COUNTER_EXIT] + sums[COUNTER_WAITING]);
	assert_int_equal(sums[COUNTER_REPLIES] + sums[COUNTER_TAKEN_OVER],
		sums[COUNTER_ACCEPTED] + sums[COUNTER_REFUSAL] + sums[COUNTER_HANDED_OVER]);
	assert_int_equal(memory_in_use(lane->ports[0]) + memory_in_use(lane->ports[1]), in_use);
}
