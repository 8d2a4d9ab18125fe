// SPDX-License-Identifier: BSD-3-Clause
// Frames are checked from Ethernet to UDP, and sorted: queries to an inbound endpoint, replies to an outbound
// address and port, and what is not ours. Nothing of a frame is believed before its lengths agree (RFC 1122, 3.2.1).
#include "dataplane/path/frame.h"
#include "dataplane/path/path.h"

// What a check found: where the frame goes on, or by which exit it leaves.
enum { PASSED = -1 };

// A frame with its layers told apart.
struct layers {
	const struct ipv4_header *ip;
	const struct udp_header *udp;
	uint16_t link_len;
	uint16_t payload_len; // of the IP packet
};

// Ethernet with one tag at most, to our MAC address.
static int check_link(const struct path *path, const struct packet *packet, struct layers *layers)
{
	const struct ethernet_header *ethernet = (const struct ethernet_header *)packet->data;
	uint16_t len = sizeof(*ethernet);
	be16_t type;

	if (packet->len < len + sizeof(struct vlan_tag) || (packet->flags & PACKET_CHAINED))
		return EXIT_rx_bad_length;
	// Room for the longest headers, question and OPT: no later step need ask for less.
	if (packet->len + packet->tail < PORT_ROOM || packet->head < PORT_HEADROOM)
		return EXIT_rx_bad_length;
	if (port_mac_word(ethernet->target) !=
		atomic_load_explicit(&path->port_macs[packet->port], memory_order_relaxed))
		return EXIT_rx_not_ours;
	type = ethernet->type;
	if (be16_get(type) == ETHERTYPE_VLAN) {
		type = ((const struct vlan_tag *)(packet->data + len))->type;
		len += sizeof(struct vlan_tag);
	}
	layers->link_len = len;
	return be16_get(type) == ETHERTYPE_V4 ? PASSED : EXIT_rx_not_ours;
}

// RFC 791, 3.1. Options are stepped over; a fragment is never read as DNS (RFC 5625, 4.4.3).
static int check_ip(const struct packet *packet, struct layers *layers)
{
	const struct ipv4_header *ip =
		(const struct ipv4_header *)(packet->data + layers->link_len);
	uint16_t left = (uint16_t)(packet->len - layers->link_len);
	uint16_t len, total_len;

	if (left < sizeof(*ip) || ip->version_and_len >> 4 != 4)
		return EXIT_rx_bad_length;
	len = (uint16_t)((ip->version_and_len & 0x0f) * 4);
	total_len = be16_get(ip->total_len);
	if (len < sizeof(*ip) || total_len < len || total_len > left)
		return EXIT_rx_bad_length;
	if (!(packet->flags & PACKET_IP_OK) && frame_fold(frame_sum(ip, len, 0)) != 0xffff)
		return EXIT_rx_bad_ip_csum;
	if (ip->protocol != IPV4_UDP)
		return EXIT_rx_not_ours;
	if (be16_get(ip->fragment) & IPV4_FRAGMENT)
		return EXIT_rx_fragment;
	layers->ip = ip;
	layers->udp = (const struct udp_header *)((const uint8_t *)ip + len);
	layers->payload_len = (uint16_t)(total_len - len);
	return PASSED;
}

// A sender on this host leaves the checksum to the device, which is none: the field holds the sum of the pseudo header,
// and nothing else is recognised. Such a frame was never on a wire that could damage it.
static bool is_begun_sum(const struct layers *layers, uint16_t len)
{
	uint16_t found;

	memcpy(&found, &layers->udp->checksum, sizeof(found)); // summed in the order of the host
	return found == frame_fold(frame_pseudo_sum(layers->ip, len));
}

// The datagram ends where UDP says, whatever follows (RFC 768; RFC 1122, 4.1.3.4).
static int check_udp(const struct packet *packet, const struct layers *layers)
{
	const struct udp_header *udp = layers->udp;
	uint16_t len;

	if (layers->payload_len < sizeof(*udp))
		return EXIT_rx_bad_length;
	len = be16_get(udp->len);
	if (len < sizeof(*udp) || len > layers->payload_len)
		return EXIT_rx_bad_length;
	if ((packet->flags & PACKET_UDP_OK) || be16_get(udp->checksum) == 0)
		return PASSED;
	if (frame_fold(frame_udp_sum(layers->ip, udp, len)) == 0xffff)
		return PASSED;
	return (packet->flags & PACKET_UDP_PARTIAL) && is_begun_sum(layers, len)
		? PASSED
		: EXIT_rx_bad_udp_csum;
}

static bool is_inbound(const struct image *image, const struct endpoint *endpoint)
{
	for (uint32_t i = 0; i < image->inbound_count; i++)
		if (endpoint_equal(&image->inbound[i], endpoint))
			return true;
	return false;
}

static bool is_in_range(
	const struct image_outbound *ranges, uint32_t count, const struct endpoint *endpoint)
{
	uint16_t port = be16_get(endpoint->port);

	for (uint32_t i = 0; i < count; i++)
		if (ip_equal(&ranges[i].ip, &endpoint->ip) && port >= ranges[i].port_first &&
			port <= ranges[i].port_last)
			return true;
	return false;
}

// Replies also come to where the image before asked from.
static bool is_outbound(const struct path *path, const struct endpoint *endpoint)
{
	const struct image *image = path->image;

	return is_in_range(image->outbound, image->outbound_count, endpoint) ||
		is_in_range(path->before, path->before_count, endpoint);
}

// Can and may this client be answered? Not "this host", multicast, reserved or broadcast addresses, nor port 0;
// loopback only where loopback was asked; and never ourselves (RFC 1122, 3.2.1.3).
static bool is_client(const struct image *image, const struct query *query)
{
	const uint8_t *v4 = query->from.ip.b + 12;
	const uint8_t *asked = query->to.ip.b + 12;

	if (be16_get(query->from.port) == 0 || v4[0] == 0 || v4[0] >= 224)
		return false;
	if (v4[0] == 127 && asked[0] != 127)
		return false;
	return !is_inbound(image, &query->from);
}

static void keep_asker(struct query *query, uint16_t link_len)
{
	struct asker *asker = &query->asker;

	*asker = (struct asker){
		.client = query->from,
		.inbound = query->to,
		.link_layer_len = (uint8_t)link_len,
		.port = query->packet.port,
		.vlan = query->packet.vlan,
	};
	memcpy(asker->link_layer, query->packet.data, link_len);
}

static int check_frame(const struct path *path, const struct packet *packet, struct layers *layers)
{
	int found = path->image ? check_link(path, packet, layers) : EXIT_rx_not_ours;

	if (found == PASSED)
		found = check_ip(packet, layers);
	if (found == PASSED)
		found = check_udp(packet, layers);
	return found;
}

static void take_layers(struct query *query, const struct layers *layers)
{
	query->from = (struct endpoint){ip_from_v4(layers->ip->source), layers->udp->source};
	query->to = (struct endpoint){ip_from_v4(layers->ip->target), layers->udp->target};
	query->message = (uint8_t *)(layers->udp + 1);
	query->message_len = (uint16_t)(be16_get(layers->udp->len) - sizeof(*layers->udp));
}

// Inbound before outbound: an endpoint of ours may lie in an outbound port range.
static void sort(struct path *path, struct query *query)
{
	struct layers layers;
	int found = check_frame(path, &query->packet, &layers);

	if (found == PASSED) {
		take_layers(query, &layers);
		if (is_inbound(path->image, &query->to)) {
			if (!is_client(path->image, query))
				found = EXIT_rx_bad_source;
		} else if (is_outbound(path, &query->to)) {
			path_count(path, COUNT_replies);
			path_move(path, query, STEP_upstream);
			return;
		} else {
			found = EXIT_rx_not_ours;
		}
	}
	path_count(path, COUNT_received);
	if (found != PASSED) {
		path_exit(path, query, (enum path_counter)found);
		return;
	}
	keep_asker(query, layers.link_len);
	path_move(path, query, STEP_parse);
}

void path_rx(struct path *path)
{
	struct room *room = &path->rooms[STEP_rx];

	for (unsigned i = 0; i < room->count; i++)
		sort(path, room->queries[i]);
}
