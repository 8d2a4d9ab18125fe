// SPDX-License-Identifier: BSD-3-Clause
// The steering program: loaded, attached, found, and its maps kept in step with our addresses.
#include "dataplane/port/steer.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/steer.skel.h"
#include "core/image.h"

struct steer {
	struct steer_bpf *skeleton; // NULL: adopted, the descriptors below are our own
	int link;                   // -1: not attached by us
	int sockets;
	int addresses;
	int inbound;
	int counters;
	bool is_generic;
	struct steering wanted; // a copy of its own, without sources
	unsigned linger_ticks;  // until what is not wanted any more leaves the maps; 0: it has left
};

// Seconds that what is gone still comes to us: a query sent by then has its reply, or its time is up.
enum { LINGER_TICKS = 6 };

static_assert(sizeof(struct steer_ip) == sizeof(struct ip), "one address, two spellings");
// What is new comes before what is gone leaves: the maps hold two images at a time.
static_assert(2 * (int)IMAGE_INBOUND_MAX <= (int)STEER_ENDPOINTS);
static_assert(2 * ((int)IMAGE_INBOUND_MAX + (int)IMAGE_OUTBOUND_MAX) <= (int)STEER_ADDRESSES);

// What is attached to an interface.
struct attached {
	uint32_t id;    // 0: nothing
	uint32_t flags; // the mode, as detaching asks for it
	int fd;
	char name[BPF_OBJ_NAME_LEN];
};

// The caller closes `fd`, which is -1 where the program could not be opened.
static int read_attached(unsigned ifindex, struct attached *attached)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = {0};
	uint32_t info_len = sizeof(info);
	int err = bpf_xdp_query((int)ifindex, 0, &query);

	*attached = (struct attached){.fd = -1};
	if (err < 0)
		return err;
	if (query.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	attached->id = query.drv_prog_id;
	attached->flags = XDP_FLAGS_DRV_MODE;
	if (query.skb_prog_id) {
		attached->id = query.skb_prog_id;
		attached->flags = XDP_FLAGS_SKB_MODE;
	} else if (query.hw_prog_id) {
		attached->id = query.hw_prog_id;
		attached->flags = XDP_FLAGS_HW_MODE;
	}
	attached->fd = bpf_prog_get_fd_by_id(attached->id);
	if (attached->fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(attached->fd, &info, &info_len) == 0)
		memcpy(attached->name, info.name, sizeof(attached->name));
	return 0;
}

// libbpf is kept from printing: the caller says what it means.
static int detach(unsigned ifindex, const struct attached *attached)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = attached->fd);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int err = bpf_xdp_detach((int)ifindex, attached->flags, &opts);

	libbpf_set_print(print);
	return err;
}

int steer_clear(unsigned ifindex, const char *name, struct port_error *error)
{
	struct attached attached;
	int err = read_attached(ifindex, &attached);

	if (err < 0) {
		snprintf(error->text, sizeof(error->text),
			"%s: asking which XDP program is attached: %s", name, strerror(-err));
	} else if (attached.id && strcmp(attached.name, STEER_PROGRAM) != 0) {
		err = -EEXIST;
		snprintf(error->text, sizeof(error->text),
			"%s: XDP program '%s' (id %u) is attached already and stays; if nobody needs it: "
			"ip link set %s xdp off",
			name, attached.name, attached.id, name);
	} else if (attached.id && (err = detach(ifindex, &attached)) < 0) {
		snprintf(error->text, sizeof(error->text),
			"%s: steering program (id %u) of another process is attached: stop the other "
			"shunt-dataplane first (%s)",
			name, attached.id, strerror(-err));
	}
	if (attached.fd >= 0)
		close(attached.fd);
	return err < 0 ? -1 : 0;
}

struct steer *steer_new(const char *name, struct port_error *error)
{
	struct steer *steer = calloc(1, sizeof(*steer));

	if (!steer) {
		snprintf(error->text, sizeof(error->text), "%s: no memory", name);
		return NULL;
	}
	steer->link = -1;
	steer->skeleton = steer_bpf__open_and_load();
	if (!steer->skeleton) {
		snprintf(error->text, sizeof(error->text),
			"%s: loading the steering program: %s; it needs Linux 5.18 and root, or CAP_BPF and "
			"CAP_NET_ADMIN",
			name, strerror(errno));
		free(steer);
		return NULL;
	}
	steer->sockets = bpf_map__fd(steer->skeleton->maps.xsks_map);
	steer->addresses = bpf_map__fd(steer->skeleton->maps.addresses);
	steer->inbound = bpf_map__fd(steer->skeleton->maps.inbound);
	steer->counters = bpf_map__fd(steer->skeleton->maps.counters);
	return steer;
}

int steer_attach(struct steer *steer, unsigned ifindex, bool is_generic, const char *name,
	struct port_error *error)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		.flags = is_generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);

	if (steer->link >= 0 && steer->is_generic == is_generic)
		return 0;
	if (steer->link >= 0)
		close(steer->link);
	steer->is_generic = is_generic;
	steer->link = bpf_link_create(
		bpf_program__fd(steer->skeleton->progs.shunt_steer), (int)ifindex, BPF_XDP, &opts);
	if (steer->link >= 0)
		return 0;
	snprintf(error->text, sizeof(error->text),
		"%s: attaching the steering program (%s mode): %s; %s: ip -details link show %s",
		name, is_generic ? "generic" : "driver", strerror(-steer->link),
		is_generic ? "look with" : "try mode=generic, and look with", name);
	return -1;
}

// Keeps the map if it is one of those that we fill.
static void keep_map(struct steer *steer, int map)
{
	struct bpf_map_info info = {0};
	uint32_t info_len = sizeof(info);
	const struct {
		const char *name;
		int *fd;
	} wanted[] = {
		{"xsks_map", &steer->sockets},
		{"addresses", &steer->addresses},
		{"inbound", &steer->inbound},
		{"counters", &steer->counters},
	};

	if (bpf_obj_get_info_by_fd(map, &info, &info_len) == 0) {
		for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			if (strcmp(info.name, wanted[i].name) == 0 && *wanted[i].fd < 0) {
				*wanted[i].fd = map;
				return;
			}
		}
	}
	close(map);
}

static int find_maps(struct steer *steer, int program)
{
	uint32_t ids[16] = {0};
	struct bpf_prog_info info = {.nr_map_ids = 16, .map_ids = (uintptr_t)ids};
	uint32_t info_len = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &info_len) < 0)
		return -errno;
	for (unsigned i = 0; i < info.nr_map_ids && i < 16; i++) {
		int map = bpf_map_get_fd_by_id(ids[i]);

		if (map >= 0)
			keep_map(steer, map);
	}
	if (steer->sockets < 0 || steer->addresses < 0 || steer->inbound < 0 || steer->counters < 0)
		return -ENOENT;
	return 0;
}

// From his attachment to ours. For a moment there is none, and frames go to the kernel.
static int hold(struct steer *steer, unsigned ifindex, const struct attached *attached)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = attached->flags);
	int err = detach(ifindex, attached);

	if (err < 0)
		return err;
	steer->link = bpf_link_create(attached->fd, (int)ifindex, BPF_XDP, &opts);
	return steer->link < 0 ? steer->link : 0;
}

static int adopt(struct steer *steer, unsigned ifindex, struct attached *attached)
{
	int err = read_attached(ifindex, attached);

	if (err < 0)
		return err;
	if (!attached->id || strcmp(attached->name, STEER_PROGRAM) != 0)
		return -ENOENT;
	err = find_maps(steer, attached->fd);
	return err < 0 ? err : hold(steer, ifindex, attached);
}

struct steer *steer_adopt(unsigned ifindex, const char *name, struct port_error *error)
{
	struct steer *steer = malloc(sizeof(*steer));
	struct attached attached = {.fd = -1};
	int err = -ENOMEM;

	if (steer) {
		*steer = (struct steer){
			.link = -1, .sockets = -1, .addresses = -1, .inbound = -1, .counters = -1};
		err = adopt(steer, ifindex, &attached);
	}
	if (attached.fd >= 0)
		close(attached.fd);
	if (err == 0)
		return steer;
	snprintf(error->text, sizeof(error->text), "%s: taking over the steering program: %s", name,
		strerror(-err));
	steer_free(steer);
	return NULL;
}

static void forget_wanted(struct steer *steer)
{
	free((void *)steer->wanted.inbound);
	free((void *)steer->wanted.outbound);
	steer->wanted = (struct steering){0};
}

void steer_free(struct steer *steer)
{
	if (!steer)
		return;
	forget_wanted(steer);
	if (steer->link >= 0)
		close(steer->link);
	if (steer->skeleton) {
		steer_bpf__destroy(steer->skeleton);
	} else {
		const int maps[] = {
			steer->sockets, steer->addresses, steer->inbound, steer->counters};

		for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
			if (maps[i] >= 0)
				close(maps[i]);
		}
	}
	free(steer);
}

int steer_sockets_fd(const struct steer *steer)
{
	return steer->sockets;
}

static struct steer_endpoint endpoint_key(const struct endpoint *endpoint)
{
	struct steer_endpoint key = {0};

	memcpy(key.ip.b, endpoint->ip.b, sizeof(key.ip.b));
	memcpy(key.port, endpoint->port.b, sizeof(key.port));
	return key;
}

// Adds a range to what is known of an address; ranges that neither meet nor overlap can't be told.
static int add_range(struct steer_address *address, const struct steering_range *range)
{
	if (address->port_first > address->port_last) {
		address->port_first = range->port_first;
		address->port_last = range->port_last;
		return 0;
	}
	if (range->port_first > (uint32_t)address->port_last + 1 ||
		(uint32_t)range->port_last + 1 < address->port_first)
		return -EINVAL;
	if (range->port_first < address->port_first)
		address->port_first = range->port_first;
	if (range->port_last > address->port_last)
		address->port_last = range->port_last;
	return 0;
}

// All that is said of one address: its entry in `addresses`.
static int gather_address(
	const struct steering *steering, const struct ip *ip, struct steer_address *address)
{
	*address = (struct steer_address){.port_first = 1, .port_last = 0};
	for (uint32_t i = 0; i < steering->inbound_count; i++)
		address->is_inbound |= ip_equal(&steering->inbound[i].ip, ip);
	for (uint32_t i = 0; i < steering->outbound_count; i++) {
		const struct steering_range *range = &steering->outbound[i];

		if (ip_equal(&range->ip, ip) && add_range(address, range) < 0)
			return -EINVAL;
	}
	return 0;
}

// Stretches the range over the one that stands in the map, where replies may still come to.
static void widen(const struct steer *steer, const struct ip *ip, struct steer_address *address)
{
	struct steer_address before;

	if (bpf_map_lookup_elem(steer->addresses, ip, &before) < 0 ||
		before.port_first > before.port_last)
		return;
	if (before.port_first < address->port_first || address->port_first > address->port_last)
		address->port_first = before.port_first;
	if (before.port_last > address->port_last)
		address->port_last = before.port_last;
}

static int put_address(const struct steer *steer, const struct steering *steering,
	const struct ip *ip, bool is_lingering)
{
	struct steer_address address;
	int err = gather_address(steering, ip, &address);

	if (err < 0)
		return err;
	if (is_lingering)
		widen(steer, ip, &address);
	return bpf_map_update_elem(steer->addresses, ip, &address, BPF_ANY);
}

static int put_all(const struct steer *steer, const struct steering *steering, bool is_lingering)
{
	const uint8_t present = 1;
	int err = 0;

	for (uint32_t i = 0; i < steering->inbound_count && err == 0; i++) {
		struct steer_endpoint key = endpoint_key(&steering->inbound[i]);

		err = bpf_map_update_elem(steer->inbound, &key, &present, BPF_ANY);
	}
	for (uint32_t i = 0; i < steering->inbound_count && err == 0; i++)
		err = put_address(steer, steering, &steering->inbound[i].ip, is_lingering);
	for (uint32_t i = 0; i < steering->outbound_count && err == 0; i++)
		err = put_address(steer, steering, &steering->outbound[i].ip, is_lingering);
	return err;
}

static bool has_endpoint(const struct steering *steering, const void *key)
{
	for (uint32_t i = 0; i < steering->inbound_count; i++) {
		struct steer_endpoint wanted = endpoint_key(&steering->inbound[i]);

		if (memcmp(&wanted, key, sizeof(wanted)) == 0)
			return true;
	}
	return false;
}

static bool has_address(const struct steering *steering, const void *key)
{
	for (uint32_t i = 0; i < steering->inbound_count; i++) {
		if (memcmp(&steering->inbound[i].ip, key, sizeof(struct ip)) == 0)
			return true;
	}
	for (uint32_t i = 0; i < steering->outbound_count; i++) {
		if (memcmp(&steering->outbound[i].ip, key, sizeof(struct ip)) == 0)
			return true;
	}
	return false;
}

static int delete_stale(int map, const struct steering *steering,
	bool (*is_wanted)(const struct steering *, const void *key))
{
	struct steer_endpoint keys[2]; // the larger of the two kinds of key
	unsigned at = 0;
	int err = bpf_map_get_next_key(map, NULL, &keys[at]);

	while (err == 0) {
		err = bpf_map_get_next_key(map, &keys[at], &keys[!at]);
		if (!is_wanted(steering, &keys[at])) {
			int deleted = bpf_map_delete_elem(map, &keys[at]);

			if (deleted < 0)
				return deleted;
		}
		at = !at;
	}
	return err == -ENOENT ? 0 : err;
}

static int keep_wanted(struct steer *steer, const struct steering *steering)
{
	struct endpoint *inbound = calloc(steering->inbound_count + 1, sizeof(*inbound));
	struct steering_range *outbound = calloc(steering->outbound_count + 1, sizeof(*outbound));

	if (!inbound || !outbound) {
		free(inbound);
		free(outbound);
		return -ENOMEM;
	}
	memcpy(inbound, steering->inbound, steering->inbound_count * sizeof(*inbound));
	memcpy(outbound, steering->outbound, steering->outbound_count * sizeof(*outbound));
	for (uint32_t i = 0; i < steering->outbound_count; i++)
		outbound[i].sources = NULL; // the snapshot's, which may go before this does
	forget_wanted(steer);
	steer->wanted = (struct steering){
		.inbound = inbound,
		.outbound = outbound,
		.inbound_count = steering->inbound_count,
		.outbound_count = steering->outbound_count,
	};
	return 0;
}

// The maps hold what is wanted, and nothing else.
static int settle(struct steer *steer)
{
	int err = put_all(steer, &steer->wanted, false);

	if (err == 0)
		err = delete_stale(steer->addresses, &steer->wanted, has_address);
	if (err == 0)
		err = delete_stale(steer->inbound, &steer->wanted, has_endpoint);
	return err;
}

int steer_set(struct steer *steer, const struct steering *steering)
{
	int err = steer->linger_ticks > 0 ? settle(steer) : 0;

	if (err < 0)
		return err;
	if (steering->inbound_count > STEER_ENDPOINTS ||
		steering->inbound_count + steering->outbound_count > STEER_ADDRESSES)
		return -E2BIG;
	err = put_all(steer, steering, true);
	if (err == 0)
		err = keep_wanted(steer, steering);
	if (err == 0)
		steer->linger_ticks = LINGER_TICKS;
	return err;
}

void steer_tick(struct steer *steer)
{
	if (steer->linger_ticks > 0 && --steer->linger_ticks == 0 && settle(steer) < 0)
		steer->linger_ticks = 1; // again at the next
}

static uint64_t sum_over_cpus(const struct steer *steer, uint32_t which, uint64_t *parts, int cpus)
{
	uint64_t sum = 0;

	if (bpf_map_lookup_elem(steer->counters, &which, parts) < 0)
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += parts[cpu];
	return sum;
}

unsigned steer_count(const struct steer *steer, struct device_counter *counters)
{
	static const char *const names[] = {
#define STEER_COUNTER_NAME(name, what) "steer_" #name,
		STEER_COUNTERS(STEER_COUNTER_NAME)
#undef STEER_COUNTER_NAME
	};
	int cpus = libbpf_num_possible_cpus();
	uint64_t *parts = cpus > 0 ? calloc((size_t)cpus, sizeof(*parts)) : NULL;

	for (uint32_t which = 0; which < STEER_COUNTER_COUNT; which++)
		counters[which] = (struct device_counter){
			.name = names[which],
			.value = parts ? sum_over_cpus(steer, which, parts, cpus) : 0,
		};
	free(parts);
	return STEER_COUNTER_COUNT;
}

const void *steer_object(size_t *len)
{
	return steer_bpf__elf_bytes(len);
}
