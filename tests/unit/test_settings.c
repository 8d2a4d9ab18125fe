// SPDX-License-Identifier: BSD-3-Clause
// `upstreams:`, how each target is to be asked: from text to the image, through a reload and the store.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "control/config/print.h"
#include "control/config/state.h"
#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

// The small config and this list of upstreams.
static char *with_upstreams(const char *list)
{
	char *text;

	assert_true(asprintf(&text, "%supstreams: %s\n", configs_small, list) > 0);
	return text;
}

static struct config *load(const char *list)
{
	char *text = with_upstreams(list);
	struct config *config = configs_load(text);

	free(text);
	return config;
}

static struct config *reload(
	const struct config *running, const char *list, struct config_changes *changes)
{
	char *text = with_upstreams(list);
	struct config *config = configs_reload(running, text, changes);

	free(text);
	return config;
}

static void assert_refused(const char *list, const char *errors)
{
	assert_null(load(list));
	assert_string_equal(configs_errors, errors);
}

static void upstreams_are_read(void **state)
{
	struct config *config =
		load("[{address: 10.54.0.12, case-randomisation: off, max-inflight: 500},\n"
		     "  {address: '10.54.0.11:53', trust-ad: off, loop-check: off}]");

	(void)state;
	assert_string_equal(configs_errors, "");
	assert_int_equal(config->upstream_count, 2);
	assert_string_equal(config->upstreams[0].address, "10.54.0.12");
	assert_false(config->upstreams[0].has_case_randomisation);
	assert_true(config->upstreams[0].has_trust_ad);
	assert_true(config->upstreams[0].has_loop_check);
	assert_int_equal(config->upstreams[0].max_inflight, 500);
	assert_string_equal(config->upstreams[1].address, "10.54.0.11");
	assert_true(config->upstreams[1].has_case_randomisation);
	assert_false(config->upstreams[1].has_trust_ad);
	assert_false(config->upstreams[1].has_loop_check);
	assert_int_equal(config->upstreams[1].max_inflight, 0);
	config_free(config);
}

static void every_error_of_upstreams_is_placed(void **state)
{
	(void)state;
	assert_refused("[{trust-ad: off},\n"
		       "  {address: 10.54.0.300},\n"
		       "  {address: 10.54.0.11, case-randomisation: maybe},\n"
		       "  {address: '10.54.0.11:53', max-inflight: 0},\n"
		       "  {address: 224.0.0.1, max-inflight: '9 '},\n"
		       "  {address: 10.54.0.12, tls: on, colour: blue}]",
		"t.yaml:11:13: address: is missing: give the address of a target, ADDR, ADDR:PORT "
		"or [ADDR]:PORT\n"
		"t.yaml:12:13: address: \"10.54.0.300\" is not an IPv4 or IPv6 address; write "
		"ADDR, ADDR:PORT or [ADDR]:PORT\n"
		"t.yaml:13:45: case-randomisation: \"maybe\" is not one of its words: write on or "
		"off\n"
		"t.yaml:14:13: address: 10.54.0.11 is given twice: choose another address, or "
		"join the two\n"
		"t.yaml:14:44: max-inflight: \"0\" is no number here: give a whole one from 1 to "
		"1048576\n"
		"t.yaml:15:13: address: 224.0.0.1 is not one host's address: write a unicast "
		"address\n"
		"t.yaml:15:38: max-inflight: \"9 \" is no number here: give a whole one from 1 to "
		"1048576\n"
		"t.yaml:16:25: tls: not built yet in this version\n"
		"t.yaml:16:34: unknown key colour: the keys here are address, case-randomisation, "
		"trust-ad, loop-check, max-inflight\n");
	assert_refused("[{address: 10.54.0.11, max-inflight: 1048577}]",
		"t.yaml:11:49: max-inflight: \"1048577\" is no number here: give a whole one from "
		"1 to 1048576\n");
}

static void reload_names_the_upstreams_that_changed(void **state)
{
	struct config_changes changes = {0};
	struct config *config, *next;

	(void)state;
	config = reload(NULL, "[{address: 10.54.0.11}, {address: 10.54.0.12}]", &changes);
	changes_fini(&changes);
	next = reload(
		config, "[{address: 10.54.0.12, trust-ad: off}, {address: 10.54.0.13}]", &changes);
	assert_int_equal(changes.count, 3);
	assert_string_equal(changes.items[0].object, "upstream 10.54.0.12");
	assert_string_equal(changes.items[0].what, "replaced");
	assert_string_equal(changes.items[1].object, "upstream 10.54.0.13");
	assert_string_equal(changes.items[1].what, "added");
	assert_string_equal(changes.items[2].object, "upstream 10.54.0.11");
	assert_string_equal(changes.items[2].what, "removed");
	assert_int_equal(next->upstream_count, 2);
	assert_false(next->upstreams[0].has_trust_ad);
	changes_fini(&changes);
	config_free(config);
	config_free(next);
}

static void upstreams_come_back_from_the_store(void **state)
{
	struct config_changes changes = {0};
	struct config *config = reload(NULL,
		"[{address: 10.54.0.11, case-randomisation: off, trust-ad: off, loop-check: off},"
		" {address: '10.54.0.12:5353', max-inflight: 7}]",
		&changes);
	struct config *copy = config_copy(config, 2), *loaded;
	size_t len;
	char *text = print_state(copy, &len);
	json_t *json = json_loadb(text, len, 0, NULL);

	(void)state;
	assert_int_equal(state_parse(json, &loaded), 0);
	assert_int_equal(loaded->upstream_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct config_upstream *was = &config->upstreams[i];
		const struct config_upstream *is = &loaded->upstreams[i];

		assert_string_equal(is->address, was->address);
		assert_true(endpoint_equal(&is->endpoint, &was->endpoint));
		assert_int_equal(is->has_case_randomisation, was->has_case_randomisation);
		assert_int_equal(is->has_trust_ad, was->has_trust_ad);
		assert_int_equal(is->has_loop_check, was->has_loop_check);
		assert_int_equal(is->max_inflight, was->max_inflight);
		assert_int_equal(is->file_hash, was->file_hash);
	}
	free(text);
	json_decref(json);
	changes_fini(&changes);
	config_free(config);
	config_free(copy);
	config_free(loaded);
}

// Rules send to 10.54.0.11 and .12.
static void image_says_how_targets_are_asked(void **state)
{
	struct config_changes changes = {0};
	struct config *config = reload(NULL,
		"[{address: 10.54.0.12, case-randomisation: off, max-inflight: 9},"
		" {address: 10.54.0.19, trust-ad: off}]",
		&changes);
	struct compile_result compiled;
	struct image image;
	void *base;

	(void)state;
	assert_int_equal(compile_image(config, 1, &compiled), 0);
	base = mmap(NULL, compiled.size, PROT_READ, MAP_PRIVATE, compiled.fd, 0);
	assert_ptr_not_equal(base, MAP_FAILED);
	assert_null(image_open(&image, base, compiled.size));
	assert_int_equal(image.upstreams_count, 2);
	assert_int_equal(image.upstreams[0].endpoint.ip.b[15], 11);
	assert_int_equal(image.upstreams[0].flags, IMAGE_UPSTREAM_FLAGS);
	assert_int_equal(image.upstreams[0].max_inflight, 0);
	assert_int_equal(image.upstreams[1].endpoint.ip.b[15], 12);
	assert_int_equal(image.upstreams[1].flags, IMAGE_TRUSTS_AD | IMAGE_CHECKS_LOOPS);
	assert_int_equal(image.upstreams[1].max_inflight, 9);
	munmap(base, compiled.size);
	close(compiled.fd);
	changes_fini(&changes);
	config_free(config);
}

static struct config *load_ecs(const char *words)
{
	const char *end = strstr(configs_small, "virtual-networks");
	struct config *config;
	char *text;

	assert_true(
		asprintf(&text, "%.*s      - {name: x, domain: x., targets: [10.54.0.11]%s}\n%s",
			(int)(end - configs_small), configs_small, words, end) > 0);
	config = configs_load(text);
	free(text);
	return config;
}

static void ecs_of_a_rule_reaches_the_image(void **state)
{
	static const struct {
		const char *words;
		enum edns_subnet subnet;
	} cases[] = {
		{"", EDNS_SUBNET_STRIP},
		{", ecs: strip", EDNS_SUBNET_STRIP},
		{", ecs: pass", EDNS_SUBNET_PASS},
		{", ecs: add", EDNS_SUBNET_ADD},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = load_ecs(cases[i].words);
		struct compile_result compiled;
		struct image image;
		void *base;

		assert_int_equal(config->rulesets[0].rules[2].ecs, cases[i].subnet);
		for (size_t r = 0; r < 3; r++)
			config->rulesets[0].rules[r].counter = (uint32_t)r;
		assert_int_equal(compile_image(config, 1, &compiled), 0);
		base = mmap(NULL, compiled.size, PROT_READ, MAP_PRIVATE, compiled.fd, 0);
		assert_ptr_not_equal(base, MAP_FAILED);
		assert_null(image_open(&image, base, compiled.size));
		assert_int_equal(image.routes[image.routes_count - 1].subnet,
			cases[i].subnet == EDNS_SUBNET_STRIP ? 0 : cases[i].subnet);
		munmap(base, compiled.size);
		close(compiled.fd);
		config_free(config);
	}
	assert_null(load_ecs(", ecs: all"));
	assert_string_equal(configs_errors,
		"t.yaml:9:59: ecs: \"all\" is not one of its words: write strip or pass or add\n");
}

// Two networks, each behind an endpoint of its own, and rules that send from one to the other.
#define TWO_NETWORKS                                                                           \
	"inbound-endpoints:\n"                                                                 \
	"  - {name: one, addresses: [10.53.0.2]}\n"                                            \
	"  - {name: two, addresses: ['10.53.0.2:5353']}\n"                                     \
	"outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n"                          \
	"virtual-networks:\n"                                                                  \
	"  - {name: hub, prefixes: [10.53.0.0/16], inbound-endpoints: [one], rulesets: [a]}\n" \
	"  - {name: spoke, inbound-endpoints: [two], rulesets: [b]}\n"                         \
	"rulesets:\n"

static void G10_cycle_through_our_own_addresses_is_refused_with_its_way(void **state)
{
	(void)state;
	assert_null(configs_load(TWO_NETWORKS
		"  - name: a\n"
		"    outbound-endpoints: [out]\n"
		"    rules: [{name: to-two, domain: lab., targets: [10.54.0.11, '10.53.0.2:5353']}]\n"
		"  - name: b\n"
		"    outbound-endpoints: [out]\n"
		"    rules: [{name: other, domain: a.lab., targets: [10.54.0.11]},\n"
		"      {name: to-one, domain: lab., targets: [10.53.0.2]}]\n"));
	assert_string_equal(configs_errors,
		"t.yaml:11:64: targets: a question for lab. would go round: rule to-two of ruleset "
		"a -> 10.53.0.2:5353, network spoke -> rule to-one of ruleset b -> 10.53.0.2, "
		"network hub -> rule to-two of ruleset a: name another server\n"
		"t.yaml:15:46: targets: a question for lab. would go round: rule to-one of ruleset "
		"b -> 10.53.0.2, network hub -> rule to-two of ruleset a -> 10.53.0.2:5353, "
		"network spoke -> rule to-one of ruleset b: name another server\n");
}

static void G10_target_of_our_own_that_leads_on_is_not_built(void **state)
{
	(void)state;
	assert_null(configs_load(TWO_NETWORKS
		"  - name: a\n"
		"    outbound-endpoints: [out]\n"
		"    rules: [{name: to-two, domain: lab., targets: ['10.53.0.2:5353']}]\n"
		"  - name: b\n"
		"    outbound-endpoints: [out]\n"
		"    rules: [{name: x, domain: xlab., targets: [10.53.0.2]},\n"
		"      {name: good, domain: lab., targets: [10.54.0.11]},\n"
		"      {name: off, domain: lab., match: exact, state: disabled,\n"
		"       targets: [10.53.0.2]}]\n"));
	assert_string_equal(configs_errors,
		"t.yaml:11:52: targets: 10.53.0.2:5353 is an inbound endpoint of ours: to go on "
		"there is not built yet in this version\n"
		"t.yaml:14:48: targets: 10.53.0.2 is an inbound endpoint of ours: to go on there "
		"is not built yet in this version\n"
		"t.yaml:17:18: targets: 10.53.0.2 is an inbound endpoint of ours: to go on there "
		"is not built yet in this version\n");
}

// A rule made at run time is looked at as one of a file is.
static void G10_rule_that_would_ask_ourselves_is_refused(void **state)
{
	static const char *const target[] = {"10.53.0.2"};
	struct config *config = load("[]");
	struct config_rule_text text = {
		.name = "self", .domain = "self.", .targets = target, .targets_count = 1};
	struct config_fault fault;

	(void)state;
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), -EINVAL);
	assert_string_equal(fault.text,
		"targets: a question for self. would go round: rule self of ruleset corp -> "
		"10.53.0.2, network hub -> rule self of ruleset corp: name another server");
	text = (struct config_rule_text){.targets = target, .targets_count = 1};
	assert_int_equal(config_update_rule(config, "corp", "azure", &text, &fault), -EINVAL);
	assert_int_equal(config->rulesets[0].rule_count, 2);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upstreams_are_read),
		cmocka_unit_test(every_error_of_upstreams_is_placed),
		cmocka_unit_test(reload_names_the_upstreams_that_changed),
		cmocka_unit_test(upstreams_come_back_from_the_store),
		cmocka_unit_test(image_says_how_targets_are_asked),
		cmocka_unit_test(ecs_of_a_rule_reaches_the_image),
		cmocka_unit_test(G10_cycle_through_our_own_addresses_is_refused_with_its_way),
		cmocka_unit_test(G10_target_of_our_own_that_leads_on_is_not_built),
		cmocka_unit_test(G10_rule_that_would_ask_ourselves_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
