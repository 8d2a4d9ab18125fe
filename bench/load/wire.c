// SPDX-License-Identifier: BSD-3-Clause
// Bursts over an ethdev: replies are made in the buffers that the queries came in.
#include "bench/load/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// <rte_ip.h> includes this header for a constant; its struct ip would clash with ours.
#define ip netinet_ip
#include <netinet/ip.h>
#undef ip

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <x86intrin.h>

#include "core/msg.h"

enum {
	BURST = 32,
	DESCRIPTORS = 1 << 14, // as far as the device has them
	BUFFERS = (1 << 16) - 1,
	CACHE = 256,
	HELD = 1 << 16,              // a power of 2
	FLAGS_OFF = 14 + 20 + 8 + 2, // of the message's flags in a frame without tags and options
};

// A reply that leaves when its time has come.
struct held {
	uint64_t due;
	struct rte_mbuf *mbuf;
};

struct wire {
	uint16_t port;
	struct rte_mempool *pool;
	unsigned head, tail; // of held; the delay is one for all, so they are in order
	struct held held[HELD];
};

static bool start(struct wire *wire)
{
	uint16_t receive = DESCRIPTORS, send = DESCRIPTORS;
	struct rte_eth_conf conf = {0};

	wire->pool = rte_pktmbuf_pool_create(
		"load", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return wire->pool && rte_eth_dev_configure(wire->port, 1, 1, &conf) == 0 &&
		rte_eth_dev_adjust_nb_rx_tx_desc(wire->port, &receive, &send) == 0 &&
		rte_eth_rx_queue_setup(wire->port, 0, receive, SOCKET_ID_ANY, NULL, wire->pool) ==
		0 &&
		rte_eth_tx_queue_setup(wire->port, 0, send, SOCKET_ID_ANY, NULL) == 0 &&
		rte_eth_dev_start(wire->port) == 0;
}

struct wire *wire_open(int argc, char **argv)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	rte_openlog_stream(stderr);
	if (!wire || rte_eal_init(argc, argv) < 0)
		return NULL;
	wire->port = (uint16_t)rte_eth_find_next(0);
	if (wire->port < RTE_MAX_ETHPORTS && start(wire))
		return wire;
	fprintf(stderr, "load: the device can't be started: %s\n", rte_strerror(rte_errno));
	return NULL;
}

void wire_close(struct wire *wire)
{
	rte_eth_dev_stop(wire->port);
	rte_eth_dev_close(wire->port);
	rte_eal_cleanup();
	free(wire);
}

bool wire_is_up(struct wire *wire)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(wire->port, &link) == 0 && link.link_status;
}

static bool is_query(const struct rte_mbuf *mbuf)
{
	return mbuf->data_len > FLAGS_OFF &&
		!(rte_pktmbuf_mtod(mbuf, const uint8_t *)[FLAGS_OFF] & (MSG_QR >> 8));
}

static void hold(struct wire *wire, struct rte_mbuf *mbuf, uint64_t due)
{
	if (wire->tail - wire->head == HELD) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	wire->held[wire->tail++ % HELD] = (struct held){due, mbuf};
}

static void hold_lie(
	struct wire *wire, struct replier *replier, const struct rte_mbuf *truth, uint64_t due)
{
	struct rte_mbuf *lie = rte_pktmbuf_alloc(wire->pool);

	if (!lie)
		return;
	lie->data_len = truth->data_len;
	lie->pkt_len = truth->data_len;
	memcpy(rte_pktmbuf_mtod(lie, void *), rte_pktmbuf_mtod(truth, void *), truth->data_len);
	reply_falsify(replier, rte_pktmbuf_mtod(lie, uint8_t *));
	hold(wire, lie, due);
}

static void answer(
	struct wire *wire, struct trial_bench *bench, struct rte_mbuf *mbuf, uint64_t due)
{
	enum reply_plan plan = reply_plan(&bench->replier);
	unsigned len = 0;

	if (plan != REPLY_NOTHING && rte_pktmbuf_tailroom(mbuf) >= REPLY_GROWTH)
		len = reply_make(
			&bench->replier, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);
	if (len == 0) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = len;
	if (plan == REPLY_LIE_FIRST)
		hold_lie(wire, &bench->replier, mbuf, due);
	hold(wire, mbuf, due);
}

void wire_receive(struct wire *wire, struct trial_bench *bench, const struct trial_setup *setup,
	uint64_t delay)
{
	struct rte_mbuf *mbufs[BURST], *done[BURST];
	struct client_frame frames[BURST];
	unsigned count = rte_eth_rx_burst(wire->port, 0, mbufs, BURST), done_count = 0;
	uint64_t now = __rdtsc();

	for (unsigned i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (unsigned i = 0; i < count; i++) {
		if (setup->has_upstream && is_query(mbufs[i])) {
			answer(wire, bench, mbufs[i], now + delay);
			continue;
		}
		frames[done_count] = (struct client_frame){
			rte_pktmbuf_mtod(mbufs[i], uint8_t *), mbufs[i]->data_len};
		done[done_count++] = mbufs[i];
	}
	client_take(&bench->client, frames, done_count, now);
	rte_pktmbuf_free_bulk(done, done_count);
}

void wire_reply(struct wire *wire, uint64_t now)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned count = 0, sent;

	while (count < BURST && wire->head != wire->tail &&
		wire->held[wire->head % HELD].due <= now)
		mbufs[count++] = wire->held[wire->head++ % HELD].mbuf;
	if (count == 0)
		return;
	sent = rte_eth_tx_burst(wire->port, 0, mbufs, (uint16_t)count);
	wire->head -= count - sent; // the next time
}

unsigned wire_ask(struct wire *wire, struct client *client, unsigned count)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned sent;

	if (count > BURST)
		count = BURST;
	if (rte_pktmbuf_alloc_bulk(wire->pool, mbufs, count) != 0)
		return 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned len = client_ask(client, rte_pktmbuf_mtod(mbufs[i], uint8_t *), __rdtsc());

		mbufs[i]->data_len = (uint16_t)len;
		mbufs[i]->pkt_len = len;
	}
	sent = rte_eth_tx_burst(wire->port, 0, mbufs, (uint16_t)count);
	for (unsigned i = sent; i < count; i++)
		client_unsend(client);
	rte_pktmbuf_free_bulk(mbufs + sent, count - sent);
	return sent;
}
