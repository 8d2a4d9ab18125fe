// SPDX-License-Identifier: BSD-3-Clause
// The steps from one key to the next, each of which every worker has seen before the next is taken.
#include "dataplane/rekey.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

static int offer(struct keyring *ring)
{
	uint8_t key[AES128_KEY_LEN];

	if (RAND_bytes(key, sizeof(key)) != 1)
		return -EIO;
	keyring_offer(ring, key);
	OPENSSL_cleanse(key, sizeof(key));
	return 0;
}

enum step { OFFER, SWITCH, RETIRE, WIPE, STEP_COUNT };

// How long after the step before each is taken, at least.
static const uint64_t after_ms[STEP_COUNT] = {
	[OFFER] = REKEY_INTERVAL_MS, [RETIRE] = REKEY_OVERLAP_MS};

static int take_step(struct rekey *rekey)
{
	switch (rekey->step) {
	case OFFER: return offer(rekey->ring);
	case SWITCH: keyring_switch(rekey->ring); break;
	case RETIRE: keyring_retire(rekey->ring); break;
	case WIPE: keyring_wipe(rekey->ring); break;
	}
	return 0;
}

int rekey_init(struct rekey *rekey, struct keyring *ring, struct snapshot_switch *snapshots,
	uint64_t now_ms)
{
	uint8_t key[AES128_KEY_LEN];

	*rekey = (struct rekey){.ring = ring, .snapshots = snapshots, .step_ms = now_ms};
	if (RAND_bytes(key, sizeof(key)) != 1)
		return -EIO;
	keyring_init(ring, key);
	OPENSSL_cleanse(key, sizeof(key));
	return 0;
}

int rekey_tick(struct rekey *rekey, uint64_t now_ms)
{
	int err;

	if (now_ms - rekey->step_ms < after_ms[rekey->step] || !snapshot_is_quiet(rekey->snapshots))
		return 0;
	err = take_step(rekey);
	if (err)
		return err;
	snapshot_turn(rekey->snapshots);
	rekey->step = (rekey->step + 1) % STEP_COUNT;
	rekey->step_ms = now_ms;
	return 0;
}
