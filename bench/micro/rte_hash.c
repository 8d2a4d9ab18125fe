// SPDX-License-Identifier: BSD-3-Clause
// Beside: DPDK's rte_hash, asked in bulk for the hashes of all suffixes of a burst. It compares 16 bytes of hash in
// place of the name, which we don't allow ourselves.
#include "bench/micro/engine.h"

#if HAVE_DPDK

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/name.h"

enum { BULK = RTE_HASH_LOOKUP_BULK_MAX };

static bool start_eal(void)
{
	static const char *const arguments[] = {"bench", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "1024", "--log-level", "error", "-l", "0"};
	static int status = -1;
	char *argv[sizeof(arguments) / sizeof(arguments[0])];

	memcpy(argv, arguments, sizeof(argv));
	if (status < 0)
		status = rte_eal_init((int)(sizeof(argv) / sizeof(argv[0])), argv);
	return status >= 0;
}

static uint32_t hash_of_key(const void *key, uint32_t len, uint32_t seed)
{
	uint32_t word;

	(void)len;
	memcpy(&word, key, sizeof(word));
	return word ^ seed;
}

static void *build(const struct names *names, const char **why)
{
	struct rte_hash_parameters parameters = {
		.name = "suffixes",
		.entries = (uint32_t)(names->count * 5 / 4 + 64),
		.key_len = sizeof(XXH128_hash_t),
		.hash_func = hash_of_key,
	};
	struct rte_hash *table = start_eal() ? rte_hash_create(&parameters) : NULL;

	if (!table) {
		*why = "EAL or rte_hash does not start";
		return NULL;
	}
	for (size_t i = 0; i < names->count; i++) {
		const char *text = names_at(names, i), *reason;
		uint8_t wire[NAME_LEN_MAX];
		unsigned len = name_parse(text, strlen(text), wire, &reason);
		XXH128_hash_t key = XXH3_128bits(wire, len);

		if (rte_hash_add_key_data(table, &key, (void *)(uintptr_t)i) != 0) {
			*why = "rte_hash is full";
			rte_hash_free(table);
			return NULL;
		}
	}
	return table;
}

// The keys of a bulk, each with the query it belongs to; a query's are in order, longest first.
struct bulk {
	XXH128_hash_t keys[BULK];
	uint32_t owners[BULK];
	unsigned count;
};

static void look_up(struct rte_hash *table, struct bulk *bulk, uint32_t *rules)
{
	const void *keys[BULK];
	void *data[BULK];
	uint64_t hits = 0;

	for (unsigned i = 0; i < bulk->count; i++)
		keys[i] = &bulk->keys[i];
	rte_hash_lookup_bulk_data(table, keys, bulk->count, &hits, data);
	for (; hits; hits &= hits - 1) {
		unsigned i = (unsigned)__builtin_ctzll(hits);

		if (rules[bulk->owners[i]] == ENGINE_NONE)
			rules[bulk->owners[i]] = (uint32_t)(uintptr_t)data[i];
	}
	bulk->count = 0;
}

static void match(void *engine, const struct engine_name *names, uint32_t *rules, unsigned count)
{
	struct bulk bulk = {.count = 0};

	for (unsigned i = 0; i < count; i++) {
		const uint8_t *name = names[i].wire;
		unsigned len = names[i].len;

		rules[i] = ENGINE_NONE;
		for (; *name != 0; len -= 1u + *name, name += 1 + *name) {
			if (bulk.count == BULK)
				look_up(engine, &bulk, rules);
			bulk.owners[bulk.count] = i;
			bulk.keys[bulk.count++] = XXH3_128bits(name, len);
		}
	}
	if (bulk.count > 0)
		look_up(engine, &bulk, rules);
}

static void release(void *engine)
{
	rte_hash_free(engine);
}

#else

static void *build(const struct names *names, const char **why)
{
	(void)names;
	*why = "built without DPDK";
	return NULL;
}

static void match(void *engine, const struct engine_name *names, uint32_t *rules, unsigned count)
{
	(void)engine;
	(void)names;
	(void)rules;
	(void)count;
}

static void release(void *engine)
{
	(void)engine;
}

#endif

const struct engine engine_rte_hash = {.name = "rte_hash",
	.names_max = 2000000,
	.build = build,
	.match = match,
	.release = release};
