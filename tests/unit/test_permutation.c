// SPDX-License-Identifier: BSD-3-Clause
// The permutation that source ports and IDs are drawn by, the cipher below it, and the hash that outsiders can't foretell.
#include "core/permutation_round.h"
#include "core/siphash.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

static const uint8_t key[AES128_KEY_LEN] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};

static void aes_gives_what_its_standard_says(void **state)
{
	// FIPS 197, appendix C.1.
	static const uint8_t plain[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
		0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	static const uint8_t wanted[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8,
		0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
	struct aes128 cipher;
	struct aes_block block;

	(void)state;
	aes128_init(&cipher, key);
	memcpy(block.b, plain, sizeof(plain));
	block = aes128_encrypt(&cipher, block);
	assert_memory_equal(block.b, wanted, sizeof(wanted));
}

static void every_way_walks_alike_whatever_the_count(void **state)
{
	struct permutation best, plain;

	(void)state;
	permutation_init(&best, key);
	permutation_init(&plain, key);
	plain.walk_round = permutation_round_plain;
	for (unsigned count = 0; count <= 70; count++) {
		struct place by_best[70] = {0}, by_plain[70] = {0};

		for (unsigned i = 0; i < count; i++)
			by_best[i] = by_plain[i] =
				(struct place){1 + i * 900, i, (uint16_t)(i * 7 + count)};
		permutation_apply(&best, by_best, count);
		permutation_apply(&plain, by_plain, count);
		assert_memory_equal(by_best, by_plain, sizeof(by_best));
		permutation_undo(&plain, by_best, count);
		permutation_undo(&best, by_plain, count);
		assert_memory_equal(by_best, by_plain, sizeof(by_best));
	}
}

static void siphash_gives_what_was_published(void **state)
{
	uint8_t bytes[15];

	(void)state;
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	// Of SipHash-2-4, in the paper's appendix A.
	assert_true(
		siphash_rounds(key, bytes, sizeof(bytes), 2, 4) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash(key, bytes, sizeof(bytes)) ==
		siphash_rounds(key, bytes, sizeof(bytes), 1, 3));
}

// Every place of the rectangle, each once.
static struct place *all_places(uint32_t rows)
{
	struct place *places = calloc((size_t)rows << 16, sizeof(*places));

	assert_non_null(places);
	for (uint32_t i = 0; i < rows << 16; i++)
		places[i] = (struct place){rows, i >> 16, (uint16_t)i};
	return places;
}

static void each_place_goes_to_another_and_back(void **state)
{
	static const uint32_t heights[] = {1, 3, 16};
	struct permutation permutation;

	(void)state;
	permutation_init(&permutation, key);
	for (unsigned h = 0; h < sizeof(heights) / sizeof(heights[0]); h++) {
		uint32_t count = heights[h] << 16;
		struct place *places = all_places(heights[h]);
		bool *is_taken = calloc(count, sizeof(bool));

		assert_non_null(is_taken);
		permutation_apply(&permutation, places, count);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t to = places[i].row << 16 | places[i].column;

			assert_in_range(places[i].row, 0, heights[h] - 1);
			assert_false(is_taken[to]);
			is_taken[to] = true;
		}
		permutation_undo(&permutation, places, count);
		for (uint32_t i = 0; i < count; i++)
			assert_int_equal(places[i].row << 16 | places[i].column, i);
		free(is_taken);
		free(places);
	}
}

static void a_place_alone_goes_where_it_goes_in_a_burst(void **state)
{
	struct place burst[100], alone;
	struct permutation permutation;

	(void)state;
	permutation_init(&permutation, key);
	for (uint32_t i = 0; i < 100; i++)
		burst[i] = (struct place){51000, i, (uint16_t)(i * i)};
	permutation_apply(&permutation, burst, 100);
	for (uint32_t i = 0; i < 100; i++) {
		alone = (struct place){51000, i, (uint16_t)(i * i)};
		permutation_apply(&permutation, &alone, 1);
		assert_int_equal(alone.row, burst[i].row);
		assert_int_equal(alone.column, burst[i].column);
	}
}

// Of 1,000 places under two keys, or in rectangles of two heights, hardly one goes to the same.
static void key_and_height_decide(void **state)
{
	struct permutation a, b;
	uint8_t other[AES128_KEY_LEN];
	unsigned same_key = 0, same_height = 0;

	(void)state;
	memcpy(other, key, sizeof(other));
	other[15] ^= 1;
	permutation_init(&a, key);
	permutation_init(&b, other);
	for (uint32_t i = 0; i < 1000; i++) {
		struct place by_a = {4096, i, 0}, by_b = by_a, higher = {4097, i, 0};

		permutation_apply(&a, &by_a, 1);
		permutation_apply(&b, &by_b, 1);
		permutation_apply(&a, &higher, 1);
		same_key += by_a.column == by_b.column;
		same_height += by_a.column == higher.column;
	}
	assert_in_range(same_key, 0, 5);
	assert_in_range(same_height, 0, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aes_gives_what_its_standard_says),
		cmocka_unit_test(siphash_gives_what_was_published),
		cmocka_unit_test(every_way_walks_alike_whatever_the_count),
		cmocka_unit_test(each_place_goes_to_another_and_back),
		cmocka_unit_test(a_place_alone_goes_where_it_goes_in_a_burst),
		cmocka_unit_test(key_and_height_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
