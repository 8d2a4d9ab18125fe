// SPDX-License-Identifier: BSD-3-Clause
// UDP sockets by the endpoint they are bound to: opened, renewed, drained and closed.
#include "dataplane/port/bound.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/port/address.h"

enum {
	BINDS = 64,                    // random ports tried until one is free
	INBOUND_BUFFER_SIZE = 4 << 20, // as far as the kernel lets us (net.core.rmem_max)
};

static uint32_t slot_of(const struct bound_set *set, const struct endpoint *at)
{
	uint32_t words[4], port = be16_get(at->port);

	memcpy(words, at->ip.b, sizeof(words));
	words[3] ^= words[0] ^ words[1] ^ words[2];
	return ((words[3] ^ port * UINT32_C(0x9e3779b1)) * UINT32_C(0x85ebca6b)) >> 8 & set->mask;
}

const struct bound_socket *bound_find(const struct bound_set *set, const struct endpoint *at)
{
	if (!set)
		return NULL;
	for (uint32_t i = slot_of(set, at); set->slots[i]; i = (i + 1) & set->mask)
		if (endpoint_equal(&set->slots[i]->at, at))
			return set->slots[i];
	return NULL;
}

// Sets.

static struct bound_set *set_new(const struct bound *bound)
{
	uint32_t size = 16;
	struct bound_set *set;

	while (size < 2 * bound->socket_count)
		size *= 2;
	set = calloc(1, sizeof(*set) + size * sizeof(struct bound_socket *));
	if (!set)
		return NULL;
	set->mask = size - 1;
	for (uint32_t i = 0; i < bound->socket_count; i++) {
		struct bound_socket *socket = bound->sockets[i];
		uint32_t at = slot_of(set, &socket->at);

		if (socket->left_set)
			continue;
		while (set->slots[at])
			at = (at + 1) & set->mask;
		set->slots[at] = socket;
	}
	return set;
}

static void publish(struct bound *bound, struct bound_set *set)
{
	struct bound_set *older = atomic_load_explicit(&bound->set, memory_order_relaxed);

	set->older = older;
	set->number = older ? older->number + 1 : 1;
	atomic_store_explicit(&bound->set, set, memory_order_release);
}

static void free_sets(struct bound_set *set)
{
	while (set) {
		struct bound_set *older = set->older;

		free(set);
		set = older;
	}
}

static void close_socket(struct bound_socket *socket)
{
	close(socket->fd);
	free(socket);
}

// Closes the sockets, and frees the sets, that the worker has turned away from.
static void reclaim(struct bound *bound)
{
	uint64_t seen = atomic_load_explicit(&bound->seen, memory_order_acquire);
	struct bound_set *set = atomic_load_explicit(&bound->set, memory_order_relaxed);
	uint32_t kept = 0;

	while (set && set->number > seen)
		set = set->older;
	if (set) {
		free_sets(set->older);
		set->older = NULL;
	}
	for (uint32_t i = 0; i < bound->socket_count; i++) {
		struct bound_socket *socket = bound->sockets[i];

		if (socket->left_set && socket->left_set <= seen)
			close_socket(socket);
		else
			bound->sockets[kept++] = socket;
	}
	bound->socket_count = kept;
}

// Sockets.

// It goes by the interface's MTU alone: a forged "fragmentation needed" or "packet too big" changes nothing.
static int set_options(int fd, bool is_v4)
{
	const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE},
		{IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_INTERFACE},
		{IPPROTO_IPV6, IPV6_V6ONLY, 1},
	};

	for (unsigned i = is_v4 ? 0 : 1; i < (is_v4 ? 1 : sizeof(options) / sizeof(options[0]));
		i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			    sizeof(options[i].value)) != 0)
			return -errno;
	return 0;
}

static int bind_socket(int fd, const struct endpoint *at)
{
	union address address;
	socklen_t len = address_build(&address, at);

	return bind(fd, &address.any, len) == 0 ? 0 : -errno;
}

// The worker is told when there is something to receive.
static int watch(struct bound *bound, struct bound_socket *socket)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = socket};

	if (epoll_ctl(bound->epoll_fd, EPOLL_CTL_ADD, socket->fd, &event) != 0)
		return -errno;
	socket->left_set = 0;
	return 0;
}

static int keep_socket(struct bound *bound, struct bound_socket *socket)
{
	int err;

	if (bound->socket_count == bound->socket_room) {
		uint32_t room = bound->socket_room ? 2 * bound->socket_room : 1024;
		struct bound_socket **sockets =
			realloc(bound->sockets, room * sizeof(struct bound_socket *));

		if (!sockets)
			return -ENOMEM;
		bound->sockets = sockets;
		bound->socket_room = room;
	}
	err = watch(bound, socket);
	if (!err)
		bound->sockets[bound->socket_count++] = socket;
	return err;
}

// A socket that nobody uses yet.
static int open_socket(struct bound *bound, const struct endpoint *at, struct bound_socket **opened)
{
	struct bound_socket *socket_at = calloc(1, sizeof(*socket_at));
	bool is_v4 = ip_is_v4(&at->ip);
	int err;

	if (!socket_at)
		return -ENOMEM;
	socket_at->at = *at;
	socket_at->fd =
		socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = socket_at->fd < 0 ? -errno : set_options(socket_at->fd, is_v4);
	if (!err)
		err = bind_socket(socket_at->fd, at);
	if (!err)
		err = keep_socket(bound, socket_at);
	if (err) {
		if (socket_at->fd >= 0)
			close(socket_at->fd);
		free(socket_at);
		return err;
	}
	*opened = socket_at;
	return 0;
}

// A socket at a port of the range that nobody can foretell.
static int open_in_range(
	struct bound *bound, const struct steering_range *range, struct bound_socket **opened)
{
	uint32_t port_count = (uint32_t)(range->port_last - range->port_first) + 1;
	int err = -EADDRINUSE;

	for (unsigned i = 0; i < BINDS && err == -EADDRINUSE; i++) {
		struct endpoint at = {.ip = range->ip};
		uint64_t drawn;

		if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
			return -EIO;
		at.port = be16_of((uint16_t)(range->port_first + drawn % port_count));
		err = open_socket(bound, &at, opened);
	}
	return err;
}

static struct bound_socket *find_open(const struct bound *bound, const struct endpoint *at)
{
	for (uint32_t i = 0; i < bound->socket_count; i++)
		if (endpoint_equal(&bound->sockets[i]->at, at))
			return bound->sockets[i];
	return NULL;
}

// Steering.

static const char *hint(int err)
{
	switch (err) {
	case -EACCES: return "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
	case -EADDRINUSE: return "; another program has it, or another shunt";
	case -EADDRNOTAVAIL: return "; it is no address of this host";
	case -EAFNOSUPPORT: return "; this host has no IPv6";
	case -EMFILE: return "; raise the number of open files (ulimit -n)";
	default: return "";
	}
}

static int fail(struct port_error *error, const struct ip *ip, unsigned port, int err)
{
	bool is_v4 = ip_is_v4(ip);
	char text[INET6_ADDRSTRLEN];

	inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? ip->b + 12 : ip->b, text, sizeof(text));
	snprintf(error->text, sizeof(error->text),
		is_v4 ? "a socket at %s:%u: %s%s" : "a socket at [%s]:%u: %s%s", text, port,
		strerror(-err), hint(err));
	return err;
}

static int open_inbound(
	struct bound *bound, const struct steering *steering, struct port_error *error)
{
	int size = INBOUND_BUFFER_SIZE;

	for (uint32_t i = 0; i < steering->inbound_count; i++) {
		const struct endpoint *at = &steering->inbound[i];
		struct bound_socket *socket = find_open(bound, at);
		int err;

		if (socket && !socket->left_set)
			continue;
		err = socket ? watch(bound, socket) : open_socket(bound, at, &socket);
		if (err)
			return fail(error, &at->ip, be16_get(at->port), err);
		(void)setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	}
	return 0;
}

static bool is_inbound(const struct steering *steering, const struct endpoint *at)
{
	for (uint32_t i = 0; i < steering->inbound_count; i++)
		if (endpoint_equal(&steering->inbound[i], at))
			return true;
	return false;
}

static bool is_same_range(const struct steering_range *a, const struct steering_range *b)
{
	return ip_equal(&a->ip, &b->ip) && a->port_first == b->port_first &&
		a->port_last == b->port_last;
}

// A pool of this range, each of them once: an address may be in several endpoints.
static struct bound_pool *take_pool(struct bound *bound, const struct steering_range *range)
{
	for (uint32_t i = 0; i < bound->pool_count; i++) {
		struct bound_pool *pool = &bound->pools[i];

		if (!pool->is_taken && is_same_range(&pool->range, range)) {
			pool->is_taken = true;
			return pool;
		}
	}
	return NULL;
}

// The sockets of the pool before, and new ones where there are none, or where an inbound endpoint has the place.
static int fill_pool(struct bound *bound, struct bound_pool *pool, const struct steering *steering,
	struct port_error *error)
{
	const struct bound_pool *before = take_pool(bound, &pool->range);

	pool->oldest = before ? before->oldest : 0;
	if (before)
		memcpy(pool->replaced, before->replaced, sizeof(pool->replaced));
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++) {
		struct bound_socket *socket = before ? before->sockets[i] : NULL;
		int err = 0;

		if (!socket || is_inbound(steering, &socket->at))
			err = open_in_range(bound, &pool->range, &socket);
		if (err)
			return fail(error, &pool->range.ip, pool->range.port_first, err);
		pool->sockets[i] = socket;
	}
	return 0;
}

static int fill_pools(struct bound *bound, struct bound_pool *pools, uint32_t *pool_count,
	const struct steering *steering, struct port_error *error)
{
	for (uint32_t i = 0; i < bound->pool_count; i++)
		bound->pools[i].is_taken = false;
	for (uint32_t i = 0; i < steering->outbound_count; i++) {
		struct bound_pool *pool = &pools[*pool_count];
		int err;

		pool->range = steering->outbound[i];
		err = fill_pool(bound, pool, steering, error);
		if (err)
			return err;
		++*pool_count;
	}
	return 0;
}

static void list_sources(const struct bound_pool *pool)
{
	struct port_sources *sources = pool->range.sources;

	if (!sources)
		return;
	for (unsigned i = 0; i < PORT_SOURCES_MAX; i++) {
		atomic_store_explicit(
			&sources->replaced[i], pool->replaced[i], memory_order_relaxed);
		atomic_store_explicit(&sources->ports[i], be16_get(pool->sockets[i]->at.port),
			memory_order_release);
	}
	atomic_store_explicit(&sources->count, PORT_SOURCES_MAX, memory_order_release);
}

// What is neither an inbound endpoint nor in a pool is left to drain; what is wanted again drains no more.
static void sort_sockets(struct bound *bound, const struct steering *steering, uint64_t now_ms)
{
	for (uint32_t i = 0; i < bound->socket_count; i++) {
		struct bound_socket *socket = bound->sockets[i];

		if (is_inbound(steering, &socket->at))
			socket->closes_ms = 0;
		else if (socket->closes_ms == 0)
			socket->closes_ms = now_ms + BOUND_DRAIN_MS;
	}
	for (uint32_t i = 0; i < bound->pool_count; i++)
		for (unsigned s = 0; s < PORT_SOURCES_MAX; s++)
			bound->pools[i].sockets[s]->closes_ms = 0;
}

int bound_steer(struct bound *bound, const struct steering *steering, uint64_t now_ms,
	struct port_error *error)
{
	struct bound_pool *pools = calloc(steering->outbound_count + 1, sizeof(*pools));
	uint32_t pool_count = 0, socket_count;
	struct bound_set *set = NULL;
	int err = -ENOMEM;

	reclaim(bound);
	socket_count = bound->socket_count;
	if (pools)
		err = open_inbound(bound, steering, error);
	if (!err)
		err = fill_pools(bound, pools, &pool_count, steering, error);
	if (!err) {
		set = set_new(bound);
		err = set ? 0 : -ENOMEM;
	}
	if (err)
		goto err;
	free(bound->pools);
	bound->pools = pools;
	bound->pool_count = pool_count;
	sort_sockets(bound, steering, now_ms);
	publish(bound, set);
	for (uint32_t i = 0; i < pool_count; i++)
		list_sources(&pools[i]);
	return 0;

err:
	// The worker may have been told of the new ones by the epoll descriptor: it has to turn before they go. The caller's
	// lists are its own again.
	free(pools);
	for (uint32_t i = 0; i < bound->pool_count; i++)
		bound->pools[i].range.sources = NULL;
	for (uint32_t i = socket_count; i < bound->socket_count; i++)
		bound->sockets[i]->closes_ms = now_ms;
	return err;
}

// Time.

static void renew(struct bound *bound, struct bound_pool *pool, uint64_t now_ms)
{
	for (unsigned i = 0; i < BOUND_RENEWED; i++) {
		struct bound_socket **at = &pool->sockets[pool->oldest];
		struct bound_socket *fresh;

		if (open_in_range(bound, &pool->range, &fresh) != 0)
			return; // the old ones serve on; the next tick tries again
		(*at)->closes_ms = now_ms + BOUND_DRAIN_MS;
		pool->replaced[pool->oldest] = be16_get((*at)->at.port);
		*at = fresh;
		pool->oldest = (pool->oldest + 1) % PORT_SOURCES_MAX;
	}
}

// Takes what has drained out of the next set.
static void expire(struct bound *bound, uint64_t next_set, uint64_t now_ms)
{
	for (uint32_t i = 0; i < bound->socket_count; i++) {
		struct bound_socket *socket = bound->sockets[i];

		if (socket->left_set || socket->closes_ms == 0 || socket->closes_ms > now_ms)
			continue;
		epoll_ctl(bound->epoll_fd, EPOLL_CTL_DEL, socket->fd, NULL);
		socket->left_set = next_set;
	}
}

void bound_tick(struct bound *bound, uint64_t now_ms)
{
	const struct bound_set *current = bound_get(bound);
	struct bound_set *set;

	if (!current)
		return;
	reclaim(bound);
	for (uint32_t i = 0; i < bound->pool_count; i++)
		if (bound->pools[i].range.sources)
			renew(bound, &bound->pools[i], now_ms);
	expire(bound, current->number + 1, now_ms);
	set = set_new(bound);
	if (!set)
		return;
	publish(bound, set);
	for (uint32_t i = 0; i < bound->pool_count; i++)
		list_sources(&bound->pools[i]);
}

int bound_init(struct bound *bound)
{
	*bound = (struct bound){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	return bound->epoll_fd >= 0 ? 0 : -errno;
}

void bound_fini(struct bound *bound)
{
	for (uint32_t i = 0; i < bound->socket_count; i++)
		close_socket(bound->sockets[i]);
	free_sets(atomic_load(&bound->set));
	free(bound->sockets);
	free(bound->pools);
	if (bound->epoll_fd >= 0)
		close(bound->epoll_fd);
}
