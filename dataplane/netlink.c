// SPDX-License-Identifier: BSD-3-Clause
// rtnetlink by libmnl: routes and neighbours asked for, read, and probed.
#include "dataplane/netlink.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>

#include "dataplane/helper.h"

static unsigned family_of(const struct ip *ip)
{
	return ip_is_v4(ip) ? AF_INET : AF_INET6;
}

static void put_ip(struct nlmsghdr *message, uint16_t attribute, const struct ip *ip)
{
	if (ip_is_v4(ip))
		mnl_attr_put(message, attribute, 4, ip->b + 12);
	else
		mnl_attr_put(message, attribute, 16, ip->b);
}

bool netlink_read_ip(const void *data, size_t len, struct ip *ip)
{
	if (len == 4)
		*ip = ip_from_v4(data);
	else if (len == 16)
		memcpy(ip->b, data, 16);
	else
		return false;
	return true;
}

static void read_route(const struct nlmsghdr *message, struct netlink_answer *answer)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	*answer = (struct netlink_answer){.kind = route->rtm_type};
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		const uint8_t *data = mnl_attr_get_payload(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF: answer->ifindex = mnl_attr_get_u32(attr); break;
		case RTA_GATEWAY: answer->has_ip = netlink_read_ip(data, len, &answer->ip); break;
		case RTA_VIA: // an IPv6 gateway for IPv4, behind two bytes of family (RFC 8950)
			answer->has_ip = len > 2 && netlink_read_ip(data + 2, len - 2, &answer->ip);
			break;
		}
	}
}

void netlink_read_neighbour(const struct nlmsghdr *message, struct netlink_answer *answer)
{
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	*answer = (struct netlink_answer){
		.ifindex = (unsigned)neighbour->ndm_ifindex,
		.state = neighbour->ndm_state,
	};
	mnl_attr_for_each(attr, message, sizeof(*neighbour))
	{
		const uint8_t *data = mnl_attr_get_payload(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case NDA_DST: answer->has_ip = netlink_read_ip(data, len, &answer->ip); break;
		case NDA_FLAGS_EXT:
			answer->is_managed = mnl_attr_get_u32(attr) & NTF_EXT_MANAGED;
			break;
		case NDA_LLADDR:
			answer->has_mac = len == sizeof(answer->mac);
			if (answer->has_mac)
				memcpy(answer->mac, data, sizeof(answer->mac));
			break;
		}
	}
	if (message->nlmsg_type == RTM_DELNEIGH)
		answer->state = NUD_NONE;
}

static int read_reply(const struct nlmsghdr *message, void *answer)
{
	if (message->nlmsg_type == RTM_NEWROUTE)
		read_route(message, answer);
	else if (message->nlmsg_type == RTM_NEWNEIGH)
		netlink_read_neighbour(message, answer);
	return MNL_CB_OK;
}

// Asks the kernel and waits for its answer, which comes at once. 0 or -errno.
static int ask(struct netlink *netlink, struct nlmsghdr *message, struct netlink_answer *answer)
{
	unsigned port = mnl_socket_get_portid(netlink->requests);
	char reply[NETLINK_MESSAGES_SIZE];
	int run = MNL_CB_OK;

	message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->requests, message, message->nlmsg_len) < 0)
		return -errno;
	while (run > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(netlink->requests, reply, sizeof(reply));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		run = mnl_cb_run(reply, (size_t)len, netlink->sequence, port, read_reply, answer);
		if (run < 0 && errno == EPROTO)
			run = MNL_CB_OK; // a late answer to a question that was given up
	}
	return run < 0 ? -errno : 0;
}

int netlink_ask_route(struct netlink *netlink, const struct ip *ip, struct netlink_answer *answer)
{
	char buffer[256] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;

	message->nlmsg_type = RTM_GETROUTE;
	route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
	route->rtm_family = (uint8_t)family_of(ip);
	route->rtm_dst_len = ip_is_v4(ip) ? 32 : 128;
	put_ip(message, RTA_DST, ip);
	return ask(netlink, message, answer);
}

static struct ndmsg *put_neighbour(
	struct nlmsghdr *message, uint16_t type, const struct ip *ip, unsigned ifindex)
{
	struct ndmsg *neighbour;

	message->nlmsg_type = type;
	neighbour = mnl_nlmsg_put_extra_header(message, sizeof(*neighbour));
	neighbour->ndm_family = (uint8_t)family_of(ip);
	neighbour->ndm_ifindex = (int)ifindex;
	put_ip(message, NDA_DST, ip);
	return neighbour;
}

int netlink_ask_neighbour(struct netlink *netlink, const struct ip *ip, unsigned ifindex,
	struct netlink_answer *answer)
{
	char buffer[256] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	put_neighbour(message, RTM_GETNEIGH, ip, ifindex);
	return ask(netlink, message, answer);
}

int netlink_probe(struct netlink *netlink, const struct ip *ip, unsigned ifindex, bool is_managed)
{
	char buffer[256] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct netlink_answer none;

	if (netlink->helper)
		return helper_probe(netlink->helper, ip, ifindex, is_managed);
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	put_neighbour(message, RTM_NEWNEIGH, ip, ifindex)->ndm_flags = NTF_USE;
	if (is_managed)
		mnl_attr_put_u32(message, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	return ask(netlink, message, &none);
}

static int subscribe(struct netlink *netlink)
{
	static const int groups[] = {
		RTNLGRP_LINK,
		RTNLGRP_NEIGH,
		RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,
		RTNLGRP_NEXTHOP,
	};
	const int receive_len = 4 << 20;

	// A short buffer only means asking again more often.
	(void)setsockopt(mnl_socket_get_fd(netlink->events), SOL_SOCKET, SO_RCVBUFFORCE,
		&receive_len, sizeof(receive_len));
	if (mnl_socket_bind(netlink->events, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(
			    netlink->events, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

int netlink_open_requests(struct netlink *netlink)
{
	const struct timeval patience = {.tv_sec = 1}; // the kernel answers before send returns

	netlink->requests = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink->requests || mnl_socket_bind(netlink->requests, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(netlink->requests), SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) < 0)
		return -errno;
	return 0;
}

int netlink_open(struct netlink *netlink)
{
	int err;

	netlink->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!netlink->events)
		return -errno;
	err = subscribe(netlink);
	return err < 0 ? err : netlink_open_requests(netlink);
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->events)
		mnl_socket_close(netlink->events);
	if (netlink->requests)
		mnl_socket_close(netlink->requests);
}
