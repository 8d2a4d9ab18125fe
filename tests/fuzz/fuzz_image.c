// SPDX-License-Identifier: BSD-3-Clause
// Images: a good one with words changed as the input says ({offset, value}, 6 bytes each) and its checksum made right.
// It is refused, or names and clients are looked up in it without a step outside.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/prefix.h"
#include "core/suffix.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/images.h"

enum { CHANGE_LEN = 6 };

static const struct image_rule_text rules[] = {
	{.domain = "."},
	{.domain = "com."},
	{.domain = "a.com.", .rank = IMAGE_RANK_EXACT},
	{.domain = "a.com.", .rank = IMAGE_RANK_SUBDOMAINS},
	{.domain = "b.a.com.", .ruleset = 1},
	{.domain = "com.", .rank = IMAGE_RANK_REGEX},
	{.domain = "com.", .rank = IMAGE_RANK_REGEX},
	{.domain = "d.", .action = IMAGE_ACTION_ADDRESSES, .addresses = "192.0.2.1"},
};

static const char *const names[] = {
	"", "\3com", "\1a\3com", "\1b\1a\3com", "\1c\1b\1a\3com", "\1d"};

static uint8_t *read_image(size_t *size)
{
	int fd = images_make(rules, sizeof(rules) / sizeof(rules[0]), 1);
	uint8_t *base;

	*size = (size_t)lseek(fd, 0, SEEK_END);
	base = aligned_alloc(64, *size);
	HOLDS(base && pread(fd, base, *size, 0) == (ssize_t)*size);
	close(fd);
	return base;
}

// Numbers that the image may have no rule for.
static uint32_t find_anything(
	struct suffix_scanner *scanner, uint32_t index, const char *text, unsigned len)
{
	(void)scanner;
	(void)text;
	return index + len % 4;
}

static void check_match(const struct image *image, const struct suffix_match *match)
{
	const struct image_local *local;
	uint32_t route;

	if (match->rule == IMAGE_NONE)
		return;
	route = image_rule(image, match->rule).route;
	HOLDS(route < image->routes_count);
	if (image->routes[route].action == IMAGE_ACTION_FORWARD)
		return;
	local = &image->locals[image->routes[route].local];
	HOLDS(local->text + strlen(image->texts + local->text) < image->texts_count);
	HOLDS(local->address_count <= image->addresses_count);
}

static void look_up(const struct image *image)
{
	for (uint32_t network = 0; network < image->networks_count; network++) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			struct suffix_query query = {
				.name = (const uint8_t *)names[i], .network = network, .type = 1};
			struct suffix_scanner scanner = {find_anything};
			struct suffix_match match;

			suffix_match(image, &query, &match, 1);
			check_match(image, &match);
			suffix_match_scanned(image, &query, &scanner, &match);
			check_match(image, &match);
		}
	}
	for (uint32_t i = 0; i < image->inbound_count; i++) {
		uint32_t network = prefix_find(image, &image->inbound[i].ip, &image->inbound[i]);

		HOLDS(network == IMAGE_NONE || network < image->networks_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t image_size;
	uint8_t *base = read_image(&image_size);
	struct image image;

	for (; size >= CHANGE_LEN; data += CHANGE_LEN, size -= CHANGE_LEN) {
		size_t off = (size_t)(data[0] | data[1] << 8) % (image_size / 4) * 4;

		memcpy(base + off, data + 2, 4);
	}
	((struct image_header *)base)->checksum = image_checksum(base, image_size);
	if (!image_open(&image, base, image_size))
		look_up(&image);
	free(base);
	return 0;
}
