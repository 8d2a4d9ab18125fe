// SPDX-License-Identifier: BSD-3-Clause
// Frames are made around the message: to the client by the way it came from, or to the upstream by its next
// hop. All headers are ours: nothing of a received one travels on.
#include "dataplane/path/frame.h"
#include "dataplane/path/path.h"

// A frame's bytes are put in front of the message, layer by layer, so `at` walks backwards.
static uint8_t *put_udp(uint8_t *at, const struct query *query, be16_t source, be16_t target)
{
	struct udp_header udp = {
		.source = source,
		.target = target,
		.len = be16_of((uint16_t)(query->message_len + sizeof(udp))),
	};

	at -= sizeof(udp);
	memcpy(at, &udp, sizeof(udp));
	return at;
}

static be16_t checksum_of(uint64_t sum)
{
	uint16_t folded = (uint16_t)~frame_fold(sum);
	be16_t checksum;

	memcpy(&checksum, &folded, sizeof(checksum)); // summed in the order of the host
	return checksum;
}

static void put_udp_sum(struct udp_header *udp, uint64_t addresses)
{
	udp->checksum = checksum_of(frame_udp_sum(addresses, udp, be16_get(udp->len)));
	if (be16_get(udp->checksum) == 0) // which would mean: none (RFC 768)
		udp->checksum = be16_of(0xffff);
}

static uint8_t *put_ipv4(uint8_t *at, const struct ip *source, const struct ip *target)
{
	struct udp_header *udp = (struct udp_header *)at;
	struct ipv4_header ip = {
		.version_and_len = IPV4_VERSION_AND_LEN,
		.total_len = be16_of((uint16_t)(be16_get(udp->len) + sizeof(ip))),
		.fragment =
			be16_of(IPV4_DONT_FRAGMENT), // so that an ID of 0 will do (RFC 6864, 4.1)
		.ttl = IP_HOPS,
		.protocol = IP_UDP,
	};

	memcpy(ip.source, source->b + 12, 4);
	memcpy(ip.target, target->b + 12, 4);
	ip.checksum = checksum_of(frame_sum(&ip, sizeof(ip), 0));
	put_udp_sum(udp, frame_sum_v4(&ip));
	at -= sizeof(ip);
	memcpy(at, &ip, sizeof(ip));
	return at;
}

static uint8_t *put_ipv6(uint8_t *at, const struct ip *source, const struct ip *target)
{
	struct udp_header *udp = (struct udp_header *)at;
	struct ipv6_header ip = {
		.version = IPV6_VERSION,
		.payload_len = udp->len,
		.next = IP_UDP,
		.hops = IP_HOPS,
	};

	memcpy(ip.source, source->b, 16);
	memcpy(ip.target, target->b, 16);
	put_udp_sum(udp, frame_sum_v6(&ip));
	at -= sizeof(ip);
	memcpy(at, &ip, sizeof(ip));
	return at;
}

static uint8_t *put_ip(uint8_t *at, const struct ip *source, const struct ip *target)
{
	return ip_is_v4(source) ? put_ipv4(at, source, target) : put_ipv6(at, source, target);
}

// The link layer of the client's own frame, turned round: its tags stay.
static uint8_t *put_link_back(uint8_t *at, const struct asker *asker)
{
	struct ethernet_header *ethernet;

	at -= asker->link_layer_len;
	memcpy(at, asker->link_layer, asker->link_layer_len);
	ethernet = (struct ethernet_header *)at;
	memcpy(ethernet->target, asker->link_layer + offsetof(struct ethernet_header, source), 6);
	memcpy(ethernet->source, asker->link_layer + offsetof(struct ethernet_header, target), 6);
	return at;
}

static uint8_t *put_link(uint8_t *at, const struct nexthop *hop, uint16_t type)
{
	struct ethernet_header ethernet = {.type = be16_of(type)};

	memcpy(ethernet.target, hop->target_mac, sizeof(ethernet.target));
	memcpy(ethernet.source, hop->source_mac, sizeof(ethernet.source));
	at -= sizeof(ethernet);
	memcpy(at, &ethernet, sizeof(ethernet));
	return at;
}

static uint8_t *put_headers_to_client(struct query *query)
{
	const struct asker *asker = &query->asker;
	uint8_t *at = put_udp(query->message, query, asker->inbound.port, asker->client.port);

	query->packet.port = asker->port;
	query->packet.vlan = asker->vlan;
	at = put_ip(at, &asker->inbound.ip, &asker->client.ip);
	return put_link_back(at, asker);
}

static uint8_t *put_headers_to_upstream(struct query *query)
{
	const struct attempt *attempt = &query->attempt;
	uint8_t *at = put_udp(query->message, query, attempt->port, attempt->target.port);

	query->packet.port = query->hop.port;
	query->packet.vlan = 0;
	at = put_ip(at, &attempt->ours, &attempt->target.ip);
	return put_link(
		at, &query->hop, ip_is_v4(&attempt->target.ip) ? ETHERTYPE_V4 : ETHERTYPE_V6);
}

// The packet's bounds follow the frame that now lies in its buffer. What pads a short frame is zero, not what
// the buffer held before (RFC 894).
static void fit_packet(struct query *query, uint8_t *frame)
{
	struct packet *packet = &query->packet;
	uint8_t *buffer_start = packet->data - packet->head;
	uint8_t *buffer_end = packet->data + packet->len + packet->tail;
	uint8_t *frame_end = query->message + query->message_len;

	while (frame_end < frame + FRAME_MIN && frame_end < buffer_end)
		*frame_end++ = 0;
	packet->data = frame;
	packet->len = (uint16_t)(frame_end - frame);
	packet->head = (uint16_t)(frame - buffer_start);
	packet->tail = (uint16_t)(buffer_end - frame_end);
	packet->flags = 0;
}

void path_tx(struct path *path)
{
	struct room *room = &path->rooms[STEP_tx];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		fit_packet(query,
			query->is_for_client ? put_headers_to_client(query)
					     : put_headers_to_upstream(query));
		if (query->is_for_client)
			path_count(path, EXIT_answered);
		path->out[path->out_count++] = query->packet;
	}
}
