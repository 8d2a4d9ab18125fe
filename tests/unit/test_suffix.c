// SPDX-License-Identifier: BSD-3-Clause
// The automaton, by examples and against a naive trie.
#include "core/suffix.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/msg.h"
#include "core/name.h"
#include "tests/unit/images.h"
#include "tests/unit/unit.h"

enum { TYPE_A = 1 };

// The rule that covers a name of type A; -1: none.
static int covering(const struct image *image, const char *wire)
{
	struct suffix_query query = {.name = WIRE(wire), .type = TYPE_A};
	struct suffix_match match;

	suffix_match(image, &query, &match, 1);
	return match.rule == IMAGE_NONE ? -1 : (int)match.rule;
}

static void H06_suffix_ends_on_label_boundary(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "example.com."}};
	struct image image = images_open(rules, 1);

	(void)state;
	assert_int_equal(covering(&image, "\7example\3com"), 0);
	assert_int_equal(covering(&image, "\1a\7example\3com"), 0);
	assert_int_equal(covering(&image,
				 "\x0b"
				 "evilexample\3com"),
		-1);
	assert_int_equal(covering(&image, "\7example\3com\4evil"), -1);
	assert_int_equal(covering(&image, "\3com"), -1);
	assert_int_equal(covering(&image, ""), -1);
}

static void longest_domain_wins(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "."}, {.domain = "com."}, {.domain = "azure.contoso.com."}};
	struct image image = images_open(rules, 3);

	(void)state;
	assert_int_equal(covering(&image, ""), 0);
	assert_int_equal(covering(&image, "\3org"), 0);
	assert_int_equal(covering(&image, "\7contoso\3com"), 1);
	assert_int_equal(covering(&image, "\5azure\7contoso\3com"), 2);
	assert_int_equal(covering(&image, "\1x\5azure\7contoso\3com"), 2);
}

static void exact_covers_the_name_itself_only(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "com."}, {.domain = "a.com.", .rank = IMAGE_RANK_EXACT}};
	struct image image = images_open(rules, 2);

	(void)state;
	assert_int_equal(covering(&image, "\1a\3com"), 1);
	assert_int_equal(covering(&image, "\1b\1a\3com"), 0);
}

static void subdomains_covers_names_below_only(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "com."}, {.domain = "a.com.", .rank = IMAGE_RANK_SUBDOMAINS}};
	struct image image = images_open(rules, 2);

	(void)state;
	assert_int_equal(covering(&image, "\1a\3com"), 0);
	assert_int_equal(covering(&image, "\1b\1a\3com"), 1);
}

static void of_one_domain_exact_and_subdomains_beat_suffix(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "a.com.", .rank = IMAGE_RANK_SUFFIX, .ruleset = 0},
		{.domain = "a.com.", .rank = IMAGE_RANK_EXACT, .ruleset = 1},
		{.domain = "a.com.", .rank = IMAGE_RANK_SUBDOMAINS, .ruleset = 1}};
	struct image image = images_open(rules, 3);

	(void)state;
	assert_int_equal(covering(&image, "\1a\3com"), 1);
	assert_int_equal(covering(&image, "\1b\1a\3com"), 2);
}

static void on_a_full_tie_the_earlier_link_wins(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "a.com.", .ruleset = 1}, {.domain = "a.com.", .ruleset = 0}};
	struct image image = images_open(rules, 2);

	(void)state;
	assert_int_equal(covering(&image, "\1a\3com"), 1);
}

static void longer_domain_of_a_later_link_wins(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "com.", .ruleset = 0}, {.domain = "a.com.", .ruleset = 1}};
	struct image image = images_open(rules, 2);

	(void)state;
	assert_int_equal(covering(&image, "\1a\3com"), 1);
	assert_int_equal(covering(&image, "\1b\3com"), 0);
}

static void B24_case_does_not_matter(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "Example.COM."}};
	struct image image = images_open(rules, 1);

	(void)state;
	assert_int_equal(covering(&image, "\7eXaMpLe\3cOm"), 0);
}

static void B25_bytes_that_are_no_letters_do_not_fold(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "\\193.com."}, {.domain = "[.com."}};
	struct image image = images_open(rules, 2);

	(void)state;
	assert_int_equal(covering(&image, "\1\xc1\3com"), 0);
	assert_int_equal(covering(&image, "\1\xe1\3com"), -1);
	assert_int_equal(covering(&image, "\1[\3com"), 1);
	assert_int_equal(covering(&image, "\1{\3com"), -1);
}

static void B19_bytes_of_any_value_match_as_they_are(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "a\\000b.com."}, {.domain = "a\\.b.com."}};
	struct image image = images_open(rules, 2);

	(void)state;
	assert_int_equal(covering(&image, "\3a\0b\3com"), 0);
	assert_int_equal(covering(&image, "\3a.b\3com"), 1);
	assert_int_equal(covering(&image, "\1a\1b\3com"), -1);
}

static void DS_of_a_rules_own_domain_is_matched_one_label_up(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "."}, {.domain = "a.com."}};
	struct image image = images_open(rules, 2);
	const struct suffix_query queries[] = {
		{.name = WIRE("\1a\3com"), .type = TYPE_DS},
		{.name = WIRE("\1b\1a\3com"), .type = TYPE_DS},
		{.name = WIRE(""), .type = TYPE_DS},
	};
	struct suffix_match matches[3];

	(void)state;
	suffix_match(&image, queries, matches, 3);
	assert_int_equal(matches[0].rule, 0);
	assert_int_equal(matches[1].rule, 1);
	assert_int_equal(matches[2].rule, 0);
}

static void longest_names_and_labels_match(void **state)
{
	uint8_t wire[NAME_LEN_MAX] = {0};
	char deep[NAME_TEXT_MAX], wide[NAME_TEXT_MAX];
	struct image_rule_text rules[] = {{.domain = deep}, {.domain = wide}};
	struct image image;

	(void)state;
	for (unsigned i = 0; i < 254; i += 2) {
		wire[i] = 1;
		wire[i + 1] = 'x';
	}
	name_format(wire, deep);
	memset(wire, 'y', 64);
	wire[0] = 63;
	wire[64] = 0;
	name_format(wire, wide);
	image = images_open(rules, 2);
	assert_int_equal(covering(&image, (const char *)wire), 1);
	wire[63] = 'z';
	assert_int_equal(covering(&image, (const char *)wire), -1);
	for (unsigned i = 0; i < 254; i += 2) {
		wire[i] = 1;
		wire[i + 1] = 'X';
	}
	wire[254] = 0;
	assert_int_equal(covering(&image, (const char *)wire), 0);
}

// A trie as one would write it first: children in a list, labels compared one by one.
struct node {
	struct node *child, *sibling;
	uint8_t label[1 + LABEL_LEN_MAX];
	int rules[IMAGE_RANK_COUNT]; // -1: none
};

static struct node *node_new(const uint8_t *label)
{
	struct node *node = calloc(1, sizeof(*node));

	assert_non_null(node);
	if (label)
		memcpy(node->label, label, 1u + label[0]);
	for (unsigned i = 0; i < IMAGE_RANK_COUNT; i++)
		node->rules[i] = -1;
	return node;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	node_free(node->child);
	node_free(node->sibling);
	free(node);
}

static struct node *node_find(struct node *parent, const uint8_t *label)
{
	struct node *node = parent->child;

	while (node &&
		(node->label[0] != label[0] ||
			!name_equal_folded(node->label, label, 1u + label[0])))
		node = node->sibling;
	return node;
}

static struct node *node_add(struct node *root, const uint8_t *name)
{
	uint8_t labels[NAME_LABELS_MAX];

	for (unsigned i = name_labels(name, labels); i > 0; i--) {
		struct node *next = node_find(root, name + labels[i - 1]);

		if (!next) {
			next = node_new(name + labels[i - 1]);
			next->sibling = root->child;
			root->child = next;
		}
		root = next;
	}
	return root;
}

static int node_match(struct node *root, const uint8_t *name)
{
	uint8_t labels[NAME_LABELS_MAX];
	unsigned left = name_labels(name, labels);
	int best = -1;

	for (struct node *node = root; node; node = node_find(node, name + labels[--left])) {
		enum image_rank rank = left == 0 ? IMAGE_RANK_EXACT : IMAGE_RANK_SUBDOMAINS;

		if (node->rules[rank] >= 0)
			best = node->rules[rank];
		else if (node->rules[IMAGE_RANK_SUFFIX] >= 0)
			best = node->rules[IMAGE_RANK_SUFFIX];
		if (left == 0)
			break;
	}
	return best;
}

// xorshift: a stream that is the same in every run.
static uint32_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32);
}

// Few letters and short labels, so that names share suffixes with rules; now and then a long label, an odd byte or
// a deep name.
static unsigned random_name(uint64_t *seed, uint8_t wire[static NAME_LEN_MAX])
{
	static const uint8_t letters[] = "abABc\0\xff.";
	unsigned label_count = draw(seed) % 16 ? draw(seed) % 6 : draw(seed) % NAME_LABELS_MAX;
	unsigned at = 0;

	while (label_count-- > 0) {
		unsigned len = draw(seed) % 32 ? 1 + draw(seed) % 2 : 1 + draw(seed) % 63;

		if (at + 1 + len + 1 > NAME_LEN_MAX)
			break;
		wire[at++] = (uint8_t)len;
		while (len-- > 0)
			wire[at++] = letters[draw(seed) % (draw(seed) % 16 ? 3 : 8)];
	}
	wire[at] = 0;
	return at + 1;
}

enum { TRIE_RULES = 20000, TRIE_NAMES = 1000000, TRIE_BURST = 32 };

// Fills `rules` and the trie alike; a domain and rank that is there already is drawn again.
static void random_rules(uint64_t *seed, struct node *root, struct image_rule_text *rules)
{
	for (int i = 0; i < TRIE_RULES;) {
		uint8_t wire[NAME_LEN_MAX];
		char text[NAME_TEXT_MAX];
		enum image_rank rank = draw(seed) % IMAGE_RANK_COUNT;
		struct node *node;

		random_name(seed, wire);
		node = node_add(root, wire);
		if (node == root || node->rules[rank] >= 0) // a rule for the root would cover all
			continue;
		node->rules[rank] = i;
		name_format(wire, text);
		rules[i++] = (struct image_rule_text){.domain = strdup(text), .rank = rank};
	}
}

static void a_million_names_match_as_in_a_naive_trie(void **state)
{
	struct image_rule_text *rules = calloc(TRIE_RULES, sizeof(*rules));
	static uint8_t names[TRIE_BURST][NAME_LEN_MAX];
	struct suffix_query queries[TRIE_BURST];
	struct suffix_match matches[TRIE_BURST];
	struct node *root = node_new(NULL);
	uint64_t seed = 1;
	unsigned covered = 0;
	struct image image;

	(void)state;
	random_rules(&seed, root, rules);
	image = images_open(rules, TRIE_RULES);
	for (unsigned i = 0; i < TRIE_NAMES; i += TRIE_BURST) {
		for (unsigned n = 0; n < TRIE_BURST; n++) {
			random_name(&seed, names[n]);
			queries[n] = (struct suffix_query){.name = names[n], .type = TYPE_A};
		}
		suffix_match(&image, queries, matches, TRIE_BURST);
		for (unsigned n = 0; n < TRIE_BURST; n++) {
			int expected = node_match(root, names[n]);

			assert_int_equal((int)matches[n].rule, expected);
			covered += expected >= 0;
		}
	}
	// Names that match and names that don't are both there, or this test shows little.
	assert_in_range(covered, TRIE_NAMES / 10, TRIE_NAMES - 1);
	for (unsigned i = 0; i < TRIE_RULES; i++)
		free((char *)rules[i].domain);
	free(rules);
	node_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(H06_suffix_ends_on_label_boundary),
		cmocka_unit_test(longest_domain_wins),
		cmocka_unit_test(exact_covers_the_name_itself_only),
		cmocka_unit_test(subdomains_covers_names_below_only),
		cmocka_unit_test(of_one_domain_exact_and_subdomains_beat_suffix),
		cmocka_unit_test(on_a_full_tie_the_earlier_link_wins),
		cmocka_unit_test(longer_domain_of_a_later_link_wins),
		cmocka_unit_test(B24_case_does_not_matter),
		cmocka_unit_test(B25_bytes_that_are_no_letters_do_not_fold),
		cmocka_unit_test(B19_bytes_of_any_value_match_as_they_are),
		cmocka_unit_test(DS_of_a_rules_own_domain_is_matched_one_label_up),
		cmocka_unit_test(longest_names_and_labels_match),
		cmocka_unit_test(a_million_names_match_as_in_a_naive_trie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
