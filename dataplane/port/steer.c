// SPDX-License-Identifier: BSD-3-Clause
// The steering program: loaded, attached, found.
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
#include "dataplane/port/steer_maps.h"

struct steer {
	struct steer_bpf *skeleton; // NULL: adopted, the maps' descriptors are our own
	int link;                   // -1: not attached by us
	bool is_generic;
	struct steer_maps maps;
};

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
	for (unsigned i = 0; i < STEER_MAP_COUNT; i++)
		steer->maps.fds[i] =
			bpf_object__find_map_fd_by_name(steer->skeleton->obj, steer_map_names[i]);
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
	int *fds = steer->maps.fds;

	if (bpf_obj_get_info_by_fd(map, &info, &info_len) == 0) {
		for (unsigned i = 0; i < STEER_MAP_COUNT; i++) {
			if (strcmp(info.name, steer_map_names[i]) == 0 && fds[i] < 0) {
				fds[i] = map;
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
	for (unsigned i = 0; i < STEER_MAP_COUNT; i++)
		if (steer->maps.fds[i] < 0)
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

static bool is_ours(const struct attached *attached)
{
	return attached->id && strcmp(attached->name, STEER_PROGRAM) == 0;
}

bool steer_is_attached(unsigned ifindex)
{
	struct attached attached;
	bool found = read_attached(ifindex, &attached) == 0 && is_ours(&attached);

	if (attached.fd >= 0)
		close(attached.fd);
	return found;
}

static int adopt(struct steer *steer, unsigned ifindex, struct attached *attached)
{
	int err = read_attached(ifindex, attached);

	if (err < 0)
		return err;
	if (!is_ours(attached))
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
		*steer = (struct steer){.link = -1};
		memset(steer->maps.fds, -1, sizeof(steer->maps.fds));
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

void steer_free(struct steer *steer)
{
	if (!steer)
		return;
	steer_maps_fini(&steer->maps);
	if (steer->link >= 0)
		close(steer->link);
	for (unsigned i = 0; i < STEER_MAP_COUNT && !steer->skeleton; i++)
		if (steer->maps.fds[i] >= 0)
			close(steer->maps.fds[i]);
	steer_bpf__destroy(steer->skeleton);
	free(steer);
}

int steer_sockets_fd(const struct steer *steer)
{
	return steer->maps.fds[STEER_MAP_SOCKETS];
}

int steer_program_fd(const struct steer *steer)
{
	return bpf_program__fd(steer->skeleton->progs.shunt_steer);
}

int steer_set(struct steer *steer, const struct steering *steering)
{
	return steer_maps_set(&steer->maps, steering);
}

int steer_drop(struct steer *steer, const struct steer_prefix *prefixes, unsigned count)
{
	return steer_maps_drop(&steer->maps, prefixes, count);
}

void steer_tick(struct steer *steer)
{
	steer_maps_tick(&steer->maps);
}

unsigned steer_count(const struct steer *steer, struct device_counter *counters)
{
	return steer_maps_count(&steer->maps, counters);
}

const void *steer_object(size_t *len)
{
	return steer_bpf__elf_bytes(len);
}
