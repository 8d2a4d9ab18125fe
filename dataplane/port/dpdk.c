// SPDX-License-Identifier: BSD-3-Clause
// DPDK ports: ethdevs by PCI address or virtual device string, one queue pair a worker.
//
// Workers are threads of ours; EAL gets one lcore and knows them by registration. All ports of a worker
// receive into one mempool, so what came in by one leaves by another as it is.
//
// net_af_xdp devices are given our steering program: its own default takes every frame, ARP and ssh
// included.
#include "dataplane/port/dpdk.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// <rte_ip.h> includes this header for a constant; its struct ip would clash with ours.
#define ip netinet_ip
#include <netinet/ip.h>
#undef ip

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include "dataplane/port/eal_args.h"

#if HAVE_XDP
#include "dataplane/port/interface.h"
#include "dataplane/port/steer.h"
#endif

enum {
	RECEIVE_DESCRIPTORS = 2048,
	SEND_DESCRIPTORS = 1024,
	// What a port can hold of a worker's mbufs. net_af_xdp has 2,048 each posted, received and sent,
	// whatever it is told.
	MBUFS_A_PORT = 3 * 2048,
	MBUFS_IN_HAND = 1024, // bursts, and caches of the pool
	MBUF_CACHE = 256,
	WORKERS_MAX = RTE_MAX_LCORE - 1,
};

static_assert(RTE_PKTMBUF_HEADROOM >= (int)PORT_HEADROOM, "the contract of struct packet");
static_assert(RTE_MBUF_DEFAULT_DATAROOM >= (int)PORT_BLANK_SIZE, "the contract of take()");

struct dpdk_port {
	struct port port;
	uint16_t device; // ethdev
	uint16_t queue;
	uint16_t flags; // of every packet
	struct rte_mempool *pool;
} __attribute__((aligned(64)));

struct dpdk_device {
	struct device device;
	uint16_t id; // ethdev
	bool is_started;
	unsigned worker_count;
	struct dpdk_port *ports; // one a worker
#if HAVE_XDP
	struct steer *steer; // NULL: the device has no program of ours
#endif
};

// What EAL has one of in a process; main only.
static struct {
	unsigned device_count;
	struct rte_mempool *pools[WORKERS_MAX];
	unsigned pool_count;
	int program; // descriptor of the steering program's file; -1: none yet
} eal = {.program = -1};

static bool is_packet_good(const struct rte_mbuf *mbuf, uint64_t mask, uint64_t good)
{
	return (mbuf->ol_flags & mask) == good;
}

static uint16_t flags_of(const struct rte_mbuf *mbuf)
{
	uint16_t flags = 0;

	if (is_packet_good(mbuf, RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_GOOD))
		flags |= PACKET_IP_OK;
	if (is_packet_good(mbuf, RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD))
		flags |= PACKET_UDP_OK;
	if (is_packet_good(mbuf, RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE))
		flags |= PACKET_UDP_PARTIAL;
	if (!RTE_MBUF_DIRECT(mbuf) || rte_mbuf_refcnt_read(mbuf) != 1)
		flags |= PACKET_FIXED;
	if (mbuf->nb_segs > 1)
		flags |= PACKET_CHAINED;
	return flags;
}

static uint32_t vlan_of(const struct rte_mbuf *mbuf)
{
	uint32_t vlan = 0;

	if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		vlan = mbuf->vlan_tci;
	if (mbuf->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED)
		vlan |= (uint32_t)mbuf->vlan_tci_outer << 16;
	return vlan;
}

static struct packet packet_of(const struct dpdk_port *port, struct rte_mbuf *mbuf)
{
	return (struct packet){
		.data = rte_pktmbuf_mtod(mbuf, uint8_t *),
		.buffer = mbuf,
		.len = mbuf->data_len,
		.head = rte_pktmbuf_headroom(mbuf),
		.tail = rte_pktmbuf_tailroom(mbuf),
		.pool = port->port.index,
		.port = port->port.index,
		.queue = port->queue,
	};
}

static unsigned dpdk_receive(struct port *base, struct packet *packets, unsigned max)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	struct rte_mbuf *mbufs[PORT_BURST];
	uint16_t count;

	if (max > PORT_BURST)
		max = PORT_BURST;
	count = rte_eth_rx_burst(port->device, port->queue, mbufs, (uint16_t)max);
	for (unsigned i = 0; i < count; i++) {
		packets[i] = packet_of(port, mbufs[i]);
		packets[i].flags = flags_of(mbufs[i]) | port->flags;
		packets[i].vlan = vlan_of(mbufs[i]);
		__builtin_prefetch(packets[i].data);
	}
	base->counters.received += count;
	return count;
}

static unsigned dpdk_take(struct port *base, struct packet *packets, unsigned count)
{
	struct dpdk_port *port = (struct dpdk_port *)base;

	for (unsigned i = 0; i < count; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);

		if (!mbuf) {
			base->counters.no_buffer++;
			return i;
		}
		packets[i] = packet_of(port, mbuf);
	}
	return count;
}

static void dpdk_release(struct port *base, struct packet *packets, unsigned count)
{
	(void)base;
	for (unsigned i = 0; i < count; i++)
		rte_pktmbuf_free(packets[i].buffer);
}

static const struct port_ops dpdk_port_ops;

// Puts a copy of another kind's packet in its place; that is given back. False: no room, or no mbuf.
static bool adopt(struct dpdk_port *port, struct packet *packet)
{
	struct packet foreign = *packet;
	bool fits = foreign.len <= RTE_MBUF_DEFAULT_DATAROOM;

	if (!fits)
		port->port.counters.tx_foreign++;
	if (fits && dpdk_take(&port->port, packet, 1) == 1) {
		memcpy(packet->data, foreign.data, foreign.len);
		packet->len = foreign.len;
		packet->vlan = foreign.vlan;
		port->port.counters.tx_copied++;
	} else {
		fits = false;
	}
	port_release_all(port->port.siblings, &foreign, 1);
	return fits;
}

// The mbuf as the packet has become. NULL: no room for the tag that the NIC had taken off.
static struct rte_mbuf *mbuf_of(struct dpdk_port *port, struct packet *packet)
{
	struct rte_mbuf *mbuf;

	if (port->port.siblings[packet->pool]->ops != &dpdk_port_ops && !adopt(port, packet))
		return NULL;
	mbuf = packet->buffer;
	if (mbuf->next) {
		rte_pktmbuf_free(mbuf->next);
		mbuf->next = NULL;
		mbuf->nb_segs = 1;
	}
	mbuf->data_off = (uint16_t)(packet->data - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = packet->len;
	mbuf->pkt_len = packet->len;
	mbuf->vlan_tci = (uint16_t)packet->vlan;
	if (packet->vlan && rte_vlan_insert(&mbuf) < 0) {
		port->port.counters.tx_foreign++;
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	return mbuf;
}

static void dpdk_send(struct port *base, struct packet *packets, unsigned count)
{
	struct dpdk_port *port = (struct dpdk_port *)base;

	while (count > 0) {
		struct rte_mbuf *mbufs[PORT_BURST];
		unsigned step = count < PORT_BURST ? count : PORT_BURST;
		uint16_t ready = 0;
		uint16_t sent;

		for (unsigned i = 0; i < step; i++) {
			mbufs[ready] = mbuf_of(port, &packets[i]);
			ready += mbufs[ready] != NULL;
		}
		sent = ready ? rte_eth_tx_burst(port->device, port->queue, mbufs, ready) : 0;
		base->counters.sent += sent;
		base->counters.tx_full += (unsigned)(ready - sent);
		rte_pktmbuf_free_bulk(mbufs + sent, (unsigned)(ready - sent));
		packets += step;
		count -= step;
	}
}

static int dpdk_wait_fd(struct port *base)
{
	(void)base;
	return -1;
}

static const struct port_ops dpdk_port_ops = {
	.receive = dpdk_receive,
	.take = dpdk_take,
	.send = dpdk_send,
	.release = dpdk_release,
	.wait_fd = dpdk_wait_fd,
};

static struct port *dpdk_device_port(struct device *base, unsigned worker)
{
	return &((struct dpdk_device *)base)->ports[worker].port;
}

static int dpdk_device_steer(
	struct device *base, const struct steering *steering, struct port_error *error)
{
#if HAVE_XDP
	struct dpdk_device *device = (struct dpdk_device *)base;

	if (device->steer)
		return steer_set(device->steer, steering);
#endif
	(void)base;
	(void)steering;
	(void)error;
	return 0;
}

static void dpdk_device_tick(struct device *base)
{
#if HAVE_XDP
	struct dpdk_device *device = (struct dpdk_device *)base;

	if (device->steer)
		steer_tick(device->steer);
#endif
	(void)base;
}

static unsigned dpdk_device_count(
	struct device *base, struct device_counter counters[DEVICE_COUNTERS_MAX])
{
#if HAVE_XDP
	const struct dpdk_device *device = (const struct dpdk_device *)base;

	if (device->steer)
		return steer_count(device->steer, counters);
#endif
	(void)base;
	(void)counters;
	return 0;
}

static void dpdk_device_close(struct device *base)
{
	struct dpdk_device *device = (struct dpdk_device *)base;

#if HAVE_XDP
	steer_free(device->steer);
#endif
	if (device->is_started)
		rte_eth_dev_stop(device->id);
	if (device->ports)
		rte_eth_dev_close(device->id);
	free(device->ports);
	free(device);
}

static const struct device_ops dpdk_device_ops = {
	.port = dpdk_device_port,
	.steer = dpdk_device_steer,
	.tick = dpdk_device_tick,
	.count = dpdk_device_count,
	.close = dpdk_device_close,
};

// The value of `key=` among a device's arguments; its length is 0 if there is none.
static const char *find_argument(const char *spec, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	*len = 0;
	while ((spec = strchr(spec, ','))) {
		spec++;
		if (strncmp(spec, key, key_len) == 0 && spec[key_len] == '=') {
			*len = strcspn(spec + key_len + 1, ",");
			return spec + key_len + 1;
		}
	}
	return NULL;
}

static bool is_af_xdp(const char *spec)
{
	return strncmp(spec, "net_af_xdp", 10) == 0;
}

// net_af_xdp is given our program, unless the operator has named one.
static bool has_program(const char *spec)
{
	size_t len;

	return !is_af_xdp(spec) || find_argument(spec, "xdp_prog", &len);
}

static int fail(struct port_error *error, const char *spec, const char *what, int err)
{
	snprintf(error->text, sizeof(error->text), "dpdk:%s: %s: %s", spec, what,
		rte_strerror(err < 0 ? -err : err));
	return -1;
}

// The workers' pools, made with the first device: EAL does not know how many workers there will be.
static int make_pools(unsigned workers, const char *spec, struct port_error *error)
{
	unsigned size = eal.device_count * MBUFS_A_PORT + MBUFS_IN_HAND;

	if (workers > WORKERS_MAX)
		return fail(error, spec, "too many workers for EAL", E2BIG);
	while (eal.pool_count < workers) {
		char name[RTE_MEMPOOL_NAMESIZE];

		snprintf(name, sizeof(name), "worker%u", eal.pool_count);
		eal.pools[eal.pool_count] = rte_pktmbuf_pool_create(
			name, size, MBUF_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		if (!eal.pools[eal.pool_count])
			return fail(
				error, spec, "no memory for packets; free hugepages", rte_errno);
		eal.pool_count++;
	}
	return 0;
}

static int find_ethdev(const char *spec, uint16_t *id)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	size_t len = strcspn(spec, ",");

	snprintf(name, sizeof(name), "%.*s", (int)len, spec);
	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	snprintf(name, sizeof(name), "0000:%.*s", (int)len, spec);
	return rte_eth_dev_get_port_by_name(name, id);
}

static int check_queues(const struct dpdk_device *device, const struct rte_eth_dev_info *info,
	struct port_error *error)
{
	const struct device *base = &device->device;
	const char *hint = is_af_xdp(base->name + 5) ? "; add ,queue_count=N to the port" : "";

	if (info->max_rx_queues >= device->worker_count &&
		info->max_tx_queues >= device->worker_count)
		return 0;
	snprintf(error->text, sizeof(error->text),
		"%s: one queue a worker is needed: %u workers, and it has %u to receive and %u to "
		"send%s",
		base->name, device->worker_count, info->max_rx_queues, info->max_tx_queues, hint);
	return -1;
}

// Checksum checks by the NIC where it has them, and queries spread over workers by address and port.
static int configure(struct dpdk_device *device, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {
		.rxmode.offloads = info->rx_offload_capa &
			(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM),
	};
	uint16_t queues = (uint16_t)device->worker_count;

	if (queues > 1) {
		conf.rx_adv_conf.rss_conf.rss_hf =
			info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
		if (conf.rx_adv_conf.rss_conf.rss_hf)
			conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	}
	return rte_eth_dev_configure(device->id, queues, queues, &conf);
}

static int set_up_queues(struct dpdk_device *device)
{
	uint16_t receive_count = RECEIVE_DESCRIPTORS;
	uint16_t send_count = SEND_DESCRIPTORS;
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(device->id, &receive_count, &send_count);

	for (uint16_t queue = 0; queue < device->worker_count && err == 0; queue++) {
		struct dpdk_port *port = &device->ports[queue];

		port->port.ops = &dpdk_port_ops;
		port->device = device->id;
		port->queue = queue;
		port->pool = eal.pools[queue];
		err = rte_eth_rx_queue_setup(
			device->id, queue, receive_count, SOCKET_ID_ANY, NULL, port->pool);
		if (err == 0)
			err = rte_eth_tx_queue_setup(
				device->id, queue, send_count, SOCKET_ID_ANY, NULL);
	}
	return err;
}

static int start(struct dpdk_device *device, const char *spec, struct port_error *error)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int err = rte_eth_dev_info_get(device->id, &info);

	if (err < 0)
		return fail(error, spec, "asking the driver", err);
	if (check_queues(device, &info, error) < 0)
		return -1;
	err = configure(device, &info);
	if (err == 0)
		err = set_up_queues(device);
	if (err == 0)
		err = rte_eth_dev_start(device->id);
	if (err < 0)
		return fail(error, spec, "starting the device", err);
	device->is_started = true;
	device->device.mode = info.driver_name;
	device->device.ifindex = info.if_index;
	if (rte_eth_macaddr_get(device->id, &mac) == 0)
		memcpy(device->device.mac, mac.addr_bytes, sizeof(device->device.mac));
	return rte_eth_dev_get_mtu(device->id, &device->device.mtu);
}

#if HAVE_XDP
// The interface of a net_af_xdp device. 0: the operator has named none that is here.
static unsigned find_interface(const char *spec, char name[static IF_NAMESIZE])
{
	size_t len;
	const char *value = find_argument(spec, "iface", &len);

	name[0] = '\0';
	if (!value || len == 0 || len >= IF_NAMESIZE)
		return 0;
	memcpy(name, value, len);
	name[len] = '\0';
	return if_nametoindex(name);
}

// The driver takes our program by file name: a file that nobody else sees and that needs no clearing up.
static int open_program(struct port_error *error)
{
	size_t len;
	const void *object = steer_object(&len);

	if (eal.program >= 0)
		return 0;
	eal.program = memfd_create("steer.bpf.o", MFD_CLOEXEC);
	if (eal.program >= 0 && write(eal.program, object, len) == (ssize_t)len)
		return 0;
	return fail(error, "net_af_xdp", "making the steering program's file", errno);
}

// The device's argument with our program in it, and its interface free of what a killed process left.
static int add_program(const char **spec, struct port_error *error)
{
	char name[IF_NAMESIZE];
	unsigned ifindex = find_interface(*spec, name);
	char *text;

	if (ifindex == 0) {
		snprintf(error->text, sizeof(error->text),
			"dpdk:%s: no such interface here; name one by iface=, from: ip -brief link",
			*spec);
		return -1;
	}
	if (steer_clear(ifindex, name, error) < 0 || open_program(error) < 0)
		return -1;
	if (asprintf(&text, "%s,xdp_prog=/proc/self/fd/%d", *spec, eal.program) < 0)
		return fail(error, *spec, "starting EAL", ENOMEM);
	*spec = text;
	return 0;
}

// Ours too where the operator has named its file.
static int take_program(struct dpdk_device *device, const char *spec, struct port_error *error)
{
	char name[IF_NAMESIZE];
	unsigned ifindex = find_interface(spec, name);

	if (!is_af_xdp(spec) || (has_program(spec) && !steer_is_attached(ifindex)))
		return 0;
	if (interface_check_queues(name, &device->device, device->worker_count, error) < 0)
		return -1;
	for (unsigned i = 0; i < device->worker_count && interface_is_on_host(name); i++)
		device->ports[i].flags = PACKET_UDP_PARTIAL;
	device->steer = steer_adopt(ifindex, name, error);
	return device->steer ? 0 : -1;
}
#else
static int add_program(const char **spec, struct port_error *error)
{
	snprintf(error->text, sizeof(error->text),
		"dpdk:%s: this build has no steering program (-Dxdp=disabled); name one by xdp_prog=",
		*spec);
	return -1;
}

static int take_program(struct dpdk_device *device, const char *spec, struct port_error *error)
{
	(void)device;
	(void)spec;
	(void)error;
	return 0;
}
#endif

static struct dpdk_device *device_new(const char *spec, unsigned workers)
{
	struct dpdk_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->device.ops = &dpdk_device_ops;
	device->worker_count = workers;
	snprintf(device->device.name, sizeof(device->device.name), "dpdk:%s", spec);
	device->ports = aligned_alloc(64, workers * sizeof(*device->ports));
	if (!device->ports) {
		free(device);
		return NULL;
	}
	memset(device->ports, 0, workers * sizeof(*device->ports));
	return device;
}

struct device *port_dpdk_open(const char *spec, unsigned workers, struct port_error *error)
{
	struct dpdk_device *device;
	uint16_t id;
	int err = find_ethdev(spec, &id);

	if (err < 0) {
		fail(error, spec,
			"no driver took it; a virtual device's says why above, a NIC must be bound "
			"to vfio-pci",
			err);
		return NULL;
	}
	device = device_new(spec, workers);
	if (!device) {
		fail(error, spec, "opening the device", ENOMEM);
		return NULL;
	}
	device->id = id;
	if (make_pools(workers, spec, error) < 0 || start(device, spec, error) < 0 ||
		take_program(device, spec, error) < 0) {
		dpdk_device_close(&device->device);
		return NULL;
	}
	return &device->device;
}

int port_dpdk_register_thread(void)
{
	return rte_thread_register() < 0 ? -rte_errno : 0;
}

// EAL pins the calling thread to its lcore, and threads made later inherit that: put back afterwards.
static int init_eal(struct eal_args *args)
{
	cpu_set_t cpus;
	int err;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	rte_openlog_stream(stderr);
	err = rte_eal_init(args->count, args->v);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	return err < 0 ? -rte_errno : 0;
}

int port_dpdk_init(const char *const *devices, unsigned device_count, const char *const *eal_args,
	unsigned eal_arg_count, struct port_error *error)
{
	struct eal_args args;
	const char *specs[PORT_MAX];
	char given[384];
	int err;

	for (unsigned i = 0; i < device_count; i++) {
		specs[i] = devices[i];
		if (!has_program(devices[i]) && add_program(&specs[i], error) < 0)
			return -1;
	}
	err = eal_args_build(&args, specs, device_count, eal_args, eal_arg_count);
	eal_args_format(&args, given, sizeof(given));
	if (err == 0)
		err = init_eal(&args);
	if (err < 0) {
		snprintf(error->text, sizeof(error->text), "starting EAL: %s; it was given: %s",
			rte_strerror(-err), given);
		return -1;
	}
	eal.device_count = device_count;
	return 0;
}

void port_dpdk_fini(void)
{
	while (eal.pool_count > 0)
		rte_mempool_free(eal.pools[--eal.pool_count]);
	rte_eal_cleanup();
	if (eal.program >= 0)
		close(eal.program);
	eal.program = -1;
}
