// SPDX-License-Identifier: BSD-3-Clause
// Records of a private zone: read from text by libldns, kept in wire form and as one line each.
//
//   items: owner, type, TTL, data, line ─▶ bytes: owner in wire form, folded │ data │ line\0 │ …
//
// Copies of a config share them; once shared they don't change.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/name.h"

enum record_source { RECORD_GIVEN, RECORD_FILE, RECORD_HOSTS, RECORD_SOURCES };

struct record {
	size_t owner_off; // into bytes
	size_t data_off;
	size_t line_off; // OWNER TTL TYPE DATA, names in full
	uint32_t ttl;
	uint16_t type;
	uint16_t data_len;
	uint8_t owner_len;
	uint8_t source; // enum record_source
};

struct records {
	size_t holders;
	struct record *items;
	size_t count, capacity;
	uint8_t *bytes;
	size_t bytes_len, bytes_size;
};

// Where lines are at home.
struct records_home {
	const uint8_t *zone; // in wire form, folded; what owners are relative to
	uint32_t ttl;        // unless a line has one
	enum record_source source;
};

enum { RECORDS_WHY_LEN = 160 };

// NULL: no memory.
[[nodiscard]] struct records *records_new(void);
[[nodiscard]] struct records *records_share(struct records *);
void records_release(struct records *); // NULL: nothing happens

// One line (RFC 1035, 5.1). 0, -ENOMEM, or -EINVAL with why.
[[nodiscard]] int records_add_line(struct records *, const struct records_home *home,
	const char *line, char why[static RECORDS_WHY_LEN]);
// A whole file of lines, or of addresses and their names (RECORD_HOSTS). `take` gets each fault with its place; the rest is
// read on. 0, or -errno if it can't be read at all.
[[nodiscard]] int records_add_file(struct records *, const struct records_home *home,
	const char *path, void (*take)(void *context, const char *fault), void *context);

static inline const uint8_t *record_owner(
	const struct records *records, const struct record *record)
{
	return records->bytes + record->owner_off;
}
static inline const uint8_t *record_data(const struct records *records, const struct record *record)
{
	return records->bytes + record->data_off;
}
static inline const char *record_line(const struct records *records, const struct record *record)
{
	return (const char *)records->bytes + record->line_off;
}

// The records' indexes by owner, then type, then as they came. NULL: no memory.
[[nodiscard]] uint32_t *records_sort(const struct records *records);
[[nodiscard]] bool records_same_owner(
	const struct records *records, const struct record *a, const struct record *b);
// What follows from all of them: the same for the same records in the same order.
[[nodiscard]] uint64_t records_hash(const struct records *records);
