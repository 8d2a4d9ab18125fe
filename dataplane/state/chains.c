// SPDX-License-Identifier: BSD-3-Clause
// Answers that are pieced together along CNAMEs.
#include "dataplane/state/chains.h"

#include <string.h>

#include "core/bytes.h"

enum { FIXED_LEN = 8 }; // type, TTL, length

struct chains {
	struct list free, released;
	struct list_links links;
	struct chain items[CHAINS_COUNT];
};

size_t chains_size(void)
{
	return (sizeof(struct chains) + 63) & ~(size_t)63;
}

struct chains *chains_init(void *memory)
{
	struct chains *chains = memory;

	list_init(&chains->free);
	list_init(&chains->released);
	chains->links = (struct list_links){(uint8_t *)&chains->items->link, sizeof(struct chain)};
	for (uint32_t i = 0; i < CHAINS_COUNT; i++)
		list_append(&chains->free, &chains->links, i);
	return chains;
}

void chains_settle(struct chains *chains)
{
	list_splice(&chains->free, &chains->released, &chains->links);
}

struct chain *chains_take(struct chains *chains)
{
	uint32_t index = chains->free.first;
	struct chain *chain;

	if (index == LIST_END)
		return NULL;
	list_remove(&chains->free, &chains->links, index);
	chain = &chains->items[index];
	chain->has_ad = true;
	chain->cname_count = 0;
	chain->records_len = 0;
	return chain;
}

void chains_release(struct chains *chains, struct chain *chain)
{
	list_append(&chains->released, &chains->links, chains_index(chains, chain));
}

struct chain *chains_get(struct chains *chains, uint32_t index)
{
	return index == LIST_END ? NULL : &chains->items[index];
}

uint32_t chains_index(const struct chains *chains, const struct chain *chain)
{
	return (uint32_t)(chain - chains->items);
}

bool chain_add(struct chain *chain, const struct chain_record *record)
{
	unsigned owner_len = name_check(record->owner, NAME_LEN_MAX);
	uint8_t *at = chain->records + chain->records_len;
	be16_t type = be16_of(record->type), len = be16_of(record->data_len);
	be32_t ttl = be32_of(record->ttl);

	if (sizeof(chain->records) - chain->records_len <
		owner_len + FIXED_LEN + (size_t)record->data_len)
		return false;
	memcpy(at, record->owner, owner_len);
	at += owner_len;
	memcpy(at, &type, sizeof(type));
	memcpy(at + 2, &ttl, sizeof(ttl));
	memcpy(at + 6, &len, sizeof(len));
	memcpy(at + FIXED_LEN, record->data, record->data_len);
	chain->records_len =
		(uint16_t)(chain->records_len + owner_len + FIXED_LEN + record->data_len);
	return true;
}

bool chain_next(const struct chain *chain, size_t *at, struct chain_record *record)
{
	struct bytes r = bytes_init(chain->records, chain->records_len);

	if (*at == chain->records_len)
		return false;
	record->owner = bytes_skip(&r, *at);
	record->owner = chain->records + *at;
	bytes_skip(&r, name_check(record->owner, NAME_LEN_MAX));
	record->type = bytes_be16(&r);
	record->ttl = bytes_be32(&r);
	record->data_len = bytes_be16(&r);
	record->data = bytes_skip(&r, record->data_len);
	*at = bytes_off(&r);
	return true;
}
