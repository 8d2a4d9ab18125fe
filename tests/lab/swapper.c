// SPDX-License-Identifier: BSD-3-Clause
// A tool of test_swap.py: stands in for control at the link, and has the dataplane adopt two images in turn.
//
//   usage: swapper LINK-SOCKET IMAGE IMAGE COUNT PERIOD-MS     prints a line an adoption: generation, microseconds
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/image.h"
#include "core/link.h"

struct message {
	struct link_header header;
	char body[LINK_BODY_MAX];
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static struct image_header *read_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *image;

	if (fd < 0 || fstat(fd, &st) != 0)
		die("%s: %s", path, strerror(errno));
	image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED || (size_t)st.st_size < sizeof(struct image_header))
		die("%s is no image", path);
	close(fd);
	return image;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

// The image under another generation, sealed.
static int seal(struct image_header *image, uint64_t generation)
{
	int fd = memfd_create("swapper", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	image->generation = generation;
	image->checksum = image_checksum(image, image->size);
	if (fd < 0 || write(fd, image, image->size) != (ssize_t)image->size ||
		fcntl(fd, F_ADD_SEALS, LINK_IMAGE_SEALS) != 0)
		die("no memory for an image: %s", strerror(errno));
	return fd;
}

static void send_image(int link, uint64_t generation, int fd)
{
	struct link_header header = {LINK_VERSION, LINK_IMAGE, 0, generation};
	struct iovec iov = {&header, sizeof(header)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *descriptor = CMSG_FIRSTHDR(&message);

	descriptor->cmsg_level = SOL_SOCKET;
	descriptor->cmsg_type = SCM_RIGHTS;
	descriptor->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(descriptor), &fd, sizeof(fd));
	if (sendmsg(link, &message, MSG_NOSIGNAL) != sizeof(header))
		die("the dataplane takes no image: %s", strerror(errno));
}

// The next message of the dataplane. A descriptor that comes with it is let go.
static struct message receive(int link)
{
	struct message message = {0};
	ssize_t len = recv(link, &message, sizeof(message) - 1, 0);

	if (len < (ssize_t)sizeof(message.header))
		die("the dataplane closed the connection");
	return message;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void swap(int link, struct image_header *image, uint64_t generation)
{
	int fd = seal(image, generation);
	uint64_t begun = now_us();
	struct message reply;

	send_image(link, generation, fd);
	close(fd);
	reply = receive(link);
	if (reply.header.type != LINK_ADOPTED || reply.header.generation != generation)
		die("generation %llu was not adopted: %s", (unsigned long long)generation,
			reply.body);
	printf("%llu %llu\n", (unsigned long long)generation,
		(unsigned long long)(now_us() - begun));
}

int main(int argc, char **argv)
{
	struct image_header *images[2];
	unsigned long count, period_us;
	uint64_t generation, next_us;
	int link;

	if (argc != 6)
		die("usage: swapper LINK-SOCKET IMAGE IMAGE COUNT PERIOD-MS");
	images[0] = read_image(argv[2]);
	images[1] = read_image(argv[3]);
	count = strtoul(argv[4], NULL, 10);
	period_us = strtoul(argv[5], NULL, 10) * 1000;
	link = connect_to(argv[1]);
	generation = receive(link).header.generation; // of its HELLO
	next_us = now_us();
	for (unsigned long i = 0; i < count; i++) {
		uint64_t now = now_us();

		if (now < next_us)
			usleep((useconds_t)(next_us - now));
		next_us += period_us;
		swap(link, images[i % 2], ++generation);
	}
	return EXIT_SUCCESS;
}
