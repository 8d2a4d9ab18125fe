// SPDX-License-Identifier: BSD-3-Clause
// Addresses of endpoints: what holds between them.
#include "control/config/addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/faults.h"
#include "control/config/text.h"
#include "core/image.h"

// An address that queries are sent from, and where it stands in the config.
struct source {
	struct ip ip;
	size_t outbound;
	size_t address;
};

// Those of all outbound endpoints, by address, then in the order of the config.
struct sources {
	struct source *items;
	size_t count;
};

static const char *name_or_unknown(const char *name)
{
	return name ? name : "?";
}

// Adds an endpoint's addresses to those before it. What is beyond the limit is reported once, at the
// first.
static void add_count(struct config_faults *faults, enum config_kind kind, size_t object,
	size_t more, size_t max, size_t *count)
{
	size_t before = *count;

	*count += more;
	if (before > max || *count <= max)
		return;
	faults_enter(faults, kind, object);
	faults_add(faults, -EINVAL, "addresses", max - before,
		"the %s endpoints have more than %zu addresses: remove some",
		kind == CONFIG_INBOUND ? "inbound" : "outbound", max);
}

static bool check_counts(const struct config *config, struct config_faults *faults)
{
	size_t inbound_count = 0, outbound_count = 0;

	for (size_t i = 0; i < config->inbound_count; i++)
		add_count(faults, CONFIG_INBOUND, i, config->inbounds[i].address_count,
			IMAGE_INBOUND_MAX, &inbound_count);
	for (size_t i = 0; i < config->outbound_count; i++)
		add_count(faults, CONFIG_OUTBOUND, i, config->outbounds[i].address_count,
			IMAGE_OUTBOUND_MAX, &outbound_count);
	return inbound_count <= IMAGE_INBOUND_MAX && outbound_count <= IMAGE_OUTBOUND_MAX;
}

// The endpoint that answers on `address` and stands before (`inbound_idx`, `address_idx`); NULL:
// none.
static const struct config_inbound *find_answering(const struct config *config,
	const struct endpoint *address, size_t inbound_idx, size_t address_idx)
{
	for (size_t i = 0; i <= inbound_idx; i++) {
		const struct config_inbound *inbound = &config->inbounds[i];
		size_t count = i == inbound_idx ? address_idx : inbound->address_count;

		for (size_t j = 0; j < count; j++)
			if (endpoint_equal(&inbound->addresses[j], address))
				return inbound;
	}
	return NULL;
}

static void check_inbound_addresses(const struct config *config, struct config_faults *faults)
{
	char text[TEXT_ENDPOINT_MAX];

	for (size_t i = 0; i < config->inbound_count; i++) {
		faults_enter(faults, CONFIG_INBOUND, i);
		for (size_t j = 0; j < config->inbounds[i].address_count; j++) {
			const struct endpoint *address = &config->inbounds[i].addresses[j];
			const struct config_inbound *other = find_answering(config, address, i, j);

			if (other)
				faults_add(faults, -EEXIST, "addresses", j,
					"%s is an address of inbound endpoint %.80s already: "
					"remove one",
					text_format_endpoint(address, text),
					name_or_unknown(other->name));
		}
	}
}

static int compare(const void *left, const void *right)
{
	const struct source *a = left, *b = right;
	int order = memcmp(a->ip.b, b->ip.b, sizeof(a->ip.b));

	if (order)
		return order;
	if (a->outbound != b->outbound)
		return a->outbound < b->outbound ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

static int gather_sources(const struct config *config, struct sources *sources)
{
	size_t count = 0;

	for (size_t i = 0; i < config->outbound_count; i++)
		count += config->outbounds[i].address_count;
	sources->items = calloc(count + 1, sizeof(*sources->items));
	if (!sources->items)
		return -ENOMEM;
	for (size_t i = 0; i < config->outbound_count; i++)
		for (size_t j = 0; j < config->outbounds[i].address_count; j++)
			sources->items[sources->count++] =
				(struct source){config->outbounds[i].addresses[j], i, j};
	qsort(sources->items, sources->count, sizeof(*sources->items), compare);
	return 0;
}

// What a port carries for an address is told by one range. Each endpoint's overlaps or touches those
// before it, in the order in which the dataplane joins them.
static void check_ranges(
	const struct config *config, const struct sources *sources, struct config_faults *faults)
{
	unsigned first = 0, last = 0;
	char text[TEXT_IP_MAX];

	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		const struct config_outbound *outbound = &config->outbounds[source->outbound];
		bool is_next = i > 0 && ip_equal(&source[-1].ip, &source->ip);

		if (!is_next) {
			first = outbound->port_first;
			last = outbound->port_last;
			continue;
		}
		faults_enter(faults, CONFIG_OUTBOUND, source->outbound);
		if (outbound->port_first > last + 1 || outbound->port_last + 1u < first)
			faults_add(faults, -EINVAL, "addresses", source->address,
				"%s has the ports %u-%u by outbound endpoint %.80s, and %u-%u here "
				"lie apart from these: give ranges that overlap or touch, or "
				"another address",
				text_format_ip(&source->ip, text), first, last,
				name_or_unknown(config->outbounds[source[-1].outbound].name),
				outbound->port_first, outbound->port_last);
		first = outbound->port_first < first ? outbound->port_first : first;
		last = outbound->port_last > last ? outbound->port_last : last;
	}
}

// The outbound endpoint that sends from `address`, port and all; NULL: none.
static const struct config_outbound *find_sending(
	const struct config *config, const struct sources *sources, const struct endpoint *address)
{
	unsigned port = be16_get(address->port);
	size_t low = 0, high = sources->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(sources->items[middle].ip.b, address->ip.b, sizeof(address->ip.b)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < sources->count && ip_equal(&sources->items[low].ip, &address->ip); low++) {
		const struct config_outbound *outbound =
			&config->outbounds[sources->items[low].outbound];

		if (port >= outbound->port_first && port <= outbound->port_last)
			return outbound;
	}
	return NULL;
}

static void check_inbound_ports(
	const struct config *config, const struct sources *sources, struct config_faults *faults)
{
	char text[TEXT_ENDPOINT_MAX];

	for (size_t i = 0; i < config->inbound_count; i++) {
		faults_enter(faults, CONFIG_INBOUND, i);
		for (size_t j = 0; j < config->inbounds[i].address_count; j++) {
			const struct endpoint *address = &config->inbounds[i].addresses[j];
			const struct config_outbound *outbound =
				find_sending(config, sources, address);

			if (outbound)
				faults_add(faults, -EINVAL, "addresses", j,
					"%s is one of the ports %u-%u that outbound endpoint %.80s "
					"sends from: replies would be taken for queries; choose "
					"another port, or other ports there",
					text_format_endpoint(address, text), outbound->port_first,
					outbound->port_last, name_or_unknown(outbound->name));
		}
	}
}

void addresses_check(const struct config *config, struct config_faults *faults)
{
	struct sources sources = {0};

	// The checks below are meant for what an image holds.
	if (!check_counts(config, faults))
		return;
	check_inbound_addresses(config, faults);
	if (gather_sources(config, &sources)) {
		faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for the endpoints");
		return;
	}
	check_ranges(config, &sources, faults);
	check_inbound_ports(config, &sources, faults);
	free(sources.items);
}
