// SPDX-License-Identifier: BSD-3-Clause
// Two places for keys, and a word that says which are in use.
#include "dataplane/state/keyring.h"

#include <string.h>

static uint32_t state_of(const struct keyring *ring)
{
	return atomic_load_explicit((_Atomic uint32_t *)&ring->state, memory_order_relaxed);
}

struct keyring_view keyring_view(const struct keyring *ring)
{
	// Sequentially consistent, as is what tells main that it was seen (dataplane/snapshot.h).
	uint32_t state = atomic_load((_Atomic uint32_t *)&ring->state);
	unsigned issued = state & KEYRING_ISSUES_SECOND;

	return (struct keyring_view){
		.issued = &ring->keys[issued],
		.other = state & KEYRING_ACCEPTS_OTHER ? &ring->keys[!issued] : NULL,
	};
}

static struct permutation *other_key(struct keyring *ring)
{
	return &ring->keys[!(state_of(ring) & KEYRING_ISSUES_SECOND)];
}

void keyring_init(struct keyring *ring, const uint8_t key[static AES128_KEY_LEN])
{
	permutation_init(&ring->keys[0], key);
	atomic_store(&ring->state, 0);
}

void keyring_offer(struct keyring *ring, const uint8_t key[static AES128_KEY_LEN])
{
	permutation_init(other_key(ring), key);
	atomic_store(&ring->state, state_of(ring) | KEYRING_ACCEPTS_OTHER);
}

void keyring_switch(struct keyring *ring)
{
	atomic_store(&ring->state, state_of(ring) ^ KEYRING_ISSUES_SECOND);
}

void keyring_retire(struct keyring *ring)
{
	atomic_store(&ring->state, state_of(ring) & ~(uint32_t)KEYRING_ACCEPTS_OTHER);
}

void keyring_wipe(struct keyring *ring)
{
	memset(other_key(ring), 0, sizeof(struct permutation));
}
