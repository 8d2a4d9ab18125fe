// SPDX-License-Identifier: BSD-3-Clause
// The configuration as structs: what the files say, checked. Texts are kept as written; addresses
// are parsed.
//
// A struct config owns all it points to (config_free()). It is a value: changes make a new one
// (config_copy()), which is compiled, adopted by the dataplane and stored before it replaces the
// old. A copy shares the bodies of its rules with the original by plain reference counts: all
// copies belong to one thread.
//
// After a change that was refused the config is as it was, but for config_set_ruleset().
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/numbers.h"
#include "core/edns.h"
#include "core/ip.h"

enum {
	CONFIG_TARGETS_MAX = 64,     // of a rule
	CONFIG_ADDRESSES_MAX = 64,   // of a rule that answers them
	CONFIG_TTL = 300,            // of those, unless given
	CONFIG_RULES_MAX = 10000000, // of a ruleset
	CONFIG_FAULT_LEN = 512,
};

#define CONFIG_QUERY_TIMEOUT_US   4000000
#define CONFIG_MAX_WAITERS        1000
#define CONFIG_MAX_WAITERS_MAX    65536
#define CONFIG_BACKOFF_INITIAL_US 2000000
#define CONFIG_BACKOFF_MAX_US     30000000
#define CONFIG_PORT_FIRST         10000
#define CONFIG_PORT_LAST          60999
#define CONFIG_NONE               SIZE_MAX
#define CONFIG_COUNTED_UNKNOWN    UINT64_MAX

enum config_match {
	CONFIG_MATCH_SUFFIX,
	CONFIG_MATCH_EXACT,
	CONFIG_MATCH_SUBDOMAINS,
	CONFIG_MATCH_REGEX,
};
enum config_state { CONFIG_ENABLED, CONFIG_DISABLED };
// What becomes of a query that the rule wins.
enum config_action {
	CONFIG_ACTION_FORWARD,
	CONFIG_ACTION_NXDOMAIN,
	CONFIG_ACTION_NODATA,
	CONFIG_ACTION_REFUSE,
	CONFIG_ACTION_DROP,
	CONFIG_ACTION_ADDRESSES,
	CONFIG_ACTION_DEFAULT,
};
// Whom of its targets a rule asks first.
enum config_policy {
	CONFIG_POLICY_ORDERED,
	CONFIG_POLICY_ROUND_ROBIN,
	CONFIG_POLICY_LOWEST_LATENCY,
	CONFIG_POLICY_RANDOM,
};
enum config_default { CONFIG_DEFAULT_REFUSE, CONFIG_DEFAULT_FORWARD };

// What a config is made of.
enum config_kind {
	CONFIG_GLOBAL,
	CONFIG_INBOUND,
	CONFIG_OUTBOUND,
	CONFIG_RULESET,
	CONFIG_NETWORK,
	CONFIG_UPSTREAM,
	CONFIG_ZONE,
};

struct config_rule_body; // what copies of a rule share: texts and targets

struct config_rule {
	const char *name;
	const char *domain;  // presentation form with the final dot, as written
	const char *pattern; // of CONFIG_MATCH_REGEX; NULL: another match
	enum config_match match;
	enum config_state state;
	const struct endpoint *targets; // of CONFIG_ACTION_FORWARD
	size_t target_count;
	const struct ip *addresses; // of CONFIG_ACTION_ADDRESSES
	size_t address_count;
	uint32_t ttl;                // of those
	const char *const *metadata; // key=value
	size_t metadata_count;
	uint8_t policy;          // enum config_policy
	uint8_t action;          // enum config_action
	uint8_t ecs;             // enum edns_subnet
	uint32_t counter;        // its number for life; given by control, not in files
	bool has_no_chase;       // `chase: off`
	bool edited;             // made or changed at run time since the files were read
	uint64_t counted_before; // what the number had counted when this rule got it
	struct config_rule_body *body;
};

struct config_ruleset {
	char *name;
	char **outbound_endpoints; // names
	size_t outbound_endpoint_count;
	struct config_rule *rules;
	size_t rule_count;
	size_t rule_capacity;
	size_t unsettled_count; // rules with CONFIG_COUNTED_UNKNOWN
	size_t deleted_count;   // rules deleted at run time since the files were read
	uint64_t file_hash;     // of its text in the files as last read; 0: made at run time
};

struct config_inbound {
	char *name;
	struct endpoint *addresses;
	size_t address_count;
	bool edited; // made or changed at run time since the files were read
	uint64_t file_hash;
};

struct config_outbound {
	char *name;
	struct ip *addresses;
	size_t address_count;
	uint16_t port_first; // `ports:`, 10000-60999 unless given
	uint16_t port_last;
	bool edited; // made or changed at run time since the files were read
	uint64_t file_hash;
};

struct config_prefix {
	struct ip ip; // v4-mapped for IPv4, host bits 0
	uint8_t bits; // 0 to 128: 96 more than written for IPv4
};

struct records;

struct config_zone {
	char *name;
	char *domain; // presentation form with the final dot; NULL: hosts alone
	char *file;   // paths; NULL: none
	char *hosts;
	struct records *records; // control/config/records.h
	uint32_t ttl;            // of records without one
	bool has_reverse;        // addresses have their PTR records
	bool forwards_nxdomain;  // a name that is not there goes on to the next match
	bool edited;             // made or changed at run time since the files were read
	uint64_t file_hash;      // of its text and its records
};

struct config_network {
	char *name;
	struct config_prefix *prefixes;
	size_t prefix_count;
	char **inbound_endpoints; // names; none: any
	size_t inbound_endpoint_count;
	char **rulesets; // names, in order of precedence
	size_t ruleset_count;
	char **private_zones; // names
	size_t private_zone_count;
	enum config_default fallback; // `default:`
	struct endpoint *default_targets;
	size_t default_target_count;
	char **default_outbound_endpoints; // names
	size_t default_outbound_endpoint_count;
	bool edited; // made or changed at run time since the files were read
	uint64_t file_hash;
};

// How a target is to be asked, whichever rules name it.
struct config_upstream {
	char *address; // in normal form, by which it is known
	struct endpoint endpoint;
	bool has_case_randomisation;
	bool has_trust_ad;
	bool has_loop_check;
	uint32_t max_inflight; // 0: not given
	uint64_t file_hash;
};

// An object of the files that was deleted at run time.
struct config_removed {
	enum config_kind kind;
	char *name;
	uint64_t file_hash;
};

// A ruleset that goes back to how it was unless somebody confirms it in time.
struct config_waiting {
	char *ruleset;      // its name; NULL: none waits
	uint64_t back;      // the generation that has it as it was
	uint64_t until_sec; // CLOCK_REALTIME, as it holds across restarts
};

struct config {
	uint64_t generation;         // that this config is, or is meant to become
	uint64_t query_timeout_us;   // `query-timeout`, 4 s unless given
	uint64_t query_timeout_hash; // as file_hash
	uint32_t max_waiters;        // clients that one answer is for, 1,000 unless given
	uint64_t max_waiters_hash;
	uint64_t counting_since_us;  // when the dataplane of counted_before started; 0: none yet
	uint64_t backoff_initial_us; // `backoff`: 2 s to 30 s unless given
	uint64_t backoff_max_us;
	uint64_t backoff_hash;
	struct config_inbound *inbounds;
	size_t inbound_count;
	struct config_outbound *outbounds;
	size_t outbound_count;
	struct config_ruleset *rulesets;
	size_t ruleset_count;
	struct config_zone *zones;
	size_t zone_count;
	struct config_network *networks;
	size_t network_count;
	struct config_upstream *upstreams;
	size_t upstream_count;
	struct config_waiting waiting;
	struct config_removed *removed;
	size_t removed_count;
	struct numbers numbers; // which counter numbers are given, and which rest
};

// A rule as somebody wrote it, in YAML, JSON or on a command line. NULL: not given.
struct config_rule_text {
	const char *name;
	const char *domain;
	const char *match;
	const char *pattern;
	const char *state;
	const char *action;
	const char *policy;
	const char *chase;
	const char *ecs;
	const char *cache;
	const char *ttl;
	const char *const *targets; // ADDR, ADDR:PORT or [ADDR]:PORT
	size_t targets_count;
	const char *const *addresses;
	size_t addresses_count;
	const char *const *metadata;
	size_t metadata_count;
};

struct config_ruleset_text {
	const char *name;
	const char *const *outbound_endpoints; // none: as they are, if the ruleset exists
	size_t outbound_endpoints_count;
	const struct config_rule_text *rules;
	size_t rules_count;
};

// What is wrong, where, and what to do about it.
struct config_fault {
	enum config_kind kind;
	size_t object;   // index among the objects of that kind that were given
	size_t rule;     // index among the ruleset's rules that were given, or CONFIG_NONE
	const char *key; // as in the YAML, a constant; NULL: the object as a whole
	size_t idx;      // of the item in that key's list, or CONFIG_NONE
	char text[CONFIG_FAULT_LEN];
};

// Takes all faults of what is checked, one call each. Embedded in what the caller needs to place
// them.
struct config_faults {
	void (*take)(struct config_faults *self, const struct config_fault *fault);
	size_t count;           // so far
	int code;               // of the first: -EINVAL, …
	struct config_fault at; // what is being checked now
};

// An empty config; NULL: no memory. config_free(NULL) does nothing.
[[nodiscard]] struct config *config_new(void);
void config_free(struct config *config);
// A copy that means to become `generation`. NULL: no memory.
[[nodiscard]] struct config *config_copy(const struct config *config, uint64_t generation);

// By name, case ignored; NULL: none. Pointers live until the config's next change.
[[nodiscard]] struct config_ruleset *config_find_ruleset(
	const struct config *config, const char *name);
[[nodiscard]] struct config_rule *config_find_rule(
	const struct config_ruleset *ruleset, const char *name);
[[nodiscard]] struct config_zone *config_find_zone(const struct config *config, const char *name);
[[nodiscard]] struct config_inbound *config_find_inbound(
	const struct config *config, const char *name);
[[nodiscard]] struct config_outbound *config_find_outbound(
	const struct config *config, const char *name);
[[nodiscard]] struct config_network *config_find_network(
	const struct config *config, const char *name);

// What the config says of a target; NULL: nothing.
[[nodiscard]] const struct config_upstream *config_find_upstream(
	const struct config *config, const struct endpoint *endpoint);

const char *config_match_text(enum config_match match);
const char *config_state_text(enum config_state state);
const char *config_policy_text(enum config_policy policy);
const char *config_action_text(enum config_action action);
const char *config_ecs_text(enum edns_subnet ecs);

// One rule. 0, or -errno with the first fault: -EINVAL ill value, -ENOENT no such ruleset or rule,
// -EEXIST name or domain taken, -EOPNOTSUPP not built yet, -ENOSPC no room, -ENOMEM.
[[nodiscard]] int config_add_rule(struct config *config, const char *ruleset,
	const struct config_rule_text *text, struct config_fault *fault);
// What is NULL in `changes` stays. The domain can't be changed, and the name neither.
[[nodiscard]] int config_update_rule(struct config *config, const char *ruleset, const char *name,
	const struct config_rule_text *changes, struct config_fault *fault);
[[nodiscard]] int config_delete_rule(
	struct config *config, const char *ruleset, const char *name, struct config_fault *fault);

// Replaces all rules of a ruleset, which is made if it is not there; then it needs outbound
// endpoints. A rule that keeps name and domain keeps its counter number. All faults are reported;
// after an error throw the config away.
[[nodiscard]] int config_set_ruleset(struct config *config, const struct config_ruleset_text *text,
	struct config_faults *faults);

// The endpoints that a ruleset sends from; that they are there is not looked at (fit.h). 0 or -ENOMEM.
[[nodiscard]] int config_set_outbounds(
	struct config_ruleset *ruleset, const char *const *names, size_t count);

// Makes a ruleset as it is in another config: replaced, made, or, where `from` is NULL, removed. What
// holds between objects is not looked at (fit.h). 0, -ENOMEM, or -ENOSPC: no counter numbers are
// left.
[[nodiscard]] int config_take_ruleset(
	struct config *config, const char *name, const struct config_ruleset *from);

// Has a ruleset wait for its confirmation; NULL: none. 0 or -ENOMEM.
[[nodiscard]] int config_set_waiting(
	struct config *config, const char *ruleset, uint64_t back, uint64_t until_sec);

// Notes for each rule that got a counter number since the last call what that number had counted
// before, as `read` says it. Of a dataplane that started at another time than that of the last
// call, all counters began at 0.
void config_settle_counters(struct config *config, uint64_t started_us,
	uint64_t (*read)(void *context, uint32_t number), void *context);
