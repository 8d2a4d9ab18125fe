// SPDX-License-Identifier: BSD-3-Clause
// Names hashed by SipHash with a secret, and what else tells questions apart mixed in.
#include "dataplane/state/question.h"

#include "core/siphash.h"

static uint64_t hash_name(const uint8_t *name, unsigned len, const struct question_secret *secret)
{
	// Filled as far as it is read.
	uint8_t folded[NAME_LEN_MAX] __attribute__((uninitialized));

	name_fold(folded, name, len);
	return siphash((const uint8_t *)secret->words, folded, len);
}

// The product of two words is as wide as both; its halves together mix each bit with all.
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

struct question_hash question_hash(
	const struct question *question, const struct question_secret *secret)
{
	uint64_t name = hash_name(question->name, question->name_len, secret);
	uint64_t rest = (uint64_t)question->network << 32 | (uint64_t)question->type << 16 |
		(uint64_t)(question->class ^ question->variant << 12);

	return (struct question_hash){name, mix(name ^ secret->words[2], rest ^ secret->words[3])};
}
