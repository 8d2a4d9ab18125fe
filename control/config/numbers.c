// SPDX-License-Identifier: BSD-3-Clause
// Numbers for rules' counters: each is given to one rule for life, and rests two generations after
// it.
#include "control/config/numbers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/counters.h"

void numbers_fini(struct numbers *numbers)
{
	free(numbers->resting);
	memset(numbers, 0, sizeof(*numbers));
}

int numbers_copy(struct numbers *copy, const struct numbers *numbers)
{
	struct numbers_resting *resting = NULL;

	if (numbers->count > 0) {
		resting = malloc(numbers->count * sizeof(*resting));
		if (!resting)
			return -ENOMEM;
		memcpy(resting, numbers->resting + numbers->first,
			numbers->count * sizeof(*resting));
	}
	*copy = (struct numbers){
		.next = numbers->next,
		.resting = resting,
		.count = numbers->count,
		.capacity = numbers->count,
	};
	return 0;
}

uint32_t numbers_take(struct numbers *numbers, uint64_t generation)
{
	const struct numbers_resting *oldest;

	if (numbers->count > 0) {
		oldest = &numbers->resting[numbers->first];
		if (oldest->generation + NUMBERS_REST <= generation) {
			numbers->first++;
			numbers->count--;
			return oldest->number;
		}
	}
	if (numbers->next < COUNTERS_RULE_CAPACITY)
		return numbers->next++;
	return NUMBERS_NONE;
}

// Room for one more at the end: what was taken from the front is reused before memory is asked for.
static int make_room(struct numbers *numbers)
{
	size_t capacity = numbers->capacity ? 2 * numbers->capacity : 64;
	struct numbers_resting *resting;

	if (numbers->first + numbers->count < numbers->capacity)
		return 0;
	if (numbers->first > numbers->count) {
		memcpy(numbers->resting, numbers->resting + numbers->first,
			numbers->count * sizeof(*numbers->resting));
		numbers->first = 0;
		return 0;
	}
	resting = reallocarray(numbers->resting, capacity, sizeof(*resting));
	if (!resting)
		return -ENOMEM;
	numbers->resting = resting;
	numbers->capacity = capacity;
	return 0;
}

int numbers_release(struct numbers *numbers, uint32_t number, uint64_t generation)
{
	int error = make_room(numbers);

	if (error)
		return error;
	assert(number < numbers->next);
	numbers->resting[numbers->first + numbers->count++] = (struct numbers_resting){
		.generation = generation,
		.number = number,
	};
	return 0;
}
