// SPDX-License-Identifier: BSD-3-Clause
// The answer cache's buckets and rings: what is found, what is pushed out, and how much memory that takes.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "dataplane/state/answers.h"
#include "tests/unit/unit.h"

enum {
	SMALL = ANSWERS_SIZE_MIN,
	TYPE_A = 1,
	A_LEN = 16, // a record: owner by pointer, type, class, TTL, length, address
	TTL_OFF = 6,
	SECOND = 1000000,
	START = 5 * SECOND,
};

static const struct question_secret secret = {{1, 2, 3, 4}};

// A cache in memory of its own length, so that a byte beyond is seen by the address sanitizer.
static struct answers *new_cache(size_t size)
{
	void *memory = aligned_alloc(64, size);
	struct answers *answers;

	assert_non_null(memory);
	memset(memory, 0, size);
	answers = answers_init(memory, size, &secret);
	answers_enter(answers, 1, 0);
	return answers;
}

static int set_up(void **state)
{
	*state = new_cache(SMALL);
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static struct question ask(const uint8_t *name)
{
	return (struct question){
		.name = name,
		.name_len = (uint8_t)(strlen((const char *)name) + 1),
		.type = TYPE_A,
		.class = 1,
		.network = 7,
	};
}

// One A record whose address is `mark`.
struct a_record {
	uint8_t bytes[A_LEN];
	uint16_t ttl_off;
	struct cached_content content;
};

static struct cached_content *a_record(struct a_record *a, uint32_t ttl_sec, uint32_t mark)
{
	be32_t ttl = be32_of(ttl_sec);

	*a = (struct a_record){.bytes = "\xc0\x0c\0\1\0\1\0\0\0\0\0\4", .ttl_off = TTL_OFF};
	memcpy(a->bytes + TTL_OFF, &ttl, sizeof(ttl));
	memcpy(a->bytes + 12, &mark, sizeof(mark));
	a->content = (struct cached_content){
		.records = a->bytes,
		.ttl_offs = &a->ttl_off,
		.records_len = A_LEN,
		.counts = {1, 0, 0},
		.ttl_sec = ttl_sec,
		.rule = 3,
		.route = 33,
		.generation = 1,
	};
	return &a->content;
}

static struct cached *put(
	struct answers *answers, const struct question *question, uint32_t mark, uint64_t now_us)
{
	struct question_hash hash = answers_hash(answers, question);
	struct a_record a;

	return answers_put(answers, question, &hash, a_record(&a, 300, mark), now_us);
}

static struct cached *find(struct answers *answers, const struct question *question)
{
	struct question_hash hash = answers_hash(answers, question);

	return answers_find(answers, question, &hash);
}

static uint32_t mark_of(const struct cached *answer)
{
	uint8_t out[ANSWERS_CELLS_MAX * ANSWERS_CELL];
	uint32_t mark;

	assert_non_null(answer);
	assert_int_equal(answers_copy_records(answer, out, 0, 0), A_LEN);
	memcpy(&mark, out + 12, sizeof(mark));
	return mark;
}

static void F12_each_part_of_the_question_is_part_of_the_key(void **state)
{
	struct answers *answers = *state;
	struct question questions[7];

	for (unsigned i = 0; i < 7; i++)
		questions[i] = ask(WIRE("\3www\7example\3com"));
	questions[1].name = WIRE("\3wwx\7example\3com");
	questions[2].type++;
	questions[3].class ++;
	questions[4].network++;
	questions[5].variant = QUESTION_DO;
	questions[6].variant = QUESTION_CD;
	for (unsigned i = 0; i < 7; i++) {
		assert_null(find(answers, &questions[i]));
		put(answers, &questions[i], i, START);
	}
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(mark_of(find(answers, &questions[i])), i);
	assert_int_equal(answers_totals(answers).answers, 7);
}

static void B24_letter_case_is_not_part_of_the_key(void **state)
{
	struct question small = ask(WIRE("\3www\7example\3com"));
	struct question large = ask(WIRE("\3wWw\7EXAMPLE\3CoM"));
	struct question tiny = ask(WIRE("\1A")), tiny_small = ask(WIRE("\1a"));

	put(*state, &large, 1, START);
	put(*state, &tiny, 2, START);
	assert_int_equal(mark_of(find(*state, &small)), 1);
	assert_int_equal(mark_of(find(*state, &tiny_small)), 2);
}

static void B25_only_letters_fold(void **state)
{
	struct question odd = ask(WIRE("\10[{@`\xc1\xe1^~\3www")), other;

	put(*state, &odd, 1, START);
	other = ask(WIRE("\10{[`@\xe1\xc1~^\3www"));
	assert_null(find(*state, &other));
	assert_int_equal(mark_of(find(*state, &odd)), 1);
}

static void F01_every_ttl_counts_down(void **state)
{
	struct question question = ask(WIRE("\3www\7example\3com"));
	struct cached *answer = put(*state, &question, 1, START);
	uint64_t now_us = START + 7 * SECOND + SECOND / 2;
	uint8_t out[A_LEN];
	be32_t ttl;

	assert_true(answers_is_fresh(answer, now_us));
	answers_copy_records(answer, out, answers_age_sec(answer, now_us), 0);
	memcpy(&ttl, out + TTL_OFF, sizeof(ttl));
	assert_int_equal(be32_get(ttl), 293);
	answers_copy_records(answer, out, answers_age_sec(answer, now_us), 30);
	memcpy(&ttl, out + TTL_OFF, sizeof(ttl));
	assert_int_equal(be32_get(ttl), 30);
}

static void F01_an_answer_is_over_when_its_ttl_is(void **state)
{
	struct question question = ask(WIRE("\3www\7example\3com"));
	struct cached *answer = put(*state, &question, 1, START);

	assert_true(answers_is_fresh(answer, START + 300 * (uint64_t)SECOND - 1));
	assert_false(answers_is_fresh(answer, START + 300 * (uint64_t)SECOND));
}

static void new_answer_takes_the_place_of_the_old(void **state)
{
	struct question question = ask(WIRE("\3www\7example\3com"));
	struct cached *first = put(*state, &question, 1, START);

	answers_note_use(first);
	assert_ptr_equal(put(*state, &question, 2, START + SECOND), first);
	assert_int_equal(mark_of(find(*state, &question)), 2);
	assert_int_equal(first->hits, 1);
	assert_int_equal(answers_totals(*state).answers, 1);
}

// An answer of `records` A records, as one piece.
static struct cached *put_large(
	struct answers *answers, const struct question *question, unsigned records, uint64_t now_us)
{
	static uint8_t bytes[ANSWERS_RECORDS_MAX * A_LEN];
	static uint16_t offs[ANSWERS_RECORDS_MAX];
	struct question_hash hash = answers_hash(answers, question);
	struct cached_content content = {
		.records = bytes,
		.ttl_offs = offs,
		.records_len = (uint16_t)(records * A_LEN),
		.counts = {(uint8_t)records, 0, 0},
		.ttl_sec = 300,
		.generation = 1,
	};

	for (unsigned i = 0; i < records; i++)
		offs[i] = (uint16_t)(i * A_LEN + TTL_OFF);
	return answers_put(answers, question, &hash, &content, now_us);
}

static void larger_answer_takes_the_place_of_a_smaller(void **state)
{
	struct question question = ask(WIRE("\3www\7example\3com"));

	put(*state, &question, 1, START);
	assert_non_null(put_large(*state, &question, 20, START));
	assert_int_equal(find(*state, &question)->counts[0], 20);
	assert_int_equal(answers_totals(*state).answers, 1);
}

static void F24_huge_answer_is_not_kept_and_takes_the_old_along(void **state)
{
	struct question question = ask(WIRE("\3www\7example\3com"));

	put(*state, &question, 1, START);
	assert_null(put_large(*state, &question, ANSWERS_RECORDS_MAX, START));
	assert_null(find(*state, &question));
	assert_int_equal(answers_totals(*state).answers, 0);
}

// Name number `number` in 20 bytes.
struct numbered {
	uint8_t name[32];
	struct question question;
};

static struct question *numbered(struct numbered *n, uint64_t number, const char *parent)
{
	snprintf((char *)n->name + 1, sizeof(n->name) - 1, "%010llu", (unsigned long long)number);
	n->name[0] = 10;
	strcpy((char *)n->name + 11, parent);
	n->question = ask(n->name);
	return &n->question;
}

static void F23_questions_whose_hash_collides_are_told_apart(void **state)
{
	struct answers *answers = *state;
	struct question first = ask(WIRE("\1a\7example")), second = ask(WIRE("\1b\7example"));
	struct question_hash hash = answers_hash(answers, &first);
	struct a_record a;

	answers_put(answers, &first, &hash, a_record(&a, 300, 1), START);
	assert_null(answers_find(answers, &second, &hash));
	answers_put(answers, &second, &hash, a_record(&a, 300, 2), START);
	assert_int_equal(mark_of(answers_find(answers, &first, &hash)), 1);
	assert_int_equal(mark_of(answers_find(answers, &second, &hash)), 2);
}

// Each one that is found is its own, and all that are counted are found.
static void assert_consistent(struct answers *answers, uint64_t count)
{
	uint64_t found = 0;

	for (uint64_t i = 0; i < count; i++) {
		struct numbered n;
		struct cached *answer = find(answers, numbered(&n, i, "\4test"));

		if (!answer)
			continue;
		found++;
		assert_int_equal(mark_of(answer), i);
	}
	assert_int_equal(found, answers_totals(answers).answers);
}

static void F20_memory_is_bounded_whatever_comes(void **state)
{
	struct answers *answers = *state;
	struct numbered n;

	for (uint64_t i = 0; i < 20000; i++) {
		put(answers, numbered(&n, i, "\4test"), (uint32_t)i, START);
		if (i % 3 == 0)
			answers_note_use(find(answers, &n.question));
		if (i % 1000 == 0)
			assert_consistent(answers, i + 1);
	}
	assert_consistent(answers, 20000);
	assert_in_range(answers_totals(answers).answers, 100, SMALL / 96);
	assert_in_range(answers_totals(answers).used, SMALL / 2, SMALL);
}

static void answers_of_all_sizes_share_the_rings(void **state)
{
	struct answers *answers = *state;
	struct numbered n;

	srand(1);
	for (uint64_t i = 0; i < 20000; i++) {
		struct cached *answer =
			put_large(answers, numbered(&n, (uint64_t)rand() % 500, "\4test"),
				(unsigned)rand() % 200, START);

		assert_non_null(answer);
		for (int uses = rand() % 3; uses > 0; uses--)
			answers_note_use(answer);
	}
	assert_in_range(answers_totals(answers).answers, 10, 500);
}

static void asked_twice_stays_longer_than_asked_once(void **state)
{
	struct answers *answers = *state;
	struct question question = ask(WIRE("\3www\7example\3com"));
	struct numbered n;

	put(answers, &question, 1, START);
	answers_note_use(find(answers, &question));
	for (uint64_t i = 0; i < 100000; i++)
		put(answers, numbered(&n, i, "\4test"), 0, START);
	assert_int_equal(mark_of(find(answers, &question)), 1);
	assert_null(find(answers, numbered(&n, 90000, "\4test")));
}

static void remembered_question_is_no_newcomer(void **state)
{
	struct answers *answers = new_cache(1 << 20);
	struct question question = ask(WIRE("\3www\7example\3com"));
	struct numbered n;
	uint64_t i = 0;

	(void)state;
	for (; i < 20000; i++)
		put(answers, numbered(&n, i, "\4full"), 0, START);
	put(answers, &question, 1, START);
	for (uint64_t end = i + 4000; find(answers, &question) && i < end; i++)
		put(answers, numbered(&n, i, "\4test"), 0, START);
	assert_null(find(answers, &question));
	put(answers, &question, 2, START);
	for (uint64_t end = i + 2000; i < end; i++)
		put(answers, numbered(&n, i, "\4test"), 0, START);
	assert_int_equal(mark_of(find(answers, &question)), 2);
	free(answers);
}

static void flush_of_a_name_leaves_the_others(void **state)
{
	struct answers *answers = *state;
	struct question name = ask(WIRE("\3www\7example\3com"));
	struct question below = ask(WIRE("\1a\3www\7example\3com"));
	struct answers_flush flush = {ANSWERS_OF_NAME, .name_len = name.name_len};

	memcpy(flush.name, name.name, name.name_len);
	put(answers, &name, 1, START);
	put(answers, &below, 2, START);
	answers_flush(answers, &flush, START + 1);
	assert_null(find(answers, &name));
	assert_int_equal(mark_of(find(answers, &below)), 2);
	put(answers, &name, 3, START + 2);
	assert_int_equal(mark_of(find(answers, &name)), 3);
}

static void flush_below_a_name_ends_on_label_boundary(void **state)
{
	struct answers *answers = *state;
	struct question name = ask(WIRE("\7example\3com"));
	struct question below = ask(WIRE("\1a\3www\7example\3com"));
	struct question beside = ask(WIRE("\12notexample\3com"));
	struct answers_flush flush = {ANSWERS_BELOW, .name_len = name.name_len};

	memcpy(flush.name, name.name, name.name_len);
	put(answers, &name, 1, START);
	put(answers, &below, 2, START);
	put(answers, &beside, 3, START);
	answers_flush(answers, &flush, START);
	assert_null(find(answers, &name));
	assert_null(find(answers, &below));
	assert_int_equal(mark_of(find(answers, &beside)), 3);
}

static void flush_of_a_rule_leaves_the_others(void **state)
{
	struct answers *answers = *state;
	struct question name = ask(WIRE("\7example\3com"));
	struct answers_flush other = {ANSWERS_OF_RULE, .rule = 4},
			     own = {ANSWERS_OF_RULE, .rule = 3};

	put(answers, &name, 1, START);
	answers_flush(answers, &other, START + 1);
	assert_non_null(find(answers, &name));
	answers_flush(answers, &own, START + 1);
	assert_null(find(answers, &name));
}

static void flush_of_all_leaves_nothing(void **state)
{
	struct answers *answers = *state;
	struct question name = ask(WIRE("\7example\3com"));

	put(answers, &name, 1, START);
	answers_flush(answers, &(struct answers_flush){.what = ANSWERS_ALL}, START + 1);
	assert_null(find(answers, &name));
}

static void forgotten_flush_takes_what_is_older_along(void **state)
{
	struct answers *answers = *state;
	struct question old = ask(WIRE("\3old\7example")), young = ask(WIRE("\5young\7example"));
	struct answers_flush flush = {ANSWERS_OF_RULE, .rule = 4};

	put(answers, &old, 1, START);
	for (unsigned i = 1; i <= ANSWERS_FLUSHES; i++)
		answers_flush(answers, &flush, START + i);
	assert_non_null(find(answers, &old));
	put(answers, &young, 2, START + 2);
	answers_flush(answers, &flush, START + 100);
	assert_null(find(answers, &old));
	assert_non_null(find(answers, &young));
}

static void F22_answer_of_an_older_generation_is_doubted(void **state)
{
	struct answers *answers = *state;
	struct question name = ask(WIRE("\7example\3com"));
	struct cached *answer = put(answers, &name, 1, START);

	assert_true(answers_is_sure(answers, answer));
	answers_enter(answers, 2, 0);
	assert_false(answers_is_sure(answers, answer));
	answers_confirm(answers, answer);
	assert_true(answers_is_sure(answers, answer));
	put(answers, &name, 2, START); // asked by generation 1, answered under generation 2
	assert_false(answers_is_sure(answers, find(answers, &name)));
	answers_forget(answers, find(answers, &name));
	assert_null(find(answers, &name));
}

static void all_answers_of_a_name_are_listed(void **state)
{
	struct answers *answers = *state;
	struct question name = ask(WIRE("\3www\7example\3com")),
			upper = ask(WIRE("\3WWW\7example\3com"));
	const struct cached *found[16];

	for (unsigned i = 0; i < 12; i++) {
		struct question one = name;

		one.type = (uint16_t)(i / 4);
		one.network = i % 4;
		put(answers, &one, i, START);
	}
	assert_int_equal(answers_of_name(answers, &upper, found, 16), 12);
	assert_int_equal(answers_of_name(answers, &upper, found, 5), 5);
}

// The n-th of `count` names is asked 1/n as often as the first.
static uint32_t *zipf_draw(uint32_t count, uint32_t draws)
{
	double *sums = malloc(count * sizeof(*sums)), sum = 0;
	uint32_t *drawn = malloc(draws * sizeof(*drawn));

	for (uint32_t i = 0; i < count; i++)
		sums[i] = sum += 1.0 / (i + 1);
	srand48(8);
	for (uint32_t i = 0; i < draws; i++) {
		double at = drand48() * sum;
		uint32_t low = 0, high = count - 1;

		while (low < high) {
			uint32_t middle = (low + high) / 2;

			if (sums[middle] < at)
				low = middle + 1;
			else
				high = middle;
		}
		drawn[i] = low;
	}
	free(sums);
	return drawn;
}

enum { FLOOD_FIRST = 100000000, FLOODED_NAMES = 20000 };

// The share of the second half of the draws that is found; after each, `flood` names that are never asked again.
static double hit_ratio(size_t size, const uint32_t *drawn, uint32_t draws, unsigned flood)
{
	struct answers *answers = new_cache(size);
	uint64_t hits = 0, next = FLOOD_FIRST;
	struct numbered n;

	for (uint32_t i = 0; i < draws; i++) {
		struct cached *answer = find(answers, numbered(&n, drawn[i], "\4test"));

		if (answer) {
			hits += i >= draws / 2;
			answers_note_use(answer);
		} else {
			put(answers, &n.question, drawn[i], START);
		}
		for (unsigned f = 0; f < flood; f++)
			put(answers, numbered(&n, next++, "\4test"), 0, START);
	}
	free(answers);
	return (double)hits / (draws - draws / 2);
}

// All answers take the same space, so an ideal LRU of these bytes keeps as many as fit: a draw hits if fewer others than that were
// drawn since it was last. Counted by a tree of sums over the times of last draws.
static double lru_ratio(uint32_t keeps, const uint32_t *drawn, uint32_t draws, uint32_t count)
{
	uint32_t *sums = calloc(draws + 1, sizeof(*sums)), *last = calloc(count, sizeof(*last));
	uint64_t hits = 0;

	for (uint32_t now = 1; now <= draws; now++) {
		uint32_t before = last[drawn[now - 1]], others = 0;

		if (before) {
			for (uint32_t at = now - 1; at > 0; at &= at - 1)
				others += sums[at];
			for (uint32_t at = before; at > 0; at &= at - 1)
				others -= sums[at];
			hits += now > draws / 2 && others < keeps;
			for (uint32_t at = before; at <= draws; at += at & -at)
				sums[at]--;
		}
		for (uint32_t at = now; at <= draws; at += at & -at)
			sums[at]++;
		last[drawn[now - 1]] = now;
	}
	free(sums);
	free(last);
	return (double)hits / (draws - draws / 2);
}

enum { ZIPF_NAMES = 100000, ZIPF_DRAWS = 500000, ANSWER_LEN = 112 };

// Name and record alone are what an ideal cache would need; ours pays for all that it keeps beside them.
static void zipf_hits_nearly_as_often_as_an_ideal_lru(void **state)
{
	static const size_t sizes[] = {1 << 20, 4 << 20, 64 << 20};
	uint32_t *drawn = zipf_draw(ZIPF_NAMES, ZIPF_DRAWS);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		double ours = hit_ratio(sizes[i], drawn, ZIPF_DRAWS, 0);
		double ideal =
			lru_ratio((uint32_t)(sizes[i] / ANSWER_LEN), drawn, ZIPF_DRAWS, ZIPF_NAMES);

		print_message("# %zu bytes: %.4f, ideal LRU %.4f\n", sizes[i], ours, ideal);
		assert_true(ours > 0.98 * ideal);
	}
	free(drawn);
}

static void X22_flood_of_new_names_pushes_out_little(void **state)
{
	uint32_t *drawn = zipf_draw(FLOODED_NAMES, ZIPF_DRAWS);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		size_t size = (size_t)1 << (19 + i);
		double without = hit_ratio(size, drawn, ZIPF_DRAWS, 0);
		double with = hit_ratio(size, drawn, ZIPF_DRAWS, 1);

		print_message("# %zu bytes: %.4f, under flood %.4f\n", size, without, with);
		assert_true(with > 0.95 * without);
	}
	free(drawn);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(F12_each_part_of_the_question_is_part_of_the_key),
		TEST(B24_letter_case_is_not_part_of_the_key),
		TEST(B25_only_letters_fold),
		TEST(F01_every_ttl_counts_down),
		TEST(F01_an_answer_is_over_when_its_ttl_is),
		TEST(new_answer_takes_the_place_of_the_old),
		TEST(larger_answer_takes_the_place_of_a_smaller),
		TEST(F24_huge_answer_is_not_kept_and_takes_the_old_along),
		TEST(F23_questions_whose_hash_collides_are_told_apart),
		TEST(F20_memory_is_bounded_whatever_comes),
		TEST(answers_of_all_sizes_share_the_rings),
		TEST(asked_twice_stays_longer_than_asked_once),
		TEST(remembered_question_is_no_newcomer),
		TEST(flush_of_a_name_leaves_the_others),
		TEST(flush_below_a_name_ends_on_label_boundary),
		TEST(flush_of_a_rule_leaves_the_others),
		TEST(flush_of_all_leaves_nothing),
		TEST(forgotten_flush_takes_what_is_older_along),
		TEST(F22_answer_of_an_older_generation_is_doubted),
		TEST(all_answers_of_a_name_are_listed),
		TEST(zipf_hits_nearly_as_often_as_an_ideal_lru),
		TEST(X22_flood_of_new_names_pushes_out_little),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
