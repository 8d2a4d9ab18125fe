// SPDX-License-Identifier: BSD-3-Clause
// Private zones of an image: a good one with words of their sections changed as the input says ({section, offset, value}, 7
// bytes each) and its checksum made right. It is refused, or names are looked up in it, and answers written, without a step
// outside.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "core/answer.h"
#include "core/route.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/configs.h"

enum { CHANGE_LEN = 7, MESSAGE_LEN = 512, QUESTION_END = 12 + 1 + 4 };

static const char text[] =
	"private-zones:\n"
	"- {name: a., reverse: auto, records: ['@ A 10.0.0.1', '*.w A 10.0.0.2', 'b.c MX 1 d', 'e CNAME "
	"f', 'f CNAME b.c', 'g TXT x']}\n"
	"virtual-networks: [{name: n, private-zones: [a.]}]\n";

static const char *const names[] = {"\1a", "\1w\1a", "\1x\1w\1a", "\1b\1c\1a", "\1c\1a", "\1e\1a",
	"\1G\1a", "\1n\1a", "\1y\1n\1a", "", "\1b", "\0011\0010\0010\00210\7in-addr\4arpa"};

static const uint8_t sections[] = {IMAGE_zones, IMAGE_slots, IMAGE_nodes, IMAGE_rrsets,
	IMAGE_records, IMAGE_routes, IMAGE_accepts, IMAGE_starts};

// Made once, and never let go.
static const uint8_t *good_image(size_t *size)
{
	static uint8_t *base;
	static size_t base_size;
	struct compile_result result;
	struct config *config;

	if (!base) {
		config = configs_load(text);
		HOLDS(config && compile_image(config, 1, &result) == 0);
		base_size = result.size;
		base = malloc(base_size);
		HOLDS(base && pread(result.fd, base, base_size, 0) == (ssize_t)base_size);
		close(result.fd);
		config_free(config);
	}
	*size = base_size;
	return base;
}

static void write_rrset(const struct image *image, uint32_t index, const uint8_t *owner)
{
	uint8_t message[MESSAGE_LEN] = {[12] = 1, [13] = 'a'};
	const struct image_rrset *rrset = &image->rrsets[index];
	const uint8_t *data = NULL;
	struct answer answer;
	uint16_t len = 0;

	answer_init(&answer, message, QUESTION_END, sizeof(message));
	while ((data = zone_next_record(image, rrset, data, &len)))
		answer_add(&answer, ANSWER_ANSWER,
			&(struct answer_record){
				owner, (uint16_t)rrset->type, len, rrset->ttl, data});
	HOLDS(answer.at <= sizeof(message));
}

static void look_up(const struct image *image, const uint8_t *name, uint16_t type)
{
	struct suffix_query query = {.name = name, .type = type};
	struct route_found found;
	struct suffix_match match;

	suffix_match(image, &query, &match, 1);
	route_find(image, &query, NULL, &match, &found);
	while (route_follow(image, &query, NULL, &found))
		;
	HOLDS(found.cname_count <= ROUTE_CNAMES_MAX + 1);
	if (!route_is_loop(&found) && route_is(image, found.route, IMAGE_ACTION_ZONE) &&
		found.zone.rrset != IMAGE_NONE)
		write_rrset(image, found.zone.rrset, route_name(image, &found, name));
}

static void change(uint8_t *base, size_t size, const uint8_t *data)
{
	const struct image_header *header = (const struct image_header *)base;
	uint64_t at = header->sections[sections[data[0] % sizeof(sections)]].off +
		(uint64_t)(data[1] | data[2] << 8) % 1024 * 4;

	if (at + 4 <= size)
		memcpy(base + at, data + 3, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t image_size;
	const uint8_t *good = good_image(&image_size);
	uint8_t *base = aligned_alloc(64, image_size);
	struct image image;

	HOLDS(base);
	memcpy(base, good, image_size);
	for (; size >= CHANGE_LEN; data += CHANGE_LEN, size -= CHANGE_LEN)
		change(base, image_size, data);
	((struct image_header *)base)->checksum = image_checksum(base, image_size);
	if (!image_open(&image, base, image_size))
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			for (uint16_t type = 1; type < 16; type += 4)
				look_up(&image, (const uint8_t *)names[i], type);
	free(base);
	return 0;
}
