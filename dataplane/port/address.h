// SPDX-License-Identifier: BSD-3-Clause
// Endpoints as sockets have them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/ip.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

// Gives the address' length.
static inline socklen_t address_build(union address *address, const struct endpoint *endpoint)
{
	if (ip_is_v4(&endpoint->ip)) {
		address->v4 = (struct sockaddr_in){.sin_family = AF_INET};
		memcpy(&address->v4.sin_addr, endpoint->ip.b + 12, 4);
		memcpy(&address->v4.sin_port, &endpoint->port, 2);
		return sizeof(address->v4);
	}
	address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	memcpy(&address->v6.sin6_addr, endpoint->ip.b, 16);
	memcpy(&address->v6.sin6_port, &endpoint->port, 2);
	return sizeof(address->v6);
}

static inline struct endpoint address_parse(const union address *address)
{
	struct endpoint endpoint;

	if (address->any.sa_family == AF_INET) {
		endpoint.ip = ip_from_v4((const uint8_t *)&address->v4.sin_addr);
		memcpy(&endpoint.port, &address->v4.sin_port, 2);
	} else {
		memcpy(endpoint.ip.b, &address->v6.sin6_addr, 16);
		memcpy(&endpoint.port, &address->v6.sin6_port, 2);
	}
	return endpoint;
}
