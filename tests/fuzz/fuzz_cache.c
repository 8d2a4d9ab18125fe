// SPDX-License-Identifier: BSD-3-Clause
// The answer cache against a list of what was put in last for each question: what is found is that, or nothing, and
// all that is counted is found. An operation is 4 bytes: what, question, two for how much.
#include <stdlib.h>
#include <string.h>

#include "dataplane/state/answers.h"
#include "tests/fuzz/fuzz.h"

enum { QUESTIONS = 256, OP_LEN = 4, RECORD_LEN = 16, TTL_OFF = 6, SECOND = 1000000 };

// The answer that was put in last, from which its records follow; count 0: there must be none.
struct last {
	uint8_t count;
	uint32_t mark;
	uint64_t stored_us;
};

struct model {
	struct answers *answers;
	uint64_t now_us;
	uint64_t generation;
	uint32_t marks;
	struct last last[QUESTIONS];
};

static const struct question_secret secret = {{5, 6, 7, 8}};

// Question `number` is one of 64 names, some below others, in two networks, of two types.
static struct question question_of(unsigned number, uint8_t name[static 16])
{
	unsigned low = number & 7, high = number >> 3 & 7;
	uint8_t wire[] = {1, (uint8_t)('a' + low), 4, 't', 'e', 's', 't', 0};
	uint8_t below[] = {
		2, 'X', (uint8_t)('0' + high), 1, (uint8_t)('A' + low), 4, 't', 'e', 's', 't', 0};
	unsigned len = high ? sizeof(below) : sizeof(wire);

	memcpy(name, high ? below : wire, len);
	return (struct question){
		name, number >> 6 & 1, (uint16_t)(1 + (number >> 7)), 1, (uint8_t)len, 0};
}

static unsigned rule_of(unsigned number)
{
	return number & 3;
}

static bool is_below(unsigned number, unsigned parent)
{
	return number == parent || ((number & 7) == (parent & 7) && (parent >> 3 & 7) == 0);
}

static void put(struct model *model, unsigned number, uint8_t count)
{
	static uint8_t bytes[ANSWERS_RECORDS_MAX * RECORD_LEN];
	static uint16_t offs[ANSWERS_RECORDS_MAX];
	uint8_t name[16];
	struct question question = question_of(number, name);
	struct question_hash hash = answers_hash(model->answers, &question);
	struct cached_content content = {
		.records = bytes,
		.ttl_offs = offs,
		.records_len = (uint16_t)(count * RECORD_LEN),
		.counts = {count, 0, 0},
		.ttl_sec = 60,
		.rule = rule_of(number),
		.generation = model->generation,
	};
	bool is_put;

	model->marks++;
	for (unsigned i = 0; i < count; i++) {
		offs[i] = (uint16_t)(i * RECORD_LEN + TTL_OFF);
		memcpy(bytes + i * RECORD_LEN + 12, &model->marks, sizeof(model->marks));
	}
	is_put = answers_put(model->answers, &question, &hash, &content, model->now_us) != NULL;
	model->last[number] = (struct last){is_put ? count : 0, model->marks, model->now_us};
}

static void check_found(const struct cached *answer, const struct last *last, uint64_t now_us)
{
	uint8_t out[ANSWERS_CELLS_MAX * ANSWERS_CELL];

	HOLDS(last->count > 0 && answer->counts[0] == last->count);
	HOLDS(answer->stored_us == last->stored_us);
	HOLDS(answers_copy_records(answer, out, answers_age_sec(answer, now_us), 0) ==
		last->count * RECORD_LEN);
	for (unsigned i = 0; i < last->count; i++)
		HOLDS(memcmp(out + i * RECORD_LEN + 12, &last->mark, sizeof(last->mark)) == 0);
}

static struct cached *find(struct model *model, unsigned number)
{
	uint8_t name[16];
	struct question question = question_of(number, name);
	struct question_hash hash = answers_hash(model->answers, &question);
	struct cached *answer = answers_find(model->answers, &question, &hash);

	if (answer)
		check_found(answer, &model->last[number], model->now_us);
	return answer;
}

static void flush(struct model *model, enum answers_flush_what what, unsigned number)
{
	struct answers_flush flush = {what, .rule = rule_of(number)};
	struct question question = question_of(number, flush.name);

	flush.name_len = question.name_len;
	name_fold(flush.name, question.name, question.name_len);
	answers_flush(model->answers, &flush, model->now_us);
	for (unsigned i = 0; i < QUESTIONS; i++)
		if (what == ANSWERS_ALL || (what == ANSWERS_OF_NAME && (i & 63) == (number & 63)) ||
			(what == ANSWERS_BELOW && is_below(i & 63, number & 63)) ||
			(what == ANSWERS_OF_RULE && rule_of(i) == rule_of(number)))
			model->last[i].count = 0;
	model->now_us++; // what is put in at the time of a flush is flushed
}

static void step(struct model *model, const uint8_t op[static OP_LEN])
{
	unsigned number = op[1];
	struct cached *answer;

	switch (op[0] & 7) {
	case 0:
	case 1:
	case 2: put(model, number, (uint8_t)(1 + op[2] % ANSWERS_RECORDS_MAX)); break;
	case 3:
		answer = find(model, number);
		if (answer && answers_is_sure(model->answers, answer))
			answers_note_use(answer);
		else if (answer && (op[2] & 1))
			answers_confirm(model->answers, answer);
		else if (answer)
			answers_forget(model->answers, answer);
		break;
	case 4: model->now_us += (uint64_t)op[2] * SECOND / 4; break;
	case 5: answers_enter(model->answers, ++model->generation, op[2]); break;
	case 6:
		if (op[2] < 64)
			flush(model, op[2] & 3, number);
		break;
	case 7: break;
	}
}

static void check_all(struct model *model)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < QUESTIONS; i++)
		found += find(model, i) != NULL;
	HOLDS(answers_totals(model->answers).answers == found);
	HOLDS(answers_totals(model->answers).used <= ANSWERS_SIZE_MIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model model = {.now_us = SECOND, .generation = 1};
	void *memory = aligned_alloc(64, ANSWERS_SIZE_MIN);

	HOLDS(memory);
	memset(memory, 0, ANSWERS_SIZE_MIN);
	model.answers = answers_init(memory, ANSWERS_SIZE_MIN, &secret);
	answers_enter(model.answers, 1, 0);
	for (; size >= OP_LEN; data += OP_LEN, size -= OP_LEN) {
		step(&model, data);
		if (data[0] >> 3 == 0)
			check_all(&model);
	}
	check_all(&model);
	free(memory);
	return 0;
}
