// SPDX-License-Identifier: BSD-3-Clause
// Domain names in wire form: check, fold, walk labels, print, read from text.
#include "core/name.h"

#include <string.h>

unsigned name_check(const uint8_t *wire, size_t len)
{
	size_t at = 0;

	while (at < len && at < NAME_LEN_MAX) {
		uint8_t label_len = wire[at];

		if (label_len == 0)
			return (unsigned)at + 1;
		if (label_len > LABEL_LEN_MAX)
			return 0;
		at += 1u + label_len;
	}
	return 0;
}

static uint64_t load(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

// Length bytes are at most 63, below 'A': folding a whole name leaves them as they are.
void name_fold(uint8_t *out, const uint8_t *wire, unsigned len)
{
	for (; len >= 8; out += 8, wire += 8, len -= 8) {
		uint64_t folded = name_fold_word(load(wire));

		memcpy(out, &folded, sizeof(folded));
	}
	for (unsigned i = 0; i < len; i++)
		out[i] = name_fold_byte(wire[i]);
}

bool name_equal_folded(const uint8_t *a, const uint8_t *b, unsigned len)
{
	uint64_t difference = 0;

	for (; len >= 8; a += 8, b += 8, len -= 8)
		difference |= name_fold_word(load(a)) ^ name_fold_word(load(b));
	for (unsigned i = 0; i < len; i++)
		difference |= name_fold_byte(a[i]) ^ name_fold_byte(b[i]);
	return difference == 0;
}

// Multiplied and folded over, a word at a time; the factors are those of MurmurHash3's last step.
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

uint32_t name_hash(const uint8_t *wire, unsigned len)
{
	uint64_t hash = len, rest = 0;

	for (; len >= 8; wire += 8, len -= 8)
		hash = mix(hash, name_fold_word(load(wire)));
	for (unsigned i = 0; i < len; i++)
		rest |= (uint64_t)name_fold_byte(wire[i]) << 8 * i;
	return (uint32_t)mix(hash, rest);
}

unsigned name_labels(const uint8_t *wire, uint8_t offsets[static NAME_LABELS_MAX])
{
	unsigned count = 0;

	for (unsigned at = 0; wire[at] != 0; at += 1u + wire[at])
		offsets[count++] = (uint8_t)at;
	return count;
}

static bool is_plain(uint8_t byte)
{
	uint8_t folded = name_fold_byte(byte);

	return (folded >= 'a' && folded <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
		byte == '_';
}

// Of eight folded bytes, those that are letters and whose bit is set become capitals: a bit is spread to each byte, and
// then made the bit that tells capitals.
static uint64_t set_case_of_word(uint64_t folded, uint8_t bits)
{
	const uint64_t each = UINT64_C(0x0101010101010101), high = each << 7;
	uint64_t low = folded & ~high;
	uint64_t from_a = low + each * (0x80 - 'a'), over_z = low + each * (0x7f - 'z');
	uint64_t spread = (each * bits & UINT64_C(0x8040201008040201)) + (high - each);

	return folded ^ (from_a & ~over_z & ~folded & spread & high) >> 2;
}

void name_set_case(uint8_t *out, const uint8_t *wire, unsigned len, uint32_t bits)
{
	unsigned at = 0;

	for (; at + 8 <= len; at += 8) {
		uint64_t word = set_case_of_word(
			name_fold_word(load(wire + at)), (uint8_t)(bits >> at % 32));

		memcpy(out + at, &word, sizeof(word));
	}
	for (; at < len; at++)
		out[at] = (uint8_t)set_case_of_word(name_fold_byte(wire[at]), bits >> at % 32 & 1);
}

static char *format_byte(char *out, uint8_t byte)
{
	if (is_plain(byte)) {
		*out++ = (char)byte;
		return out;
	}
	*out++ = '\\';
	*out++ = (char)('0' + byte / 100);
	*out++ = (char)('0' + byte / 10 % 10);
	*out++ = (char)('0' + byte % 10);
	return out;
}

unsigned name_format(const uint8_t *wire, char *out)
{
	char *at = out;

	if (wire[0] == 0)
		*at++ = '.';
	for (unsigned label = 0; wire[label] != 0; label += 1u + wire[label]) {
		for (unsigned i = 1; i <= wire[label]; i++)
			at = format_byte(at, wire[label + i]);
		*at++ = '.';
	}
	*at = '\0';
	return (unsigned)(at - out);
}

// One byte of a label from `text`, an escape or itself. Gives how many characters it took; 0: a broken escape.
static size_t parse_byte(const char *text, size_t len, uint8_t *byte)
{
	unsigned value = 0;

	if (text[0] != '\\') {
		*byte = (uint8_t)text[0];
		return 1;
	}
	if (len >= 2 && (text[1] < '0' || text[1] > '9')) {
		*byte = (uint8_t)text[1];
		return 2;
	}
	if (len < 4)
		return 0;
	for (unsigned i = 1; i <= 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*byte = (uint8_t)value;
	return value <= 255 ? 4 : 0;
}

// A name being written: `label` is where the current label's length byte goes, `at` its next byte.
struct writer {
	uint8_t *out;
	unsigned label;
	unsigned at;
};

static const char *put_byte(struct writer *w, uint8_t byte)
{
	if (w->at - w->label > LABEL_LEN_MAX)
		return "a label is longer than 63 bytes";
	if (w->at >= NAME_LEN_MAX - 1)
		return "the name is longer than 255 bytes";
	w->out[w->at++] = byte;
	return NULL;
}

static const char *end_label(struct writer *w)
{
	if (w->at == w->label + 1)
		return "a label is empty";
	w->out[w->label] = (uint8_t)(w->at - w->label - 1);
	w->label = w->at++;
	return NULL;
}

unsigned name_parse(
	const char *text, size_t len, uint8_t out[static NAME_LEN_MAX], const char **why)
{
	struct writer w = {.out = out, .at = 1};
	bool is_root = len == 1 && text[0] == '.';

	*why = len == 0 ? "the name is empty (the root is written \".\")" : NULL;
	for (size_t i = 0; i < len && !*why && !is_root;) {
		bool is_dot = text[i] == '.';
		uint8_t byte = 0;
		size_t taken = is_dot ? 1 : parse_byte(text + i, len - i, &byte);

		if (taken == 0)
			*why = "a backslash is followed by a character or three digits up to 255";
		else
			*why = is_dot ? end_label(&w) : put_byte(&w, byte);
		i += taken;
	}
	if (!*why && w.at > w.label + 1) // no final dot
		*why = end_label(&w);
	if (*why)
		return 0;
	out[w.label] = 0;
	return w.label + 1;
}
