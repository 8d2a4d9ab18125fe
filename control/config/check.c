// SPDX-License-Identifier: BSD-3-Clause
// Checks of single values: names, domains, targets, choices. Each reports what is wrong.
#include "control/config/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/config/faults.h"
#include "control/config/text.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool check_name(struct config_faults *faults, const char *key, size_t idx, const char *name)
{
	static const char legal[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (!name) {
		faults_add(faults, -EINVAL, key, idx, "is missing: give the object a name");
		return false;
	}
	if (!is_letter(name[0]) || name[strspn(name, legal)] != '\0') {
		faults_add(faults, -EINVAL, key, idx,
			"\"%.80s\" is not a name: write a letter, then letters, digits, _ or -",
			name);
		return false;
	}
	if (strlen(name) > CHECK_NAME_LEN_MAX) {
		faults_add(faults, -EINVAL, key, idx, "%.40s... is longer than %d characters", name,
			CHECK_NAME_LEN_MAX);
		return false;
	}
	return true;
}

char *check_copy_name(struct config_faults *faults, const char *name)
{
	char *copy;

	if (!check_name(faults, "name", CONFIG_NONE, name))
		return NULL;
	copy = strdup(name);
	if (!copy)
		faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for %.80s", name);
	return copy;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

bool check_has_final_dot(const char *text, size_t len)
{
	size_t backslashes = 0;

	if (len == 0 || text[len - 1] != '.')
		return false;
	while (backslashes + 1 < len && text[len - 2 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 0;
}

// The offset in `wire` of the last label that is a single `*`, or -1.
static int find_star(const uint8_t *wire)
{
	uint8_t offsets[NAME_LABELS_MAX];
	unsigned count = name_labels(wire, offsets);

	while (count-- > 0)
		if (wire[offsets[count]] == 1 && wire[offsets[count] + 1] == '*')
			return offsets[count];
	return -1;
}

bool check_domain(struct config_faults *faults, const char *key, const char *domain)
{
	size_t len = domain ? strlen(domain) : 0;
	uint8_t wire[NAME_LEN_MAX];
	char below[NAME_TEXT_MAX];
	const char *why;
	int star;

	if (len == 0) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"is missing: give a domain such as contoso.com. or . for all names");
		return false;
	}
	if (!is_printable(domain)) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"\"%.200s\" has a space or a byte that is not ASCII: write "
			"international names as xn--..., other bytes as \\DDD",
			domain);
		return false;
	}
	if (name_parse(domain, len, wire, &why) == 0) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE, "\"%.200s\" is not a name: %s",
			domain, why);
		return false;
	}
	star = find_star(wire);
	if (star >= 0) {
		name_format(wire + star + 2, below);
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"\"%.200s\" has a * label, which rules don't use: write domain: %.200s "
			"with match: subdomains",
			domain, below);
		return false;
	}
	if (!check_has_final_dot(domain, len)) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE,
			"\"%.200s\" has no final dot: write %.200s.", domain, domain);
		return false;
	}
	return true;
}

int check_choice(struct config_faults *faults, const char *key, const char *word,
	const struct check_choice *choices)
{
	char known[200] = "";
	size_t len = 0;

	if (!word)
		return choices->value;
	for (const struct check_choice *choice = choices; choice->text; choice++) {
		if (strcmp(choice->text, word) == 0 && choice->value != CHECK_NOT_BUILT)
			return choice->value;
		if (strcmp(choice->text, word) == 0) {
			faults_add(faults, -EOPNOTSUPP, key, CONFIG_NONE,
				"%s: not built yet in this version", word);
			return -1;
		}
		if (choice->value != CHECK_NOT_BUILT && len < sizeof(known))
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
				len ? " or " : "", choice->text);
	}
	faults_add(faults, -EINVAL, key, CONFIG_NONE, "\"%.80s\" is not one of its words: write %s",
		word, known);
	return -1;
}

bool check_number(struct config_faults *faults, const char *key, const char *text, uint32_t min,
	uint32_t max, uint32_t *number)
{
	uint64_t sum = 0;
	bool is_number = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';

	for (const char *at = text; is_number && *at && sum <= max; at++)
		sum = sum * 10 + (uint64_t)(*at - '0');
	if (is_number && sum >= min && sum <= max) {
		*number = (uint32_t)sum;
		return true;
	}
	faults_add(faults, -EINVAL, key, CONFIG_NONE,
		"\"%.80s\" is no number here: give a whole one from %u to %u", text, min, max);
	return false;
}

bool check_unicast(struct config_faults *faults, const char *key, size_t idx, const char *text,
	const struct ip *ip)
{
	static const struct ip zero;
	bool is_v4 = ip_is_v4(ip);
	const uint8_t *v4 = ip->b + 12;
	bool is_group = is_v4 ? v4[0] >= 224 && v4[0] < 240 : ip->b[0] == 0xff;
	bool is_broadcast = is_v4 && memcmp(v4, "\xff\xff\xff\xff", 4) == 0;
	bool is_unspecified = is_v4 ? v4[0] == 0 : ip_equal(ip, &zero);

	if (!is_group && !is_broadcast && !is_unspecified)
		return true;
	faults_add(faults, -EINVAL, key, idx,
		"%s is not one host's address: write a unicast address", text);
	return false;
}

static bool parse_target(struct config_faults *faults, const char *key, size_t idx,
	const char *text, struct endpoint *out)
{
	const char *why;

	if (text_parse_endpoint(text, out, &why)) {
		faults_add(faults, -EINVAL, key, idx,
			"\"%.80s\" %s; a target is ADDR, ADDR:PORT or [ADDR]:PORT", text, why);
		return false;
	}
	return check_unicast(faults, key, idx, text, &out->ip);
}

bool check_addresses(struct config_faults *faults, const char *key, const char *const *texts,
	size_t count, struct ip *out)
{
	size_t before = faults->count;
	const char *why;

	if (count == 0 || count > CONFIG_ADDRESSES_MAX) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE, "%zu given: give 1 to %d", count,
			CONFIG_ADDRESSES_MAX);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (text_parse_ip(texts[i], &out[i], &why))
			faults_add(faults, -EINVAL, key, i, "\"%.80s\" %s", texts[i], why);
		for (size_t j = 0; j < i && faults->count == before; j++)
			if (ip_equal(&out[i], &out[j]))
				faults_add(faults, -EINVAL, key, i, "%s is given twice: remove one",
					texts[i]);
	}
	return faults->count == before;
}

static bool is_repeated(const struct endpoint *targets, size_t idx)
{
	for (size_t i = 0; i < idx; i++)
		if (endpoint_equal(&targets[i], &targets[idx]))
			return true;
	return false;
}

bool check_targets(struct config_faults *faults, const char *key, const char *const *texts,
	size_t count, struct endpoint *out)
{
	size_t before = faults->count;

	if (count == 0 || count > CONFIG_TARGETS_MAX) {
		faults_add(faults, -EINVAL, key, CONFIG_NONE, "%zu given: give 1 to %d", count,
			CONFIG_TARGETS_MAX);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct endpoint){0};
		if (parse_target(faults, key, i, texts[i], &out[i]) && is_repeated(out, i))
			faults_add(
				faults, -EINVAL, key, i, "%s is given twice: remove one", texts[i]);
	}
	return faults->count == before;
}
