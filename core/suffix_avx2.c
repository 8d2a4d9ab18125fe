// SPDX-License-Identifier: BSD-3-Clause
// The walk for CPUs with AES-NI and AVX2.
#include <immintrin.h>

#include "core/name.h"
#include "core/suffix_way.h"

typedef __m128i block;

// From 64 - n on: n bytes of ones, then zeros.
static const uint8_t first_bytes[64 + 16] = {
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
};

static inline block block_load(const uint8_t *bytes)
{
	return _mm_loadu_si128((const __m128i *)bytes);
}

static inline block block_load_some(const uint8_t *bytes, unsigned len)
{
	return _mm_and_si128(block_load(bytes), block_load(first_bytes + 64 - len));
}

static inline block block_mix(block a, block b, block k0, block k1)
{
	return _mm_aesenc_si128(_mm_aesenc_si128(_mm_xor_si128(a, b), k0), k1);
}

static inline uint64_t block_low(block from)
{
	return (uint64_t)_mm_cvtsi128_si64(from);
}

// Signed comparisons: bytes from 0x80 on are negative, so no letters.
static inline __m256i fold_32(__m256i bytes)
{
	__m256i from_a = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('A' - 1));
	__m256i to_z = _mm256_cmpgt_epi8(_mm256_set1_epi8('Z' + 1), bytes);

	return _mm256_or_si256(
		bytes, _mm256_and_si256(_mm256_and_si256(from_a, to_z), _mm256_set1_epi8(0x20)));
}

static inline void fold_32_bytes(uint8_t *out, const uint8_t *in)
{
	_mm256_storeu_si256((__m256i *)out, fold_32(_mm256_loadu_si256((const __m256i *)in)));
}

// Two loads that overlap in the middle, for 16 to 32 bytes; likewise below.
static inline void fold_16_up(uint8_t *out, const uint8_t *in, unsigned len)
{
	__m128i first = _mm256_castsi256_si128(fold_32(_mm256_castsi128_si256(block_load(in))));
	__m128i last =
		_mm256_castsi256_si128(fold_32(_mm256_castsi128_si256(block_load(in + len - 16))));

	_mm_storeu_si128((__m128i *)out, first);
	_mm_storeu_si128((__m128i *)(out + len - 16), last);
}

static inline void fold_8_up(uint8_t *out, const uint8_t *in, unsigned len)
{
	__m128i first = _mm_loadl_epi64((const __m128i *)in);
	__m128i last = _mm_loadl_epi64((const __m128i *)(in + len - 8));
	__m128i both = _mm256_castsi256_si128(
		fold_32(_mm256_castsi128_si256(_mm_unpacklo_epi64(first, last))));

	_mm_storel_epi64((__m128i *)out, both);
	_mm_storel_epi64((__m128i *)(out + len - 8), _mm_unpackhi_epi64(both, both));
}

static inline void fold(uint8_t *out, const uint8_t *in, unsigned len)
{
	if (len >= 32) {
		for (unsigned at = 0; at + 32 < len; at += 32)
			fold_32_bytes(out + at, in + at);
		fold_32_bytes(out + len - 32, in + len - 32);
	} else if (len >= 16) {
		fold_16_up(out, in, len);
	} else if (len >= 8) {
		fold_8_up(out, in, len);
	} else {
		name_fold(out, in, len);
	}
}

static inline unsigned bucket_hits(const struct image_bucket *bucket, uint32_t fingerprint)
{
	__m256i all = _mm256_load_si256((const __m256i *)bucket->fingerprints);
	__m256i same = _mm256_cmpeq_epi32(all, _mm256_set1_epi32((int)fingerprint));

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

static inline unsigned bucket_filter(const struct image_bucket *bucket)
{
	return (unsigned)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_load_si256((const __m256i *)bucket->accepts)));
}

// `a` is a multiple of 32.
static inline uint32_t differences(const uint8_t *a, const uint8_t *b)
{
	__m256i same = _mm256_cmpeq_epi8(
		_mm256_load_si256((const __m256i *)a), _mm256_loadu_si256((const __m256i *)b));

	return ~(uint32_t)_mm256_movemask_epi8(same);
}

static inline bool is_same(const uint8_t *a, const uint8_t *b, unsigned len)
{
	unsigned skip = (uintptr_t)a & 31, end = skip + len, at = 0;
	uint32_t mask = ~UINT32_C(0) << skip;

	a -= skip;
	b -= skip;
	for (; end - at > 32; at += 32, mask = ~UINT32_C(0))
		if (differences(a + at, b + at) & mask)
			return false;
	return (_bzhi_u32(differences(a + at, b + at), end - at) & mask) == 0;
}

// The whole struct is loaded: its length byte first, which is not compared.
static inline bool is_ending(const struct image_ending *ending, const uint8_t *bytes)
{
	uint32_t differ = differences(&ending->len, bytes - 1);

	return _bzhi_u32(differ >> 1, ending->len) == 0;
}

#include "core/suffix_walk.h"

const struct suffix_way suffix_avx2 = {"AES-NI, AVX2", match_names, hash_name};
