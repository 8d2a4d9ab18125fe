// SPDX-License-Identifier: BSD-3-Clause
// Foreign files, the first byte choosing the format. What is made of them is a document that the
// config's own schema takes; what is not is said.
#include <stdlib.h>
#include <string.h>

#include "control/config/import/import.h"
#include "control/config/tree.h"
#include "control/config/yaml.h"
#include "tests/fuzz/fuzz.h"

static const char *const formats[] = {"azure", "arm", "private-endpoint", "private-dns", "aws",
	"dnsmasq", "unbound", "bind", "corefile", "hosts"};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]) };

static void check_yaml(const json_t *document)
{
	struct config_errors errors = {0};
	struct tree tree;
	size_t len;
	char *yaml = yaml_print(document, &len);

	HOLDS(yaml);
	HOLDS(tree_open(&tree, &(struct load_file){"made", yaml, len}, &errors) == 0);
	HOLDS(tree_root(&tree));
	tree_close(&tree);
	errors_fini(&errors);
	free(yaml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_file file = {"f", (const char *)data + 1, size - 1};
	struct import_wish wish = {.network = "n"};
	struct import_result result;
	int error;

	if (size == 0)
		return 0;
	error = import_run(formats[data[0] % FORMAT_COUNT], &file, &wish, &result);
	if (error)
		HOLDS(result.dropped.count > 0);
	else
		check_yaml(result.document);
	import_result_fini(&result);
	return 0;
}
