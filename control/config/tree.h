// SPDX-License-Identifier: BSD-3-Clause
// A YAML file as a libyaml document whose nodes know their places. Node 0 is none.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "control/config/errors.h"
#include "control/config/load.h"

enum {
	TREE_FILE_LEN_MAX = 96 << 20, // a document takes some 15 bytes of memory a byte
};

struct tree {
	const char *file;
	yaml_document_t document;
};

// Reads one document; an empty file has no root. 0, or -EINVAL and nothing to close: the file is
// not UTF-8 text, no YAML, too long, or holds a second document.
[[nodiscard]] int tree_open(
	struct tree *tree, const struct load_file *file, struct config_errors *errors);
void tree_close(struct tree *tree);

[[nodiscard]] int tree_root(const struct tree *tree);
[[nodiscard]] yaml_node_t *tree_node(const struct tree *tree, int node);
// The value of a key; 0: `mapping` is none, or has no such key.
[[nodiscard]] int tree_find(const struct tree *tree, int mapping, const char *key);
// An item of a list; 0: `sequence` is none, or is shorter.
[[nodiscard]] int tree_item(const struct tree *tree, int sequence, size_t idx);

// From an object's node down to the rule, the key and the item that a fault names, as far as they
// are there.
[[nodiscard]] int tree_place(const struct tree *tree, int node, const struct config_fault *fault);

// Reports at the node's start.
void tree_error(const struct tree *tree, int node, struct config_errors *errors, const char *format,
	...) __attribute__((format(printf, 4, 5)));

// Of all that a node says: the same for the same keys and values in the same order, whatever their
// layout. Never 0.
[[nodiscard]] uint64_t tree_hash(const struct tree *tree, int node);
