// SPDX-License-Identifier: BSD-3-Clause
// An image being put together, and frozen: written, unmapped, and only then sealed.
#include "control/compile/assembly.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/link.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U // Linux 6.3
#endif

void assembly_init(struct assembly *assembly)
{
	*assembly = (struct assembly){0};
}

void assembly_fini(struct assembly *assembly)
{
	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
		free(assembly->sections[i].data);
}

static bool reserve(struct assembly_section *section, size_t element, size_t count)
{
	size_t capacity = section->capacity * 2 + count;
	uint8_t *grown;

	if (section->capacity - section->count >= count)
		return true;
	grown = reallocarray(section->data, capacity, element);
	if (!grown)
		return false;
	section->data = grown;
	section->capacity = capacity;
	return true;
}

uint32_t assembly_add(
	struct assembly *assembly, enum image_section_id id, const void *elements, size_t count)
{
	struct assembly_section *section = &assembly->sections[id];
	size_t element = image_element_size(id);
	size_t first = section->count;

	if (assembly->is_out_of_memory || count >= IMAGE_NONE - first ||
		!reserve(section, element, count)) {
		assembly->is_out_of_memory = true;
		return 0;
	}
	if (count == 0) // there may be no memory yet
		return (uint32_t)first;
	if (elements)
		memcpy(section->data + first * element, elements, count * element);
	else
		memset(section->data + first * element, 0, count * element);
	section->count += count;
	return (uint32_t)first;
}

uint32_t assembly_count(const struct assembly *assembly, enum image_section_id id)
{
	return (uint32_t)assembly->sections[id].count;
}

void *assembly_at(struct assembly *assembly, enum image_section_id id, uint32_t index)
{
	return assembly->sections[id].data + index * image_element_size(id);
}

static uint64_t align(uint64_t off)
{
	return (off + IMAGE_ALIGNMENT - 1) & ~(uint64_t)(IMAGE_ALIGNMENT - 1);
}

// Gives each section its place, in order, and the image its size.
static void lay_out(const struct assembly *assembly, struct image_header *header)
{
	uint64_t off = align(sizeof(*header));

	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
		uint64_t count = assembly->sections[i].count;

		header->sections[i] = (struct image_section){.off = off, .count = count};
		off = align(off + count * image_element_size(i));
	}
	header->size = off;
}

static int write_image(const struct assembly *assembly, struct image_header *header, int fd)
{
	uint8_t *base = mmap(NULL, header->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
		const struct assembly_section *section = &assembly->sections[i];

		if (section->count > 0)
			memcpy(base + header->sections[i].off, section->data,
				section->count * image_element_size(i));
	}
	memcpy(base, header, sizeof(*header));
	header->checksum = image_checksum(base, header->size);
	memcpy(base, header, sizeof(*header));
	munmap(base, header->size);
	return 0;
}

// Kernels before 6.3 know no MFD_NOEXEC_SEAL.
static int make_memfd(void)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("shunt-image", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("shunt-image", flags);
	return fd < 0 ? -errno : fd;
}

int assembly_freeze(
	const struct assembly *assembly, const struct image_header *header, size_t *size)
{
	struct image_header full = *header;
	int fd, err;

	if (assembly->is_out_of_memory)
		return -ENOMEM;
	full.magic = IMAGE_MAGIC;
	full.version = IMAGE_VERSION;
	full.header_len = sizeof(full);
	full.checksum = 0;
	lay_out(assembly, &full);
	fd = make_memfd();
	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)full.size) != 0)
		goto err_errno;
	err = write_image(assembly, &full, fd);
	if (err)
		goto err;
	// Only now that no writable view is left: sealing it against writes would be refused.
	if (fcntl(fd, F_ADD_SEALS, LINK_IMAGE_SEALS) != 0)
		goto err_errno;
	*size = full.size;
	return fd;

err_errno:
	err = -errno;
err:
	close(fd);
	return err;
}
