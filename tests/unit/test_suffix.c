// SPDX-License-Identifier: BSD-3-Clause
// The automaton, by examples and against a naive trie.
#include "core/suffix.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/compile/automaton.h"
#include "core/msg.h"
#include "core/name.h"
#include "tests/unit/images.h"
#include "tests/unit/unit.h"

// Rules are numbered by their counters; -1: none.
static int rule_number(const struct image *image, const struct suffix_match *match)
{
	return match->rule == IMAGE_NONE ? -1 : (int)image_rule(image, match->rule).counter;
}

// The rule that covers a name of type A; -1: none.
static int covering(const struct image *image, const char *wire)
{
	struct suffix_query query = {.name = WIRE(wire), .type = TYPE_A};
	struct suffix_match match;

	suffix_match(image, &query, &match, 1);
	return rule_number(image, &match);
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
	assert_int_equal(rule_number(&image, &matches[0]), 0);
	assert_int_equal(rule_number(&image, &matches[1]), 1);
	assert_int_equal(rule_number(&image, &matches[2]), 0);
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

// A trie as one would write it first: children in a few lists, labels compared one by one.
enum { NODE_LISTS = 64 };

struct node {
	struct node *sibling;
	struct node *children[NODE_LISTS];
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
	for (unsigned i = 0; i < NODE_LISTS; i++)
		node_free(node->children[i]);
	node_free(node->sibling);
	free(node);
}

static struct node **node_list(struct node *parent, const uint8_t *label)
{
	return &parent->children[(label[0] + 8u * name_fold_byte(label[1]) +
					 3u * name_fold_byte(label[label[0]])) %
		NODE_LISTS];
}

static struct node *node_find(struct node *parent, const uint8_t *label)
{
	struct node *node = *node_list(parent, label);

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
			struct node **list = node_list(root, name + labels[i - 1]);

			next = node_new(name + labels[i - 1]);
			next->sibling = *list;
			*list = next;
		}
		root = next;
	}
	return root;
}

// A rule and how good it is: by labels, then by rank.
struct found {
	int rule; // -1: none
	unsigned label_count;
	unsigned rank;
};

static bool is_better(const struct found *a, const struct found *b)
{
	if (b->rule < 0 || a->label_count != b->label_count)
		return b->rule < 0 || a->label_count > b->label_count;
	return a->rank > b->rank;
}

static void node_match(struct node *root, const uint8_t *name, struct found *best)
{
	uint8_t labels[NAME_LABELS_MAX];
	unsigned count = name_labels(name, labels), left = count;

	for (struct node *node = root; node; node = node_find(node, name + labels[--left])) {
		enum image_rank high = left == 0 ? IMAGE_RANK_EXACT : IMAGE_RANK_SUBDOMAINS;
		enum image_rank rank = node->rules[high] >= 0 ? high : IMAGE_RANK_SUFFIX;
		struct found found = {node->rules[rank], count - left, rank};

		if (found.rule >= 0 && is_better(&found, best))
			*best = found;
		if (left == 0)
			return;
	}
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

enum { TRIE_RULES = 20000, TRIE_NAMES = 128000, TRIE_ROUNDS = 4, TRIE_BURST = 64 };

// Two rulesets, linked in this order, and the image that is made of them.
struct rulesets {
	struct node *roots[2];
	struct image_rule_text rules[TRIE_RULES];
	struct image image;
};

// A domain and rank that is there already is drawn again.
static struct rulesets *rulesets_new(uint64_t *seed)
{
	static const enum image_rank ranks[] = {
		IMAGE_RANK_SUFFIX, IMAGE_RANK_SUBDOMAINS, IMAGE_RANK_EXACT};
	struct rulesets *sets = calloc(1, sizeof(*sets));

	assert_non_null(sets);
	for (unsigned i = 0; i < 2; i++)
		sets->roots[i] = node_new(NULL);
	for (int i = 0; i < TRIE_RULES;) {
		uint8_t wire[NAME_LEN_MAX];
		char text[NAME_TEXT_MAX];
		enum image_rank rank = ranks[draw(seed) % 3];
		uint32_t ruleset = draw(seed) % 2;
		struct node *node;

		random_name(seed, wire);
		node = node_add(sets->roots[ruleset], wire);
		// A suffix rule for the root would cover all.
		if ((wire[0] == 0 && rank != IMAGE_RANK_EXACT) || node->rules[rank] >= 0)
			continue;
		node->rules[rank] = i;
		name_format(wire, text);
		sets->rules[i++] = (struct image_rule_text){
			.domain = strdup(text), .rank = rank, .ruleset = ruleset};
	}
	sets->image = images_open(sets->rules, TRIE_RULES);
	return sets;
}

static void rulesets_free(struct rulesets *sets)
{
	for (unsigned i = 0; i < TRIE_RULES; i++)
		free((char *)sets->rules[i].domain);
	for (unsigned i = 0; i < 2; i++)
		node_free(sets->roots[i]);
	free(sets);
}

static int expected_rule(const struct rulesets *sets, const struct suffix_query *query)
{
	struct found found = {.rule = -1};
	uint8_t labels[NAME_LABELS_MAX];
	unsigned count = name_labels(query->name, labels);

	for (unsigned i = 0; i < 2; i++)
		node_match(sets->roots[i], query->name, &found);
	if (query->type == TYPE_DS && count > 0 && found.rule >= 0 && found.label_count == count) {
		found.rule = -1;
		for (unsigned i = 0; i < 2; i++)
			node_match(sets->roots[i], query->name + 1 + query->name[0], &found);
	}
	return found.rule;
}

// Asks a burst by every way. Gives how many of the names are covered.
static unsigned compare_burst(
	struct rulesets *sets, const struct suffix_query *queries, unsigned count)
{
	struct suffix_match matches[TRIE_BURST];
	int expected[TRIE_BURST];
	unsigned covered = 0;

	for (unsigned n = 0; n < count; n++) {
		expected[n] = expected_rule(sets, &queries[n]);
		covered += expected[n] >= 0;
	}
	for (unsigned way = 0; suffix_way(way); way++) {
		sets->image.way = suffix_way(way);
		suffix_match(&sets->image, queries, matches, count);
		for (unsigned n = 0; n < count; n++)
			assert_int_equal(rule_number(&sets->image, &matches[n]), expected[n]);
	}
	return covered;
}

static unsigned compare_with_trie(struct rulesets *sets, uint64_t *seed, unsigned name_count)
{
	static uint8_t names[TRIE_BURST][NAME_LEN_MAX];
	struct suffix_query queries[TRIE_BURST];
	unsigned covered = 0;

	for (unsigned done = 0, count; done < name_count; done += count) {
		count = 1 + draw(seed) % TRIE_BURST;
		for (unsigned n = 0; n < count; n++) {
			unsigned len = random_name(seed, names[n]);

			queries[n] = (struct suffix_query){.name = names[n],
				.type = draw(seed) % 8 ? TYPE_A : TYPE_DS,
				.name_len = draw(seed) % 2 ? (uint8_t)len : 0};
		}
		covered += compare_burst(sets, queries, count);
	}
	return covered;
}

// A million pairs of name and ruleset; with SHUNT_TRIE_NAMES=1280000 ten million.
static void names_and_rulesets_match_as_in_a_naive_trie_by_every_way(void **state)
{
	const char *wanted = getenv("SHUNT_TRIE_NAMES");
	unsigned name_count = wanted ? (unsigned)strtoul(wanted, NULL, 10) : TRIE_NAMES;
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < TRIE_ROUNDS; round++) {
		struct rulesets *sets = rulesets_new(&seed);
		unsigned covered = compare_with_trie(sets, &seed, name_count);

		// Names that match and names that don't are both there, or this test shows little.
		assert_in_range(covered, name_count / 10, name_count - 1);
		rulesets_free(sets);
	}
}

enum { CLAIMED = 100 * TRIE_BURST };

// Buckets that can be written to.
static void copy_buckets(struct image *image)
{
	size_t size = image->buckets_count * sizeof(struct image_bucket);
	struct image_bucket *copy = aligned_alloc(64, size);

	assert_non_null(copy);
	memcpy(copy, image->buckets, size);
	image->buckets = copy;
}

// Has the table claim that a state of the name is there, whose home is not full and so would have it.
static void claim_state(struct image *image, const uint8_t *name, uint64_t *seed)
{
	uint64_t states[NAME_LABELS_MAX], state;
	const struct image_start *start = &image->starts[draw(seed) % 2];
	uint8_t folded[NAME_LEN_MAX];
	struct image_bucket *home;
	unsigned count, slot = 0;

	name_fold(folded, name, name_check(name, NAME_LEN_MAX));
	count = suffix_way(0)->states(image->header->key, start->state, folded, states);
	if (count == 0)
		return;
	state = states[draw(seed) % count];
	home = (struct image_bucket *)&image->buckets[suffix_home(state, image->buckets_count)];
	while (slot < IMAGE_BUCKET_SLOTS && home->fingerprints[slot] != 0)
		if (home->fingerprints[slot++] == suffix_fingerprint(state))
			return;
	if (slot == IMAGE_BUCKET_SLOTS)
		return;
	home->fingerprints[slot] = suffix_fingerprint(state);
	home->accepts[slot] |=
		draw(seed) % 2 ? IMAGE_LEADS_ON : home->accepts[0] & ~IMAGE_FILTER_BIT;
}

// Names whose hashes agree by chance with those of states, of which one in 250 million look-ups would see one.
static void hashes_that_agree_by_chance_decide_nothing(void **state)
{
	static uint8_t names[CLAIMED][NAME_LEN_MAX];
	uint64_t seed = 6;
	struct rulesets *sets = rulesets_new(&seed);

	(void)state;
	copy_buckets(&sets->image);
	for (unsigned i = 0; i < CLAIMED; i++) {
		random_name(&seed, names[i]);
		claim_state(&sets->image, names[i], &seed);
	}
	for (unsigned i = 0; i < CLAIMED; i += TRIE_BURST) {
		struct suffix_query queries[TRIE_BURST];

		for (unsigned n = 0; n < TRIE_BURST; n++)
			queries[n] = (struct suffix_query){.name = names[i + n], .type = TYPE_A};
		compare_burst(sets, queries, TRIE_BURST);
	}
	free((void *)sets->image.buckets);
	rulesets_free(sets);
}

static void every_way_hashes_alike(void **state)
{
	uint8_t key[IMAGE_KEY_LEN], start[IMAGE_STATE_LEN], name[NAME_LEN_MAX];
	uint64_t seed = 2, expected[NAME_LABELS_MAX], states[NAME_LABELS_MAX];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned count;

		for (unsigned k = 0; k < sizeof(key); k++)
			key[k] = (uint8_t)draw(&seed);
		suffix_start(key, draw(&seed), start);
		name_fold(name, name, random_name(&seed, name));
		count = suffix_way(0)->states(key, start, name, expected);
		for (unsigned way = 1; suffix_way(way); way++) {
			assert_int_equal(suffix_way(way)->states(key, start, name, states), count);
			assert_memory_equal(states, expected, count * sizeof(states[0]));
		}
	}
}

// The hash of an image made elsewhere, by another release even, must be the hash of this one.
static void hash_is_that_of_the_layouts_version(void **state)
{
	const uint8_t key[IMAGE_KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
	uint8_t start[IMAGE_STATE_LEN];
	uint64_t states[NAME_LABELS_MAX];

	(void)state;
	assert_int_equal(IMAGE_VERSION, 7);
	suffix_start(key, 1, start);
	suffix_way(0)->states(key, start,
		WIRE("\x11"
		     "a-label-of-17-byt\3com"),
		states);
	assert_int_equal(states[0], UINT64_C(0xdf8e7255e80c8817));
	assert_int_equal(states[1], UINT64_C(0x0d7e538f5bbf7f19));
}

// Nothing but the name is read: each stands right before a page that can't be.
static void names_may_end_where_memory_ends(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "com."}};
	struct image image = images_open(rules, 1);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t seed = 3;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t name[NAME_LEN_MAX];
		unsigned len = random_name(&seed, name);
		struct suffix_query query = {.name = pages + page - len, .type = TYPE_A};
		struct suffix_match match;

		memcpy(pages + page - len, name, len);
		for (unsigned way = 0; suffix_way(way); way++) {
			image.way = suffix_way(way);
			suffix_match(&image, &query, &match, 1);
			assert_int_equal(match.rule, IMAGE_NONE);
		}
	}
	munmap(pages, 2 * page);
}

static void find_gives_the_state_of_a_name(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "."}, {.domain = "a.com."}, {.domain = "b.com.", .ruleset = 1}};
	struct image image = images_open(rules, 3);

	(void)state;
	assert_int_equal(image_rule(&image, suffix_find(&image, 0, WIRE(""))).counter, 0);
	assert_int_equal(image_rule(&image, suffix_find(&image, 0, WIRE("\1a\3com"))).counter, 1);
	assert_int_equal(image_rule(&image, suffix_find(&image, 1, WIRE("\1b\3com"))).counter, 2);
	assert_int_equal(suffix_find(&image, 1, WIRE("\1a\3com")), IMAGE_NONE);
	assert_int_equal(suffix_find(&image, 0, WIRE("\3com")), IMAGE_NONE);
	assert_int_equal(suffix_find(&image, 1, WIRE("")), IMAGE_NONE);
}

// Stands in for Hyperscan: pattern n is found where `found` has bit n.
struct fake_scanner {
	struct suffix_scanner base;
	uint32_t found;
	unsigned scan_count;
	char text[NAME_TEXT_MAX]; // of the last scan
};

static uint32_t fake_scan(
	struct suffix_scanner *base, uint32_t index, const char *text, unsigned len)
{
	struct fake_scanner *fake = (struct fake_scanner *)base;

	(void)index;
	fake->scan_count++;
	memcpy(fake->text, text, len);
	fake->text[len] = '\0';
	for (unsigned i = 0; i < SUFFIX_SCAN_SLACK; i++)
		assert_int_equal(text[len + i], 0);
	return fake->found ? (uint32_t)__builtin_ctz(fake->found) : IMAGE_NONE;
}

// The rule that covers a name of type A where the patterns of `found` are in it; -1: none. By every way.
static int covering_scanned(const struct image *image, const char *wire, struct fake_scanner *fake)
{
	struct suffix_query query = {.name = WIRE(wire), .type = TYPE_A};
	struct image walked = *image;
	struct suffix_match match;
	int number = -2;

	fake->base.scan = fake_scan;
	for (unsigned way = 0; suffix_way(way); way++) {
		walked.way = suffix_way(way);
		fake->scan_count = 0;
		suffix_match(&walked, &query, &match, 1);
		if (match.has_regex)
			suffix_match_scanned(&walked, &query, &fake->base, &match);
		assert_true(number == -2 || number == rule_number(&walked, &match));
		number = rule_number(&walked, &match);
	}
	return number;
}

static void regex_stands_between_exact_and_subdomains(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "a.com.", .rank = IMAGE_RANK_SUFFIX},
		{.domain = "a.com.", .rank = IMAGE_RANK_SUBDOMAINS},
		{.domain = "a.com.", .rank = IMAGE_RANK_REGEX},
		{.domain = "a.com.", .rank = IMAGE_RANK_EXACT},
		{.domain = "a.com.", .rank = IMAGE_RANK_REGEX}};
	struct image image = images_open(rules, 5);
	struct fake_scanner none = {.found = 0}, both = {.found = 3}, second = {.found = 2};

	(void)state;
	assert_int_equal(covering_scanned(&image, "\1b\1a\3com", &none), 1);
	assert_int_equal(covering_scanned(&image, "\1b\1a\3com", &both), 2);
	assert_int_equal(covering_scanned(&image, "\1b\1a\3com", &second), 4);
	assert_int_equal(covering_scanned(&image, "\1a\3com", &both), 3);
	assert_int_equal(both.scan_count, 0);
}

static void longer_domain_beats_a_regex_of_a_shorter_one(void **state)
{
	const struct image_rule_text rules[] = {{.domain = ".", .rank = IMAGE_RANK_REGEX},
		{.domain = "a.com."}, {.domain = "b.a.com.", .rank = IMAGE_RANK_REGEX},
		{.domain = "com.", .ruleset = 1}};
	struct image image = images_open(rules, 4);
	struct fake_scanner none = {.found = 0}, first = {.found = 1};

	(void)state;
	assert_int_equal(covering_scanned(&image, "\1x\1a\3com", &first), 1);
	assert_int_equal(first.scan_count, 0);
	assert_int_equal(covering_scanned(&image, "\1x\1b\1a\3com", &first), 2);
	assert_int_equal(covering_scanned(&image, "\1x\1b\1a\3com", &none), 1);
	assert_int_equal(covering_scanned(&image, "\3org", &first), 0);
	assert_int_equal(covering_scanned(&image, "\3org", &none), -1);
	assert_int_equal(covering_scanned(&image, "\1x\3com", &first), 3);
}

static void patterns_are_searched_in_the_folded_text(void **state)
{
	const struct image_rule_text rules[] = {{.domain = ".", .rank = IMAGE_RANK_REGEX}};
	struct image image = images_open(rules, 1);
	struct fake_scanner fake = {.found = 1};

	(void)state;
	covering_scanned(&image, "\5A\0.b_\3COM", &fake);
	assert_string_equal(fake.text, "a\\000\\046b_.com");
	covering_scanned(&image, "", &fake);
	assert_string_equal(fake.text, "");
}

static void DS_of_a_regex_rules_own_domain_is_matched_one_label_up(void **state)
{
	const struct image_rule_text rules[] = {
		{.domain = "com."}, {.domain = "a.com.", .rank = IMAGE_RANK_REGEX}};
	struct image image = images_open(rules, 2);
	struct fake_scanner fake = {.base = {fake_scan}, .found = 1};
	struct suffix_query query = {.name = WIRE("\1a\3com"), .type = TYPE_DS};
	struct suffix_match match;

	(void)state;
	suffix_match_scanned(&image, &query, &fake.base, &match);
	assert_int_equal(rule_number(&image, &match), 0);
	query.name = WIRE("\1b\1a\3com");
	suffix_match_scanned(&image, &query, &fake.base, &match);
	assert_int_equal(rule_number(&image, &match), 1);
}

static uint32_t count_states(const struct image *image)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < image->buckets_count; i++)
		for (unsigned slot = 0; slot < IMAGE_BUCKET_SLOTS; slot++)
			count += image->buckets[i].fingerprints[slot] != 0;
	return count;
}

static uint32_t accept_end(const struct image *image, uint32_t accept)
{
	uint32_t at = image_accept_rules(image, accept);

	while (!image_rule(image, at).is_last)
		at += (uint32_t)sizeof(struct image_rule);
	return at + (uint32_t)sizeof(struct image_rule);
}

// Or each look-up would wait for two lines.
static void accepts_lie_in_one_cache_line_if_they_can(void **state)
{
	uint64_t seed = 5;
	struct rulesets *sets = rulesets_new(&seed);
	const struct image *image = &sets->image;
	unsigned count = 0;

	(void)state;
	for (uint32_t i = 0; i < image->buckets_count * IMAGE_BUCKET_SLOTS; i++) {
		const struct image_bucket *bucket = &image->buckets[i / IMAGE_BUCKET_SLOTS];
		uint32_t accept = bucket->accepts[i % IMAGE_BUCKET_SLOTS] & IMAGE_LEADS_ON;
		uint32_t end;

		if (!bucket->fingerprints[i % IMAGE_BUCKET_SLOTS] || accept == IMAGE_LEADS_ON)
			continue;
		end = accept_end(image, accept);
		assert_true(
			end - accept > IMAGE_LINE || accept / IMAGE_LINE == (end - 1) / IMAGE_LINE);
		count++;
	}
	assert_true(count > 0);
	rulesets_free(sets);
}

static void automaton_read_back_has_the_states_of_the_table(void **state)
{
	uint64_t seed = 4;
	struct rulesets *sets = rulesets_new(&seed);
	uint32_t state_count = 0, rule_count = 0;

	(void)state;
	for (uint32_t start = 0; start < 2; start++) {
		struct automaton automaton;

		assert_int_equal(automaton_init(&automaton, &sets->image, start), 0);
		state_count += automaton.state_count - 1; // the start is not in the table
		for (uint32_t i = 0; i < automaton.state_count; i++) {
			const struct automaton_state *found = &automaton.states[i];
			const uint8_t *name = automaton_name(&automaton, found);
			bool has_more = found->rules != IMAGE_NONE;

			assert_int_equal(suffix_find(&sets->image, start, name), found->rules);
			for (uint32_t at = found->rules; has_more;
				at += (uint32_t)sizeof(struct image_rule)) {
				has_more = !image_rule(&sets->image, at).is_last;
				rule_count++;
			}
		}
		automaton_fini(&automaton);
	}
	assert_int_equal(state_count, count_states(&sets->image));
	assert_int_equal(rule_count, TRIE_RULES);
	rulesets_free(sets);
}

static void automaton_lists_states_with_those_they_come_from(void **state)
{
	const struct image_rule_text rules[] = {{.domain = "b.com."}, {.domain = "x.b.com."},
		{.domain = "a.com.", .rank = IMAGE_RANK_EXACT}, {.domain = "org.", .ruleset = 1}};
	struct image image = images_open(rules, 4);
	struct automaton automaton;

	(void)state;
	assert_int_equal(automaton_init(&automaton, &image, 0), 0);
	assert_int_equal(automaton.state_count, 5); // start, com, a, b, x
	assert_int_equal(automaton.states[1].rules, IMAGE_NONE);
	assert_int_equal(automaton.states[2].from, 1);
	assert_true(automaton.states[2].is_leaf);
	assert_memory_equal(
		automaton_name(&automaton, &automaton.states[2]), "\1a\3com", sizeof("\1a\3com"));
	assert_int_equal(automaton.states[3].from, 1);
	assert_false(automaton.states[3].is_leaf);
	assert_int_equal(automaton.states[4].from, 3);
	assert_int_equal(automaton.states[4].depth, 3);
	assert_int_equal(image_rule(&image, automaton.states[4].rules).counter, 1);
	automaton_fini(&automaton);
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
		cmocka_unit_test(hashes_that_agree_by_chance_decide_nothing),
		cmocka_unit_test(every_way_hashes_alike),
		cmocka_unit_test(hash_is_that_of_the_layouts_version),
		cmocka_unit_test(names_may_end_where_memory_ends),
		cmocka_unit_test(find_gives_the_state_of_a_name),
		cmocka_unit_test(regex_stands_between_exact_and_subdomains),
		cmocka_unit_test(longer_domain_beats_a_regex_of_a_shorter_one),
		cmocka_unit_test(patterns_are_searched_in_the_folded_text),
		cmocka_unit_test(DS_of_a_regex_rules_own_domain_is_matched_one_label_up),
		cmocka_unit_test(accepts_lie_in_one_cache_line_if_they_can),
		cmocka_unit_test(automaton_lists_states_with_those_they_come_from),
		cmocka_unit_test(automaton_read_back_has_the_states_of_the_table),
		cmocka_unit_test(names_and_rulesets_match_as_in_a_naive_trie_by_every_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
