// SPDX-License-Identifier: BSD-3-Clause
// The answer cache: buckets that lead to answers, and two rings of cells that answers pass through.
#include "dataplane/state/answers.h"

#include <string.h>

#include "core/bytes.h"

enum {
	SLOTS = 10,
	GROUP_BUCKETS = 64,
	INDEX_SHARE = 8,     // one part in so many is buckets: a slot for 45 bytes of answers
	NEWCOMER_SHARE = 10, // one part in so many of the cells
	ROUNDS_MAX = 8,      // answers that go round again while room is made for one
	USES_MAX = 3,
	FLUSH_BITS = 8,
};

// What a place is if it leads nowhere; else PLACE_FIRST and the number of the answer's first cell.
enum { PLACE_FREE, PLACE_REMEMBERED, PLACE_FIRST };

struct bucket {
	uint32_t places[SLOTS];
	uint16_t tags[SLOTS];
	uint32_t padding;
};
static_assert(sizeof(struct bucket) == 64, "one cache line");

// Cells first to end, used from tail to head: answers, each in one piece. What does not fit before the end starts anew at the
// first, after a piece that is gone.
struct ring {
	uint32_t first, end;
	uint32_t head, tail;
	uint32_t free;
};

enum ring_name { NEWCOMERS, KNOWN, RING_COUNT };

struct flush {
	uint64_t at_us;
	struct answers_flush what;
};

struct answers {
	uint32_t stamp; // generation << FLUSH_BITS | number of flushes
	uint32_t stale_sec;
	uint32_t group_count;
	uint64_t floor_us; // nothing stored until then is there any more
	struct bucket *buckets;
	uint8_t *cells;
	struct ring rings[RING_COUNT];
	struct question_secret secret;
	uint64_t count;
	size_t size;
	unsigned flush_count; // so far
	struct flush flushes[ANSWERS_FLUSHES];
};

static size_t whole(size_t size, size_t unit)
{
	return size / unit * unit;
}

static void init_ring(struct ring *ring, uint32_t first, uint32_t end)
{
	*ring = (struct ring){first, end, .head = first, .tail = first, .free = end - first};
}

struct answers *answers_init(void *memory, size_t size, const struct question_secret *secret)
{
	struct answers *answers = memory;
	size_t taken = whole(sizeof(*answers) + 63, 64);
	size_t group_size = GROUP_BUCKETS * sizeof(struct bucket);
	uint32_t cell_count, newcomers;

	answers->size = size;
	answers->secret = *secret;
	answers->buckets = (struct bucket *)((uint8_t *)memory + taken);
	answers->group_count = (uint32_t)((size - taken) / INDEX_SHARE / group_size);
	if (answers->group_count == 0)
		answers->group_count = 1;
	taken += answers->group_count * group_size;
	answers->cells = (uint8_t *)memory + taken;
	cell_count = (uint32_t)((size - taken) / ANSWERS_CELL);
	newcomers = cell_count / NEWCOMER_SHARE;
	if (newcomers < 2 * ANSWERS_CELLS_MAX)
		newcomers = 2 * ANSWERS_CELLS_MAX;
	init_ring(&answers->rings[NEWCOMERS], 0, newcomers);
	init_ring(&answers->rings[KNOWN], newcomers, cell_count);
	return answers;
}

static uint32_t stamp_of(const struct answers *answers, uint64_t generation)
{
	return (uint32_t)generation << FLUSH_BITS | (uint8_t)answers->flush_count;
}

void answers_enter(struct answers *answers, uint64_t generation, uint32_t stale_sec)
{
	answers->stamp = stamp_of(answers, generation);
	answers->stale_sec = stale_sec;
}

static struct cached *answer_at(const struct answers *answers, uint32_t cell)
{
	return (struct cached *)(answers->cells + (size_t)cell * ANSWERS_CELL);
}

static uint32_t cell_of(const struct answers *answers, const struct cached *answer)
{
	return (uint32_t)(((const uint8_t *)answer - answers->cells) / ANSWERS_CELL);
}

static struct ring *ring_of(struct answers *answers, const struct cached *answer)
{
	return &answers->rings[cell_of(answers, answer) >= answers->rings[KNOWN].first];
}

static unsigned record_count(const uint8_t counts[3])
{
	return (unsigned)counts[0] + counts[1] + counts[2];
}

static uint8_t *name_of(const struct cached *answer)
{
	return (uint8_t *)(answer + 1);
}

static uint8_t *ttl_offs_of(const struct cached *answer)
{
	return name_of(answer) + answer->name_len;
}

static uint8_t *records_of(const struct cached *answer)
{
	return ttl_offs_of(answer) + record_count(answer->counts) * sizeof(uint16_t);
}

static uint32_t cells_for(const struct question *question, const struct cached_content *content)
{
	size_t len = sizeof(struct cached) + question->name_len +
		record_count(content->counts) * sizeof(uint16_t) + content->records_len;

	return (uint32_t)((len + ANSWERS_CELL - 1) / ANSWERS_CELL);
}

struct question_hash answers_hash(const struct answers *answers, const struct question *question)
{
	return question_hash(question, &answers->secret);
}

static uint32_t group_of(const struct answers *answers, const struct question_hash *hash)
{
	return (uint32_t)((hash->name >> 32) * answers->group_count >> 32);
}

static uint32_t bucket_of(const struct answers *answers, const struct question_hash *hash)
{
	return group_of(answers, hash) * GROUP_BUCKETS + (uint32_t)(hash->whole >> 58);
}

static uint16_t tag_of(const struct question_hash *hash)
{
	return (uint16_t)hash->whole;
}

void answers_fetch_bucket(const struct answers *answers, const struct question_hash *hash)
{
	__builtin_prefetch(&answers->buckets[bucket_of(answers, hash)]);
}

// The slot of this tag from number `slot` on that leads to an answer; SLOTS: none.
static unsigned next_slot(const struct bucket *bucket, uint16_t tag, unsigned slot)
{
	while (slot < SLOTS && (bucket->tags[slot] != tag || bucket->places[slot] < PLACE_FIRST))
		slot++;
	return slot;
}

void answers_fetch_answer(const struct answers *answers, const struct question_hash *hash)
{
	const struct bucket *bucket = &answers->buckets[bucket_of(answers, hash)];
	unsigned slot = next_slot(bucket, tag_of(hash), 0);
	const uint8_t *bytes;

	if (slot == SLOTS)
		return;
	bytes = (const uint8_t *)answer_at(answers, bucket->places[slot] - PLACE_FIRST);
	__builtin_prefetch(bytes, 1);
	__builtin_prefetch(bytes + 64);
	__builtin_prefetch(bytes + 128);
}

static bool is_for(const struct cached *answer, const struct question *question)
{
	return answer->network == question->network && answer->type == question->type &&
		answer->class == question->class && answer->variant == question->variant &&
		answer->name_len == question->name_len &&
		name_equal_folded(question->name, name_of(answer), question->name_len);
}

static struct cached *find(const struct answers *answers, const struct question *question,
	const struct question_hash *hash)
{
	const struct bucket *bucket = &answers->buckets[bucket_of(answers, hash)];
	uint16_t tag = tag_of(hash);

	for (unsigned slot = next_slot(bucket, tag, 0); slot < SLOTS;
		slot = next_slot(bucket, tag, slot + 1)) {
		struct cached *answer = answer_at(answers, bucket->places[slot] - PLACE_FIRST);

		if (is_for(answer, question))
			return answer;
	}
	return NULL;
}

// The slot that leads to this answer. There always is one, unless it is gone.
static uint32_t *place_of(const struct answers *answers, const struct cached *answer)
{
	uint32_t *place = answers->buckets[answer->bucket].places;

	while (*place != PLACE_FIRST + cell_of(answers, answer))
		place++;
	return place;
}

static void let_go(struct answers *answers, struct cached *answer, uint32_t place)
{
	*place_of(answers, answer) = place;
	answer->is_gone = true;
	answers->count--;
}

static bool is_below(const struct cached *answer, const struct answers_flush *what)
{
	const uint8_t *name = name_of(answer), *end = name + answer->name_len;

	for (; end - name > what->name_len; name += 1 + *name)
		;
	return end - name == what->name_len && memcmp(name, what->name, what->name_len) == 0;
}

static bool is_about(const struct answers_flush *what, const struct cached *answer)
{
	switch (what->what) {
	case ANSWERS_OF_NAME: return answer->name_len == what->name_len && is_below(answer, what);
	case ANSWERS_BELOW: return is_below(answer, what);
	case ANSWERS_OF_RULE: return answer->rule == what->rule;
	case ANSWERS_ALL: break;
	}
	return true;
}

static bool is_flushed(const struct answers *answers, const struct cached *answer)
{
	unsigned count =
		answers->flush_count < ANSWERS_FLUSHES ? answers->flush_count : ANSWERS_FLUSHES;

	if (answer->stored_us <= answers->floor_us)
		return true;
	if (answers_is_sure(answers, answer))
		return false;
	for (unsigned i = 0; i < count; i++) {
		const struct flush *flush = &answers->flushes[i];

		if (answer->stored_us <= flush->at_us && is_about(&flush->what, answer))
			return true;
	}
	return false;
}

struct cached *answers_find(
	struct answers *answers, const struct question *question, const struct question_hash *hash)
{
	struct cached *answer = find(answers, question, hash);

	if (answer && is_flushed(answers, answer)) {
		let_go(answers, answer, PLACE_FREE);
		return NULL;
	}
	return answer;
}

bool answers_is_sure(const struct answers *answers, const struct cached *answer)
{
	return answer->stamp == answers->stamp;
}

void answers_confirm(const struct answers *answers, struct cached *answer)
{
	answer->stamp = answers->stamp;
}

void answers_forget(struct answers *answers, struct cached *answer)
{
	let_go(answers, answer, PLACE_FREE);
}

static uint32_t make_room(struct answers *, enum ring_name, uint32_t cells, uint64_t now_us);

// From where it stands, at the tail of a ring, to a head. Its cells are free already, but not written yet.
static void move_to_known(struct answers *answers, struct cached *answer, uint64_t now_us)
{
	uint32_t *place = place_of(answers, answer);
	uint32_t cell = make_room(answers, KNOWN, answer->cells, now_us);

	*place = PLACE_FIRST + cell;
	memmove(answer_at(answers, cell), answer, (size_t)answer->cells * ANSWERS_CELL);
}

static bool is_worth_keeping(
	const struct answers *answers, const struct cached *answer, uint64_t now_us)
{
	return answers_age_sec(answer, now_us) < (uint64_t)answer->ttl_sec + answers->stale_sec;
}

// No answer is pushed out yet by one that becomes known.
static bool has_room_to_spare(const struct answers *answers)
{
	return answers->rings[KNOWN].free >= 2 * ANSWERS_CELLS_MAX;
}

// The oldest answer of a ring goes, or goes on.
static void retire_oldest(
	struct answers *answers, enum ring_name name, unsigned *rounds, uint64_t now_us)
{
	struct ring *ring = &answers->rings[name];
	struct cached *oldest = answer_at(answers, ring->tail);

	ring->tail += oldest->cells;
	ring->free += oldest->cells;
	if (ring->tail == ring->end)
		ring->tail = ring->first;
	if (oldest->is_gone)
		return;
	if (!is_worth_keeping(answers, oldest, now_us)) {
		let_go(answers, oldest, PLACE_FREE);
	} else if (name == NEWCOMERS && (oldest->uses > 0 || has_room_to_spare(answers))) {
		oldest->uses = 0;
		move_to_known(answers, oldest, now_us);
	} else if (name == NEWCOMERS) {
		let_go(answers, oldest, PLACE_REMEMBERED);
	} else if (oldest->uses > 0 && (*rounds)++ < ROUNDS_MAX) {
		oldest->uses--;
		move_to_known(answers, oldest, now_us);
	} else {
		let_go(answers, oldest, PLACE_FREE);
	}
}

// So many cells in one piece at the head of a ring, whose first is returned. An answer that goes round in its own ring needs none but those
// that it left: nothing else is retired for it.
static uint32_t make_room(
	struct answers *answers, enum ring_name name, uint32_t cells, uint64_t now_us)
{
	struct ring *ring = &answers->rings[name];
	unsigned rounds = 0;
	uint32_t cell;

	for (;;) {
		uint32_t to_end = ring->end - ring->head;

		if (to_end >= cells && ring->free >= cells)
			break;
		if (to_end < cells && ring->free >= to_end) {
			struct cached *rest = answer_at(answers, ring->head);

			rest->cells = (uint16_t)to_end;
			rest->is_gone = true;
			ring->free -= to_end;
			ring->head = ring->first;
		} else {
			retire_oldest(answers, name, &rounds, now_us);
		}
	}
	cell = ring->head;
	ring->free -= cells;
	ring->head += cells;
	if (ring->head == ring->end)
		ring->head = ring->first;
	return cell;
}

// How dear what a slot holds is to us: the question of this tag remembered, nothing, another question, a newcomer, an answer
// that is known.
static unsigned slot_cost(
	const struct answers *answers, const struct bucket *bucket, unsigned slot, uint16_t tag)
{
	uint32_t place = bucket->places[slot];

	if (place == PLACE_REMEMBERED)
		return bucket->tags[slot] == tag ? 0 : 2;
	if (place == PLACE_FREE)
		return 1;
	return place < PLACE_FIRST + answers->rings[KNOWN].first ? 3 : 4;
}

// The cheapest, looked for from another slot on for each tag.
static unsigned choose_slot(
	const struct answers *answers, const struct bucket *bucket, uint16_t tag)
{
	unsigned chosen = 0, best = UINT32_MAX;

	for (unsigned i = 0; i < SLOTS; i++) {
		unsigned slot = (tag + i) % SLOTS;
		unsigned cost = slot_cost(answers, bucket, slot, tag);

		if (cost < best) {
			best = cost;
			chosen = slot;
		}
	}
	return chosen;
}

static bool is_remembered(const struct bucket *bucket, uint16_t tag)
{
	for (unsigned slot = 0; slot < SLOTS; slot++)
		if (bucket->tags[slot] == tag && bucket->places[slot] == PLACE_REMEMBERED)
			return true;
	return false;
}

// The memory that the next answer will need to push out another.
static void fetch_next(const struct answers *answers, const struct ring *ring)
{
	const struct cached *oldest = answer_at(answers, ring->tail);

	__builtin_prefetch(
		(const uint8_t *)oldest + (size_t)ANSWERS_CELLS_MAX * ANSWERS_CELL / 8, 1);
	if (!oldest->is_gone)
		__builtin_prefetch(&answers->buckets[oldest->bucket], 1);
}

// Cells for an answer whose question is not there, and a slot that leads to them.
static struct cached *enter(struct answers *answers, const struct question_hash *hash,
	enum ring_name name, uint32_t cells, uint64_t now_us)
{
	uint32_t index = bucket_of(answers, hash);
	uint16_t tag = tag_of(hash);
	struct bucket *bucket = &answers->buckets[index];
	uint32_t cell = make_room(answers, name, cells, now_us);
	unsigned slot = choose_slot(answers, bucket, tag);
	struct cached *answer = answer_at(answers, cell);

	if (bucket->places[slot] >= PLACE_FIRST)
		let_go(answers, answer_at(answers, bucket->places[slot] - PLACE_FIRST), PLACE_FREE);
	bucket->tags[slot] = tag;
	bucket->places[slot] = PLACE_FIRST + cell;
	*answer = (struct cached){.bucket = index, .cells = (uint16_t)cells};
	answers->count++;
	return answer;
}

// Cells that hold the answer from now on: those of the one before, if they are enough.
static struct cached *place_answer(struct answers *answers, const struct question *question,
	const struct question_hash *hash, uint32_t cells, uint64_t now_us)
{
	const struct bucket *bucket = &answers->buckets[bucket_of(answers, hash)];
	struct cached *before = find(answers, question, hash), *answer;
	enum ring_name name = NEWCOMERS;
	uint32_t hits = 0;

	if (before && cells <= before->cells)
		return before;
	if (before) {
		name = ring_of(answers, before) == &answers->rings[KNOWN] ? KNOWN : NEWCOMERS;
		hits = before->hits;
		let_go(answers, before, PLACE_FREE);
	} else if (is_remembered(bucket, tag_of(hash))) {
		name = KNOWN;
	}
	answer = enter(answers, hash, name, cells, now_us);
	fetch_next(answers, &answers->rings[name]);
	answer->hits = hits;
	return answer;
}

static void fill(struct cached *answer, const struct question *question,
	const struct cached_content *content)
{
	answer->name_len = question->name_len;
	answer->type = question->type;
	answer->class = question->class;
	answer->network = question->network;
	answer->variant = question->variant;
	answer->is_failure = content->is_failure;
	answer->is_asked = false;
	answer->retry_sec = 0;
	answer->route = content->route;
	answer->rule = content->rule;
	answer->ttl_sec = content->ttl_sec;
	answer->flags = content->flags;
	answer->records_len = content->records_len;
	memcpy(answer->counts, content->counts, sizeof(answer->counts));
	name_fold(name_of(answer), question->name, question->name_len);
	memcpy(ttl_offs_of(answer), content->ttl_offs,
		record_count(content->counts) * sizeof(uint16_t));
	memcpy(records_of(answer), content->records, content->records_len);
}

struct cached *answers_put(struct answers *answers, const struct question *question,
	const struct question_hash *hash, const struct cached_content *content, uint64_t now_us)
{
	uint32_t cells = cells_for(question, content);
	struct cached *answer;

	if (cells > ANSWERS_CELLS_MAX) {
		answer = find(answers, question, hash);
		if (answer)
			let_go(answers, answer, PLACE_FREE);
		return NULL;
	}
	answer = place_answer(answers, question, hash, cells, now_us);
	fill(answer, question, content);
	answer->stored_us = now_us;
	answer->stamp = stamp_of(answers, content->generation);
	return answer;
}

uint32_t answers_age_sec(const struct cached *answer, uint64_t now_us)
{
	return (uint32_t)((now_us - answer->stored_us) / 1000000);
}

bool answers_is_fresh(const struct cached *answer, uint64_t now_us)
{
	return answers_age_sec(answer, now_us) < answer->ttl_sec;
}

void answers_note_use(struct cached *answer)
{
	answer->hits++;
	if (answer->uses < USES_MAX)
		answer->uses++;
}

static uint32_t ttl_now(be32_t stored, uint32_t age_sec, uint32_t ttl_sec)
{
	uint32_t ttl = be32_get(stored);

	if (ttl_sec > 0)
		return ttl_sec;
	return ttl > age_sec ? ttl - age_sec : 0;
}

uint16_t answers_copy_records(
	const struct cached *answer, uint8_t *out, uint32_t age_sec, uint32_t ttl_sec)
{
	const uint8_t *offs = ttl_offs_of(answer);
	unsigned count = record_count(answer->counts);

	memcpy(out, records_of(answer), answer->records_len);
	for (unsigned i = 0; i < count; i++) {
		uint16_t off;
		be32_t ttl;

		memcpy(&off, offs + i * sizeof(off), sizeof(off));
		memcpy(&ttl, out + off, sizeof(ttl));
		ttl = be32_of(ttl_now(ttl, age_sec, ttl_sec));
		memcpy(out + off, &ttl, sizeof(ttl));
	}
	return answer->records_len;
}

void answers_flush(struct answers *answers, const struct answers_flush *what, uint64_t now_us)
{
	struct flush *flush = &answers->flushes[answers->flush_count % ANSWERS_FLUSHES];

	if (answers->flush_count >= ANSWERS_FLUSHES)
		answers->floor_us = flush->at_us;
	if (what->what == ANSWERS_ALL)
		answers->floor_us = now_us;
	*flush = (struct flush){now_us, *what};
	answers->flush_count++;
	answers->stamp = (answers->stamp & ~(uint32_t)UINT8_MAX) | (uint8_t)answers->flush_count;
}

unsigned answers_of_name(struct answers *answers, const struct question *question,
	const struct cached **found, unsigned max)
{
	struct question_hash hash = answers_hash(answers, question);
	const struct bucket *group = &answers->buckets[group_of(answers, &hash) * GROUP_BUCKETS];
	unsigned count = 0;

	for (unsigned i = 0; i < GROUP_BUCKETS * SLOTS && count < max; i++) {
		uint32_t place = group[i / SLOTS].places[i % SLOTS];
		const struct cached *answer;

		if (place < PLACE_FIRST)
			continue;
		answer = answer_at(answers, place - PLACE_FIRST);
		if (answer->name_len == question->name_len &&
			name_equal_folded(question->name, name_of(answer), question->name_len) &&
			!is_flushed(answers, answer))
			found[count++] = answer;
	}
	return count;
}

struct answers_totals answers_totals(const struct answers *answers)
{
	struct answers_totals totals = {.answers = answers->count, .size = answers->size};

	for (unsigned i = 0; i < RING_COUNT; i++) {
		const struct ring *ring = &answers->rings[i];

		totals.used += (uint64_t)(ring->end - ring->first - ring->free) * ANSWERS_CELL;
	}
	return totals;
}
