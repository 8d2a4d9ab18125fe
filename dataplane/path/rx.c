// SPDX-License-Identifier: BSD-3-Clause
// Frames are checked from Ethernet to UDP, and sorted: queries to an inbound endpoint, replies to an outbound
// address and port, and what is not ours. Nothing of a frame is believed before its lengths agree (RFC 1122, 3.2.1).
#include "dataplane/path/frame.h"
#include "dataplane/path/pairs.h"

// What a check found: where the frame goes on, or by which exit it leaves.
enum { PASSED = -1 };

// A frame with its layers told apart.
struct layers {
	struct ip source, target;
	const struct udp_header *udp;
	uint64_t address_sum; // of the checksum
	uint16_t link_len;
	uint16_t type;        // of what the link layer carries
	uint16_t payload_len; // from `udp` on
	bool is_sum_needed;   // over IPv6 a datagram has a checksum (RFC 8200, 8.1)
};

static bool is_tag(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_PROVIDER;
}

// Ethernet with two tags at most, to our MAC address.
static int check_link(const struct path *path, const struct packet *packet, struct layers *layers)
{
	const struct ethernet_header *ethernet = (const struct ethernet_header *)packet->data;
	uint16_t len = sizeof(*ethernet);

	if (packet->len < LINK_LAYER_MAX || (packet->flags & PACKET_CHAINED))
		return EXIT_rx_bad_length;
	// Room for the longest headers, question and OPT: no later step need ask for less.
	if (packet->len + packet->tail < PORT_ROOM || packet->head < PORT_HEADROOM)
		return EXIT_rx_bad_length;
	if (port_mac_word(ethernet->target) !=
		atomic_load_explicit(&path->port_macs[packet->port], memory_order_relaxed))
		return EXIT_rx_not_ours;
	layers->type = be16_get(ethernet->type);
	for (unsigned i = 0; i < FRAME_TAGS && is_tag(layers->type); i++) {
		layers->type = be16_get(((const struct vlan_tag *)(packet->data + len))->type);
		len += sizeof(struct vlan_tag);
	}
	layers->link_len = len;
	return PASSED;
}

// RFC 791, 3.1. Options are stepped over; a fragment is never read as DNS (RFC 5625, 4.4.3).
static int check_ipv4(const struct packet *packet, struct layers *layers)
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
	if (ip->protocol != IP_UDP)
		return EXIT_rx_not_ours;
	if (be16_get(ip->fragment) & IPV4_FRAGMENT)
		return EXIT_rx_fragment;
	layers->source = ip_from_v4(ip->source);
	layers->target = ip_from_v4(ip->target);
	layers->address_sum = frame_sum_v4(ip);
	layers->is_sum_needed = false;
	layers->udp = (const struct udp_header *)((const uint8_t *)ip + len);
	layers->payload_len = (uint16_t)(total_len - len);
	return PASSED;
}

// Over one extension header of the kind `*next`. A packet that is to be routed on is not for us yet (RFC 8200, 4.4).
static int step_over(const uint8_t **at, uint16_t *left, uint8_t *next)
{
	const struct ipv6_extension *extension = (const struct ipv6_extension *)*at;
	size_t len;

	if (*left < sizeof(*extension))
		return EXIT_rx_bad_length;
	len = *next == IPV6_FRAGMENT ? sizeof(*extension) : (extension->len + 1u) * 8;
	if (len > *left)
		return EXIT_rx_bad_length;
	switch (*next) {
	case IPV6_FRAGMENT: // one that is all there is, is none (RFC 6946)
		if (be16_get(extension->fragment) & IPV6_FRAGMENT_PART)
			return EXIT_rx_fragment;
		break;
	case IPV6_ROUTING:
		if (extension->fragment.b[1] != 0) // segments left
			return EXIT_rx_not_ours;
		break;
	case IPV6_OPTIONS_HOP:
	case IPV6_OPTIONS_END: break;
	default: return EXIT_rx_not_ours;
	}
	*next = extension->next;
	*at += len;
	*left = (uint16_t)(*left - len);
	return PASSED;
}

// RFC 8200, 3. Extension headers are stepped over, up to a number. What is mapped IPv4 is on no wire (RFC 4291, 2.5.5.2),
// and would be taken for IPv4 from here on.
static int check_ipv6(const struct packet *packet, struct layers *layers)
{
	const struct ipv6_header *ip =
		(const struct ipv6_header *)(packet->data + layers->link_len);
	uint16_t left = (uint16_t)(packet->len - layers->link_len);
	const uint8_t *at = (const uint8_t *)(ip + 1);
	uint8_t next;

	if (left < sizeof(*ip) || (ip->version & 0xf0) != IPV6_VERSION ||
		be16_get(ip->payload_len) > left - sizeof(*ip))
		return EXIT_rx_bad_length;
	memcpy(layers->source.b, ip->source, sizeof(ip->source));
	memcpy(layers->target.b, ip->target, sizeof(ip->target));
	if (ip_is_v4(&layers->source) || ip_is_v4(&layers->target))
		return EXIT_rx_bad_source;
	left = be16_get(ip->payload_len);
	next = ip->next;
	for (unsigned i = 0; next != IP_UDP; i++) {
		int found = i < IPV6_EXTENSIONS ? step_over(&at, &left, &next) : EXIT_rx_not_ours;

		if (found != PASSED)
			return found;
	}
	layers->address_sum = frame_sum_v6(ip);
	layers->is_sum_needed = true;
	layers->udp = (const struct udp_header *)at;
	layers->payload_len = left;
	return PASSED;
}

static int check_ip(const struct packet *packet, struct layers *layers)
{
	switch (layers->type) {
	case ETHERTYPE_V4: return check_ipv4(packet, layers);
	case ETHERTYPE_V6: return check_ipv6(packet, layers);
	default: return EXIT_rx_not_ours;
	}
}

// A sender on this host leaves the checksum to the device, which is none: the field holds the sum of the pseudo header,
// and nothing else is recognised. Such a frame was never on a wire that could damage it.
static bool is_begun_sum(const struct layers *layers, uint16_t len)
{
	uint16_t found;

	memcpy(&found, &layers->udp->checksum, sizeof(found)); // summed in the order of the host
	return found == frame_fold(frame_pseudo_sum(layers->address_sum, len));
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
	if (be16_get(udp->checksum) == 0)
		return layers->is_sum_needed ? EXIT_rx_bad_udp_csum : PASSED;
	if ((packet->flags & PACKET_UDP_OK) ||
		frame_fold(frame_udp_sum(layers->address_sum, udp, len)) == 0xffff)
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

// Addresses that nobody has (RFC 1122, 3.2.1.3; RFC 4291, 2.5.2 and 2.7): "this host", multicast, reserved and broadcast.
static bool is_of_nobody(const struct ip *ip)
{
	static const struct ip unspecified;
	const uint8_t *v4 = ip->b + 12;

	if (ip_is_v4(ip))
		return v4[0] == 0 || v4[0] >= 224;
	return ip->b[0] == 0xff || ip_equal(ip, &unspecified);
}

static bool is_loopback(const struct ip *ip)
{
	static const struct ip v6 = {.b[15] = 1};

	return ip_is_v4(ip) ? ip->b[12] == 127 : ip_equal(ip, &v6);
}

// Can and may this client be answered? Not at port 0; loopback only where loopback was asked; and never ourselves.
static bool is_client(const struct image *image, const struct query *query)
{
	const struct ip *ip = &query->from.ip;

	if (be16_get(query->from.port) == 0 || is_of_nobody(ip) ||
		(is_loopback(ip) && !is_loopback(&query->to.ip)))
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
	query->from = (struct endpoint){layers->source, layers->udp->source};
	query->to = (struct endpoint){layers->target, layers->udp->target};
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
		} else if (pairs_find_sources(path, query)) {
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
