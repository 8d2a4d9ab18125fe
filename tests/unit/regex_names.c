// SPDX-License-Identifier: BSD-3-Clause
// A tool of test_regex.py: patterns become regex rules, an image and a snapshot, and names are matched as a worker does.
//
//   usage: regex_names PATTERNS < NAMES      a pattern a line; a name a line in, the number of its rule out, -1 for none
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "core/msg.h"
#include "core/name.h"
#include "dataplane/snapshot.h"

enum { LINE_LEN = 8192 };

static char outbound_name[] = "out", ruleset_name[] = "rules", network_name[] = "all";

static struct ip address(uint8_t last)
{
	uint8_t v4[4] = {192, 0, 2, last};

	return ip_from_v4(v4);
}

// Rules under the root with the file's patterns, numbered from 0; gives how many.
static size_t read_rules(
	const char *path, const struct endpoint *target, struct config_rule **rules)
{
	FILE *file = fopen(path, "re");
	char line[LINE_LEN];
	size_t count = 0;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		*rules = reallocarray(*rules, count + 1, sizeof(**rules));
		if (!*rules)
			exit(EXIT_FAILURE);
		(*rules)[count] = (struct config_rule){
			.name = "r",
			.domain = ".",
			.pattern = strdup(line),
			.match = CONFIG_MATCH_REGEX,
			.targets = target,
			.target_count = 1,
			.counter = (uint32_t)count,
		};
		count++;
	}
	if (file)
		fclose(file);
	return count;
}

static int compile(const char *path)
{
	struct endpoint target = {address(2), be16_of(53)};
	struct ip source = address(3);
	char *outbounds[] = {outbound_name}, *rulesets[] = {ruleset_name};
	struct config_outbound outbound = {.name = outbound_name,
		.addresses = &source,
		.address_count = 1,
		.port_first = CONFIG_PORT_FIRST,
		.port_last = CONFIG_PORT_LAST};
	struct config_ruleset ruleset = {.name = ruleset_name,
		.outbound_endpoints = outbounds,
		.outbound_endpoint_count = 1};
	struct config_network network = {
		.name = network_name, .rulesets = rulesets, .ruleset_count = 1};
	struct config config = {.query_timeout_us = CONFIG_QUERY_TIMEOUT_US,
		.max_waiters = CONFIG_MAX_WAITERS,
		.backoff_initial_us = CONFIG_BACKOFF_INITIAL_US,
		.backoff_max_us = CONFIG_BACKOFF_MAX_US,
		.outbounds = &outbound,
		.outbound_count = 1,
		.rulesets = &ruleset,
		.ruleset_count = 1,
		.networks = &network,
		.network_count = 1};
	struct compile_result result;

	ruleset.rule_count = read_rules(path, &target, &ruleset.rules);
	if (compile_image(&config, 1, &result) != 0) {
		fprintf(stderr, "regex_names: %s\n", result.error);
		exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < ruleset.rule_count; i++)
		free((char *)ruleset.rules[i].pattern);
	free(ruleset.rules);
	return result.fd;
}

static void match_line(const struct snapshot *snapshot, char *line)
{
	uint8_t wire[NAME_LEN_MAX];
	struct suffix_query query = {.name = wire, .type = TYPE_A};
	struct suffix_match match;
	const char *why;

	line[strcspn(line, "\n")] = '\0';
	if (name_parse(line, strlen(line), wire, &why) == 0) {
		fprintf(stderr, "regex_names: '%s': %s\n", line, why);
		exit(EXIT_FAILURE);
	}
	suffix_match(&snapshot->image, &query, &match, 1);
	if (match.has_regex)
		suffix_match_scanned(
			&snapshot->image, &query, regex_scanner(snapshot->regex, 0), &match);
	printf("%d\n",
		match.rule == IMAGE_NONE ? -1
					 : (int)image_rule(&snapshot->image, match.rule).counter);
}

int main(int argc, char **argv)
{
	char error[SNAPSHOT_ERROR_LEN], line[LINE_LEN];
	struct snapshot *snapshot;
	int fd;

	if (argc != 2)
		return EXIT_FAILURE;
	fd = compile(argv[1]);
	snapshot = snapshot_open(fd, 1, error);
	if (!snapshot) {
		fprintf(stderr, "regex_names: %s\n", error);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), stdin))
		match_line(snapshot, line);
	snapshot_close(snapshot);
	close(fd);
	return EXIT_SUCCESS;
}
