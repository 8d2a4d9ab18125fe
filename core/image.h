// SPDX-License-Identifier: BSD-3-Clause
// The image: a compiled configuration as one position-independent file.
//
// Control writes it (control/compile/), the dataplane maps it read-only. To the dataplane it is untrusted:
// image_open() checks the header, the checksum, and every offset, count, index and name once, and only
// then gives a view. After that the walk needs no checks.
//
//   prefix ─▶ network ─▶ links ─▶ starts ─▶ buckets ─▶ accept ─▶ route ─▶ targets ─▶ upstreams
//                        (rulesets)       (core/suffix)  (rules, name)  ├─▶ sources ─▶ outbound
//                                                                       └─▶ local ─▶ addresses, texts
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/edns.h"
#include "core/ip.h"

enum {
	IMAGE_VERSION = 7,
	IMAGE_KEY_LEN = 32, // two round keys of AES
	IMAGE_STATE_LEN = 16,
	IMAGE_BUCKET_SLOTS = 8,
	IMAGE_GROUP_BUCKETS = 64,  // a look-up stays within these: one page
	IMAGE_RUN_MAX = 32,        // buckets that one look-up visits
	IMAGE_ENDINGS_MAX = 256,   // a name's ending is one byte
	IMAGE_ENDING_LEN_MAX = 31, // the root label included
	IMAGE_ALIGNMENT = 64,      // of sections
	IMAGE_LINE = 64,           // a cache line, which an accept crosses only if it is longer
	IMAGE_FILLER = 0xff,       // in place of an accept, where none fits before the next line
	IMAGE_SLACK = 64,          // bytes that can be read beyond an accept
	IMAGE_TARGETS_MAX = 64,    // a route
	IMAGE_INBOUND_MAX = 2048,  // inbound endpoints
	IMAGE_OUTBOUND_MAX = 2048, // outbound addresses
	IMAGE_NODE_RUN_MAX = 64,   // slots that one look-up of a zone's name visits
	IMAGE_INFLIGHT_MAX = 1 << 20,
};

#define IMAGE_MAGIC    UINT64_C(0x31656c7572746e73)
#define IMAGE_NONE     UINT32_MAX // an index that points at nothing
#define IMAGE_SIZE_MAX (UINT64_C(1) << 36)

// name, element type
#define IMAGE_SECTIONS(X)                   \
	X(networks, struct image_network)   \
	X(prefixes, struct image_prefix)    \
	X(links, uint32_t)                  \
	X(starts, struct image_start)       \
	X(buckets, struct image_bucket)     \
	X(endings, struct image_ending)     \
	X(accepts, uint8_t)                 \
	X(regexes, struct image_regex)      \
	X(databases, uint8_t)               \
	X(routes, struct image_route)       \
	X(locals, struct image_local)       \
	X(addresses, struct ip)             \
	X(texts, char)                      \
	X(zones, struct image_zone)         \
	X(slots, struct image_node_slot)    \
	X(nodes, struct image_node)         \
	X(rrsets, struct image_rrset)       \
	X(records, uint8_t)                 \
	X(targets, uint32_t)                \
	X(upstreams, struct image_upstream) \
	X(sources, uint32_t)                \
	X(inbound, struct endpoint)         \
	X(outbound, struct image_outbound)

enum image_section_id {
#define IMAGE_SECTION_ID(name, type) IMAGE_##name,
	IMAGE_SECTIONS(IMAGE_SECTION_ID)
#undef IMAGE_SECTION_ID
		IMAGE_SECTION_COUNT
};

// A virtual network: the rulesets it links, in order of precedence.
struct image_network {
	uint32_t link_first; // into links, which are indexes into starts: one start state a ruleset
	uint32_t link_count;
	uint32_t default_route; // IMAGE_NONE: refuse
	uint32_t padding;
};

// Sorted by length, longest first; of equal length those bound to an inbound endpoint first.
struct image_prefix {
	struct ip ip; // bits beyond `bits` are 0
	uint32_t network;
	uint32_t inbound; // index of the inbound endpoint it is bound to; IMAGE_NONE: any
	uint32_t
		bits; // 0 to 128; an IPv4 prefix has 96 more than it is written with, so that under 96 is IPv6
};

// Where the walk of a ruleset begins.
struct image_start {
	uint8_t state[IMAGE_STATE_LEN]; // of the path without labels
	uint32_t accept;                // of the rules for "."; IMAGE_LEADS_ON: none
	uint32_t accept_first;          // where the ruleset's accepts lie, and how long they are
	uint32_t accept_len;
	uint32_t depth_max; // labels of its longest path: no walk looks further
};

// 8 states of the automaton. A state is known by the hash of its path; see core/suffix.h.
//
//   fingerprints   7a1e…  03c9…  …  0       the other half of the hash; 0: free, as are those after it
//   accepts        filter bit 0 │ is leaf │ offset of the accept, or IMAGE_LEADS_ON
//                  filter bit 1 │ …
//
// A state whose home bucket was full stands in another of its group (suffix_bucket()), and each bucket passed over has
// the filter bit of that state set: bit (fingerprint >> 1 & 7). A look-up that finds neither state nor bit has ended. No state
// lies below a leaf.
struct image_bucket {
	uint32_t fingerprints[IMAGE_BUCKET_SLOTS];
	uint32_t accepts[IMAGE_BUCKET_SLOTS];
};
static_assert(sizeof(struct image_bucket) == 64, "one cache line");

#define IMAGE_FILTER_BIT UINT32_C(0x80000000)
#define IMAGE_LEAF       UINT32_C(0x40000000)
#define IMAGE_LEADS_ON   UINT32_C(0x3fffffff) // in place of an offset: the state accepts nothing

// What many names end in, in wire form with the root label.
struct image_ending {
	uint8_t len;
	uint8_t bytes[IMAGE_ENDING_LEN_MAX];
};
static_assert(sizeof(struct image_ending) == 32, "one vector register");

// Which rule wins where two domains are equally long: the higher rank.
enum image_rank {
	IMAGE_RANK_SUFFIX,
	IMAGE_RANK_SUBDOMAINS,
	IMAGE_RANK_REGEX, // covers what a suffix rule would, if its pattern is found in the name
	IMAGE_RANK_EXACT,
	IMAGE_RANK_ZONE, // a private zone: covers what a suffix rule would
	IMAGE_RANK_HOST, // a name of our own that covers itself alone
	IMAGE_RANK_COUNT,
};

#define IMAGE_ROUTES_MAX (UINT32_C(1) << 28)

// The patterns of an accept's regex rules, compiled together by Hyperscan and serialised: pattern n is that of rule n.
// Sorted by `rule`.
struct image_regex {
	uint32_t rule; // the first of them
	uint32_t rule_count;
	uint32_t database_off; // into databases
	uint32_t database_len;
};

// A rule: part of an accept, known by its offset in accepts.
//
//   accept:  own length │ ending │ own labels │ rule, the highest rank first │ … │ rule, is_last
//            1            1                     8 bytes
//
// The accept's name is its own labels and then the ending of that index, folded. A rank is there once, but for
// IMAGE_RANK_REGEX: of those rules the first goes first.
struct image_rule {
	uint32_t
		counter; // the rule's number for life: its counter, and its identity across images; zones have none
	uint32_t route : 28;
	uint32_t rank : 3; // enum image_rank
	uint32_t is_last : 1;
};
static_assert(sizeof(struct image_rule) == 8, "layout of the image");

// Whom of its targets a route asks first.
enum image_policy {
	IMAGE_POLICY_ORDERED,
	IMAGE_POLICY_ROUND_ROBIN,
	IMAGE_POLICY_LOWEST_LATENCY,
	IMAGE_POLICY_RANDOM,
	IMAGE_POLICY_COUNT
};

// What becomes of a query.
enum image_action {
	IMAGE_ACTION_FORWARD,
	IMAGE_ACTION_NXDOMAIN,
	IMAGE_ACTION_NODATA,
	IMAGE_ACTION_REFUSE,
	IMAGE_ACTION_DROP,
	IMAGE_ACTION_ADDRESSES,
	IMAGE_ACTION_ZONE,
	IMAGE_ACTION_DEFAULT, // on to the rule for ".", else to the network's default
	IMAGE_ACTION_COUNT
};

struct image_route {
	uint8_t action;       // enum image_action
	uint8_t policy;       // enum image_policy
	uint8_t subnet;       // enum edns_subnet
	uint8_t has_no_chase; // CNAMEs in answers stay as they are
	uint32_t local;       // of all actions but forward; of a zone the zone's own index
	// Of forward alone:
	uint32_t target_first;
	uint32_t source_first;
	uint16_t target_count; // 1 to IMAGE_TARGETS_MAX
	uint16_t source_count; // 1 at least, each of a family that a target has
};
static_assert(sizeof(struct image_route) == 20, "layout of the image");

// What we need to answer for a rule ourselves.
struct image_local {
	uint32_t text; // into texts: names the rule, for people; ends with NUL
	uint32_t ttl;
	uint32_t address_first;
	uint32_t address_count; // of IMAGE_ACTION_ADDRESSES
};

// What we have of a zone. Its rule is of rank ZONE, and its names stand below its apex; or they have each a rule of rank HOST.
struct image_zone {
	uint8_t state[IMAGE_STATE_LEN]; // where the hashes of its names begin
	uint32_t apex;                  // index of its node; IMAGE_NONE: single names
	uint32_t soa;                   // index of an rrset; IMAGE_NONE: made for each name
	uint32_t label_count;           // of the apex
	uint32_t forwards_nxdomain;     // a name that is not there goes on to the next match
	uint32_t number;                // which of the configuration's zones it is; control's alone
};

// 0 or more slots after its home, a name's slot is found before one that is free.
struct image_node_slot {
	uint32_t fingerprint;
	uint32_t node; // IMAGE_NONE: the slot is free
};

// A name in a zone.
struct image_node {
	uint32_t zone;
	uint32_t name_off; // into records: in wire form, folded
	uint32_t name_len;
	uint32_t rrset_first;
	uint32_t rrset_count;
	uint32_t wildcard; // the node of `*` below this one; IMAGE_NONE: there is none
};

// The records of a type: {be16 length, data} each, as many as data_len holds.
struct image_rrset {
	uint32_t type;
	uint32_t ttl;
	uint32_t data_off; // into records
	uint32_t data_len;
};

enum image_upstream_flag {
	IMAGE_RANDOMISES_CASE =
		1, // 0x20: the letter case of each question is drawn, and replies bring it back
	IMAGE_TRUSTS_AD = 2,
	IMAGE_CHECKS_LOOPS = 4,
	IMAGE_UPSTREAM_FLAGS = 7,
};

// A name server that routes send to, and how it is to be asked.
struct image_upstream {
	struct endpoint endpoint;
	be16_t padding;
	uint32_t flags : 8;         // enum image_upstream_flag
	uint32_t max_inflight : 24; // questions outstanding there; 0: as the dataplane thinks fit
};
static_assert(sizeof(struct image_upstream) == 24, "layout of the image");

// An address that we send queries from.
struct image_outbound {
	struct ip ip;
	uint16_t port_first;
	uint16_t port_last; // inclusive
};

struct image_section {
	uint64_t off;   // from the start of the image, a multiple of 64
	uint64_t count; // elements
};

struct image_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_len;
	uint64_t size;               // of the whole image
	uint64_t generation;         // 1 and up; only grows
	uint64_t checksum;           // image_checksum() of the whole image, this field taken as 0
	uint8_t key[IMAGE_KEY_LEN];  // of the automaton's hash, random per image
	uint64_t query_timeout_us;   // from a client's query to SERVFAIL
	uint64_t backoff_initial_us; // how long an upstream rests first
	uint64_t backoff_max_us;     // and at most
	uint32_t max_waiters;        // clients that one answer is for, at most
	uint32_t padding;
	struct image_section sections[IMAGE_SECTION_COUNT];
};
static_assert(sizeof(struct image_header) == 104 + 16 * IMAGE_SECTION_COUNT, "layout of the image");

struct suffix_way;

// A checked image, ready to walk. Points into the mapped bytes, which the caller keeps mapped.
struct image {
	const struct image_header *header;
	const struct suffix_way *way; // the best that this CPU has (core/suffix.h)
#define IMAGE_FIELD(name, type) \
	const type *name;       \
	uint32_t name##_count;
	IMAGE_SECTIONS(IMAGE_FIELD)
#undef IMAGE_FIELD
};

// Bytes of one element of a section.
[[nodiscard]] size_t image_element_size(enum image_section_id);

// Checks all of `base[0..size)` and fills `image`. NULL: it is good. Otherwise what is wrong, a constant
// text, and `image` is not to be used. `base` is 64-byte aligned.
[[nodiscard]] const char *image_open(struct image *image, const void *base, size_t size);

// The rule at an offset that a walk gave. Rules are packed: they begin anywhere.
[[nodiscard]] static inline struct image_rule image_rule(const struct image *image, uint32_t offset)
{
	struct image_rule rule;

	memcpy(&rule, image->accepts + offset, sizeof(rule));
	return rule;
}

// The first rule of an accept.
[[nodiscard]] static inline uint32_t image_accept_rules(const struct image *image, uint32_t accept)
{
	return accept + 2 + image->accepts[accept];
}

// The sum that the header carries; guards against damage, not against malice.
[[nodiscard]] uint64_t image_checksum(const void *base, size_t size);
