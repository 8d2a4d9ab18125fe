// SPDX-License-Identifier: BSD-3-Clause
// What was found, as a table with floors beside and as JSON.
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench/micro/micro.h"

static bool keeps(const struct micro_result *result, double limit)
{
	return result->micro->is_more ? result->value >= limit : result->value <= limit;
}

static const char *verdict(const struct micro_result *result)
{
	if (result->value < 0)
		return "not measured";
	if (result->micro->floor <= 0)
		return "";
	if (!keeps(result, result->micro->floor))
		return result->micro->is_more ? "UNDER THE FLOOR" : "OVER THE FLOOR";
	return result->micro->goal > 0 && keeps(result, result->micro->goal) ? "goal met"
									     : "floor met";
}

static void print_limit(double limit)
{
	if (limit > 0)
		printf(" %7g", limit);
	else
		printf(" %7s", "");
}

static void read_cpu(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(model, size, "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(model, size, "%.200s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

static void print_table(const struct micro_result *results, size_t count)
{
	printf("%-30s %-22s %9s %-6s %7s %7s  %-15s %s\n", "what", "row", "value", "unit", "floor",
		"goal", "", "conditions");
	for (size_t i = 0; i < count; i++) {
		const struct micro_result *r = &results[i];

		printf("%-30s %-22s ", r->micro->name, r->micro->row ? r->micro->row : "");
		if (r->value < 0)
			printf("%9s", "-");
		else
			printf("%9.*f", r->value < 10 ? 3 : 1, r->value);
		printf(" %-6s", r->micro->unit);
		print_limit(r->micro->floor);
		print_limit(r->micro->goal);
		printf("  %-15s %s\n", verdict(r), r->note);
	}
}

static int write_json(const struct micro_result *results, size_t count, const char *machine,
	const char *commit, const char *path)
{
	json_t *rows = json_array();
	int err;

	for (size_t i = 0; i < count; i++) {
		const struct micro_result *r = &results[i];
		char conditions[1024];

		if (r->value < 0)
			continue;
		snprintf(conditions, sizeof(conditions), "%s: %s; %s; commit %s", r->micro->name,
			r->note, machine, commit);
		json_array_append_new(rows,
			json_pack("{s:s, s:f, s:s, s:s}", "row",
				r->micro->row ? r->micro->row : r->micro->name, "value", r->value,
				"unit", r->micro->unit, "conditions", conditions));
	}
	err = json_dump_file(rows, path, JSON_INDENT(1));
	json_decref(rows);
	return err;
}

int micro_report(const struct micro_result *results, size_t count,
	const struct micro_options *options, const char *json_path)
{
	struct utsname kernel;
	char cpu[256], machine[512];

	read_cpu(cpu, sizeof(cpu));
	uname(&kernel);
	snprintf(machine, sizeof(machine), "%s, Linux %s", cpu, kernel.release);
	printf("\n%s, commit %s; medians of 3\n\n", machine, options->commit);
	print_table(results, count);
	if (write_json(results, count, machine, options->commit, json_path) != 0) {
		fprintf(stderr, "bench: %s can't be written\n", json_path);
		return 1;
	}
	printf("\nwritten to %s\n", json_path);
	return 0;
}
