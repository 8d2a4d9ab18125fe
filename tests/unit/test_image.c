// SPDX-License-Identifier: BSD-3-Clause
// Images from elsewhere: damaged, lying, or unsealed.
#include "core/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/link.h"
#include "core/prefix.h"
#include "core/suffix.h"
#include "dataplane/snapshot.h"
#include "tests/unit/images.h"
#include "tests/unit/unit.h"

static const struct image_rule_text rules[] = {{.domain = "."}, {.domain = "a.com."},
	{.domain = "b.com.", .rank = IMAGE_RANK_EXACT, .ruleset = 1},
	{.domain = "a.com.", .rank = IMAGE_RANK_REGEX}};

enum { WITHOUT_REGEX = 3, WITH_REGEX = 4 };

// Finds what no image has so many patterns for, and what every one has.
static uint32_t find_anything(
	struct suffix_scanner *scanner, uint32_t index, const char *text, unsigned len)
{
	(void)scanner;
	(void)index;
	(void)text;
	return len & 1;
}

// A good image in memory that can be written to; the caller frees it.
static uint8_t *writable_image(size_t *size)
{
	int fd = images_make(rules, WITH_REGEX, 7);
	uint8_t *base;

	*size = (size_t)lseek(fd, 0, SEEK_END);
	base = aligned_alloc(64, *size);
	assert_non_null(base);
	assert_int_equal(pread(fd, base, *size, 0), *size);
	close(fd);
	return base;
}

static void good_image_opens(void **state)
{
	size_t size;
	uint8_t *base = writable_image(&size);
	struct image image;

	(void)state;
	assert_null(image_open(&image, base, size));
	assert_int_equal(image.header->generation, 7);
	assert_int_equal(image.routes_count, WITH_REGEX);
	assert_int_equal(image.regexes_count, 1);
	free(base);
}

static void X36_every_flipped_bit_is_refused(void **state)
{
	size_t size;
	uint8_t *base = writable_image(&size);
	struct image image;

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		base[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_non_null(image_open(&image, base, size));
		base[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_null(image_open(&image, base, size));
	free(base);
}

static void X36_every_truncation_is_refused(void **state)
{
	size_t size;
	uint8_t *base = writable_image(&size);
	struct image image;

	(void)state;
	for (size_t len = 0; len < size; len++)
		assert_non_null(image_open(&image, base, len));
	free(base);
}

static void X36_other_magic_version_byte_order_or_checksum_is_refused_by_name(void **state)
{
	size_t size;
	uint8_t *base = writable_image(&size);
	struct image_header *header = (struct image_header *)base;
	const struct image_header good = *header;
	struct image image;

	(void)state;
	header->magic = __builtin_bswap64(good.magic); // the other byte order
	assert_string_equal(image_open(&image, base, size), "this is no image");
	*header = good;
	header->version++;
	assert_non_null(strstr(image_open(&image, base, size), "another version"));
	*header = good;
	header->checksum ^= 1;
	assert_string_equal(image_open(&image, base, size), "the image's checksum is wrong");
	*header = good;
	assert_null(image_open(&image, base, size));
	free(base);
}

// With the checksum made right again, so that the structure itself is judged: refused, or walked without harm.
static void X36_lying_words_are_refused_or_harmless(void **state)
{
	static const uint32_t lies[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	size_t size, adopted = 0, refused = 0;
	uint8_t *base = writable_image(&size);

	(void)state;
	for (size_t at = 0; at + 4 <= size; at += 4) {
		for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
			struct image_header *header = (struct image_header *)base;
			struct suffix_query query = {.name = WIRE("\1x\1a\3com")};
			struct suffix_scanner scanner = {find_anything};
			struct endpoint inbound = {.port = be16_of(53)};
			struct suffix_match match;
			struct image image;
			uint32_t kept;

			memcpy(&kept, base + at, 4);
			memcpy(base + at, &lies[i], 4);
			header->checksum = image_checksum(base, size);
			if (image_open(&image, base, size)) {
				refused++;
			} else {
				adopted++;
				if (image.networks_count > 0) {
					suffix_match(&image, &query, &match, 1);
					suffix_match_scanned(&image, &query, &scanner, &match);
				}
				assert_true(
					prefix_find(&image, &inbound.ip, &inbound) == IMAGE_NONE ||
					image.networks_count > 0);
			}
			memcpy(base + at, &kept, 4);
		}
	}
	assert_true(adopted > 0 && refused > 0);
	free(base);
}

static void X37_unsealed_image_is_refused(void **state)
{
	int sealed = images_make(rules, WITHOUT_REGEX, 1);
	int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t size;
	uint8_t *base = writable_image(&size);
	char error[SNAPSHOT_ERROR_LEN];
	struct snapshot *snapshot;

	(void)state;
	assert_int_equal(write(unsealed, base, size), size);
	assert_null(snapshot_open(unsealed, 1, error));
	assert_non_null(strstr(error, "not sealed"));
	snapshot = snapshot_open(sealed, 1, error);
	assert_non_null(snapshot);
	snapshot_close(snapshot);
	close(sealed);
	close(unsealed);
	free(base);
}

static void X37_image_that_lacks_any_one_seal_is_refused(void **state)
{
	static const int seals[] = {F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL};
	size_t size;
	uint8_t *base = writable_image(&size);

	(void)state;
	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		char error[SNAPSHOT_ERROR_LEN];

		assert_int_equal(write(fd, base, size), size);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, LINK_IMAGE_SEALS & ~seals[i]), 0);
		assert_null(snapshot_open(fd, 1, error));
		assert_non_null(strstr(error, "not sealed"));
		close(fd);
	}
	free(base);
}

static void X37_published_image_can_not_be_written_to(void **state)
{
	int fd = images_make(rules, WITHOUT_REGEX, 1);
	char byte = 0;

	(void)state;
	assert_int_equal(pwrite(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EPERM);
	close(fd);
}

static void X38_published_image_can_not_be_shrunk(void **state)
{
	int fd = images_make(rules, WITHOUT_REGEX, 1);

	(void)state;
	assert_int_equal(ftruncate(fd, 64), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1 << 20), -1); // nor grown
	assert_int_equal(errno, EPERM);
	close(fd);
}

static void client_is_in_the_network_of_its_prefix(void **state)
{
	struct image image = images_open(rules, WITH_REGEX);
	struct endpoint inbound = {images_ip(IMAGES_INBOUND), be16_of(53)};
	struct ip inside = images_ip("10.53.255.255"), outside = images_ip("10.54.0.0");

	(void)state;
	assert_int_equal(prefix_find(&image, &inside, &inbound), 0);
	assert_int_equal(prefix_find(&image, &outside, &inbound), IMAGE_NONE);
}

static void prefix_covers_by_bits(void **state)
{
	struct ip prefix = images_ip("10.53.4.0"), last = images_ip("10.53.7.255");
	struct ip beyond = images_ip("10.53.8.0"), any = {0};

	(void)state;
	assert_true(prefix_covers(&prefix, 96 + 22, &last));
	assert_false(prefix_covers(&prefix, 96 + 22, &beyond));
	assert_true(prefix_covers(&prefix, 128, &prefix));
	assert_false(prefix_covers(&prefix, 128, &last));
	assert_true(prefix_covers(&any, 0, &any));
}

// The IPv4 addresses lie within ::/0 as ::ffff:0:0/96, but IPv6 prefixes are not for them.
static void short_ipv6_prefix_covers_no_ipv4_client(void **state)
{
	struct ip all_v4 = images_ip("0.0.0.0"), client = images_ip("10.53.0.1");
	struct ip all_v6 = {0}, other = {.b = {0xfd, 0x53}};

	(void)state;
	assert_false(prefix_covers(&all_v6, 0, &client));
	assert_false(prefix_covers(&all_v6, 80, &client));
	assert_true(prefix_covers(&all_v6, 0, &other));
	assert_true(prefix_covers(&all_v4, 96, &client));
	assert_false(prefix_covers(&all_v4, 96, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_image_opens),
		cmocka_unit_test(X36_every_flipped_bit_is_refused),
		cmocka_unit_test(X36_every_truncation_is_refused),
		cmocka_unit_test(X36_other_magic_version_byte_order_or_checksum_is_refused_by_name),
		cmocka_unit_test(X36_lying_words_are_refused_or_harmless),
		cmocka_unit_test(X37_unsealed_image_is_refused),
		cmocka_unit_test(X37_image_that_lacks_any_one_seal_is_refused),
		cmocka_unit_test(X37_published_image_can_not_be_written_to),
		cmocka_unit_test(X38_published_image_can_not_be_shrunk),
		cmocka_unit_test(client_is_in_the_network_of_its_prefix),
		cmocka_unit_test(prefix_covers_by_bits),
		cmocka_unit_test(short_ipv6_prefix_covers_no_ipv4_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
