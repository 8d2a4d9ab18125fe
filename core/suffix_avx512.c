// SPDX-License-Identifier: BSD-3-Clause
// The walk for CPUs with AES-NI and AVX-512: masks load just the bytes that are there.
#include <immintrin.h>

#include "core/suffix_way.h"

typedef __m128i block;

static inline block block_load(const uint8_t *bytes)
{
	return _mm_loadu_si128((const __m128i *)bytes);
}

static inline block block_load_some(const uint8_t *bytes, unsigned len)
{
	return _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, len), bytes);
}

static inline block block_mix(block a, block b, block k0, block k1)
{
	return _mm_aesenc_si128(_mm_aesenc_si128(_mm_xor_si128(a, b), k0), k1);
}

static inline uint64_t block_low(block from)
{
	return (uint64_t)_mm_cvtsi128_si64(from);
}

static inline void fold_64(uint8_t *out, const uint8_t *in, __mmask64 mask)
{
	__m512i bytes = _mm512_maskz_loadu_epi8(mask, in);
	__mmask64 capitals = _mm512_cmplt_epu8_mask(
		_mm512_sub_epi8(bytes, _mm512_set1_epi8('A')), _mm512_set1_epi8(26));
	__m512i folded = _mm512_mask_add_epi8(bytes, capitals, bytes, _mm512_set1_epi8(0x20));

	_mm512_storeu_si512(out, folded);
}

static inline void fold(uint8_t *out, const uint8_t *in, unsigned len)
{
	unsigned at = 0;

	for (; len - at > 64; at += 64)
		fold_64(out + at, in + at, ~(__mmask64)0);
	fold_64(out + at, in + at, _bzhi_u64(~UINT64_C(0), len - at));
}

static inline unsigned bucket_hits(const struct image_bucket *bucket, uint32_t fingerprint)
{
	__m256i all = _mm256_load_si256((const __m256i *)bucket->fingerprints);

	return _mm256_cmpeq_epi32_mask(all, _mm256_set1_epi32((int)fingerprint));
}

static inline unsigned bucket_filter(const struct image_bucket *bucket)
{
	return _mm256_movepi32_mask(_mm256_load_si256((const __m256i *)bucket->accepts));
}

static inline bool is_same_64(const uint8_t *line, const uint8_t *b, __mmask64 mask)
{
	return _mm512_mask_cmpneq_epu8_mask(mask, _mm512_load_si512(line), _mm512_loadu_si512(b)) ==
		0;
}

static inline bool is_same(const uint8_t *a, const uint8_t *b, unsigned len)
{
	unsigned skip = (uintptr_t)a & 63, end = skip + len, at = 0;
	__mmask64 mask = ~(__mmask64)0 << skip;

	a -= skip;
	b -= skip;
	for (; end - at > 64; at += 64, mask = ~(__mmask64)0)
		if (!is_same_64(a + at, b + at, mask))
			return false;
	return is_same_64(a + at, b + at, mask & _bzhi_u64(~UINT64_C(0), end - at));
}

static inline bool is_ending(const struct image_ending *ending, const uint8_t *bytes)
{
	__mmask32 mask = _bzhi_u32(~UINT32_C(0), ending->len);

	return _mm256_mask_cmpneq_epu8_mask(mask, _mm256_maskz_loadu_epi8(mask, ending->bytes),
		       _mm256_maskz_loadu_epi8(mask, bytes)) == 0;
}

#include "core/suffix_walk.h"

const struct suffix_way suffix_avx512 = {"AES-NI, AVX-512", match_names, hash_name};
