// SPDX-License-Identifier: BSD-3-Clause
// Pairs of source port and ID, drawn and read by the burst (state/owner.h says how they come to be).
#include "dataplane/path/pairs.h"

// The ports that a device lists of this address; NULL: it has all of the range open.
static const struct port_sources *listed(
	const struct path *path, const struct image_outbound *source)
{
	const struct image_outbound *first = path->image->outbound;
	bool is_current = source >= first && source < first + path->image->outbound_count;
	const struct port_sources *ports = is_current
		? &path->sources[source - first]
		: &path->sources_before[source - path->before];

	return atomic_load_explicit(&ports->count, memory_order_acquire) ? ports : NULL;
}

static uint32_t port_count(const struct path *path, const struct image_outbound *source)
{
	const struct port_sources *ports = listed(path, source);

	return ports ? atomic_load_explicit(&ports->count, memory_order_relaxed)
		     : source->port_last - source->port_first + 1u;
}

// Who listed a port has opened it before.
static be16_t port_at(const struct path *path, const struct image_outbound *source, uint32_t row)
{
	const struct port_sources *ports = listed(path, source);

	if (ports)
		return be16_of(atomic_load_explicit(&ports->ports[row], memory_order_acquire));
	return be16_of((uint16_t)(source->port_first + row));
}

// The row of a port among those that are listed, or were until lately. PORT_SOURCES_MAX: in none.
static uint32_t row_listed(const struct port_sources *ports, uint16_t port)
{
	uint32_t found = PORT_SOURCES_MAX;

	for (uint32_t i = PORT_SOURCES_MAX; i-- > 0;)
		if (atomic_load_explicit(&ports->ports[i], memory_order_relaxed) == port ||
			atomic_load_explicit(&ports->replaced[i], memory_order_relaxed) == port)
			found = i;
	return found;
}

static uint32_t row_of(const struct path *path, const struct image_outbound *source, be16_t port)
{
	const struct port_sources *ports = listed(path, source);

	return ports ? row_listed(ports, be16_get(port))
		     : (uint32_t)(be16_get(port) - source->port_first);
}

// Drawing.

static struct place place_of(const struct path *path, const struct query *query)
{
	const struct owner owner = {
		.worker = path->worker,
		.send = inflight_send_number(path->inflight, query->send),
		.turn = query->send->turn,
	};

	return owner_place(&path->crowd, &owner, port_count(path, query->source));
}

static void take_pair(const struct path *path, struct query *query, const struct place *place)
{
	query->attempt.port = port_at(path, query->source, place->row);
	query->attempt.id = place->column;
	query->send->port = query->attempt.port;
	query->send->id = query->attempt.id;
}

// While two keys are accepted, a pair may be one by which something waits that left under the other key: then a reply could be for
// either. Of other workers' sends that can't be seen; a reply is read by both keys, and each compares what it waits for.
static bool is_taken(const struct path *path, const struct query *query, struct place place)
{
	struct inflight_send *found;
	struct owner owner;

	permutation_undo(path->keys.other, &place, 1);
	owner = owner_at(&path->crowd, &place);
	if (owner.worker != path->worker)
		return false;
	found = inflight_find(path->inflight, owner.send, &query->attempt.ours, query->attempt.port,
		query->attempt.id);
	return found && found != query->send;
}

static void draw_until_free(const struct path *path, struct query *query, struct place place)
{
	while (is_taken(path, query, place)) {
		query->send->turn++;
		place = place_of(path, query);
		permutation_apply(path->keys.issued, &place, 1);
		take_pair(path, query, &place);
	}
}

void pairs_draw(const struct path *path, struct query *const *queries, unsigned count)
{
	struct place places[PATH_ROOM] __attribute__((uninitialized));

	for (unsigned i = 0; i < count; i++)
		places[i] = place_of(path, queries[i]);
	permutation_apply(path->keys.issued, places, count);
	for (unsigned i = 0; i < count; i++)
		take_pair(path, queries[i], &places[i]);
	for (unsigned i = 0; path->keys.other && i < count; i++)
		draw_until_free(path, queries[i], places[i]);
}

// Reading.

static const struct image_outbound *find_range(
	const struct image_outbound *ranges, uint32_t count, const struct endpoint *endpoint)
{
	uint16_t port = be16_get(endpoint->port);

	for (uint32_t i = 0; i < count; i++)
		if (ip_equal(&ranges[i].ip, &endpoint->ip) && port >= ranges[i].port_first &&
			port <= ranges[i].port_last)
			return &ranges[i];
	return NULL;
}

bool pairs_find_sources(const struct path *path, struct query *reply)
{
	const struct image *image = path->image;

	reply->source = find_range(image->outbound, image->outbound_count, &reply->to);
	reply->source_before = find_range(path->before, path->before_count, &reply->to);
	if (reply->source && reply->source_before &&
		reply->source->port_first == reply->source_before->port_first &&
		reply->source->port_last == reply->source_before->port_last)
		reply->source_before = NULL;
	return reply->source || reply->source_before;
}

// The place that a reply came to. False: the reading has none.
static bool find_place(const struct path *path, const struct query *reply,
	const struct image_outbound *source, struct place *place)
{
	if (!source)
		return false;
	*place = (struct place){
		port_count(path, source), row_of(path, source, reply->to.port), reply->msg.id};
	return place->row < place->rows && owner_turns(&path->crowd, place->rows) > 0;
}

void pairs_own(
	const struct path *path, struct query *const *replies, struct owner *owners, unsigned count)
{
	struct place places[PATH_ROOM] __attribute__((uninitialized));

	for (unsigned i = 0; i < count; i++)
		if (!find_place(path, replies[i], replies[i]->source, &places[i]))
			places[i] = (struct place){0};
	permutation_undo(path->keys.issued, places, count);
	for (unsigned i = 0; i < count; i++)
		owners[i] = places[i].rows ? owner_at(&path->crowd, &places[i])
					   : (struct owner){.worker = path->crowd.worker_count};
}

bool pairs_read(
	const struct path *path, const struct query *reply, unsigned reading, struct owner *owner)
{
	const struct image_outbound *source = reading < 2 ? reply->source : reply->source_before;
	const struct permutation *key = reading % 2 ? path->keys.other : path->keys.issued;
	struct place place;

	if (!key || !find_place(path, reply, source, &place))
		return false;
	permutation_undo(key, &place, 1);
	*owner = owner_at(&path->crowd, &place);
	return owner->worker < path->crowd.worker_count;
}
