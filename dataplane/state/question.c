// SPDX-License-Identifier: BSD-3-Clause
// Names eight bytes at a time: hashed by SipHash-1-3, compared, folded.
#include "dataplane/state/question.h"

#include <string.h>

enum { WORD = sizeof(uint64_t) };

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}

static void sip_take(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	s->a ^= word;
}

static uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, WORD);
	return word;
}

// Capital letters to small ones, in all eight bytes. A length byte is below any letter.
static uint64_t fold(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = word & 0x7f * ones;
	uint64_t is_letter_up = (low + (0x80 - 'A') * ones) & ~(low + (0x7f - 'Z') * ones);

	return word | (is_letter_up & ~word & 0x80 * ones) >> 2;
}

// The last bytes of a name that fill no word, zeros above them.
static uint64_t load_rest(const uint8_t *name, unsigned len)
{
	unsigned rest = len % WORD;
	uint64_t word = 0;

	if (rest == 0)
		return 0;
	if (len > WORD)
		return load(name + len - WORD) >> 8 * (WORD - rest);
	memcpy(&word, name + len - rest, rest);
	return word;
}

static uint64_t hash_name(const uint8_t *name, unsigned len, const struct question_secret *secret)
{
	const uint64_t *key = secret->words;
	struct sip s = {
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573),
	};
	unsigned at = 0;

	for (; at + WORD <= len; at += WORD)
		sip_take(&s, fold(load(name + at)));
	sip_take(&s, fold(load_rest(name, len)) | (uint64_t)len << 56);
	s.c ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
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

bool question_is_name(const struct question *question, const uint8_t *folded)
{
	const uint8_t *name = question->name;
	unsigned len = question->name_len, at = 0;

	if (len < WORD)
		return name_equal_folded(name, folded, len);
	for (; at + WORD <= len; at += WORD)
		if (fold(load(name + at)) != load(folded + at))
			return false;
	return fold(load(name + len - WORD)) == load(folded + len - WORD);
}

void question_fold_name(const struct question *question, uint8_t *folded)
{
	const uint8_t *name = question->name;
	unsigned len = question->name_len, at = 0;
	uint64_t word;

	if (len < WORD) {
		name_fold(folded, name, len);
		return;
	}
	for (; at + WORD <= len; at += WORD) {
		word = fold(load(name + at));
		memcpy(folded + at, &word, WORD);
	}
	word = fold(load(name + len - WORD));
	memcpy(folded + len - WORD, &word, WORD);
}
