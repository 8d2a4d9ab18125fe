// SPDX-License-Identifier: BSD-3-Clause
// Files to a config: what is refused, where, and in which words.
#include "control/config/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/config/text.h"
#include "core/image.h"
#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

// The text is refused with exactly these errors.
static void assert_refused(const char *text, const char *errors)
{
	assert_null(configs_load(text));
	assert_string_equal(configs_errors, errors);
}

// The small config with one more rule, given as `{…}` from line 9, column 9 on.
static char *with_rule(const char *rule)
{
	const char *end = strstr(configs_small, "virtual-networks");
	char *text;

	assert_true(asprintf(&text, "%.*s      - %s\n%s", (int)(end - configs_small), configs_small,
			    rule, end) > 0);
	return text;
}

static void assert_rule_refused(const char *rule, const char *errors)
{
	char *text = with_rule(rule);

	assert_refused(text, errors);
	free(text);
}

static void assert_rule_accepted(const char *rule)
{
	char *text = with_rule(rule);
	struct config *config = configs_load(text);

	assert_string_equal(configs_errors, "");
	assert_non_null(config);
	config_free(config);
	free(text);
}

static void example_of_the_manual_is_loaded(void **state)
{
	struct config *config = configs_load(
		"inbound-endpoints:  [{name: hub-in, addresses: [10.53.0.2, 'fd53::2']}]\n"
		"outbound-endpoints: [{name: hub-out, addresses: [10.54.0.2, 'fd54::2'], "
		"ports: 20000-29999}]\n"
		"rulesets:\n"
		"  - name: corp\n"
		"    outbound-endpoints: [hub-out]\n"
		"    rules:\n"
		"      - name: contoso\n"
		"        domain: Contoso.com.\n"
		"        match: subdomains\n"
		"        state: disabled\n"
		"        targets: [10.54.0.11, '10.54.0.12:5353', '[fd54::13]:53']\n"
		"        metadata: [team=dns]\n"
		"virtual-networks:\n"
		"  - name: hub\n"
		"    prefixes: [10.53.0.0/16, 'fd53::/16']\n"
		"    inbound-endpoints: [hub-in]\n"
		"    rulesets: [corp]\n"
		"    default: forward\n"
		"    default-targets: [10.54.0.19]\n"
		"    default-outbound-endpoints: [hub-out]\n"
		"query-timeout: 800ms\n"
		"max-waiters: 50\n"
		"backoff: {initial: 1s, max: 5m}\n");
	const struct config_rule *rule;

	(void)state;
	assert_string_equal(configs_errors, "");
	assert_int_equal(config->query_timeout_us, 800000);
	assert_int_equal(config->max_waiters, 50);
	assert_int_equal(config->backoff_initial_us, 1000000);
	assert_int_equal(config->backoff_max_us, 300000000);
	assert_int_equal(config->inbounds[0].address_count, 2);
	assert_int_equal(config->outbounds[0].port_first, 20000);
	rule = config_find_rule(config_find_ruleset(config, "CORP"), "CONTOSO");
	assert_string_equal(rule->domain, "Contoso.com.");
	assert_int_equal(rule->match, CONFIG_MATCH_SUBDOMAINS);
	assert_int_equal(rule->state, CONFIG_DISABLED);
	assert_int_equal(rule->target_count, 3);
	assert_int_equal(be16_get(rule->targets[1].port), 5353);
	assert_string_equal(rule->metadata[0], "team=dns");
	assert_int_equal(config->networks[0].fallback, CONFIG_DEFAULT_FORWARD);
	assert_int_equal(config->networks[0].prefix_count, 2);
	config_free(config);
}

// An unknown key, a double rule, a bad address and a domain without final dot.
static void every_error_is_named_with_line_and_column(void **state)
{
	(void)state;
	assert_refused("outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n"
		       "rulesets:\n"
		       "  - name: corp\n"
		       "    colour: blue\n"
		       "    outbound-endpoints: [out]\n"
		       "    rules:\n"
		       "      - {name: a, domain: a., targets: [10.54.0.11]}\n"
		       "      - {name: A, domain: b., targets: [10.54.0.300]}\n"
		       "      - {name: c, domain: c, targets: [10.54.0.11]}\n"
		       "      - {name: d, domain: A., targets: [10.54.0.11]}\n",
		"t.yaml:4:5: unknown key colour: the keys here are name, outbound-endpoints, "
		"rules\n"
		"t.yaml:8:16: name: there is a rule a already (for a.): choose another name\n"
		"t.yaml:8:41: targets: \"10.54.0.300\" is not an IPv4 or IPv6 address; a target is "
		"ADDR, ADDR:PORT or [ADDR]:PORT\n"
		"t.yaml:9:27: domain: \"c\" has no final dot: write c.\n"
		"t.yaml:10:27: domain: rule a has A. with match: suffix already: remove one of "
		"them\n");
}

static void syntax_error_is_placed(void **state)
{
	(void)state;
	assert_null(configs_load("rulesets:\n  - {name: a\n  - b\n"));
	assert_memory_equal(configs_errors, "t.yaml:4:1: not YAML: ", 22);
	assert_non_null(strstr(configs_errors, "from line 2"));
	assert_null(configs_load("a: b: c\n"));
	assert_memory_equal(configs_errors, "t.yaml:1:5: not YAML: ", 22);
}

static void X39_empty_file_is_refused(void **state)
{
	(void)state;
	assert_null(configs_load(""));
	assert_memory_equal(configs_errors, "t.yaml:1:1: the file is empty", 29);
	assert_null(configs_load("# nothing\n"));
	assert_memory_equal(configs_errors, "t.yaml:1:1: the file is empty", 29);
}

static void X39_carriage_returns_are_no_error(void **state)
{
	struct config *config = configs_load("rulesets: []\r\nquery-timeout: 3s\r\n");

	(void)state;
	assert_non_null(config);
	assert_int_equal(config->query_timeout_us, 3000000);
	config_free(config);
}

static void X39_bytes_that_are_no_text_are_placed(void **state)
{
	static const char nul[] = "rulesets: []\nquery\0timeout: 3s\n";
	struct load_file file = {"t.yaml", nul, sizeof(nul) - 1};
	struct config_errors errors = {0};
	struct config *config;

	(void)state;
	assert_int_equal(config_load_files(&file, 1, &config, &errors), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.items[0].line, 2);
	assert_int_equal(errors.items[0].column, 6);
	errors_fini(&errors);
	assert_refused("rulesets: []\n# \xc3\xa4\xff\n",
		"t.yaml:2:4: a byte here is not UTF-8: save the file as UTF-8\n");
	assert_refused("a: \xed\xa0\x80\n",
		"t.yaml:1:4: a byte here is not UTF-8: save the file as UTF-8\n");
	assert_refused("a: \x1b[2J\n", "t.yaml:1:4: a control character: remove it\n");
}

static void X39_deep_nesting_is_refused(void **state)
{
	enum { DEPTH = 100000 };
	char *text = malloc(2 * DEPTH + 16);

	(void)state;
	assert_non_null(text);
	strcpy(text, "rulesets: ");
	memset(text + 10, '[', DEPTH);
	memset(text + 10 + DEPTH, ']', DEPTH);
	strcpy(text + 10 + 2 * DEPTH, "\n");
	assert_refused(
		text, "t.yaml:1:42: brackets or indents are nested too deep here: remove them\n");
	free(text);
}

static void aliases_are_refused_where_they_stand(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: x., targets: &t [10.54.0.11], metadata: *t}",
		"t.yaml:9:57: metadata is an alias (*): write its value out\n");
}

static void second_document_is_refused(void **state)
{
	(void)state;
	assert_refused("rulesets: []\n---\nrulesets: []\n",
		"t.yaml:2:1: a second document starts here: a file holds one\n");
}

static void ill_typed_nodes_are_placed(void **state)
{
	(void)state;
	assert_refused("- a\n", "t.yaml:1:1: expected a mapping, found a list\n");
	assert_refused("rulesets: {name: a}\n",
		"t.yaml:1:11: expected a list, found a mapping: write [...]\n");
	assert_refused("query-timeout: [4s]\n", "t.yaml:1:16: expected a text, found a list\n");
	assert_refused("query-timeout:\n",
		"t.yaml:1:15: expected a text, found nothing: give a value, or remove the key\n");
	assert_refused("query-timeout: \"4s\\0\"\n", "t.yaml:1:16: a NUL in a text: remove it\n");
	assert_refused("? [a]\n: b\n", "t.yaml:1:3: expected a text, found a list\n");
}

static void key_given_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("query-timeout: 4s\nquery-timeout: 5s\n",
		"t.yaml:2:1: query-timeout is given twice: remove one\n");
}

static void what_is_not_built_is_not_unknown(void **state)
{
	(void)state;
	assert_refused("profile: azure\ncache: {size: 1}\nreserved-zones: []\nowned-prefixes: []\n",
		"t.yaml:1:10: profile: azure: not built yet in this version\n"
		"t.yaml:2:1: cache: not built yet in this version\n"
		"t.yaml:3:1: reserved-zones: not built yet in this version\n"
		"t.yaml:4:1: owned-prefixes: not built yet in this version\n");
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11], cache: on}",
		"t.yaml:9:61: cache: on: not built yet in this version\n");
}

static void an_action_takes_what_it_needs_and_nothing_else(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11], action: drop}",
		"t.yaml:9:40: targets: action: drop has no use for it: remove it, or choose "
		"another action\n");
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11], addresses: [192.0.2.1]}",
		"t.yaml:9:65: addresses: action: forward has no use for it: remove it, or choose "
		"another action\n");
	assert_rule_refused("{name: x, domain: x., action: nxdomain, ttl: 5}",
		"t.yaml:9:54: ttl: action: nxdomain has no use for it: remove it, or choose "
		"another action\n");
	assert_rule_refused("{name: x, domain: x., action: addresses}",
		"t.yaml:9:9: addresses: 0 given: give 1 to 64\n");
	assert_rule_refused("{name: x, domain: x., action: addresses, ttl: 1h, addresses: [1.2.3]}",
		"t.yaml:9:55: ttl: \"1h\" is not a TTL: write whole seconds, up to 2147483647\n"
		"t.yaml:9:71: addresses: \"1.2.3\" is not an IPv4 or IPv6 address\n");
	assert_rule_refused("{name: x, domain: x., action: sinkhole}",
		"t.yaml:9:39: action: \"sinkhole\" is not one of its words: write forward or nxdomain "
		"or nodata or refuse or drop or addresses or default\n");
}

static void backoff_is_checked(void **state)
{
	struct config *config = configs_load("backoff: {max: 9s}\n");

	(void)state;
	assert_string_equal(configs_errors, "");
	assert_int_equal(config->backoff_initial_us, 2000000);
	assert_int_equal(config->backoff_max_us, 9000000);
	config_free(config);
	assert_refused("backoff: 2s\n", "t.yaml:1:10: expected a mapping, found a text\n");
	assert_refused("backoff: {first: 2s}\n",
		"t.yaml:1:11: unknown key first: the keys here are initial, max\n");
	assert_refused("backoff: {initial: 2}\n",
		"t.yaml:1:10: backoff: \"2\" is not a duration: write a whole number and ms, s, "
		"m, h or d, as 4s\n");
	assert_refused("backoff: {initial: 9ms}\n",
		"t.yaml:1:10: backoff: initial or max is out of bounds: give 100ms to 1h\n");
	assert_refused("backoff: {max: 1s}\n",
		"t.yaml:1:10: backoff: max is shorter than initial: make it longer, or both the "
		"same\n");
}

static void policy_of_a_rule_is_a_word(void **state)
{
	(void)state;
	assert_rule_accepted("{name: x, domain: x., targets: [10.54.0.11], policy: random}");
	assert_rule_accepted("{name: x, domain: x., targets: [10.54.0.11], policy: round-robin}");
	assert_rule_accepted(
		"{name: x, domain: x., targets: [10.54.0.11], policy: lowest-latency}");
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11], policy: first}",
		"t.yaml:9:62: policy: \"first\" is not one of its words: write ordered or "
		"round-robin or lowest-latency or random\n");
}

// Two rules in a ruleset; the errors contain `wanted`, NULL: there are none.
static void load_two(const char *one, const char *two, const char *wanted)
{
	char *both = malloc(strlen(one) + strlen(two) + 16);
	struct config *config;
	char *text;

	assert_non_null(both);
	sprintf(both, "%s\n      - %s", one, two);
	text = with_rule(both);
	config = configs_load(text);
	if (wanted)
		assert_non_null(strstr(configs_errors, wanted));
	assert_int_equal(config == NULL, wanted != NULL);
	config_free(config);
	free(text);
	free(both);
}

#define REGEX "{name: x, domain: x., targets: [10.54.0.11], match: regex, pattern: "

static void a_pattern_that_hyperscan_does_not_take_is_refused_with_its_reason(void **state)
{
	(void)state;
	assert_rule_refused(REGEX "'(a)\\1'}",
		"t.yaml:9:77: pattern: Back-references are unsupported (patterns are searched by "
		"Hyperscan, which knows no back-references and no look-around)\n");
	assert_rule_refused(REGEX "'(?=a)b'}",
		"t.yaml:9:77: pattern: Zero-width assertions are not supported (patterns are "
		"searched by Hyperscan, which knows no back-references and no look-around)\n");
	assert_rule_refused(REGEX "'a{2,1}'}",
		"t.yaml:9:77: pattern: Invalid repeat at index 1 (patterns are searched by "
		"Hyperscan, which knows no back-references and no look-around)\n");
	assert_rule_refused(REGEX "'a*'}",
		"t.yaml:9:77: pattern: it matches the empty text, so it is found in every name: "
		"use match: suffix for that\n");
}

static void a_pattern_belongs_to_match_regex(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11], match: regex}",
		"t.yaml:9:61: match: regex needs a pattern to search names for: give one\n");
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11], pattern: a}",
		"t.yaml:9:63: pattern: match: suffix looks at the domain alone: write match: regex, "
		"or no pattern\n");
}

static void two_regex_rules_of_a_domain_differ_in_their_pattern(void **state)
{
	static const char one[] =
		"{name: a, domain: x., targets: [10.54.0.11], match: regex, pattern: a}";

	(void)state;
	load_two(one, "{name: b, domain: x., targets: [10.54.0.11], match: regex, pattern: b}",
		NULL);
	load_two(one, "{name: b, domain: X., targets: [10.54.0.11], match: regex, pattern: a}",
		"rule a has X. with match: regex and that pattern already: remove one of them");
}

static void words_that_say_what_is_done_anyway_are_accepted(void **state)
{
	(void)state;
	assert_rule_accepted("{name: x, domain: x., targets: [10.54.0.11, 10.54.0.12], "
			     "action: forward, policy: ordered, chase: off, ecs: strip, "
			     "cache: off, match: suffix, state: enabled}");
}

static void domain_of_a_rule_is_checked(void **state)
{
	(void)state;
	assert_rule_accepted("{name: x, domain: ., targets: [10.54.0.11]}");
	assert_rule_accepted("{name: x, domain: 'a\\.b.c\\032.', targets: [10.54.0.11]}");
	assert_rule_refused("{name: x, domain: '*.x.', targets: [10.54.0.11]}",
		"t.yaml:9:27: domain: \"*.x.\" has a * label, which rules don't use: write "
		"domain: x. with match: subdomains\n");
	assert_rule_refused("{name: x, domain: x..y., targets: [10.54.0.11]}",
		"t.yaml:9:27: domain: \"x..y.\" is not a name: a label is empty\n");
	assert_rule_refused("{name: x, domain: 'x\\.', targets: [10.54.0.11]}",
		"t.yaml:9:27: domain: \"x\\.\" has no final dot: write x\\..\n");
	assert_rule_refused("{name: x, domain: 'x y.', targets: [10.54.0.11]}",
		"t.yaml:9:27: domain: \"x y.\" has a space or a byte that is not ASCII: write "
		"international names as xn--..., other bytes as \\DDD\n");
	assert_rule_refused("{name: x, targets: [10.54.0.11]}",
		"t.yaml:9:9: domain: is missing: give a domain such as contoso.com. or . for all "
		"names\n");
}

static void same_domain_is_found_through_escapes(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: '\\067ontoso.COM.', targets: [10.54.0.11]}",
		"t.yaml:9:27: domain: rule contoso has \\067ontoso.COM. with match: suffix "
		"already: remove one of them\n");
	assert_rule_accepted(
		"{name: x, domain: contoso.com., match: exact, targets: [10.54.0.11]}");
}

static void name_of_a_rule_is_checked(void **state)
{
	(void)state;
	assert_rule_refused("{name: 1x, domain: x., targets: [10.54.0.11]}",
		"t.yaml:9:16: name: \"1x\" is not a name: write a letter, then letters, digits, _ "
		"or -\n");
	assert_rule_refused("{name: \"a\\e[2J\", domain: x., targets: [10.54.0.11]}",
		"t.yaml:9:16: name: \"a\\027[2J\" is not a name: write a letter, then letters, "
		"digits, _ or -\n");
}

static void targets_are_checked(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: x., targets: []}",
		"t.yaml:9:40: targets: 0 given: give 1 to 64\n");
	assert_rule_refused("{name: x, domain: x., targets: [10.0.0.1, '10.0.0.1:53']}",
		"t.yaml:9:51: targets: 10.0.0.1:53 is given twice: remove one\n");
	assert_rule_refused("{name: x, domain: x., targets: [0.0.0.0, 224.0.0.1]}",
		"t.yaml:9:41: targets: 0.0.0.0 is not one host's address: write a unicast "
		"address\n"
		"t.yaml:9:50: targets: 224.0.0.1 is not one host's address: write a unicast "
		"address\n");
	assert_rule_refused("{name: x, domain: x., targets: ['10.0.0.1:0']}",
		"t.yaml:9:41: targets: \"10.0.0.1:0\" has port 0, where nobody can be reached; a "
		"target is ADDR, ADDR:PORT or [ADDR]:PORT\n");
}

static void target_needs_a_source_address_of_its_family(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: x., targets: [10.54.0.11, 'fd54::13']}",
		"t.yaml:9:53: targets: fd54::13 can't be reached: the outbound endpoints have no "
		"IPv6 address to send from; add one, or remove the target\n");
}

static void metadata_is_checked(void **state)
{
	(void)state;
	assert_rule_refused("{name: x, domain: x., targets: [10.0.0.1], metadata: [a, b=1, b=2]}",
		"t.yaml:9:63: metadata: \"a\" is not KEY=VALUE\n"
		"t.yaml:9:71: metadata: the key of \"b=2\" is given twice: remove one\n");
}

static void names_that_lead_nowhere_are_placed(void **state)
{
	(void)state;
	assert_refused("rulesets: [{name: r, outbound-endpoints: [o]}]\n"
		       "virtual-networks: [{name: n, rulesets: [r, s], inbound-endpoints: [i]}]\n",
		"t.yaml:1:43: outbound-endpoints: there is no outbound endpoint o: add it under "
		"outbound-endpoints, or name another\n"
		"t.yaml:2:44: rulesets: there is no ruleset s: add it under rulesets, or name "
		"another\n"
		"t.yaml:2:68: inbound-endpoints: there is no inbound endpoint i: add it under "
		"inbound-endpoints, or name another\n");
}

static void outbound_address_has_one_range_of_ports(void **state)
{
	struct config *config;

	(void)state;
	assert_refused("outbound-endpoints:\n"
		       "  - {name: a, addresses: [10.54.0.2], ports: 10000-12000}\n"
		       "  - {name: b, addresses: [10.54.0.3, 10.54.0.2], ports: 30000-32000}\n",
		"t.yaml:3:38: addresses: 10.54.0.2 has the ports 10000-12000 by outbound endpoint a, "
		"and 30000-32000 here lie apart from these: give ranges that overlap or touch, or "
		"another address\n");
	config = configs_load("outbound-endpoints:\n"
			      "  - {name: a, addresses: [10.54.0.2], ports: 10000-12000}\n"
			      "  - {name: b, addresses: [10.54.0.2], ports: 12001-14000}\n"
			      "  - {name: c, addresses: [10.54.0.2], ports: 11000-13000}\n"
			      "  - {name: d, addresses: [10.54.0.3], ports: 30000-32000}\n");
	assert_string_equal(configs_errors, "");
	config_free(config);
}

static void inbound_port_is_not_one_that_is_sent_from(void **state)
{
	struct config *config;

	(void)state;
	assert_refused("inbound-endpoints: [{name: in, addresses: ['10.54.0.2:10053']}]\n"
		       "outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n",
		"t.yaml:1:44: addresses: 10.54.0.2:10053 is one of the ports 10000-60999 that "
		"outbound endpoint out sends from: replies would be taken for queries; choose "
		"another port, or other ports there\n");
	config = configs_load(
		"inbound-endpoints: [{name: in, addresses: [10.54.0.2, '10.54.0.3:10053']}]\n"
		"outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n");
	assert_string_equal(configs_errors, "");
	config_free(config);
}

// `count` addresses of one endpoint are refused, if at all, with these errors.
static void assert_addresses(const char *kind, unsigned count, const char *errors)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	struct config *config;

	fprintf(stream, "%s-endpoints:\n  - name: e\n    addresses:\n", kind);
	for (unsigned i = 0; i < count; i++)
		fprintf(stream, "      - 10.1.%u.%u\n", i / 256, i % 256);
	fclose(stream);
	config = configs_load(text);
	assert_string_equal(configs_errors, errors);
	config_free(config);
	free(text);
}

static void endpoints_have_as_many_addresses_as_an_image_holds(void **state)
{
	(void)state;
	assert_addresses("inbound", IMAGE_INBOUND_MAX, "");
	assert_addresses("inbound", IMAGE_INBOUND_MAX + 9,
		"t.yaml:2052:9: addresses: the inbound endpoints have more than 2048 addresses: "
		"remove some\n");
	assert_addresses("outbound", IMAGE_OUTBOUND_MAX, "");
	assert_addresses("outbound", IMAGE_OUTBOUND_MAX + 9,
		"t.yaml:2052:9: addresses: the outbound endpoints have more than 2048 addresses: "
		"remove some\n");
}

static void networks_that_are_alike_are_refused(void **state)
{
	(void)state;
	assert_refused("virtual-networks:\n"
		       "  - {name: a, prefixes: [10.0.0.0/8]}\n"
		       "  - {name: b, prefixes: [11.0.0.0/8, 10.0.0.0/8]}\n"
		       "  - {name: c}\n"
		       "  - {name: d}\n",
		"t.yaml:3:38: prefixes: 10.0.0.0/8 by any inbound endpoint is network a already: "
		"remove it from one of the two\n"
		"t.yaml:5:5: without prefixes it is for all clients, but 0.0.0.0/0 by any inbound "
		"endpoint is network c already: give prefixes\n");
}

// No prefixes are 0.0.0.0/0 and ::/0, whichever of them is written out.
static void network_of_all_clients_is_alike_without_prefixes(void **state)
{
	(void)state;
	assert_refused("virtual-networks:\n"
		       "  - {name: a, prefixes: [0.0.0.0/0]}\n"
		       "  - {name: b}\n",
		"t.yaml:3:5: without prefixes it is for all clients, but 0.0.0.0/0 by any inbound "
		"endpoint is network a already: give prefixes\n");
	assert_refused("virtual-networks:\n"
		       "  - {name: a}\n"
		       "  - {name: b, prefixes: ['::/0']}\n",
		"t.yaml:3:26: prefixes: ::/0 by any inbound endpoint is network a already: remove "
		"it from one of the two\n");
}

static void default_of_a_network_is_checked(void **state)
{
	(void)state;
	assert_refused("virtual-networks: [{name: a, default: forward}]\n",
		"t.yaml:1:20: default-targets: 0 given: give 1 to 64\n");
	assert_refused("virtual-networks: [{name: a, default-targets: [10.0.0.1]}]\n",
		"t.yaml:1:20: default-outbound-endpoints: is missing: name the endpoints to send "
		"from\n"
		"t.yaml:1:47: default-targets: are never used: add default: forward (or default: "
		"refuse)\n");
}

static void endpoints_are_checked(void **state)
{
	(void)state;
	assert_refused("inbound-endpoints:\n"
		       "  - {name: a, addresses: [10.0.0.1, '10.0.0.1:53']}\n"
		       "  - {name: a, addresses: []}\n"
		       "outbound-endpoints:\n"
		       "  - {name: b, addresses: ['10.0.0.1:53'], ports: 1000-1010}\n",
		"t.yaml:2:37: addresses: 10.0.0.1 is an address of inbound endpoint a already: "
		"remove one\n"
		"t.yaml:3:12: name: a is given twice: choose another name, or join the two\n"
		"t.yaml:3:26: addresses: is missing: give at least one address of this host\n"
		"t.yaml:5:27: addresses: \"10.0.0.1:53\" is not an IPv4 or IPv6 address; outbound "
		"addresses have no port, see ports:\n"
		"t.yaml:5:50: ports: 1000-1010 is no range to hide in: give at least 1024 ports "
		"above 1023\n");
}

static void query_timeout_is_checked(void **state)
{
	(void)state;
	assert_refused("query-timeout: 4 s\n",
		"t.yaml:1:16: query-timeout: \"4 s\" is not a duration: write a whole number and "
		"ms, s, m, h or d, as 4s\n");
	assert_refused("query-timeout: 1h\n",
		"t.yaml:1:16: query-timeout: 1h is out of bounds: give 100ms to 60s\n");
}

static void max_waiters_is_checked(void **state)
{
	(void)state;
	assert_refused("max-waiters: 0\n",
		"t.yaml:1:14: max-waiters: \"0\" is no number here: give a whole one from 1 to "
		"65536\n");
	assert_refused("max-waiters: many\n",
		"t.yaml:1:14: max-waiters: \"many\" is no number here: give a whole one from 1 to "
		"65536\n");
}

static void files_add_to_the_same_lists(void **state)
{
	struct load_file files[] = {
		{"shunt.yaml", configs_small, strlen(configs_small)},
		{"rules.d/a.yaml", "rulesets: [{name: b, outbound-endpoints: [out]}]\n", 49},
	};
	struct config_errors errors = {0};
	struct config *config;

	(void)state;
	assert_int_equal(config_load_files(files, 2, &config, &errors), 0);
	assert_int_equal(config->ruleset_count, 2);
	config_free(config);
	files[1].data = "query-timeout: 1s\nrulesets: [{name: CORP, outbound-endpoints: [o]}]\n";
	files[1].len = strlen(files[1].data);
	assert_int_equal(config_load_files(files, 2, &config, &errors), -EINVAL);
	assert_int_equal(errors.count, 2);
	assert_string_equal(errors.items[0].file, "rules.d/a.yaml");
	assert_int_equal(errors.items[0].column, 19);
	assert_string_equal(errors.items[0].message,
		"name: CORP is given twice: choose another name, or join the two");
	assert_int_equal(errors.items[1].column, 46);
	errors_fini(&errors);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void rules_d_is_read_beside_the_main_file(void **state)
{
	char folder[] = "/tmp/shunt-test-XXXXXX";
	struct config_errors errors = {0};
	struct config *config;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(config_load("shunt.yaml", &config, &errors), -ENOENT);
	assert_string_equal(errors.items[0].message, "can't be read: No such file or directory");
	errors_fini(&errors);
	write_file("shunt.yaml", configs_small);
	assert_int_equal(config_load("shunt.yaml", &config, &errors), 0);
	config_free(config);
	assert_int_equal(system("mkdir rules.d"), 0);
	write_file("rules.d/b.yaml", "# nothing yet\n");
	write_file("rules.d/a.yaml", "query-timeout: 2s\n");
	write_file("rules.d/c.yaml~", "not: ours\n");
	assert_int_equal(config_load("shunt.yaml", &config, &errors), 0);
	assert_int_equal(config->query_timeout_us, 2000000);
	config_free(config);
	write_file("rules.d/b.yaml", "color: blue\n");
	assert_int_equal(config_load("shunt.yaml", &config, &errors), -EINVAL);
	assert_string_equal(errors.items[0].file, "./rules.d/b.yaml");
	errors_fini(&errors);
	assert_int_equal(system("rm -r shunt.yaml rules.d"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

// Applying.

static void bare_domains_become_rules(void **state)
{
	struct config *config = configs_running();
	const struct config_ruleset *corp;

	(void)state;
	assert_int_equal(
		configs_apply(config, "# ours\n\n a.b\r\nA_b.\n  x.y. # comment\na\\.b.c\n.\n",
			"10.54.0.15:5353"),
		0);
	corp = config_find_ruleset(config, "corp");
	assert_int_equal(corp->rule_count, 5);
	assert_string_equal(corp->rules[0].name, "d-a_b");
	assert_string_equal(corp->rules[0].domain, "a.b.");
	assert_string_equal(corp->rules[1].name, "d-A_b-2");
	assert_string_equal(corp->rules[1].domain, "A_b.");
	assert_string_equal(corp->rules[2].domain, "x.y.");
	assert_string_equal(corp->rules[3].name, "d-a-b_c");
	assert_string_equal(corp->rules[3].domain, "a\\.b.c.");
	assert_string_equal(corp->rules[4].domain, ".");
	assert_int_equal(be16_get(corp->rules[4].targets[0].port), 5353);
	config_free(config);
}

static void errors_in_bare_domains_are_placed(void **state)
{
	struct config *config = configs_running();

	(void)state;
	assert_int_not_equal(configs_apply(config, "a\n  b..c\n*.d\nA.\n", "10.54.0.15"), 0);
	assert_string_equal(configs_errors,
		"t.txt:2:3: domain: \"b..c.\" is not a name: a label is empty\n"
		"t.txt:3:1: domain: \"*.d.\" has a * label, which rules don't use: write domain: "
		"d. with match: subdomains\n"
		"t.txt:4:1: domain: rule d-a has A. with match: suffix already: remove one of "
		"them\n");
	config_free(config);
}

static void errors_beyond_a_hundred_are_counted(void **state)
{
	struct config *config = configs_running();
	char text[6 * 150 + 1];

	(void)state;
	for (int i = 0; i < 150; i++)
		sprintf(text + 6 * i, "..%03d\n", i);
	assert_int_not_equal(configs_apply(config, text, "10.54.0.15"), 0);
	assert_non_null(strstr(configs_errors, "t.txt:100:1: "));
	assert_null(strstr(configs_errors, "t.txt:101:1: "));
	assert_non_null(strstr(configs_errors, "and 50 more errors\n"));
	config_free(config);
}

static void yaml_of_a_ruleset_is_applied(void **state)
{
	struct config *config = configs_running();

	(void)state;
	assert_int_equal(configs_apply(config,
				 "rules: [{name: z, domain: z., targets: [10.0.0.1]}]\n", NULL),
		0);
	assert_int_equal(config_find_ruleset(config, "corp")->rule_count, 1);
	assert_int_equal(configs_apply(config, configs_small, NULL), 0);
	assert_int_equal(config_find_ruleset(config, "corp")->rule_count, 2);
	assert_int_not_equal(configs_apply(config,
				     "name: corp\n"
				     "rules:\n"
				     "- {name: z, domain: z, targets: [10.0.0.1], a: b}\n",
				     NULL),
		0);
	assert_string_equal(configs_errors,
		"t.txt:3:21: domain: \"z\" has no final dot: write z.\n"
		"t.txt:3:45: unknown key a: the keys here are name, domain, match, pattern, action, state, "
		"policy, chase, ecs, cache, targets, metadata, addresses, ttl\n");
	assert_int_not_equal(configs_apply(config, "name: other\nrules: []\n", NULL), 0);
	assert_int_not_equal(configs_apply(config, "outbound-endpoints: [out]\n", NULL), 0);
	config_free(config);
}

static void ruleset_is_made_only_when_asked(void **state)
{
	const char *target = "10.0.0.1";
	const char *outbound = "out";
	struct load_ruleset request = {.name = "new", .targets = &target, .targets_count = 1};
	struct load_file file = {"t.txt", "a.\n", 3};
	struct config *config = configs_running();
	struct config_errors errors = {0};

	(void)state;
	assert_int_equal(config_load_ruleset(config, &request, &file, &errors), -ENOENT);
	errors_fini(&errors);
	request.create = true;
	request.outbound_endpoints = &outbound;
	request.outbound_endpoints_count = 1;
	assert_int_equal(config_load_ruleset(config, &request, &file, &errors), 0);
	assert_int_equal(config_find_ruleset(config, "new")->rule_count, 1);
	config_free(config);
}

// An escaped backslash before the dot, and an escaped dot.
static void final_dot_of_a_line_is_the_one_that_is_not_escaped(void **state)
{
	struct config *config = configs_running();
	const struct config_ruleset *corp;

	(void)state;
	assert_int_equal(configs_apply(config, "a\\\\.\nb\\.\n", "10.54.0.15"), 0);
	corp = config_find_ruleset(config, "corp");
	assert_string_equal(corp->rules[0].domain, "a\\\\.");
	assert_string_equal(corp->rules[0].name, "d-a-");
	assert_string_equal(corp->rules[1].domain, "b\\..");
	assert_string_equal(corp->rules[1].name, "d-b-");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_of_the_manual_is_loaded),
		cmocka_unit_test(every_error_is_named_with_line_and_column),
		cmocka_unit_test(syntax_error_is_placed),
		cmocka_unit_test(X39_empty_file_is_refused),
		cmocka_unit_test(X39_carriage_returns_are_no_error),
		cmocka_unit_test(X39_bytes_that_are_no_text_are_placed),
		cmocka_unit_test(X39_deep_nesting_is_refused),
		cmocka_unit_test(aliases_are_refused_where_they_stand),
		cmocka_unit_test(second_document_is_refused),
		cmocka_unit_test(ill_typed_nodes_are_placed),
		cmocka_unit_test(key_given_twice_is_refused),
		cmocka_unit_test(what_is_not_built_is_not_unknown),
		cmocka_unit_test(an_action_takes_what_it_needs_and_nothing_else),
		cmocka_unit_test(a_pattern_that_hyperscan_does_not_take_is_refused_with_its_reason),
		cmocka_unit_test(a_pattern_belongs_to_match_regex),
		cmocka_unit_test(two_regex_rules_of_a_domain_differ_in_their_pattern),
		cmocka_unit_test(words_that_say_what_is_done_anyway_are_accepted),
		cmocka_unit_test(domain_of_a_rule_is_checked),
		cmocka_unit_test(same_domain_is_found_through_escapes),
		cmocka_unit_test(name_of_a_rule_is_checked),
		cmocka_unit_test(targets_are_checked),
		cmocka_unit_test(target_needs_a_source_address_of_its_family),
		cmocka_unit_test(metadata_is_checked),
		cmocka_unit_test(names_that_lead_nowhere_are_placed),
		cmocka_unit_test(outbound_address_has_one_range_of_ports),
		cmocka_unit_test(inbound_port_is_not_one_that_is_sent_from),
		cmocka_unit_test(endpoints_have_as_many_addresses_as_an_image_holds),
		cmocka_unit_test(networks_that_are_alike_are_refused),
		cmocka_unit_test(network_of_all_clients_is_alike_without_prefixes),
		cmocka_unit_test(default_of_a_network_is_checked),
		cmocka_unit_test(endpoints_are_checked),
		cmocka_unit_test(query_timeout_is_checked),
		cmocka_unit_test(max_waiters_is_checked),
		cmocka_unit_test(backoff_is_checked),
		cmocka_unit_test(policy_of_a_rule_is_a_word),
		cmocka_unit_test(files_add_to_the_same_lists),
		cmocka_unit_test(rules_d_is_read_beside_the_main_file),
		cmocka_unit_test(bare_domains_become_rules),
		cmocka_unit_test(errors_in_bare_domains_are_placed),
		cmocka_unit_test(errors_beyond_a_hundred_are_counted),
		cmocka_unit_test(yaml_of_a_ruleset_is_applied),
		cmocka_unit_test(ruleset_is_made_only_when_asked),
		cmocka_unit_test(final_dot_of_a_line_is_the_one_that_is_not_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
