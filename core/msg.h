// SPDX-License-Identifier: BSD-3-Clause
// DNS messages (RFC 1035, 4.1; EDNS: RFC 6891), read in place. Nothing is copied, nothing is owned: a struct msg
// points into the bytes it was parsed from.
//
// There is one parser for queries and one for replies, and what was parsed is what is sent on: bytes
// after the last counted record never travel.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/name.h"

enum {
	MSG_HEADER_LEN = 12,
	MSG_QUESTION_LEN_MAX = NAME_LEN_MAX + 4,
	MSG_OPT_LEN = 11,   // an OPT record without options
	MSG_SIZE_MIN = 512, // what a client without EDNS takes (RFC 1035, 2.3.4)
	MSG_SIZE_MAX =
		1232, // what we send and ask for at most over UDP (RFC 9715; DNS Flag Day 2020)
};

enum msg_flag { // of the header's second word, as an integer of the host
	MSG_QR = 0x8000,
	MSG_OPCODE = 0x7800,
	MSG_AA = 0x0400,
	MSG_TC = 0x0200,
	MSG_RD = 0x0100,
	MSG_RA = 0x0080,
	MSG_Z = 0x0040,
	MSG_AD = 0x0020,
	MSG_CD = 0x0010,
	MSG_RCODE = 0x000f,
};

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16, // needs an OPT for its upper bits
};

enum msg_type {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_HINFO = 13,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_SIG = 24,
	TYPE_AAAA = 28,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_TSIG = 250,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_ANY = 255,
};

enum ede { // extended errors (RFC 8914, 4)
	EDE_OTHER = 0,
	EDE_FORGED_ANSWER = 4,
	EDE_BLOCKED = 15,
	EDE_PROHIBITED = 18,
	EDE_NOT_SUPPORTED = 21,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
};

enum msg_class { CLASS_IN = 1 };

struct msg_header {
	be16_t id;
	be16_t flags;
	be16_t question_count;
	be16_t answer_count;
	be16_t authority_count;
	be16_t additional_count;
};
static_assert(sizeof(struct msg_header) == MSG_HEADER_LEN, "RFC 1035, 4.1.1");

// What an OPT record said (RFC 6891, 6.1.3).
struct msg_edns {
	bool is_present;
	bool is_do; // DNSSEC OK
	uint8_t version;
	uint8_t rcode_high;   // upper 8 bits of the extended RCODE
	uint16_t size;        // the UDP payload size, as sent
	uint16_t options_len; // behind the record's fixed part
};

struct msg {
	const uint8_t *bytes;
	uint16_t len; // up to the end of the last counted record
	uint16_t id;
	uint16_t flags; // enum msg_flag
	uint16_t type;  // of the question
	uint16_t class;
	uint8_t name_len; // of the question's name, which begins after the header; 0: there is no question
	bool has_cname; // a CNAME record is among the answers
	bool is_signed; // the last record is TSIG or SIG(0): only the ID may change (RFC 8945, 5.5)
	uint16_t opt_off;    // where the OPT record begins; 0: there is none
	uint16_t before_opt; // additional records before it
	struct msg_edns edns;
};

// What a parser found.
enum msg_verdict {
	MSG_OK,
	MSG_SHORT, // under 12 bytes: there is nobody to answer
	MSG_IS_REPLY, // a query was expected, and QR is set: never answered (RFC 1035; loops of errors)
	MSG_NOT_IMPLEMENTED, // an opcode other than QUERY
	MSG_MALFORMED,
	MSG_BAD_VERSION, // EDNS version other than 0 (RFC 6891, 6.1.3)
};

// Of the header's question count: the name just after the header.
static inline const uint8_t *msg_name(const struct msg *msg)
{
	return msg->bytes + MSG_HEADER_LEN;
}

static inline uint16_t msg_question_len(const struct msg *msg)
{
	return msg->name_len ? (uint16_t)(msg->name_len + 4) : 0;
}

// Reads a client's query. From MSG_NOT_IMPLEMENTED on, id and flags are set; the question is set as far
// as it could be read (name_len 0: it couldn't).
[[nodiscard]] enum msg_verdict msg_parse_query(struct msg *msg, const uint8_t *bytes, uint16_t len);

// Reads the header and the question of what claims to be a reply, as needed to find the query it
// answers: MSG_OK also without question (name_len 0); the records are not looked at.
[[nodiscard]] enum msg_verdict msg_parse_reply(struct msg *msg, const uint8_t *bytes, uint16_t len);

// Walks all records of a reply, once, before anything of it is used: names, lengths, counts, one OPT at most, at the
// root, in the additional section. False: malformed. Sets len, opt_off, before_opt, edns and is_signed.
[[nodiscard]] bool msg_walk_reply(struct msg *msg, uint16_t len);

// Writes an OPT record to `out`, in front of `options_len` bytes of options that are there already, and gives its length with
// these (RFC 6891, 6.1.2).
unsigned msg_build_opt(uint8_t out[static MSG_OPT_LEN], uint16_t size, uint8_t rcode_high,
	bool is_do, uint16_t options_len);

// Appends an extended error to the OPT record at `opt`, which is without options and has `room` bytes after it. Gives
// the option's length, 0 if there is no room (RFC 8914, 2).
unsigned msg_build_ede(uint8_t *opt, size_t room, uint16_t code, const char *text);
