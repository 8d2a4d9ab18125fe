// SPDX-License-Identifier: BSD-3-Clause
// Private zones: from text and files, checked; copies; their end.
#include "control/config/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/text.h"
#include "core/msg.h"

enum { RRSET_LEN_MAX = 60000 }; // what a message holds, its question and an OPT record included

static const struct check_choice reverses[] = {{"off", false}, {"auto", true}, {NULL, 0}};
static const struct check_choice missing[] = {{"nxdomain", false}, {"forward", true}, {NULL, 0}};

static void no_memory(struct config_faults *faults)
{
	faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for the zone");
}

// It may be the zone's domain too.
static bool check_zone_name(const char *name, struct config_faults *faults)
{
	if (!name) {
		faults_add(
			faults, -EINVAL, "name", CONFIG_NONE, "is missing: give the zone a name");
		return false;
	}
	for (const char *at = name; *at; at++)
		if (*at <= ' ' || *at > '~') {
			faults_add(faults, -EINVAL, "name", CONFIG_NONE,
				"\"%.80s\" has a space or a byte that is not ASCII", name);
			return false;
		}
	if (strlen(name) <= CHECK_NAME_LEN_MAX)
		return true;
	faults_add(faults, -EINVAL, "name", CONFIG_NONE, "%.40s... is longer than %d characters",
		name, CHECK_NAME_LEN_MAX);
	return false;
}

// The zone's own name. A zone of hosts alone has none.
static void parse_domain(
	const struct build_zone *text, struct config_zone *zone, struct config_faults *faults)
{
	const char *domain = text->domain ? text->domain : text->name;

	if (text->hosts && !text->domain && !text->file && text->records_count == 0)
		return;
	if (check_domain(faults, text->domain ? "domain" : "name", domain)) {
		zone->domain = strdup(domain);
		if (!zone->domain)
			no_memory(faults);
	}
}

// What is read, and who hears of its faults.
struct source {
	struct config_zone *zone;
	struct records_home home;
	const char *key; // in the zone
	struct config_faults *faults;
};

static void add_lines(struct source *source, const char *const *lines, size_t count)
{
	char why[RECORDS_WHY_LEN];

	for (size_t i = 0; i < count; i++) {
		int err = records_add_line(source->zone->records, &source->home, lines[i], why);

		if (err == -EINVAL)
			faults_add(source->faults, err, source->key, i, "\"%.200s\" %s", lines[i],
				why);
		else if (err)
			no_memory(source->faults);
	}
}

static void take_fault(void *context, const char *fault)
{
	const struct source *source = context;

	faults_add(source->faults, -EINVAL, source->key, CONFIG_NONE, "%.400s", fault);
}

static void add_file(struct source *source, const char *path)
{
	int err;

	if (path[0] != '/') {
		faults_add(source->faults, -EINVAL, source->key, CONFIG_NONE,
			"%.200s is not a whole path: begin it with /", path);
		return;
	}
	err = records_add_file(source->zone->records, &source->home, path, take_fault, source);
	if (err)
		faults_add(source->faults, err, source->key, CONFIG_NONE,
			"%.200s can't be read: %s", path,
			err == -EINVAL ? "it is not a regular file" : strerror(-err));
}

// Of a file whose lines are known already, those: what ran goes on running, whatever became of the file.
static void add_file_or_lines(
	struct source *source, const char *path, const char *const *lines, size_t count)
{
	if (lines)
		add_lines(source, lines, count);
	else if (path)
		add_file(source, path);
}

static void parse_records(
	const struct build_zone *text, struct config_zone *zone, struct config_faults *faults)
{
	static const uint8_t root[] = {0};
	uint8_t wire[NAME_LEN_MAX];
	struct source source = {zone, {wire, zone->ttl, RECORD_GIVEN}, "records", faults};
	const char *why;

	if (zone->domain) {
		name_fold(wire, wire, name_parse(zone->domain, strlen(zone->domain), wire, &why));
		add_lines(&source, text->records, text->records_count);
		source.key = "file";
		source.home.source = RECORD_FILE;
		add_file_or_lines(
			&source, text->file, text->file_records, text->file_records_count);
	}
	source.key = "hosts";
	source.home = (struct records_home){root, zone->ttl, RECORD_HOSTS};
	add_file_or_lines(&source, text->hosts, text->hosts_records, text->hosts_records_count);
}

static void report_record(
	struct config_zone *zone, uint32_t index, const char *why, struct config_faults *faults)
{
	static const char *const keys[RECORD_SOURCES] = {"records", "file", "hosts"};
	const struct record *record = &zone->records->items[index];
	bool is_given = record->source == RECORD_GIVEN;

	// Given lines come first, so the index is theirs too.
	faults_add(faults, -EINVAL, keys[record->source], is_given ? index : CONFIG_NONE,
		"\"%.200s\" %s", record_line(zone->records, record), why);
}

// The records of one owner, from `order[0]` on.
static void check_owner(
	struct config_zone *zone, const uint32_t *order, size_t count, struct config_faults *faults)
{
	const struct record *items = zone->records->items;
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		const struct record *record = &items[order[i]];
		bool is_more = i > 0 && items[order[i - 1]].type == record->type;

		len = (is_more ? len : 0) + record->data_len + 12;
		if (record->type == TYPE_CNAME && count > 1) {
			report_record(zone, order[i],
				"is a CNAME beside other records of its name: remove either",
				faults);
			return;
		}
		if (record->type == TYPE_SOA && is_more)
			report_record(zone, order[i], "is a second SOA: remove one", faults);
		if (len > RRSET_LEN_MAX) {
			report_record(zone, order[i],
				"is one more than fits into one answer: remove some", faults);
			return;
		}
	}
}

static void check_records(struct config_zone *zone, struct config_faults *faults)
{
	const struct records *records = zone->records;
	uint32_t *order = records_sort(records);

	if (!order) {
		no_memory(faults);
		return;
	}
	for (size_t i = 0, next; i < records->count; i = next) {
		const struct record *first = &records->items[order[i]];

		for (next = i + 1; next < records->count &&
			records_same_owner(records, first, &records->items[order[next]]);
			next++)
			;
		check_owner(zone, order + i, next - i, faults);
	}
	free(order);
}

static char *copy_text(const char *text, struct config_faults *faults)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		no_memory(faults);
	return copy;
}

void zone_parse(
	const struct build_zone *text, struct config_zone *zone, struct config_faults *faults)
{
	size_t before = faults->count;
	const char *why;

	*zone = (struct config_zone){.ttl = CONFIG_TTL, .records = records_new()};
	if (!zone->records) {
		no_memory(faults);
		return;
	}
	if (check_zone_name(text->name, faults)) {
		zone->name = copy_text(text->name, faults);
		parse_domain(text, zone, faults);
	}
	zone->file = copy_text(text->file, faults);
	zone->hosts = copy_text(text->hosts, faults);
	if (text->ttl && text_parse_ttl(text->ttl, &zone->ttl, &why))
		faults_add(faults, -EINVAL, "ttl", CONFIG_NONE, "\"%.80s\" %s", text->ttl, why);
	zone->has_reverse = check_choice(faults, "reverse", text->reverse, reverses) == true;
	zone->forwards_nxdomain =
		check_choice(faults, "on-nxdomain", text->on_nxdomain, missing) == true;
	parse_records(text, zone, faults);
	if (faults->count == before)
		check_records(zone, faults);
}

static int copy_string(char **copy, const char *text)
{
	*copy = text ? strdup(text) : NULL;
	return text && !*copy ? -ENOMEM : 0;
}

int zone_copy(struct config_zone *copy, const struct config_zone *zone)
{
	*copy = *zone;
	copy->records = records_share(zone->records);
	copy->domain = copy->file = copy->hosts = NULL;
	if (copy_string(&copy->name, zone->name) || copy_string(&copy->domain, zone->domain) ||
		copy_string(&copy->file, zone->file) || copy_string(&copy->hosts, zone->hosts))
		return -ENOMEM;
	return 0;
}

void zone_fini(struct config_zone *zone)
{
	free(zone->name);
	free(zone->domain);
	free(zone->file);
	free(zone->hosts);
	records_release(zone->records);
}
