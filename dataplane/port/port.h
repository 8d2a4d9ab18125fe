// SPDX-License-Identifier: BSD-3-Clause
// The port contract: bursts of packets in and out.
//
//   device (eth0)  ──┬── struct port of worker 0   receive, take, send, release: that worker only
//   opened by main   ├── struct port of worker 1
//                    └── …
//
// A device is opened, steered and closed by the main thread. Each worker polls its own struct port
// of every device. Calls are made once a burst, so what is behind them costs nothing a packet.
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"

enum {
	PORT_BURST = 64,    // packets a receive gives at most
	PORT_HEADROOM = 64, // bytes free before `data` of a received packet, at least
	PORT_ROOM = 512,    // bytes from `data` to the buffer's end of a received packet, at least
	PORT_BLANK_SIZE = 1600, // bytes usable from `data` of a packet that take() gives, at least
	PORT_MAX = 16,          // devices a dataplane polls at most
	PORT_SOURCES_MAX = 256, // source ports that a device lists of one outbound address
};

enum packet_flag {
	PACKET_IP_OK = 1 << 0,       // the NIC checked the IPv4 header checksum
	PACKET_UDP_OK = 1 << 1,      // the NIC checked the UDP checksum
	PACKET_UDP_PARTIAL = 1 << 2, // sent on this host: the UDP checksum may be only begun
	PACKET_FIXED = 1 << 3,       // the buffer can't grow or move
	PACKET_CHAINED = 1 << 4,     // more of the frame is in further buffers: not to be parsed
};

// A frame in the worker's burst array; dead after the burst. Its room:
//
//   |<-- head -->|<---- len ---->|<-- tail -->|
//                ^ data
struct packet {
	uint8_t *data; // the frame, Ethernet header first
	void *buffer;  // the port's own: mbuf, UMEM address, cell
	uint16_t len;
	uint16_t head; // bytes that may be used before data
	uint16_t tail; // bytes that may be used after data + len
	uint8_t pool;  // index of the port that owns the buffer
	uint8_t port;  // index of the port it came in by, or leaves by
	uint16_t queue;
	uint16_t flags; // enum packet_flag
	uint32_t vlan;  // tags the NIC took off: outer << 16 | inner, 0: none
};
static_assert(sizeof(struct packet) == 32, "two packets a cache line");

struct port;

struct port_ops {
	// At most `max` packets into `packets`; gives how many. Called every loop: also reaps what was
	// sent, refills and kicks the queue. Sets all fields, pool and port to the port's index.
	unsigned (*receive)(struct port *, struct packet *packets, unsigned max);
	// `count` blank packets for what we originate: len 0, head >= PORT_HEADROOM. Gives how many.
	unsigned (*take)(struct port *, struct packet *packets, unsigned count);
	// Sends and consumes all, also packets of another port's pool (by a counted copy). A full ring
	// drops the newest, counts and releases; never waits.
	void (*send)(struct port *, struct packet *packets, unsigned count);
	// Gives buffers of this port's own pool back.
	void (*release)(struct port *, struct packet *packets, unsigned count);
	// A file descriptor that becomes readable when packets wait; -1: this port can't sleep.
	int (*wait_fd)(struct port *);
};

// What a port counts; the worker that polls the port writes, anyone reads.
#define PORT_COUNTERS(X)                                          \
	X(received, "packets received")                           \
	X(sent, "packets sent")                                   \
	X(tx_full, "packets dropped: send ring full")             \
	X(tx_copied, "packets copied from another's pool")        \
	X(tx_foreign, "packets dropped: did not fit here")        \
	X(tx_refused, "packets dropped: the kernel refused them") \
	X(no_buffer, "times that no buffer was free")

struct port_counters {
#define PORT_COUNTER_FIELD(name, what) uint64_t name;
	PORT_COUNTERS(PORT_COUNTER_FIELD)
#undef PORT_COUNTER_FIELD
};

// One worker's end of one device. Kinds embed it as their first member.
struct port {
	const struct port_ops *ops;
	uint8_t index; // in the worker's table, the same for every worker
	// All ports of this worker, by index: send() gives foreign buffers back to their owner.
	struct port *const *siblings;
	struct port_counters counters; // this worker writes
};

// Gives each buffer back to the port that owns it.
static inline void port_release_all(
	struct port *const *ports, struct packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct port *owner = ports[packets[i].pool];

		owner->ops->release(owner, &packets[i], 1);
	}
}

// The source ports of an outbound address that questions may leave from. A device that has not all of the range open
// lists those that are. Main writes by the device's steer and tick, workers read.
struct port_sources {
	_Atomic uint32_t count; // 0: all of the range
	_Atomic uint16_t ports[PORT_SOURCES_MAX];
	_Atomic uint16_t
		replaced[PORT_SOURCES_MAX]; // what each place had before; replies still come there
};

// Our own addresses, as a device that shares its interface with the kernel must know them: UDP to an
// inbound endpoint, or to an outbound address within its port range, is ours; the rest is the kernel's.
struct steering {
	const struct endpoint *inbound;
	const struct steering_range *outbound;
	uint32_t inbound_count;
	uint32_t outbound_count;
};

struct steering_range {
	struct ip ip;
	uint16_t port_first;
	uint16_t port_last;
	struct port_sources *sources; // all zero; the device may list ports, until the next steer
};

struct device;
struct port_error;

enum { DEVICE_COUNTERS_MAX = 16 };

// What a device counts beside its ports.
struct device_counter {
	const char *name; // [a-z0-9_]
	uint64_t value;
};

struct device_ops {
	// Worker `worker`'s end; index and siblings are set by the caller.
	struct port *(*port)(struct device *, unsigned worker);
	// Takes these addresses from now on, in place of those before. 0, or -errno, with what was being done in
	// `error` where the number does not say it. Main thread.
	int (*steer)(struct device *, const struct steering *, struct port_error *error);
	// Its counters, always the same ones in the same order; gives how many. NULL: it has none. Main thread.
	unsigned (*count)(struct device *, struct device_counter counters[DEVICE_COUNTERS_MAX]);
	// Called once a second by the main thread; NULL: nothing to do.
	void (*tick)(struct device *);
	// Takes the device off its interface and frees it and its ports. No worker may still poll it.
	void (*close)(struct device *);
};

// A NIC, or what stands for one. Kinds embed it as their first member.
struct device {
	const struct device_ops *ops;
	unsigned ifindex; // the kernel's interface whose routes lead here; 0: none
	uint8_t mac[6];
	uint16_t mtu;          // IP bytes a frame may carry
	bool is_kernel_routed; // it reaches whatever the kernel does, and the kernel finds the way
	char name[64];         // as the operator gave it, for messages
	const char *mode;      // how it was opened, for messages: "driver copy", "net_memif"
};

// A MAC address as one word, so that it is read and written whole: main follows the kernel's, workers compare.
typedef _Atomic uint64_t port_mac_t;

static inline uint64_t port_mac_word(const uint8_t mac[static 6])
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return word;
}

// Why a device could not be opened: what was being done, to what, and what to do about it.
struct port_error {
	char text[512];
};
