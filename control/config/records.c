// SPDX-License-Identifier: BSD-3-Clause
// Records of a private zone, by libldns.
#include "control/config/records.h"

#include <errno.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/index.h"
#include "core/bytes.h"
#include "core/ip.h"
#include "core/msg.h"

enum { FIXED_LEN = 10, FAULT_LEN = 512, META_FIRST = 128, META_LAST = 255 };

struct records *records_new(void)
{
	struct records *records = calloc(1, sizeof(*records));

	if (records)
		records->holders = 1;
	return records;
}

struct records *records_share(struct records *records)
{
	records->holders++;
	return records;
}

void records_release(struct records *records)
{
	if (!records || --records->holders > 0)
		return;
	free(records->items);
	free(records->bytes);
	free(records);
}

static int reserve_bytes(struct records *records, size_t more)
{
	size_t size = records->bytes_size * 2 + more;
	uint8_t *bytes;

	if (records->bytes_size - records->bytes_len >= more)
		return 0;
	bytes = realloc(records->bytes, size);
	if (!bytes)
		return -ENOMEM;
	records->bytes = bytes;
	records->bytes_size = size;
	return 0;
}

static size_t put(struct records *records, const void *data, size_t len)
{
	size_t off = records->bytes_len;

	memcpy(records->bytes + off, data, len);
	records->bytes_len += len;
	return off;
}

static int append(struct records *records, const struct record *record)
{
	size_t capacity = records->capacity * 2 + 16;
	struct record *items = records->items;

	if (records->count == records->capacity) {
		items = reallocarray(items, capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		records->items = items;
		records->capacity = capacity;
	}
	records->items[records->count++] = *record;
	return 0;
}

// NULL: it may stand in a zone; else why not.
static const char *refusal(
	const struct records_home *home, const uint8_t *owner, unsigned owner_len, uint16_t type)
{
	unsigned zone_len = name_check(home->zone, NAME_LEN_MAX);
	bool is_apex = owner_len == zone_len;

	if (home->source != RECORD_HOSTS) {
		uint8_t labels[NAME_LABELS_MAX];
		unsigned count = name_labels(owner, labels), at = 0;

		while (at < count && owner_len - labels[at] > zone_len)
			at++;
		if (owner_len < zone_len ||
			(at < count ? owner_len - labels[at] : 1u) != zone_len ||
			memcmp(owner + owner_len - zone_len, home->zone, zone_len) != 0)
			return "lies outside the zone: give a name at or below it";
	}
	if (type == 0 || type == TYPE_OPT || (type >= META_FIRST && type <= META_LAST))
		return "is of a type that no record has";
	if (type == TYPE_NS && !is_apex)
		return "is an NS record below the zone's own name: delegation is not served; give a "
		       "rule for that name instead";
	if (type == TYPE_DNAME)
		return "is a DNAME record, which is not served: give the names below it one by one";
	if (type == TYPE_SOA && !is_apex)
		return "is an SOA record of another name than the zone's";
	return NULL;
}

// "owner\tttl\tIN\ttype\tdata\n" as OWNER TTL TYPE DATA. Gives the length, NUL included.
static size_t tidy(char *line)
{
	char *class = strstr(line, "\tIN\t"), *end = line + strlen(line);

	if (class)
		memmove(class + 1, class + 4, (size_t)(end - (class + 4)) + 1);
	for (char *at = line; *at; at++)
		if (*at == '\t')
			*at = ' ';
	end = line + strlen(line);
	while (end > line && (end[-1] == '\n' || end[-1] == ' '))
		*--end = '\0';
	return (size_t)(end - line) + 1;
}

static int add_wire(struct records *records, const struct records_home *home, const uint8_t *wire,
	size_t len, char *line, char *why)
{
	struct bytes r = bytes_init(wire, len);
	unsigned owner_len = name_check(wire, len);
	struct record record = {.source = (uint8_t)home->source, .owner_len = (uint8_t)owner_len};
	const char *refused;
	uint8_t owner[NAME_LEN_MAX];

	bytes_skip(&r, owner_len);
	record.type = bytes_be16(&r);
	bytes_be16(&r);
	record.ttl = bytes_be32(&r);
	record.data_len = bytes_be16(&r);
	if (owner_len == 0 || r.is_bad || bytes_left(&r) != record.data_len)
		return -EINVAL;
	name_fold(owner, wire, owner_len);
	refused = refusal(home, owner, owner_len, record.type);
	if (refused) {
		snprintf(why, RECORDS_WHY_LEN, "%s", refused);
		return -EINVAL;
	}
	if (reserve_bytes(records, owner_len + record.data_len + strlen(line) + 1))
		return -ENOMEM;
	record.owner_off = put(records, owner, owner_len);
	record.data_off = put(records, r.at, record.data_len);
	record.line_off = put(records, line, tidy(line));
	return append(records, &record);
}

static int add_rr(struct records *records, const struct records_home *home, const ldns_rr *rr,
	char why[static RECORDS_WHY_LEN])
{
	uint8_t *wire = NULL;
	size_t len;
	char *line = ldns_rr2str(rr);
	int err = -ENOMEM;

	if (!line || ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &len) != LDNS_STATUS_OK)
		goto err;
	err = -EINVAL;
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		snprintf(why, RECORDS_WHY_LEN, "is not of class IN");
	else
		err = add_wire(records, home, wire, len, line, why);
err:
	free(line);
	free(wire);
	return err;
}

static ldns_rdf *zone_rdf(const struct records_home *home)
{
	return ldns_rdf_new_frm_data(
		LDNS_RDF_TYPE_DNAME, name_check(home->zone, NAME_LEN_MAX), home->zone);
}

int records_add_line(struct records *records, const struct records_home *home, const char *line,
	char why[static RECORDS_WHY_LEN])
{
	ldns_rdf *zone = zone_rdf(home), *previous = NULL;
	ldns_rr *rr = NULL;
	ldns_status status;
	int err = -ENOMEM;

	if (!zone)
		return err;
	status = ldns_rr_new_frm_str(&rr, line, home->ttl, zone, &previous);
	if (status == LDNS_STATUS_OK) {
		err = add_rr(records, home, rr, why);
	} else if (status != LDNS_STATUS_MEM_ERR) {
		snprintf(why, RECORDS_WHY_LEN,
			"is not a record (%s): write NAME [TTL] TYPE DATA, as ws1 300 A 10.1.0.5",
			ldns_get_errorstr_by_id(status));
		err = -EINVAL;
	}
	ldns_rr_free(rr);
	ldns_rdf_deep_free(previous);
	ldns_rdf_deep_free(zone);
	return err;
}

// Where a file is read, and who hears of its faults.
struct reading {
	struct records *records;
	const struct records_home *home;
	const char *path;
	FILE *file;
	int line;
	void (*take)(void *context, const char *fault);
	void *context;
};

static void report(const struct reading *reading, const char *why)
{
	char fault[FAULT_LEN];

	snprintf(fault, sizeof(fault), "%s:%d: the record %s", reading->path, reading->line, why);
	reading->take(reading->context, fault);
}

static int read_zone(struct reading *reading)
{
	ldns_rdf *origin = zone_rdf(reading->home), *previous = NULL;
	char why[RECORDS_WHY_LEN];
	uint32_t ttl = reading->home->ttl;
	int err = origin ? 0 : -ENOMEM;

	reading->line = 0; // libldns counts line ends
	while (!err && !feof(reading->file)) {
		ldns_rr *rr = NULL;
		ldns_status status = ldns_rr_new_frm_fp_l(
			&rr, reading->file, &ttl, &origin, &previous, &reading->line);

		if (status == LDNS_STATUS_OK) {
			err = add_rr(reading->records, reading->home, rr, why);
		} else if (status == LDNS_STATUS_SYNTAX_INCLUDE) {
			report(reading,
				"is an $INCLUDE, which is not followed: write the records out");
		} else if (status != LDNS_STATUS_SYNTAX_EMPTY && status != LDNS_STATUS_SYNTAX_TTL &&
			status != LDNS_STATUS_SYNTAX_ORIGIN) {
			snprintf(why, sizeof(why), "can't be read: %s",
				ldns_get_errorstr_by_id(status));
			err = -EINVAL;
		}
		ldns_rr_free(rr);
		if (err == -EINVAL) {
			report(reading, why);
			err = 0;
		}
	}
	ldns_rdf_deep_free(previous);
	ldns_rdf_deep_free(origin);
	return err;
}

// A name of a hosts file, whose line `line` began with an address.
static int add_host(struct reading *reading, const char *address, const char *name)
{
	bool is_v6 = strchr(address, ':');
	char line[NAME_TEXT_MAX + 80], why[RECORDS_WHY_LEN];
	size_t len = strlen(name);
	int err;

	snprintf(line, sizeof(line), "%.1000s%s %u %s %.64s", name, name[len - 1] == '.' ? "" : ".",
		reading->home->ttl, is_v6 ? "AAAA" : "A", address);
	err = records_add_line(reading->records, reading->home, line, why);
	if (err != -EINVAL)
		return err;
	report(reading, "can't be read: write ADDRESS NAME ...");
	return 0;
}

static int read_hosts(struct reading *reading)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	for (reading->line = 1; !err && getline(&line, &size, reading->file) >= 0;
		reading->line++) {
		char *rest = NULL, *address, *name;

		line[strcspn(line, "#")] = '\0';
		address = strtok_r(line, " \t\r\n", &rest);
		while (address && !err && (name = strtok_r(NULL, " \t\r\n", &rest)))
			err = add_host(reading, address, name);
	}
	free(line);
	return err;
}

int records_add_file(struct records *records, const struct records_home *home, const char *path,
	void (*take)(void *context, const char *fault), void *context)
{
	struct reading reading = {records, home, path, NULL, 0, take, context};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	int err;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	reading.file = fdopen(fd, "re");
	if (!reading.file) {
		close(fd);
		return -ENOMEM;
	}
	err = home->source == RECORD_HOSTS ? read_hosts(&reading) : read_zone(&reading);
	if (!err && ferror(reading.file))
		err = -EIO;
	fclose(reading.file);
	return err;
}

bool records_same_owner(
	const struct records *records, const struct record *a, const struct record *b)
{
	return a->owner_len == b->owner_len &&
		memcmp(record_owner(records, a), record_owner(records, b), a->owner_len) == 0;
}

static int compare(const void *left, const void *right, void *context)
{
	const struct records *records = context;
	uint32_t at_a = *(const uint32_t *)left, at_b = *(const uint32_t *)right;
	const struct record *a = &records->items[at_a], *b = &records->items[at_b];
	int order = (int)a->owner_len - (int)b->owner_len;

	if (order == 0)
		order = memcmp(record_owner(records, a), record_owner(records, b), a->owner_len);
	if (order == 0)
		order = (int)a->type - (int)b->type;
	if (order == 0)
		order = at_a < at_b ? -1 : at_a > at_b;
	return order;
}

uint32_t *records_sort(const struct records *records)
{
	uint32_t *order = reallocarray(NULL, records->count + 1, sizeof(*order));

	if (!order)
		return NULL;
	for (size_t i = 0; i < records->count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, records->count, sizeof(*order), compare, (void *)records);
	return order;
}

uint64_t records_hash(const struct records *records)
{
	return index_hash(INDEX_HASH_START, records->bytes, records->bytes_len);
}
