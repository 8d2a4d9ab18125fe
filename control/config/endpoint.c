// SPDX-License-Identifier: BSD-3-Clause
// Inbound and outbound endpoints: from text, checked; copies; their end.
#include "control/config/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/text.h"

enum {
	PORT_LOWEST = 1024,    // below, ports are the system's
	PORT_COUNT_MIN = 1024, // fewer are guessed too easily
};

static const struct check_choice replies[] = {
	{"any", 0},
	{"home", CHECK_NOT_BUILT},
	{NULL, 0},
};

static void no_memory(struct config_faults *faults)
{
	faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for the endpoint");
}

static bool check_some(size_t count, struct config_faults *faults)
{
	if (count == 0)
		faults_add(faults, -EINVAL, "addresses", CONFIG_NONE,
			"is missing: give at least one address of this host");
	return count > 0;
}

static void add_inbound_address(
	const char *text, size_t idx, struct config_inbound *inbound, struct config_faults *faults)
{
	struct endpoint *address = &inbound->addresses[inbound->address_count];
	const char *why;

	if (text_parse_endpoint(text, address, &why)) {
		faults_add(faults, -EINVAL, "addresses", idx,
			"\"%.80s\" %s; write ADDR, ADDR:PORT or [ADDR]:PORT", text, why);
		return;
	}
	if (check_unicast(faults, "addresses", idx, text, &address->ip))
		inbound->address_count++;
}

void endpoint_parse_inbound(const struct build_inbound *text, struct config_inbound *inbound,
	struct config_faults *faults)
{
	*inbound = (struct config_inbound){0};
	inbound->name = check_copy_name(faults, text->name);
	if (!check_some(text->addresses_count, faults))
		return;
	inbound->addresses = calloc(text->addresses_count, sizeof(*inbound->addresses));
	if (!inbound->addresses)
		no_memory(faults);
	for (size_t i = 0; i < text->addresses_count && inbound->addresses; i++)
		add_inbound_address(text->addresses[i], i, inbound, faults);
}

static void add_outbound_address(const char *text, size_t idx, struct config_outbound *outbound,
	struct config_faults *faults)
{
	struct ip *address = &outbound->addresses[outbound->address_count];
	const char *why;

	if (text_parse_ip(text, address, &why)) {
		faults_add(faults, -EINVAL, "addresses", idx,
			"\"%.80s\" %s; outbound addresses have no port, see ports:", text, why);
		return;
	}
	for (size_t i = 0; i < outbound->address_count; i++)
		if (ip_equal(&outbound->addresses[i], address))
			faults_add(faults, -EINVAL, "addresses", idx,
				"%s is given twice: remove one", text);
	if (check_unicast(faults, "addresses", idx, text, address))
		outbound->address_count++;
}

static void parse_ports(
	const char *text, struct config_outbound *outbound, struct config_faults *faults)
{
	const char *why;

	outbound->port_first = CONFIG_PORT_FIRST;
	outbound->port_last = CONFIG_PORT_LAST;
	if (!text)
		return;
	if (text_parse_ports(text, &outbound->port_first, &outbound->port_last, &why))
		faults_add(faults, -EINVAL, "ports", CONFIG_NONE, "\"%.80s\" %s", text, why);
	else if (outbound->port_first < PORT_LOWEST ||
		outbound->port_last < outbound->port_first + PORT_COUNT_MIN - 1)
		faults_add(faults, -EINVAL, "ports", CONFIG_NONE,
			"%s is no range to hide in: give at least %d ports above %d", text,
			PORT_COUNT_MIN, PORT_LOWEST - 1);
}

void endpoint_parse_outbound(const struct build_outbound *text, struct config_outbound *outbound,
	struct config_faults *faults)
{
	*outbound = (struct config_outbound){0};
	outbound->name = check_copy_name(faults, text->name);
	parse_ports(text->ports, outbound, faults);
	(void)!check_choice(faults, "replies", text->replies, replies);
	if (!check_some(text->addresses_count, faults))
		return;
	outbound->addresses = calloc(text->addresses_count, sizeof(*outbound->addresses));
	if (!outbound->addresses)
		no_memory(faults);
	for (size_t i = 0; i < text->addresses_count && outbound->addresses; i++)
		add_outbound_address(text->addresses[i], i, outbound, faults);
}

int endpoint_copy_inbound(struct config_inbound *copy, const struct config_inbound *inbound)
{
	*copy = *inbound;
	copy->name = strdup(inbound->name);
	copy->addresses = reallocarray(NULL, inbound->address_count, sizeof(*copy->addresses));
	if (!copy->name || !copy->addresses)
		return -ENOMEM;
	memcpy(copy->addresses, inbound->addresses,
		inbound->address_count * sizeof(*copy->addresses));
	return 0;
}

int endpoint_copy_outbound(struct config_outbound *copy, const struct config_outbound *outbound)
{
	*copy = *outbound;
	copy->name = strdup(outbound->name);
	copy->addresses = reallocarray(NULL, outbound->address_count, sizeof(*copy->addresses));
	if (!copy->name || !copy->addresses)
		return -ENOMEM;
	memcpy(copy->addresses, outbound->addresses,
		outbound->address_count * sizeof(*copy->addresses));
	return 0;
}

void endpoint_fini_inbound(struct config_inbound *inbound)
{
	free(inbound->name);
	free(inbound->addresses);
}

void endpoint_fini_outbound(struct config_outbound *outbound)
{
	free(outbound->name);
	free(outbound->addresses);
}
