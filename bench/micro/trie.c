// SPDX-License-Identifier: BSD-3-Clause
// Beside: a trie of labels as one would write it first, children in a list or, where many, in a hash table.
#include <stdlib.h>
#include <string.h>

#include "bench/micro/engine.h"
#include "core/name.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct node {
	struct node *next; // in its bucket
	struct node *parent;
	struct node **children; // NULL: none yet
	uint32_t children_size; // a power of 2
	uint32_t children_count;
	uint32_t rule;
	uint8_t label[]; // length, bytes
};

static struct node *node_new(struct node *parent, const uint8_t *label)
{
	struct node *node = calloc(1, sizeof(*node) + (label ? 1u + label[0] : 1u));

	if (!node)
		abort();
	node->parent = parent;
	node->rule = ENGINE_NONE;
	if (label)
		memcpy(node->label, label, 1u + label[0]);
	return node;
}

static struct node **bucket(struct node *parent, const uint8_t *label)
{
	return &parent->children[XXH3_64bits(label, 1u + label[0]) & (parent->children_size - 1)];
}

static struct node *find(struct node *parent, const uint8_t *label)
{
	struct node *node = parent->children ? *bucket(parent, label) : NULL;

	while (node &&
		(node->label[0] != label[0] || memcmp(node->label, label, 1u + label[0]) != 0))
		node = node->next;
	return node;
}

static void grow(struct node *parent)
{
	struct node **old = parent->children;
	uint32_t old_size = parent->children_size;

	parent->children_size = old_size ? old_size * 2 : 2;
	parent->children = calloc(parent->children_size, sizeof(struct node *));
	if (!parent->children)
		abort();
	for (uint32_t i = 0; i < old_size; i++)
		for (struct node *node = old[i], *next; node; node = next) {
			struct node **head = bucket(parent, node->label);

			next = node->next;
			node->next = *head;
			*head = node;
		}
	free(old);
}

static struct node *find_or_add(struct node *parent, const uint8_t *label)
{
	struct node *node = find(parent, label), **head;

	if (node)
		return node;
	if (parent->children_count >= parent->children_size)
		grow(parent);
	node = node_new(parent, label);
	head = bucket(parent, label);
	node->next = *head;
	*head = node;
	parent->children_count++;
	return node;
}

static void *build(const struct names *names, const char **why)
{
	struct node *root = node_new(NULL, NULL);

	(void)why;
	for (size_t i = 0; i < names->count; i++) {
		const char *text = names_at(names, i), *reason;
		uint8_t wire[NAME_LEN_MAX], labels[NAME_LABELS_MAX];
		struct node *node = root;

		if (name_parse(text, strlen(text), wire, &reason) == 0)
			abort();
		for (unsigned left = name_labels(wire, labels); left > 0; left--)
			node = find_or_add(node, wire + labels[left - 1]);
		node->rule = (uint32_t)i;
	}
	return root;
}

static void match(void *engine, const struct engine_name *names, uint32_t *rules, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t labels[NAME_LABELS_MAX];
		unsigned left = name_labels(names[i].wire, labels);
		struct node *node = engine;

		rules[i] = node->rule;
		while (left > 0 && (node = find(node, names[i].wire + labels[--left])))
			if (node->rule != ENGINE_NONE)
				rules[i] = node->rule;
	}
}

static void release(void *engine)
{
	struct node *node = engine;

	for (uint32_t i = 0; i < node->children_size; i++)
		for (struct node *child = node->children[i], *next; child; child = next) {
			next = child->next;
			release(child);
		}
	free(node->children);
	free(node);
}

const struct engine engine_trie = {
	.name = "naive trie", .build = build, .match = match, .release = release};
