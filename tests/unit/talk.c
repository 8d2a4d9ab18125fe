// SPDX-License-Identifier: BSD-3-Clause
// A client and name servers who speak in text.
#include "tests/unit/talk.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "core/answer.h"
#include "dataplane/path/path.h"
#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

#define CLIENT "10.53.0.1"

// The question that was asked last: an answer brings it back, byte for byte.
static struct {
	uint8_t bytes[512];
	unsigned end;
} asked;

static int compile(const char *yaml, uint64_t generation)
{
	struct config *config = configs_load(yaml);
	struct config_changes changes = {0};
	struct compile_result result;

	if (!config)
		fail_msg("%s", configs_errors);
	config_free(config);
	config = configs_reload(NULL, yaml, &changes);
	if (compile_image(config, generation, &result))
		fail_msg("%s", result.error);
	changes_fini(&changes);
	config_free(config);
	return result.fd;
}

// A frame that is none: after its turn nobody uses the image before.
static void turn(struct lane *lane)
{
	lane_give(lane, LANE_CLIENTS, (const uint8_t *)"", 1);
}

void talk_switch(struct lane *lane, const char *yaml)
{
	struct snapshot *before = lane_switch_to(lane, compile(yaml, lane->generation + 1));

	turn(lane);
	snapshot_close(before);
}

struct lane *talk_new(const char *yaml)
{
	struct lane *lane = lane_new(&(struct image_rule_text){.domain = "."}, 1);

	talk_switch(lane, yaml);
	return lane;
}

static unsigned put_question(
	uint8_t *message, const char *name, uint16_t type, uint16_t flags, bool has_opt)
{
	const uint8_t header[12] = {
		0x12, 0x34, (uint8_t)(flags >> 8), (uint8_t)flags, 0, 1, [11] = has_opt};
	const uint8_t rest[] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1};
	const char *why;
	unsigned len;

	memcpy(message, header, 12);
	len = 12 + name_parse(name, strlen(name), message + 12, &why);
	assert_int_not_equal(len, 12);
	memcpy(message + len, rest, sizeof(rest));
	return len + 4;
}

void talk_ask(struct lane *lane, const char *name, uint16_t type, uint16_t flags, uint16_t size)
{
	uint8_t query[512];
	unsigned len = put_question(query, name, type, flags, size > 0);

	asked.end = len;
	memcpy(asked.bytes, query, len);

	if (size > 0)
		len += msg_build_opt(query + len, size, 0, false, 0);
	lane_give_datagram(lane, LANE_CLIENTS,
		&(struct lane_datagram){CLIENT, IMAGES_INBOUND, 4242, 53, query, (uint16_t)len});
}

// Reads a name of the message into text; gives where it ends.
static unsigned read_name(const uint8_t *message, unsigned at, char *text)
{
	uint8_t wire[NAME_LEN_MAX];
	unsigned len = 0, end = 0;

	for (unsigned off = at;; off += 1u + message[off]) {
		while (message[off] >= 0xc0) {
			end = end ? end : off + 2;
			off = (message[off] & 0x3fu) << 8 | message[off + 1];
		}
		memcpy(wire + len, message + off, 1u + message[off]);
		len += 1u + message[off];
		if (message[off] == 0) {
			name_format(wire, text);
			return end ? end : off + 1;
		}
	}
}

// One record as text; gives where it ends.
static unsigned read_record(const uint8_t *message, unsigned at, char *text, size_t size)
{
	char owner[NAME_TEXT_MAX], data[NAME_TEXT_MAX] = "";
	unsigned end = read_name(message, at, owner), type, len;
	const uint8_t *r = message + end;

	type = (unsigned)(r[0] << 8 | r[1]);
	len = (unsigned)(r[8] << 8 | r[9]);
	if (type == TYPE_A)
		inet_ntop(AF_INET, r + 10, data, sizeof(data));
	else if (type == TYPE_CNAME || type == TYPE_PTR || type == TYPE_SOA)
		read_name(message, end + 10, data);
	else if (type == TYPE_MX)
		read_name(message, end + 12, data);
	else
		snprintf(data, sizeof(data), "%u bytes", len);
	snprintf(text, size, "%s %u %u %s; ", owner,
		(unsigned)r[4] << 24 | (unsigned)r[5] << 16 | (unsigned)r[6] << 8 | r[7], type,
		data);
	return end + 10 + len;
}

static const char *answer_text(const uint8_t *answer, uint16_t len)
{
	static char text[8192];
	char name[NAME_TEXT_MAX];
	unsigned at = read_name(answer, 12, name) + 4, used;

	assert_int_equal(at, asked.end);
	assert_memory_equal(answer + 12, asked.bytes + 12, at - 12);
	used = (unsigned)snprintf(text, sizeof(text), "%u%s%s%s ", answer[3] & 15u,
		answer[2] & 4 ? " AA" : "", answer[2] & 2 ? " TC" : "",
		answer[3] & 32 ? " AD" : "");
	for (unsigned section = 3; section < 5; section++) {
		unsigned count = (unsigned)(answer[2 * section] << 8 | answer[2 * section + 1]);

		for (unsigned i = 0; i < count; i++) {
			at = read_record(answer, at, text + used, sizeof(text) - used);
			used += (unsigned)strlen(text + used);
		}
		used += (unsigned)snprintf(
			text + used, sizeof(text) - used, section == 3 ? "|" : "");
	}
	if (answer[11] == 0)
		assert_int_equal(at, len);
	return text;
}

const char *talk_answer(struct lane *lane)
{
	uint16_t len;
	const uint8_t *answer = lane_take(lane, LANE_CLIENTS, &len, NULL);

	return answer ? answer_text(answer, len) : "";
}

const char *talk(struct lane *lane, const char *name, uint16_t type)
{
	struct talk_sent sent;

	talk_ask(lane, name, type, MSG_RD, 0);
	return talk_sent(lane, &sent) ? "forwarded" : talk_answer(lane);
}

bool talk_sent(struct lane *lane, struct talk_sent *sent)
{
	struct lane_datagram datagram;
	const uint8_t *message = lane_take(lane, LANE_UPSTREAMS, &sent->len, &datagram);
	char name[NAME_TEXT_MAX];
	unsigned end;

	if (!message)
		return false;
	assert_in_range(sent->len, 12, sizeof(sent->message));
	memcpy(sent->message, message, sent->len);
	end = read_name(message, 12, name);
	for (char *at = name; *at; at++) // its case is drawn
		*at = (char)name_fold_byte((uint8_t)*at);
	snprintf(sent->to, sizeof(sent->to), "%s", datagram.to);
	snprintf(sent->text, sizeof(sent->text), "%s %u to %s", name,
		(unsigned)(message[end] << 8 | message[end + 1]), sent->to);
	sent->port = datagram.from_port;
	return true;
}

// A line's record, by libldns, into the message.
static void put_line(struct answer *answer, enum answer_section section, const char *line)
{
	ldns_rr *rr = NULL;
	uint8_t *wire = NULL;
	size_t len;
	unsigned owner_len;

	assert_int_equal(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
	assert_int_equal(ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &len), LDNS_STATUS_OK);
	owner_len = name_check(wire, len);
	answer_add(answer, section,
		&(struct answer_record){
			.owner = wire,
			.type = (uint16_t)ldns_rr_get_type(rr),
			.ttl = ldns_rr_ttl(rr),
			.data = wire + owner_len + 10,
			.data_len = (uint16_t)(len - owner_len - 10),
		});
	free(wire);
	ldns_rr_free(rr);
}

void talk_reply(
	struct lane *lane, const struct talk_sent *sent, uint16_t flags, const char *records)
{
	uint8_t message[1500];
	char lines[4096], *rest = lines, *line, name[NAME_TEXT_MAX];
	unsigned end = read_name(sent->message, 12, name) + 4;
	enum answer_section section = ANSWER_ANSWER;
	struct answer answer;

	memcpy(message, sent->message, end);
	message[2] = (uint8_t)(0x80 | flags >> 8);
	message[3] = (uint8_t)(0x80 | flags);
	answer_init(&answer, message, end, sizeof(message));
	snprintf(lines, sizeof(lines), "%s", records);
	while ((line = strsep(&rest, "\n"))) {
		if (strcmp(line, "--") == 0)
			section = ANSWER_AUTHORITY;
		else if (line[0] != '\0')
			put_line(&answer, section, line);
	}
	assert_false(answer.is_full);
	message[7] = (uint8_t)answer.counts[ANSWER_ANSWER];
	message[9] = (uint8_t)answer.counts[ANSWER_AUTHORITY];
	message[11] = 0;
	lane_give_datagram(lane, LANE_UPSTREAMS,
		&(struct lane_datagram){
			sent->to, IMAGES_OUTBOUND, 53, sent->port, message, (uint16_t)answer.at});
}
