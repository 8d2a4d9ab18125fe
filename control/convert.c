// SPDX-License-Identifier: BSD-3-Clause
// shunt-control --import: a foreign file to YAML, without a running shunt.

#include "control/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/config/yaml.h"

static int print(const struct load_file *file, const struct import_result *result)
{
	size_t len;
	char *yaml = yaml_print(result->document, &len);

	if (!yaml || fwrite(yaml, 1, len, stdout) != len || fflush(stdout)) {
		fprintf(stderr, "%s: can't be printed: %s\n", file->name, strerror(errno));
		free(yaml);
		return 1;
	}
	free(yaml);
	errors_print(&result->notes, stderr);
	fprintf(stderr, "%s: %zu rules and %zu records kept, %zu left out\n", file->name,
		result->rule_count, result->record_count, result->dropped.count);
	return 0;
}

int convert_file(const char *format, const char *path, const struct import_wish *wish)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = fd < 0 ? -errno : 0, status = 1;
	struct load_file file = {.name = path};
	struct import_result result;
	char *data = NULL;

	if (!err)
		err = config_read_fd(fd, &data, &file.len);
	if (fd >= 0)
		close(fd);
	if (err) {
		fprintf(stderr, "%s: can't be read: %s\n", path,
			err == -EINVAL ? "it is not a regular file" : strerror(-err));
		return 1;
	}
	file.data = data;
	err = import_run(format, &file, wish, &result);
	errors_print(&result.dropped, stderr);
	if (!err)
		status = print(&file, &result);
	import_result_fini(&result);
	free(data);
	return err == -ENOENT ? 2 : status;
}
