// SPDX-License-Identifier: BSD-3-Clause
// Changing a config at run time, counter numbers, and merging it with the files at a reload.
#include "control/config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "control/config/json.h"
#include "control/config/text.h"
#include "core/counters.h"
#include "core/prefix.h"
#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

static const char *const one_target[] = {"10.54.0.15"};

static struct config_rule_text rule_text(const char *name, const char *domain)
{
	return (struct config_rule_text){
		.name = name,
		.domain = domain,
		.targets = one_target,
		.targets_count = 1,
	};
}

static int add(struct config *config, const char *name, const char *domain)
{
	struct config_rule_text text = rule_text(name, domain);
	struct config_fault fault;
	int error = config_add_rule(config, "corp", &text, &fault);

	assert_int_equal(error != 0, fault.text[0] != '\0');
	return error;
}

static struct config_rule *find(const struct config *config, const char *name)
{
	return config_find_rule(config_find_ruleset(config, "corp"), name);
}

static uint64_t count_hundred_and(void *context, uint32_t number)
{
	(void)context;
	return 100 + number;
}

// Rules, one at a time.

static void rule_is_added_with_a_counter_of_its_own(void **state)
{
	struct config *config = configs_running();

	(void)state;
	assert_int_equal(add(config, "new", "new.lab."), 0);
	assert_int_equal(find(config, "contoso")->counter, 0);
	assert_int_equal(find(config, "azure")->counter, 1);
	assert_int_equal(find(config, "NEW")->counter, 2);
	assert_int_equal(find(config, "new")->counted_before, CONFIG_COUNTED_UNKNOWN);
	assert_true(find(config, "new")->edited);
	config_settle_counters(config, 1, count_hundred_and, NULL);
	assert_int_equal(find(config, "new")->counted_before, 102);
	assert_int_equal(find(config, "azure")->counted_before, 0);
	config_free(config);
}

static void counters_of_another_dataplane_began_at_0(void **state)
{
	struct config *config = configs_running();

	(void)state;
	assert_int_equal(add(config, "new", "new.lab."), 0);
	config_settle_counters(config, 1, count_hundred_and, NULL);
	config_settle_counters(config, 2, count_hundred_and, NULL);
	assert_int_equal(find(config, "new")->counted_before, 0);
	assert_int_equal(config->counting_since_us, 2);
	config_free(config);
}

static void rule_that_is_there_already_is_refused(void **state)
{
	struct config *config = configs_running();

	(void)state;
	assert_int_equal(add(config, "CONTOSO", "new.lab."), -EEXIST);
	assert_int_equal(add(config, "new", "Contoso.COM."), -EEXIST);
	assert_int_equal(add(config, "new", "\\099ontoso.com."), -EEXIST);
	assert_int_equal(config_find_ruleset(config, "corp")->rule_count, 2);
	assert_int_equal(add(config, "new", "new.lab."), 0);
	assert_int_equal(find(config, "new")->counter, 2);
	config_free(config);
}

static void same_domain_with_another_match_is_another_rule(void **state)
{
	struct config_rule_text text = rule_text("new", "contoso.com.");
	struct config *config = configs_running();
	struct config_fault fault;

	(void)state;
	text.match = "exact";
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), 0);
	config_free(config);
}

static void fault_names_the_key_and_what_to_do(void **state)
{
	struct config_rule_text text = rule_text("new", "*.contoso.com.");
	struct config *config = configs_running();
	struct config_fault fault;

	(void)state;
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), -EINVAL);
	assert_string_equal(fault.key, "domain");
	assert_string_equal(fault.text,
		"domain: \"*.contoso.com.\" has a * label, which rules "
		"don't use: write domain: contoso.com. with match: "
		"subdomains");
	assert_int_equal(config_add_rule(config, "none", &text, &fault), -ENOENT);
	assert_string_equal(
		fault.text, "ruleset: there is no ruleset none: see shuntctl ruleset list");
	config_free(config);
}

static void target_out_of_reach_is_refused(void **state)
{
	static const char *const targets[] = {"10.54.0.11", "fd54::11"};
	struct config_rule_text text = rule_text("new", "new.lab.");
	struct config *config = configs_running();
	struct config_fault fault;

	(void)state;
	text.targets = targets;
	text.targets_count = 2;
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), -EINVAL);
	assert_string_equal(fault.key, "targets");
	assert_int_equal(fault.idx, 1);
	config_free(config);
}

static void targets_beyond_sixty_four_are_refused(void **state)
{
	struct config_rule_text text = rule_text("new", "new.lab.");
	struct config *config = configs_running();
	const char *targets[65];
	char texts[65][16];
	struct config_fault fault;

	(void)state;
	for (int i = 0; i < 65; i++) {
		sprintf(texts[i], "10.54.1.%d", i + 1);
		targets[i] = texts[i];
	}
	text.targets = targets;
	text.targets_count = 65;
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), -EINVAL);
	text.targets_count = 64;
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), 0);
	config_free(config);
}

static void update_changes_what_is_given(void **state)
{
	struct config_rule_text changes = {.state = "disabled"};
	struct config *config = configs_running();
	struct config_fault fault;
	struct config_rule *rule;

	(void)state;
	assert_int_equal(config_update_rule(config, "corp", "contoso", &changes, &fault), 0);
	rule = find(config, "contoso");
	assert_int_equal(rule->state, CONFIG_DISABLED);
	assert_string_equal(rule->domain, "contoso.com.");
	assert_int_equal(rule->target_count, 1);
	assert_int_equal(rule->targets[0].ip.b[15], 11);
	assert_int_equal(rule->counter, 0);
	changes = (struct config_rule_text){.targets = one_target, .targets_count = 1};
	assert_int_equal(config_update_rule(config, "corp", "contoso", &changes, &fault), 0);
	rule = find(config, "contoso");
	assert_int_equal(rule->state, CONFIG_DISABLED);
	assert_int_equal(rule->targets[0].ip.b[15], 15);
	assert_true(rule->edited);
	config_free(config);
}

static void update_does_not_change_name_or_domain(void **state)
{
	struct config_rule_text domain = {.domain = "other.lab."};
	struct config_rule_text name = {.name = "other"};
	struct config_rule_text same = {.name = "Contoso", .domain = "CONTOSO.com."};
	struct config *config = configs_running();
	struct config_fault fault;

	(void)state;
	assert_int_equal(config_update_rule(config, "corp", "contoso", &domain, &fault), -EINVAL);
	assert_int_equal(config_update_rule(config, "corp", "contoso", &name, &fault), -EINVAL);
	assert_int_equal(config_update_rule(config, "corp", "contoso", &same, &fault), 0);
	assert_string_equal(find(config, "contoso")->domain, "contoso.com.");
	assert_int_equal(config_update_rule(config, "corp", "none", &same, &fault), -ENOENT);
	config_free(config);
}

static void update_to_the_match_of_another_rule_is_refused(void **state)
{
	struct config_rule_text text = rule_text("new", "contoso.com.");
	struct config_rule_text changes = {.match = "suffix"};
	struct config *config = configs_running();
	struct config_fault fault;

	(void)state;
	text.match = "exact";
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), 0);
	assert_int_equal(config_update_rule(config, "corp", "new", &changes, &fault), -EEXIST);
	changes.match = "subdomains";
	assert_int_equal(config_update_rule(config, "corp", "new", &changes, &fault), 0);
	config_free(config);
}

static void copy_is_independent_of_the_original(void **state)
{
	struct config *config = configs_running();
	struct config *copy = config_copy(config, 2);
	struct config_rule_text changes = {.state = "disabled"};
	struct config_fault fault;

	(void)state;
	assert_int_equal(copy->generation, 2);
	assert_int_equal(config_update_rule(copy, "corp", "contoso", &changes, &fault), 0);
	assert_int_equal(config_delete_rule(copy, "corp", "azure", &fault), 0);
	assert_int_equal(add(copy, "new", "new.lab."), 0);
	assert_int_equal(find(config, "contoso")->state, CONFIG_ENABLED);
	assert_string_equal(find(config, "azure")->domain, "azure.contoso.com.");
	assert_null(find(config, "new"));
	config_free(config);
	assert_string_equal(find(copy, "contoso")->domain, "contoso.com.");
	config_free(copy);
}

static void hundred_thousand_rules_share_their_bodies_in_a_copy(void **state)
{
	struct config *config = configs_running();
	char *text = malloc(100000 * 16);
	char *end = text;
	struct config *copy;

	(void)state;
	for (int i = 0; i < 100000; i++)
		end += sprintf(end, "n%d.lab\n", i);
	assert_int_equal(configs_apply(config, text, "10.54.0.11"), 0);
	assert_int_equal(config_find_ruleset(config, "corp")->rule_count, 100000);
	copy = config_copy(config, 2);
	assert_ptr_equal(find(copy, "d-n77_lab")->name, find(config, "d-n77_lab")->name);
	config_free(config);
	assert_string_equal(find(copy, "d-n99999_lab")->domain, "n99999.lab.");
	config_free(copy);
	free(text);
}

static void rule_is_spelt_in_json_as_in_yaml(void **state)
{
	struct config *config = configs_running();
	json_t *json = config_json_rule(find(config, "azure"));
	char *text = json_dumps(json, JSON_COMPACT);

	(void)state;
	assert_string_equal(text,
		"{\"name\":\"azure\",\"domain\":\"azure.contoso.com.\","
		"\"match\":\"suffix\",\"action\":\"forward\","
		"\"state\":\"enabled\",\"targets\":[\"10.54.0.12\"]}");
	free(text);
	json_decref(json);
	config_free(config);
}

// Counter numbers.

static void number_rests_two_generations(void **state)
{
	struct numbers numbers = {0};

	(void)state;
	assert_int_equal(numbers_take(&numbers, 5), 0);
	assert_int_equal(numbers_take(&numbers, 5), 1);
	assert_int_equal(numbers_release(&numbers, 0, 6), 0);
	assert_int_equal(numbers_take(&numbers, 6), 2);
	assert_int_equal(numbers_take(&numbers, 7), 3);
	assert_int_equal(numbers_take(&numbers, 8), 0);
	assert_int_equal(numbers_take(&numbers, 8), 4);
	numbers_fini(&numbers);
}

static void numbers_end_at_the_capacity_of_the_counters(void **state)
{
	struct numbers numbers = {.next = COUNTERS_RULE_CAPACITY - 1};

	(void)state;
	assert_int_equal(numbers_take(&numbers, 1), COUNTERS_RULE_CAPACITY - 1);
	assert_int_equal(numbers_take(&numbers, 1), NUMBERS_NONE);
	assert_int_equal(numbers_release(&numbers, 7, 1), 0);
	assert_int_equal(numbers_take(&numbers, 3), 7);
	numbers_fini(&numbers);
}

// Against a naive model, through growth and wrap of the resting list.
static void numbers_are_never_given_twice(void **state)
{
	enum { HELD = 300, STEPS = 20000 };
	struct numbers numbers = {0};
	uint64_t freed[4 * HELD] = {0};
	uint32_t held[HELD];
	bool is_held[4 * HELD] = {false};
	unsigned seed = 1;

	(void)state;
	memset(held, 0xff, sizeof(held));
	for (uint64_t step = 0; step < STEPS; step++) {
		unsigned slot = (seed = seed * 1103515245 + 12345) / 65536 % HELD;
		uint64_t generation = step / 50 + 10;

		if (held[slot] != NUMBERS_NONE) {
			assert_int_equal(numbers_release(&numbers, held[slot], generation), 0);
			is_held[held[slot]] = false;
			freed[held[slot]] = generation;
			held[slot] = NUMBERS_NONE;
			continue;
		}
		held[slot] = numbers_take(&numbers, generation);
		assert_true(held[slot] < 4 * HELD);
		assert_false(is_held[held[slot]]);
		assert_true(freed[held[slot]] == 0 || freed[held[slot]] + 2 <= generation);
		is_held[held[slot]] = true;
	}
	numbers_fini(&numbers);
}

static void rule_keeps_its_number_over_an_apply(void **state)
{
	struct config *config = configs_running();
	struct config *next = config_copy(config, 2);

	(void)state;
	assert_int_equal(
		configs_apply(next,
			"rules:\n"
			"- {name: new, domain: new.lab., targets: [10.54.0.11]}\n"
			"- {name: AZURE, domain: Azure.contoso.com., targets: [10.0.0.1]}\n"
			"- {name: contoso, domain: other.lab., targets: [10.54.0.11]}\n",
			NULL),
		0);
	assert_int_equal(find(next, "azure")->counter, 1);
	assert_int_equal(find(next, "new")->counter, 2);
	assert_int_equal(find(next, "contoso")->counter, 3);
	assert_int_equal(next->numbers.count, 1);
	config_free(next);
	config_free(config);
}

static void number_of_a_deleted_rule_comes_back_after_two_generations(void **state)
{
	struct config *config = configs_running();
	struct config *next = config_copy(config, 2);
	struct config_fault fault;

	(void)state;
	assert_int_equal(config_delete_rule(next, "corp", "contoso", &fault), 0);
	assert_int_equal(add(next, "a", "a."), 0);
	assert_int_equal(find(next, "a")->counter, 2);
	next->generation = 4;
	assert_int_equal(add(next, "b", "b."), 0);
	assert_int_equal(find(next, "b")->counter, 0);
	config_free(next);
	config_free(config);
}

// Merging.

static const struct config_change *change_of(const struct config_changes *changes, const char *name)
{
	for (size_t i = 0; i < changes->count; i++)
		if (strcmp(changes->items[i].object, name) == 0)
			return &changes->items[i];
	return NULL;
}

static void reload_of_the_same_text_keeps_run_time_changes(void **state)
{
	struct config_changes changes = {0};
	struct config *config = configs_running();
	struct config *next;

	(void)state;
	assert_int_equal(add(config, "new", "new.lab."), 0);
	next = configs_reload(config, configs_small, &changes);
	assert_int_equal(changes.count, 0);
	assert_non_null(find(next, "new"));
	assert_int_equal(find(next, "new")->counter, 2);
	assert_int_equal(next->generation, 2);
	config_free(next);
	config_free(config);
}

static void reload_of_another_text_replaces_and_names_what_was_lost(void **state)
{
	struct config_rule_text changes_text = {.state = "disabled"};
	struct config_changes changes = {0};
	struct config *config = configs_running();
	char *text = strdup(configs_small);
	struct config_fault fault;
	struct config *next;

	(void)state;
	assert_int_equal(add(config, "new", "new.lab."), 0);
	assert_int_equal(config_update_rule(config, "corp", "azure", &changes_text, &fault), 0);
	assert_int_equal(config_delete_rule(config, "corp", "contoso", &fault), 0);
	memcpy(strstr(text, "10.54.0.12"), "10.54.0.13", 10);
	next = configs_reload(config, text, &changes);
	assert_int_equal(changes.count, 1);
	assert_string_equal(change_of(&changes, "ruleset corp")->what,
		"replaced; lost 2 rules made or changed at run time: azure, new; 1 deleted or "
		"replaced at run time may be back");
	assert_null(find(next, "new"));
	assert_int_equal(find(next, "azure")->targets[0].ip.b[15], 13);
	assert_int_equal(find(next, "azure")->state, CONFIG_ENABLED);
	assert_int_equal(find(next, "azure")->counter, 1);
	assert_non_null(find(next, "contoso"));
	assert_false(find(next, "azure")->edited);
	changes_fini(&changes);
	config_free(next);
	config_free(config);
	free(text);
}

static void layout_and_comments_are_no_change(void **state)
{
	struct config_changes changes = {0};
	struct config *config = configs_running();
	char text[2048];
	struct config *next;

	(void)state;
	snprintf(text, sizeof(text), "# a comment\n\n%s", configs_small);
	next = configs_reload(config, text, &changes);
	assert_int_equal(changes.count, 0);
	config_free(next);
	config_free(config);
}

static void ruleset_made_at_run_time_outlives_a_reload(void **state)
{
	struct config_changes changes = {0};
	const char *outbound = "out", *target = "10.54.0.11";
	struct load_ruleset request = {
		.name = "new",
		.create = true,
		.outbound_endpoints = &outbound,
		.outbound_endpoints_count = 1,
		.targets = &target,
		.targets_count = 1,
	};
	struct load_file file = {"t.txt", "a.\n", 3};
	struct config_errors errors = {0};
	struct config *config = configs_running();
	struct config *next;

	(void)state;
	assert_int_equal(config_load_ruleset(config, &request, &file, &errors), 0);
	next = configs_reload(config, configs_small, &changes);
	assert_int_equal(next->ruleset_count, 2);
	assert_int_equal(changes.count, 0);
	config_free(next);
	config_free(config);
}

// By name, case ignored; the endpoint `out` is as it was.
static void object_that_differs_or_is_new_is_taken_from_the_files(void **state)
{
	struct config_changes changes = {0};
	struct config *config = configs_reload(NULL,
		"inbound-endpoints: [{name: in, addresses: [10.53.0.2]}]\n"
		"outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]\n"
		"virtual-networks: [{name: hub, prefixes: [10.53.0.0/16]}]\n",
		&changes);
	struct config *next;

	(void)state;
	changes_fini(&changes);
	next = configs_reload(config,
		"inbound-endpoints: [{name: IN, addresses: [10.53.0.3]}]\n"
		"outbound-endpoints:\n"
		"  - {name: new, addresses: [10.54.0.3]}\n"
		"  - {name: out, addresses: [10.54.0.2]}\n"
		"virtual-networks: [{name: hub, prefixes: [10.52.0.0/16]}]\n",
		&changes);
	assert_string_equal(change_of(&changes, "inbound endpoint IN")->what, "replaced");
	assert_string_equal(change_of(&changes, "outbound endpoint new")->what, "added");
	assert_string_equal(change_of(&changes, "virtual network hub")->what, "replaced");
	assert_int_equal(changes.count, 3);
	assert_int_equal(next->inbounds[0].addresses[0].ip.b[15], 3);
	assert_int_equal(next->outbound_count, 2);
	assert_int_equal(next->networks[0].prefixes[0].ip.b[13], 52);
	changes_fini(&changes);
	config_free(next);
	config_free(config);
}

static void object_gone_from_the_files_is_removed(void **state)
{
	struct config_changes changes = {0};
	struct config *config = configs_running();
	struct config *next = configs_reload(config, "query-timeout: 2s\n", &changes);

	(void)state;
	assert_int_equal(next->ruleset_count, 0);
	assert_int_equal(next->query_timeout_us, 2000000);
	assert_int_equal(next->numbers.count, 2);
	assert_string_equal(change_of(&changes, "ruleset corp")->what, "removed");
	assert_string_equal(change_of(&changes, "virtual network hub")->what, "removed");
	assert_string_equal(change_of(&changes, "inbound endpoint in")->what, "removed");
	assert_string_equal(change_of(&changes, "outbound endpoint out")->what, "removed");
	assert_string_equal(change_of(&changes, "query-timeout")->what, "replaced");
	assert_int_equal(changes.count, 5);
	changes_fini(&changes);
	config_free(next);
	config_free(config);
}

// The files lose an endpoint that a ruleset made at run time sends from.
static void reload_that_does_not_fit_what_runs_is_refused(void **state)
{
	const char *outbound = "out", *target = "10.54.0.11";
	struct load_ruleset request = {
		.name = "new",
		.create = true,
		.outbound_endpoints = &outbound,
		.outbound_endpoints_count = 1,
		.targets = &target,
		.targets_count = 1,
	};
	struct load_file file = {"t.txt", "a.\n", 3};
	struct config_changes changes = {0};
	struct config_errors errors = {0};
	struct config *config = configs_running();
	struct config *files = configs_load("rulesets: []\n");
	struct config *next;

	(void)state;
	assert_int_equal(config_load_ruleset(config, &request, &file, &errors), 0);
	assert_int_equal(config_merge(config, files, 2, &next, &changes, &errors), -ENOENT);
	assert_null(next);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.items[0].message,
		"ruleset new: outbound-endpoints: there is no outbound endpoint out: add it under "
		"outbound-endpoints, or name another");
	errors_fini(&errors);
	changes_fini(&changes);
	config_free(files);
	config_free(config);
}

// Networks, in the image.

// The name of the network of a client that asks `inbound`, an address with port 53; NULL: none.
static const char *network_of(const char *text, const char *client_text, const char *inbound_text)
{
	struct config_changes changes = {0};
	struct config *config = configs_reload(NULL, text, &changes);
	struct compile_result compiled;
	struct endpoint inbound;
	static char name[64];
	struct image image;
	struct ip client;
	uint32_t network;
	const char *why;
	void *base;

	assert_int_equal(compile_image(config, 1, &compiled), 0);
	base = mmap(NULL, compiled.size, PROT_READ, MAP_PRIVATE, compiled.fd, 0);
	assert_ptr_not_equal(base, MAP_FAILED);
	assert_null(image_open(&image, base, compiled.size));
	assert_int_equal(text_parse_ip(client_text, &client, &why), 0);
	assert_int_equal(text_parse_endpoint(inbound_text, &inbound, &why), 0);
	network = prefix_find(&image, &client, &inbound);
	if (network != IMAGE_NONE)
		snprintf(name, sizeof(name), "%s", config->networks[network].name);
	munmap(base, compiled.size);
	close(compiled.fd);
	changes_fini(&changes);
	config_free(config);
	return network == IMAGE_NONE ? NULL : name;
}

static void bound_network_without_prefixes_goes_before_an_unbound_one_of_all(void **state)
{
	static const char text[] = "inbound-endpoints:\n"
				   "  - {name: in, addresses: [10.53.0.2, 'fd53::2']}\n"
				   "  - {name: other, addresses: [10.53.0.3, 'fd53::3']}\n"
				   "virtual-networks:\n"
				   "  - {name: all, prefixes: [0.0.0.0/0, '::/0']}\n"
				   "  - {name: bound, inbound-endpoints: [in]}\n";

	(void)state;
	assert_string_equal(network_of(text, "192.0.2.1", "10.53.0.2"), "bound");
	assert_string_equal(network_of(text, "192.0.2.1", "10.53.0.3"), "all");
	assert_string_equal(network_of(text, "2001:db8::1", "fd53::2"), "bound");
	assert_string_equal(network_of(text, "2001:db8::1", "fd53::3"), "all");
}

static void network_of_all_ipv6_clients_has_none_of_ipv4(void **state)
{
	static const char text[] = "inbound-endpoints: [{name: in, addresses: [10.53.0.2]}]\n"
				   "virtual-networks: [{name: six, prefixes: ['::/0']}]\n";

	(void)state;
	assert_null(network_of(text, "192.0.2.1", "10.53.0.2"));
	assert_string_equal(network_of(text, "2001:db8::1", "10.53.0.2"), "six");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_is_added_with_a_counter_of_its_own),
		cmocka_unit_test(counters_of_another_dataplane_began_at_0),
		cmocka_unit_test(rule_that_is_there_already_is_refused),
		cmocka_unit_test(same_domain_with_another_match_is_another_rule),
		cmocka_unit_test(fault_names_the_key_and_what_to_do),
		cmocka_unit_test(target_out_of_reach_is_refused),
		cmocka_unit_test(targets_beyond_sixty_four_are_refused),
		cmocka_unit_test(update_changes_what_is_given),
		cmocka_unit_test(update_does_not_change_name_or_domain),
		cmocka_unit_test(update_to_the_match_of_another_rule_is_refused),
		cmocka_unit_test(copy_is_independent_of_the_original),
		cmocka_unit_test(hundred_thousand_rules_share_their_bodies_in_a_copy),
		cmocka_unit_test(rule_is_spelt_in_json_as_in_yaml),
		cmocka_unit_test(number_rests_two_generations),
		cmocka_unit_test(numbers_end_at_the_capacity_of_the_counters),
		cmocka_unit_test(numbers_are_never_given_twice),
		cmocka_unit_test(rule_keeps_its_number_over_an_apply),
		cmocka_unit_test(number_of_a_deleted_rule_comes_back_after_two_generations),
		cmocka_unit_test(reload_of_the_same_text_keeps_run_time_changes),
		cmocka_unit_test(reload_of_another_text_replaces_and_names_what_was_lost),
		cmocka_unit_test(layout_and_comments_are_no_change),
		cmocka_unit_test(ruleset_made_at_run_time_outlives_a_reload),
		cmocka_unit_test(object_that_differs_or_is_new_is_taken_from_the_files),
		cmocka_unit_test(object_gone_from_the_files_is_removed),
		cmocka_unit_test(reload_that_does_not_fit_what_runs_is_refused),
		cmocka_unit_test(bound_network_without_prefixes_goes_before_an_unbound_one_of_all),
		cmocka_unit_test(network_of_all_ipv6_clients_has_none_of_ipv4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
