// SPDX-License-Identifier: BSD-3-Clause
// The suffix automaton, read side: which way to walk, and what the compiler of the table shares with it.
#include "core/suffix.h"

#include <string.h>

#include "core/aes.h"
#include "core/cpu.h"
#include "core/msg.h"
#include "core/name.h"
#include "core/suffix_way.h"

// By the level of CPU that each needs, which rises.
static const struct {
	enum cpu_level level;
	const struct suffix_way *way;
} ways[] = {
	{CPU_ANY, &suffix_plain},
#ifdef __x86_64__
	{CPU_AVX2, &suffix_avx2},
	{CPU_AVX512, &suffix_avx512},
#endif
};

const struct suffix_way *suffix_way(unsigned index)
{
	if (index >= sizeof(ways) / sizeof(ways[0]) || ways[index].level > cpu_level())
		return NULL;
	return ways[index].way;
}

const struct suffix_way *suffix_way_best(void)
{
	const struct suffix_way *best = ways[0].way;

	for (unsigned i = 1; suffix_way(i); i++)
		best = suffix_way(i);
	return best;
}

void suffix_match(const struct image *image, const struct suffix_query *queries,
	struct suffix_match *matches, unsigned count)
{
	if (count > 0) // else there may be no image yet
		image->way->match(image, queries, matches, count);
}

void suffix_start(const uint8_t key[static IMAGE_KEY_LEN], uint32_t start,
	uint8_t state[static IMAGE_STATE_LEN])
{
	struct aes_block block = {0}, keys[2];

	memcpy(block.b, &start, sizeof(start));
	memcpy(keys, key, sizeof(keys));
	block = aes_round(aes_round(block, keys[0]), keys[1]);
	memcpy(state, block.b, IMAGE_STATE_LEN);
}

// Gives the accept of a state, IMAGE_LEADS_ON if it has none. False: there is no such state.
static bool find_state(const struct image *image, uint64_t state, uint32_t *accept)
{
	uint32_t fingerprint = suffix_fingerprint(state);
	uint32_t home = suffix_home(state, image->buckets_count);

	for (unsigned turn = 0; turn < IMAGE_RUN_MAX; turn++) {
		const struct image_bucket *bucket =
			&image->buckets[suffix_bucket(home, turn, fingerprint)];

		for (unsigned i = 0; i < IMAGE_BUCKET_SLOTS; i++) {
			if (bucket->fingerprints[i] != fingerprint)
				continue;
			*accept = bucket->accepts[i] & IMAGE_LEADS_ON;
			return true;
		}
		if (!(bucket->accepts[suffix_filter_bit(fingerprint)] & IMAGE_FILTER_BIT))
			return false;
	}
	return false;
}

unsigned suffix_accept_name(
	const struct image *image, uint32_t accept, uint8_t name[static NAME_LEN_MAX])
{
	const uint8_t *at = image->accepts + accept;
	const struct image_ending *ending = &image->endings[at[1]];

	memcpy(name, at + 2, at[0]);
	memcpy(name + at[0], ending->bytes, ending->len);
	return at[0] + ending->len;
}

// Is it an accept of this start's, and is its name these bytes?
static bool is_accept_of(const struct image *image, const struct image_start *start,
	uint32_t accept, const uint8_t *name, unsigned len)
{
	uint8_t path[NAME_LEN_MAX];

	return accept != IMAGE_LEADS_ON && accept - start->accept_first < start->accept_len &&
		suffix_accept_name(image, accept, path) == len && memcmp(path, name, len) == 0;
}

uint32_t suffix_find(const struct image *image, uint32_t start, const uint8_t *name)
{
	const struct image_start *from = &image->starts[start];
	uint64_t states[NAME_LABELS_MAX];
	unsigned len = name_check(name, NAME_LEN_MAX);
	unsigned count = image->way->states(image->header->key, from->state, name, states);
	uint32_t accept = from->accept;

	if (count > 0 && !find_state(image, states[count - 1], &accept))
		return IMAGE_NONE;
	return is_accept_of(image, from, accept, name, len) ? image_accept_rules(image, accept)
							    : IMAGE_NONE;
}

// A name that is matched with patterns.
struct scan {
	const struct image *image;
	struct suffix_scanner *scanner;
	unsigned label_max, rank_below; // of domains as long as label_max, only ranks below this
	uint8_t folded[NAME_LEN_MAX];
	unsigned len;
	uint8_t labels[NAME_LABELS_MAX + 1];
	unsigned label_count;
	char text[NAME_TEXT_MAX + SUFFIX_SCAN_SLACK];
	unsigned text_len;
};

static void begin_scan(struct scan *scan, const uint8_t *name)
{
	scan->len = name_check(name, NAME_LEN_MAX);
	name_fold(scan->folded, name, scan->len);
	scan->label_count = name_labels(scan->folded, scan->labels);
	scan->labels[scan->label_count] = (uint8_t)(scan->len - 1);
	scan->text_len = name_format(scan->folded, scan->text) - 1; // without the final dot
	memset(scan->text + scan->text_len, 0, SUFFIX_SCAN_SLACK);
}

// The regexes that begin with the rule at `rule`; NULL: there are none.
static const struct image_regex *find_regexes(const struct image *image, uint32_t rule)
{
	uint32_t low = 0, high = image->regexes_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (image->regexes[middle].rule == rule)
			return &image->regexes[middle];
		if (image->regexes[middle].rule < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

// The first of the regex rules from `rule` on whose pattern is found.
static uint32_t scan_rules(const struct scan *scan, uint32_t rule)
{
	const struct image_regex *regex = find_regexes(scan->image, rule);
	uint32_t index = regex ? (uint32_t)(regex - scan->image->regexes) : 0;
	uint32_t found = regex
		? scan->scanner->scan(scan->scanner, index, scan->text, scan->text_len)
		: IMAGE_NONE;

	if (!regex || found >= regex->rule_count)
		return IMAGE_NONE;
	return rule + found * (uint32_t)sizeof(struct image_rule);
}

// The first of the rules from `at` on, of a name of `depth` labels, that covers the name.
static uint32_t pick_rule(const struct scan *scan, uint32_t at, unsigned depth)
{
	unsigned rank_below = depth < scan->label_max ? IMAGE_RANK_COUNT : scan->rank_below;
	bool is_whole = depth == scan->label_count;
	bool is_scanned = false;

	if (depth > scan->label_max)
		return IMAGE_NONE;
	for (;; at += (uint32_t)sizeof(struct image_rule)) {
		struct image_rule rule = image_rule(scan->image, at);
		bool is_asked = rule.rank < rank_below;

		if (is_asked && suffix_covers(rule.rank, is_whole))
			return at;
		if (is_asked && rule.rank == IMAGE_RANK_REGEX && !is_scanned) {
			uint32_t found = scan_rules(scan, at);

			if (found != IMAGE_NONE)
				return found;
			is_scanned = true;
		}
		if (rule.is_last)
			return IMAGE_NONE;
	}
}

// A rule of `depth` labels takes the place of a match with fewer, or of lower rank.
static void take_better(
	const struct image *image, uint32_t rule, unsigned depth, struct suffix_match *match)
{
	if (match->rule != IMAGE_NONE && depth < match->label_count)
		return;
	if (match->rule != IMAGE_NONE && depth == match->label_count &&
		image_rule(image, rule).rank <= image_rule(image, match->rule).rank)
		return;
	match->rule = rule;
	match->label_count = (uint16_t)depth;
}

static void scan_link(const struct scan *scan, uint32_t link, struct suffix_match *match)
{
	const struct image *image = scan->image;
	const struct image_start *start = &image->starts[link];
	uint32_t accepts[NAME_LABELS_MAX + 1] = {start->accept};
	uint64_t states[NAME_LABELS_MAX];
	unsigned count = image->way->states(image->header->key, start->state, scan->folded, states);
	unsigned depth = 0;

	while (depth < count && find_state(image, states[depth], &accepts[depth + 1]))
		depth++;
	for (;; depth--) {
		unsigned off = scan->labels[count - depth];
		uint32_t rule = IMAGE_NONE;

		if (is_accept_of(image, start, accepts[depth], scan->folded + off, scan->len - off))
			rule = pick_rule(scan, image_accept_rules(image, accepts[depth]), depth);
		if (rule != IMAGE_NONE)
			take_better(image, rule, depth, match);
		if (rule != IMAGE_NONE || depth == 0)
			return;
	}
}

static void scan_name(
	struct scan *scan, const uint8_t *name, uint32_t index, struct suffix_match *match)
{
	const struct image_network *network = &scan->image->networks[index];

	*match = (struct suffix_match){.rule = IMAGE_NONE};
	begin_scan(scan, name);
	for (uint32_t i = 0; i < network->link_count; i++)
		scan_link(scan, scan->image->links[network->link_first + i], match);
}

void suffix_match_below(const struct image *image, const struct suffix_query *query,
	struct suffix_scanner *scanner, unsigned label_max, unsigned rank,
	struct suffix_match *match)
{
	struct scan scan;

	scan.image = image;
	scan.scanner = scanner;
	scan.label_max = label_max;
	scan.rank_below = rank;
	scan_name(&scan, query->name, query->network, match);
	if (query->type == TYPE_DS && query->name[0] != 0 && match->rule != IMAGE_NONE &&
		match->label_count == scan.label_count)
		scan_name(&scan, query->name + 1 + query->name[0], query->network, match);
}

void suffix_match_scanned(const struct image *image, const struct suffix_query *query,
	struct suffix_scanner *scanner, struct suffix_match *match)
{
	suffix_match_below(image, query, scanner, NAME_LABELS_MAX, IMAGE_RANK_COUNT, match);
}
