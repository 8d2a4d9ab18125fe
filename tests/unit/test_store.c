// SPDX-License-Identifier: BSD-3-Clause
// Generations on disk: what comes back, and after which damage.
#include "control/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

// A fresh state folder, open.
struct folder {
	char path[32];
	struct store store;
	char error[STORE_ERROR_LEN];
};

static int set_up(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/shunt-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	assert_int_equal(store_open(&folder->store, folder->path, folder->error), 0);
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *folder = *state;
	DIR *listing = opendir(folder->path);
	struct dirent *entry;

	while ((entry = readdir(listing)))
		unlinkat(dirfd(listing), entry->d_name, 0);
	closedir(listing);
	store_close(&folder->store);
	assert_int_equal(rmdir(folder->path), 0);
	free(folder);
	return 0;
}

static void path_of(const struct folder *folder, uint64_t generation, char path[static 128])
{
	snprintf(path, 128, "%s/generation-%020llu.json", folder->path,
		(unsigned long long)generation);
}

static bool is_there(const struct folder *folder, uint64_t generation)
{
	char path[128];

	path_of(folder, generation, path);
	return access(path, F_OK) == 0;
}

static void save(struct folder *folder, uint64_t generation)
{
	struct config *config = configs_running();

	config->generation = generation;
	assert_int_equal(store_save(&folder->store, config, folder->error), 0);
	config_free(config);
}

static void empty_folder_holds_no_generation(void **state)
{
	struct folder *folder = *state;
	struct config *config;

	assert_int_equal(store_load(&folder->store, &config, folder->error), -ENOENT);
	assert_null(config);
	assert_string_equal(folder->error, "");
}

static void missing_folder_is_named(void **state)
{
	struct folder *folder = *state;
	struct store store;

	assert_int_equal(store_open(&store, "/nonexistent/shunt", folder->error), -ENOENT);
	assert_non_null(strstr(folder->error, "/nonexistent/shunt"));
	assert_non_null(strstr(folder->error, "--state-dir"));
}

static uint64_t count_seven(void *context, uint32_t number)
{
	(void)context;
	(void)number;
	return 7;
}

// All that runs: what the files don't say too.
static struct config *make_full(void)
{
	static const char *const targets[] = {"10.54.0.15:5353", "10.54.0.16"};
	static const char *const metadata[] = {"team=\"d\\ns\"", "note=\xc3\xa4\x01"};
	struct config_rule_text text = {
		.name = "new",
		.domain = "a\\.b\\032c.lab.",
		.match = "subdomains",
		.state = "disabled",
		.policy = "lowest-latency",
		.targets = targets,
		.targets_count = 2,
		.metadata = metadata,
		.metadata_count = 2,
	};
	struct config *config = configs_running();
	struct config_fault fault;

	config->generation = 12;
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), 0);
	text = (struct config_rule_text){.name = "re",
		.domain = "lab.",
		.match = "regex",
		.ecs = "add",
		.pattern = "^\"a\\.\"",
		.targets = targets,
		.targets_count = 1};
	assert_int_equal(config_add_rule(config, "corp", &text, &fault), 0);
	assert_int_equal(config_delete_rule(config, "corp", "contoso", &fault), 0);
	config_settle_counters(config, 1, count_seven, NULL);
	config->query_timeout_us = 800000;
	config->backoff_initial_us = 1000000;
	config->backoff_max_us = 1500000;
	config->max_waiters = 77;
	return config;
}

static void config_comes_back_as_it_was(void **state)
{
	struct folder *folder = *state;
	struct config *saved = make_full();
	const struct config_ruleset *corp;
	const struct config_rule *rule;
	struct config *config;

	assert_int_equal(store_save(&folder->store, saved, folder->error), 0);
	assert_int_equal(store_load(&folder->store, &config, folder->error), 0);
	assert_string_equal(folder->error, "");
	assert_int_equal(config->generation, 12);
	assert_int_equal(config->query_timeout_us, 800000);
	assert_int_equal(config->query_timeout_hash, saved->query_timeout_hash);
	assert_int_equal(config->backoff_initial_us, 1000000);
	assert_int_equal(config->backoff_max_us, 1500000);
	assert_int_equal(config->backoff_hash, saved->backoff_hash);
	assert_int_equal(config->max_waiters, 77);
	assert_int_equal(config->max_waiters_hash, saved->max_waiters_hash);
	assert_int_equal(config->counting_since_us, 1);
	assert_int_equal(config->inbounds[0].file_hash, saved->inbounds[0].file_hash);
	assert_int_equal(config->networks[0].file_hash, saved->networks[0].file_hash);
	assert_int_equal(config->networks[0].prefixes[0].bits, 112);
	corp = config_find_ruleset(config, "corp");
	assert_int_equal(corp->file_hash, saved->rulesets[0].file_hash);
	assert_int_equal(corp->deleted_count, 1);
	assert_int_equal(corp->unsettled_count, 0);
	assert_int_equal(corp->rule_count, 3);
	assert_int_equal(config_find_rule(corp, "re")->ecs, EDNS_SUBNET_ADD);
	assert_string_equal(config_find_rule(corp, "re")->pattern, "^\"a\\.\"");
	rule = config_find_rule(corp, "new");
	assert_null(rule->pattern);
	assert_string_equal(rule->domain, "a\\.b\\032c.lab.");
	assert_int_equal(rule->match, CONFIG_MATCH_SUBDOMAINS);
	assert_int_equal(rule->state, CONFIG_DISABLED);
	assert_int_equal(rule->policy, CONFIG_POLICY_LOWEST_LATENCY);
	assert_int_equal(rule->target_count, 2);
	assert_int_equal(be16_get(rule->targets[0].port), 5353);
	assert_string_equal(rule->metadata[0], "team=\"d\\ns\"");
	assert_string_equal(rule->metadata[1], "note=\xc3\xa4\x01");
	assert_int_equal(rule->counter, 2);
	assert_int_equal(rule->counted_before, 7);
	assert_true(rule->edited);
	assert_false(config_find_rule(corp, "azure")->edited);
	assert_int_equal(config->numbers.next, 4);
	assert_int_equal(config->numbers.count, 1);
	assert_int_equal(config->numbers.resting[0].number, 0);
	assert_int_equal(config->numbers.resting[0].generation, 12);
	config_free(config);
	config_free(saved);
}

static void newest_generation_is_loaded(void **state)
{
	struct folder *folder = *state;
	struct config *config;

	save(folder, 9);
	save(folder, 10);
	assert_int_equal(store_load(&folder->store, &config, folder->error), 0);
	assert_int_equal(config->generation, 10);
	config_free(config);
}

static void last_eight_generations_are_kept(void **state)
{
	struct folder *folder = *state;

	for (uint64_t generation = 1; generation <= 12; generation++)
		save(folder, generation);
	for (uint64_t generation = 1; generation <= 12; generation++)
		assert_int_equal(is_there(folder, generation), generation > 4);
}

static void files_are_for_their_owner_only(void **state)
{
	struct folder *folder = *state;
	struct stat stat_buffer;
	char path[128];

	save(folder, 1);
	path_of(folder, 1, path);
	assert_int_equal(stat(path, &stat_buffer), 0);
	assert_int_equal(stat_buffer.st_mode & 0777, 0600);
}

// X36 for the store: one bit flipped anywhere, or the file cut anywhere.
static void damaged_generation_is_passed_over(void **state)
{
	struct folder *folder = *state;
	struct stat stat_buffer;
	char path[128];
	char *data;
	int fd;

	save(folder, 1);
	save(folder, 2);
	path_of(folder, 2, path);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &stat_buffer), 0);
	data = malloc((size_t)stat_buffer.st_size);
	assert_int_equal(pread(fd, data, (size_t)stat_buffer.st_size, 0), stat_buffer.st_size);
	for (off_t at = 0; at < stat_buffer.st_size; at += 3) {
		char flipped = (char)(data[at] ^ 1 << at % 8);
		struct config *config;

		assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
		assert_int_equal(store_load(&folder->store, &config, folder->error), 0);
		assert_int_equal(config->generation, 1);
		assert_non_null(strstr(folder->error, path));
		config_free(config);
		assert_int_equal(pwrite(fd, data + at, 1, at), 1);
	}
	for (off_t len = stat_buffer.st_size - 1; len >= 0; len -= 7) {
		struct config *config;

		assert_int_equal(ftruncate(fd, len), 0);
		assert_int_equal(store_load(&folder->store, &config, folder->error), 0);
		assert_int_equal(config->generation, 1);
		config_free(config);
	}
	close(fd);
	free(data);
}

static void only_damaged_generations_are_an_error(void **state)
{
	struct folder *folder = *state;
	struct config *config;
	char path[128];

	save(folder, 1);
	path_of(folder, 1, path);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(store_load(&folder->store, &config, folder->error), -EBADMSG);
	assert_null(config);
	assert_non_null(strstr(folder->error, "is damaged"));
}

static void generation_under_another_name_is_refused(void **state)
{
	struct folder *folder = *state;
	struct config *config;
	char from[128], to[128];

	save(folder, 1);
	path_of(folder, 1, from);
	path_of(folder, 5, to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(store_load(&folder->store, &config, folder->error), -EBADMSG);
}

static void links_are_not_followed(void **state)
{
	struct folder *folder = *state;
	struct config *config;
	char path[128];

	save(folder, 1);
	path_of(folder, 2, path);
	assert_int_equal(symlink("generation-00000000000000000001.json", path), 0);
	assert_int_equal(store_load(&folder->store, &config, folder->error), 0);
	assert_int_equal(config->generation, 1);
	config_free(config);
}

static void what_a_crash_left_is_removed(void **state)
{
	struct folder *folder = *state;
	struct store again;
	char path[160];

	path_of(folder, 3, path);
	strcat(path, ".tmp");
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(store_open(&again, folder->path, folder->error), 0);
	assert_int_equal(access(path, F_OK), -1);
	store_close(&again);
}

// A folder where the generation's file should come to stand keeps it from being renamed there.
static void failed_save_leaves_what_was_there(void **state)
{
	struct folder *folder = *state;
	struct config *config = configs_running();
	char path[128];

	save(folder, 1);
	path_of(folder, 2, path);
	assert_int_equal(mkdir(path, 0700), 0);
	config->generation = 2;
	assert_int_not_equal(store_save(&folder->store, config, folder->error), 0);
	assert_non_null(strstr(folder->error, path));
	config_free(config);
	assert_int_equal(rmdir(path), 0);
	strcat(path, ".tmp");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(store_load(&folder->store, &config, folder->error), 0);
	assert_int_equal(config->generation, 1);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			empty_folder_holds_no_generation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(missing_folder_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(config_comes_back_as_it_was, set_up, tear_down),
		cmocka_unit_test_setup_teardown(newest_generation_is_loaded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(last_eight_generations_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_are_for_their_owner_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			damaged_generation_is_passed_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			only_damaged_generations_are_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			generation_under_another_name_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_are_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_crash_left_is_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			failed_save_leaves_what_was_there, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
