// SPDX-License-Identifier: BSD-3-Clause
// What the readers of formats call.
#pragma once

#include <stdint.h>

#include "control/config/import/import.h"
#include "control/config/tree.h"

struct import; // what is being made

// Where something stands in the file.
struct import_place {
	unsigned line; // from 1; 0: the file as a whole
	unsigned column;
};

// NULL and 0: not given.
struct import_rule {
	struct import_place place;
	const char *ruleset; // NULL: the only one
	const char *name;    // NULL: made of the domain
	const char *domain;  // the final dot may be missing
	const char *prefix;  // in place of a domain
	const char *match;
	const char *action;
	const char *state;
	const char *policy;
	const char *const *targets; // ADDR, ADDR:PORT or [ADDR]:PORT
	size_t target_count;
	const char *const *addresses;
	size_t address_count;
	const char *const *metadata;
	size_t metadata_count;
	bool joins; // adds its targets or addresses to a rule of the same names
};

// A rule; what is wrong with it is noted as dropped.
void import_rule(struct import *import, const struct import_rule *rule);
// A record of the private zone `zone`, as a line of its `records`: OWNER TTL TYPE DATA, owner
// relative to the zone. The zone is made with the first.
void import_record(
	struct import *import, struct import_place place, const char *zone, const char *record);
// What names without records become in a zone: `on-nxdomain: forward`.
void import_zone_passes(struct import *import, const char *zone);
// A key of the document that stands for itself, and what is said of it.
void import_global(struct import *import, const char *key, const char *value);
// The network's default forwards there.
void import_default(struct import *import, const char *target);

// Something that can't be kept, and why.
void import_drop(struct import *import, struct import_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
// Something to know of what was made.
void import_say(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
// No memory: the import fails.
void import_fail(struct import *import);
const struct import_wish *import_wish(const struct import *import);

// A target as rules write it, of an address and a port text (NULL: none): in `out`. NULL: too long.
enum { IMPORT_TARGET_MAX = 80 };
const char *import_target(
	char out[static IMPORT_TARGET_MAX], const char *address, const char *port);

// Formats that are JSON: the tree of the file; false: it is none, which is reported.
bool import_open_tree(struct import *import, const struct load_file *file, struct tree *tree);
struct import_place import_place(const struct tree *tree, int node);
// A text, number or word; NULL: there is none, or it is null.
const char *import_text(const struct tree *tree, int node);
const char *import_text_at(const struct tree *tree, int mapping, const char *key);
// What follows `part` in an id of Azure, up to the next slash, in `out`: ".../dnsForwardingRulesets/NAME/…". NULL: it has no such part.
const char *import_id_part(const char *id, const char *part, char *out, size_t size);
// How many items a list has; 0: it is none.
size_t import_count(const struct tree *tree, int list);

// Readers, a file each.
void import_arm(struct import *import, const struct load_file *file);
void import_aws(struct import *import, const struct load_file *file);
void import_azure(struct import *import, const struct load_file *file);
void import_bind(struct import *import, const struct load_file *file);
void import_corefile(struct import *import, const struct load_file *file);
void import_dnsmasq(struct import *import, const struct load_file *file);
void import_hosts(struct import *import, const struct load_file *file);
void import_private_dns(struct import *import, const struct load_file *file);
void import_private_endpoint(struct import *import, const struct load_file *file);
void import_unbound(struct import *import, const struct load_file *file);
