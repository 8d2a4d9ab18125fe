// SPDX-License-Identifier: BSD-3-Clause
// The walk in plain C, for any CPU.
#include <string.h>

#include "core/aes.h"
#include "core/name.h"
#include "core/suffix_way.h"

typedef struct aes_block block;

static inline block block_load(const uint8_t *bytes)
{
	block loaded;

	memcpy(loaded.b, bytes, sizeof(loaded.b));
	return loaded;
}

static inline block block_load_some(const uint8_t *bytes, unsigned len)
{
	block loaded = {0};

	memcpy(loaded.b, bytes, len < sizeof(loaded.b) ? len : sizeof(loaded.b));
	return loaded;
}

static inline block block_mix(block a, block b, block k0, block k1)
{
	for (unsigned i = 0; i < sizeof(a.b); i++)
		a.b[i] ^= b.b[i];
	return aes_round(aes_round(a, k0), k1);
}

static inline uint64_t block_low(block from)
{
	uint64_t low;

	memcpy(&low, from.b, sizeof(low));
	return low;
}

static inline void fold(uint8_t *out, const uint8_t *in, unsigned len)
{
	name_fold(out, in, len);
}

static inline unsigned bucket_hits(const struct image_bucket *bucket, uint32_t fingerprint)
{
	unsigned hits = 0;

	for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++)
		hits |= (unsigned)(bucket->fingerprints[i] == fingerprint) << i;
	return hits;
}

static inline unsigned bucket_filter(const struct image_bucket *bucket)
{
	unsigned filter = 0;

	for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++)
		filter |= bucket->accepts[i] >> 31 << i;
	return filter;
}

static inline bool is_same(const uint8_t *a, const uint8_t *b, unsigned len)
{
	return memcmp(a, b, len) == 0;
}

static inline bool is_ending(const struct image_ending *ending, const uint8_t *bytes)
{
	return memcmp(ending->bytes, bytes, ending->len) == 0;
}

#include "core/suffix_walk.h"

const struct suffix_way suffix_plain = {"plain", match_names, hash_name};
