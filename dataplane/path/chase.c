// SPDX-License-Identifier: BSD-3-Clause
// CNAMEs across rules: an answer's chain is cut where it leads to a name that we answer ourselves, or that another rule sends to
// other servers; that name is looked up under what covers it, and the answer pieced together.
//
//   question ─CNAME─▶ … ─CNAME─▶ name ✂ what the upstream said beyond
//                                └▶ its own rule or zone ─▶ its records behind the chain so far
#include "core/answer.h"
#include "core/expand.h"
#include "core/prefix.h"
#include "dataplane/path/path.h"

// A chain being walked in a reply.
struct walk {
	const struct msg *reply;
	struct route_found home;  // what covers the name that was asked for
	struct route_found found; // what covers `name`
	uint16_t type;
	unsigned cname_count; // in this reply
	bool is_cut;
	uint8_t name[NAME_LEN_MAX]; // where the chain has led so far
};

static void find(const struct path *path, uint32_t network, const uint8_t *name, uint16_t type,
	struct route_found *found)
{
	struct suffix_query query = {.name = name, .network = network, .type = type};
	struct suffix_match match;

	suffix_match_below(
		path->image, &query, path->scanner, NAME_LABELS_MAX, IMAGE_RANK_COUNT, &match);
	route_find(path->image, &query, path->scanner, &match, found);
}

static bool is_name(const uint8_t *a, const uint8_t *b)
{
	unsigned len = name_check(a, NAME_LEN_MAX);

	return len == name_check(b, NAME_LEN_MAX) && name_equal_folded(a, b, len);
}

// The CNAME record that the answer has of a name.
static bool find_cname(const struct msg *reply, const uint8_t *name, struct expand_record *record)
{
	struct expand expand;

	expand_init(&expand, reply);
	while (expand_next(&expand, record) && record->section == EXPAND_ANSWER)
		if (record->type == TYPE_CNAME && is_name(record->owner, name))
			return true;
	return false;
}

// Where the upstream gave neither records of the last name nor an SOA, it said nothing of it.
static bool is_said(const struct walk *walk)
{
	struct expand_record record;
	struct expand expand;

	expand_init(&expand, walk->reply);
	while (expand_next(&expand, &record)) {
		if (record.section == EXPAND_ANSWER && record.type == walk->type &&
			is_name(record.owner, walk->name))
			return true;
		if (record.section == EXPAND_AUTHORITY && record.type == TYPE_SOA)
			return true;
	}
	return false;
}

static bool has_same_targets(const struct image *image, uint32_t a, uint32_t b)
{
	const struct image_route *route_a = &image->routes[a], *route_b = &image->routes[b];

	return route_a->target_count == route_b->target_count &&
		memcmp(image->targets + route_a->target_first,
			image->targets + route_b->target_first,
			route_a->target_count * sizeof(*image->targets)) == 0;
}

// What only the rule for "." or the network's default covers stays as the upstream gave it.
static bool is_elsewhere(const struct path *path, const struct walk *walk)
{
	const struct route_found *found = &walk->found;

	if (found->route == IMAGE_NONE)
		return false;
	if (!route_is(path->image, found->route, IMAGE_ACTION_FORWARD))
		return true;
	if (found->match.rule == IMAGE_NONE || found->match.label_count == 0)
		return false;
	return !route_is(path->image, walk->home.route, IMAGE_ACTION_FORWARD) ||
		!has_same_targets(path->image, found->route, walk->home.route);
}

// Walks the reply's chain up to its end, or to where it is cut.
static void walk_chain(const struct path *path, const struct query *query, struct walk *walk)
{
	struct expand_record record;

	while (!walk->is_cut && walk->cname_count <= ROUTE_CNAMES_MAX &&
		find_cname(walk->reply, walk->name, &record)) {
		walk->cname_count++;
		memcpy(walk->name, record.data, record.data_len);
		find(path, query->network, walk->name, walk->type, &walk->found);
		walk->is_cut = is_elsewhere(path, walk);
	}
	if (walk->cname_count > 0 && !walk->is_cut && query->verdict.rcode == RCODE_NOERROR)
		walk->is_cut = walk->found.route != IMAGE_NONE && !is_said(walk);
}

// The chain so far: the CNAMEs that were walked, with their signatures.
static bool keep_records(struct chain *chain, const struct walk *walk, const uint8_t *name)
{
	struct expand_record record;
	uint8_t owner[NAME_LEN_MAX];

	memcpy(owner, name, name_check(name, NAME_LEN_MAX));
	for (unsigned i = 0; i < walk->cname_count; i++) {
		if (!find_cname(walk->reply, owner, &record) ||
			!chain_add(chain,
				&(struct chain_record){record.owner, TYPE_CNAME, record.data_len,
					record.ttl, record.data}))
			return false;
		memcpy(owner, record.data, record.data_len);
	}
	chain->cname_count = (uint8_t)(chain->cname_count + walk->cname_count);
	memcpy(chain->name, walk->name, name_check(walk->name, NAME_LEN_MAX));
	return true;
}

// CNAMEs of zones that `found` has followed become part of the chain.
static bool keep_cnames(const struct path *path, struct chain *chain, struct route_found *found)
{
	const struct image *image = path->image;

	for (uint32_t i = 0; i < found->cname_count; i++) {
		const struct image_rrset *rrset = &image->rrsets[found->cnames[i]];
		uint16_t len;
		const uint8_t *data = zone_next_record(image, rrset, NULL, &len);

		if (!chain_add(chain,
			    &(struct chain_record){chain->name, TYPE_CNAME, len, rrset->ttl, data}))
			return false;
		memcpy(chain->name, data, len);
	}
	chain->cname_count = (uint8_t)(chain->cname_count + found->cname_count);
	found->cname_count = 0;
	return true;
}

static void give_up(struct path *path, struct query *query, const char *why)
{
	path_decide(path, query, RCODE_SERVFAIL, EDE_OTHER, why);
}

static struct chain *begin_chain(
	struct path *path, const uint8_t *question, uint16_t len, uint64_t deadline_us)
{
	struct chain *chain = chains_take(path->chains);

	if (!chain)
		return NULL;
	memcpy(chain->question, question, len);
	chain->question_len = len;
	memcpy(chain->name, question, len - 4u);
	chain->deadline_us = deadline_us;
	return chain;
}

// The chain's name is what the query asks for from now on, in this packet.
static void ask_for(struct query *query, const struct chain *chain, uint16_t type)
{
	uint8_t *question = query->message + MSG_HEADER_LEN;
	unsigned len = name_check(chain->name, NAME_LEN_MAX);
	const uint8_t rest[] = {(uint8_t)(type >> 8), (uint8_t)type, 0, CLASS_IN};

	memcpy(question, chain->name, len);
	memcpy(question + len, rest, sizeof(rest));
	query->msg = (struct msg){
		.bytes = query->message,
		.flags = query->asker.flags,
		.type = type,
		.class = CLASS_IN,
		.name_len = (uint8_t)len,
	};
}

// On to what covers the chain's name, further CNAMEs of zones followed.
static void go_on(struct path *path, struct query *query, struct chain *chain, uint16_t type)
{
	struct suffix_query name = {.name = chain->name, .network = query->network, .type = type};

	do
		path_count_rule(path, query);
	while (route_follow(path->image, &name, path->scanner, &query->found));
	if (chain->cname_count + query->found.cname_count > ROUTE_CNAMES_MAX) {
		give_up(path, query, "more than 11 CNAMEs");
	} else if (!keep_cnames(path, chain, &query->found)) {
		give_up(path, query, "the chain of CNAMEs is too long");
	} else {
		ask_for(query, chain, type);
		path_follow(path, query);
	}
}

static void cut(struct path *path, struct query *query, struct walk *walk)
{
	const struct inflight_slot *slot = query->slot;
	struct chain *chain = path_chain(path, query);

	if (!chain)
		chain = begin_chain(path, slot->question, slot->question_len, slot->deadline_us);
	if (!chain) {
		give_up(path, query, "no room for another chain of CNAMEs");
		return;
	}
	chain->has_ad &= (query->msg.flags & MSG_AD) != 0;
	query->chain = chain;
	query->slot = NULL; // its question is over
	if (!keep_records(chain, walk, slot->question)) {
		give_up(path, query, "the chain of CNAMEs is too long");
		return;
	}
	query->found = walk->found;
	go_on(path, query, chain, walk->type);
}

static void add(
	struct answer *answer, enum answer_section section, const struct chain_record *record)
{
	answer_add(answer, section,
		&(struct answer_record){
			record->owner, record->type, record->data_len, record->ttl, record->data});
}

// The chain so far, and behind it what the last upstream said.
static void merge(struct query *query, const struct chain *chain, struct answer *answer)
{
	struct chain_record kept;
	struct expand_record record;
	struct expand expand;
	size_t at = 0;

	while (chain_next(chain, &at, &kept))
		add(answer, ANSWER_ANSWER, &kept);
	expand_init(&expand, &query->msg);
	while (expand_next(&expand, &record) && record.section != EXPAND_ADDITIONAL)
		if (record.class == CLASS_IN)
			add(answer,
				record.section == EXPAND_ANSWER ? ANSWER_ANSWER : ANSWER_AUTHORITY,
				&(struct chain_record){record.owner, record.type, record.data_len,
					record.ttl, record.data});
	answer->is_full |= expand.is_bad;
}

static void finish(struct path *path, struct query *query, const struct chain *chain)
{
	uint8_t message[MSG_SIZE_MAX];
	size_t room = path_room_at(query), end = MSG_HEADER_LEN + (size_t)chain->question_len;
	uint16_t flags = query->msg.flags & MSG_TC;
	struct answer answer;

	if (chain->has_ad)
		flags |= query->msg.flags & MSG_AD;
	memcpy(message + MSG_HEADER_LEN, chain->question, chain->question_len);
	answer_init(&answer, message, end, room < sizeof(message) ? room : sizeof(message));
	merge(query, chain, &answer);
	if (answer.is_full || (flags & MSG_TC)) { // RFC 2181, 9
		flags |= MSG_TC;
		answer = (struct answer){.at = end};
	}
	*(struct msg_header *)message = (struct msg_header){
		.question_count = be16_of(1),
		.answer_count = be16_of(answer.counts[ANSWER_ANSWER]),
		.authority_count = be16_of(answer.counts[ANSWER_AUTHORITY]),
	};
	memcpy(query->message, message, answer.at);
	query->msg = (struct msg){
		.bytes = query->message,
		.len = (uint16_t)answer.at,
		.flags = flags,
		.name_len = (uint8_t)(chain->question_len - 4),
	};
	path_move(path, query, STEP_rewrite);
}

// The rule that the question went by says `chase: off`.
static bool is_left_alone(const struct path *path, const struct walk *walk)
{
	return route_is(path->image, walk->home.route, IMAGE_ACTION_FORWARD) &&
		path->image->routes[walk->home.route].has_no_chase;
}

static bool is_answer(const struct query *query)
{
	return query->verdict.rcode == RCODE_NOERROR || query->verdict.rcode == RCODE_NXDOMAIN;
}

// A reply that has a CNAME, or is part of a chain. The slot that waited for it, or shared it, is released already.
static void chase_reply(struct path *path, struct query *query)
{
	const struct inflight_slot *slot = query->slot;
	struct chain *chain = path_chain(path, query);
	struct walk walk = {.reply = &query->msg, .type = query->msg.type};

	query->network = prefix_find(path->image, &query->asker.client.ip, &query->asker.inbound);
	if (is_answer(query) && !(query->msg.flags & MSG_TC) && query->network != IMAGE_NONE) {
		memcpy(walk.name, slot->question, slot->question_len - 4u);
		find(path, query->network, walk.name, walk.type, &walk.home);
		if (!is_left_alone(path, &walk))
			walk_chain(path, query, &walk);
	}
	if ((chain ? chain->cname_count : 0) + walk.cname_count > ROUTE_CNAMES_MAX) {
		give_up(path, query, "more than 11 CNAMEs");
	} else if (walk.is_cut) {
		cut(path, query, &walk);
	} else if (chain && !is_answer(query)) {
		path_decide(path, query, RCODE_SERVFAIL, EDE_NO_REACHABLE_AUTHORITY,
			"where a CNAME led, there was no answer");
	} else if (chain) {
		finish(path, query, chain);
	} else {
		path_move(path, query, STEP_rewrite);
	}
}

// CNAMEs of zones have led to a name that is forwarded.
static void begin(struct path *path, struct query *query)
{
	uint64_t deadline_us = path->now_us + path->image->header->query_timeout_us;
	uint16_t type = query->msg.type;
	struct chain *chain;

	chain = begin_chain(
		path, msg_name(&query->msg), msg_question_len(&query->msg), deadline_us);
	if (!chain) {
		give_up(path, query, "no room for another chain of CNAMEs");
		return;
	}
	query->chain = chain;
	chain->has_ad = false; // records of our own are not signed
	if (!keep_cnames(path, chain, &query->found)) {
		give_up(path, query, "the chain of CNAMEs is too long");
		return;
	}
	ask_for(query, chain, type);
	path_move(path, query, STEP_forward);
}

void path_chase(struct path *path)
{
	struct room *room = &path->rooms[STEP_chase];

	for (unsigned i = 0; i < room->count; i++) {
		struct query *query = room->queries[i];

		if (query->slot)
			chase_reply(path, query);
		else
			begin(path, query);
	}
}
