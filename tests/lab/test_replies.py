# SPDX-License-Identifier: BSD-3-Clause
"""Replies that lie, that can't be read, or that are odd but right: one test a way to be wrong."""

import os
import struct

import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest

from harness import CLIENT, INBOUND, Script, header, question, question_end, udp_socket
from upstream import LIE, after, answer, each_of, saying


def head(query, flags=0x8180, counts=(1, 0, 0, 0)):
    return query[:2] + struct.pack("!HHHHH", flags, *counts)


def asked(query):
    return query[12:question_end(query)]


def record(rdtype, data, *, owner=b"\xc0\x0c", rdclass=1, ttl=60, length=None):
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl,
                               len(data) if length is None else length) + data


def with_counts(query, counts, *records, flags=0x8180):
    return head(query, flags, counts) + asked(query) + b"".join(records)


ADDRESS = b"\xc0\0\2\x42"
OPT = record(41, b"", owner=b"\0", rdclass=1232, ttl=0)


def flagged(query, flags):
    return head(query, flags, (1, 1, 0, 0)) + asked(query) + record(1, ADDRESS)


def renamed(query):
    end = question_end(query)
    return head(query, counts=(1, 1, 0, 0)) + b"\1x" + query[12:end] + record(1, ADDRESS)


def retyped(query, rdtype, rdclass):
    end = question_end(query)
    return (head(query, counts=(1, 1, 0, 0)) + query[12:end - 4]
            + struct.pack("!HH", rdtype, rdclass) + record(1, ADDRESS))


# What comes before the right answer, and by which exit it leaves.
WRONG = {
    "empty": (lambda query: b"", "upstream_bad_header"),
    "eleven_bytes": (lambda query: head(query)[:11], "upstream_bad_header"),
    "no_reply": (lambda query: flagged(query, 0x0180), "upstream_bad_header"),
    "opcode": (lambda query: flagged(query, 0x8980), "upstream_bad_header"),
    "two_questions": (lambda query: head(query, counts=(2, 0, 0, 0)) + 2 * asked(query),
                      "upstream_bad_header"),
    "cut_question": (lambda query: head(query) + asked(query)[:-3], "upstream_bad_header"),
    "other_name": (renamed, "upstream_bad_question"),
    "other_type": (lambda query: retyped(query, 28, 1), "upstream_bad_question"),
    "other_class": (lambda query: retyped(query, 1, 3), "upstream_bad_question"),
    "no_question": (lambda query: head(query, counts=(0, 0, 0, 0)), "upstream_bad_question"),
    "no_question_nxdomain": (lambda query: head(query, 0x8183, (0, 0, 0, 0)),
                             "upstream_bad_question"),
    "pointer_to_itself": (
        lambda query: with_counts(query, (1, 1, 0, 0), record(
            1, ADDRESS, owner=struct.pack("!H", 0xc000 | question_end(query)))),
        "upstream_malformed"),
    "pointer_ahead": (
        lambda query: with_counts(query, (1, 1, 0, 0), record(1, ADDRESS, owner=b"\xff\xff")),
        "upstream_malformed"),
    "rdlength": (
        lambda query: with_counts(query, (1, 1, 0, 0), record(1, ADDRESS, length=5)),
        "upstream_malformed"),
    "answer_count": (
        lambda query: with_counts(query, (1, 65535, 0, 0), record(1, ADDRESS)),
        "upstream_malformed"),
    "two_opts": (lambda query: with_counts(query, (1, 0, 0, 2), OPT, OPT), "upstream_malformed"),
    "opt_in_answer": (lambda query: with_counts(query, (1, 1, 0, 0), OPT), "upstream_malformed"),
    "opt_below_root": (
        lambda query: with_counts(query, (1, 0, 0, 1), record(41, b"", rdclass=1232, ttl=0)),
        "upstream_malformed"),
    "option_past_its_record": (
        lambda query: with_counts(query, (1, 0, 0, 1), record(
            41, b"\0\3\0\x09me", owner=b"\0", rdclass=1232, ttl=0)),
        "upstream_malformed"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_C01_C02_C05_C15_C17_X10_X12_X13_what_is_wrong_is_counted_and_waited_on(
        lab, targets, wrong):
    make, refusal = WRONG[wrong]
    targets.serve(each_of(saying(make), after(0.1, answer)))
    counted = lab.count(lambda: expect(lab, "192.0.2.1"))
    assert counted.refused == {refusal: 1}
    assert counted.accepted == 1


def expect(lab, address):
    assert lab.addresses("a.targets.lab.") == [address]


def test_X12_random_bytes_are_waited_on(lab, targets):
    junk = [saying(lambda query: os.urandom(200)) for _ in range(20)]
    targets.serve(each_of(*junk, after(0.1, answer)))
    counted = lab.count(lambda: expect(lab, "192.0.2.1"))
    assert sum(counted.refused.values()) == 20


@pytest.mark.ports("xdp")
@pytest.mark.parametrize("wrong", ["other_name", "rdlength", "two_opts"])
def test_C12_C15_only_wrong_replies_end_in_SERVFAIL_after_three_sends(lab, targets, wrong):
    first, second = targets.serve(saying(WRONG[wrong][0]), saying(WRONG[wrong][0]))
    reply = lab.ask("a.targets.lab.")
    assert reply.rcode() == dns.rcode.SERVFAIL and not reply.answer
    assert 1 < len(first.asked) <= 3 and 1 < len(second.asked) <= 3


@pytest.mark.parametrize("wrong", ["rdlength", "two_opts", "pointer_to_itself"])
def test_C15_a_reply_that_can_not_be_read_has_the_next_asked(lab, targets, wrong):
    targets.serve(saying(WRONG[wrong][0]), answer)
    expect(lab, "192.0.2.2")


@pytest.mark.parametrize("code", [16, 23, 4095])
def test_C11_X17_extended_codes_pass_to_who_speaks_EDNS(lab, targets, code):
    def extended(query):
        opt = record(41, b"", owner=b"\0", rdclass=1232, ttl=code >> 4 << 24)
        return with_counts(query, (1, 0, 0, 1), opt, flags=0x8180 | code & 15)

    _, second = targets.serve(saying(extended), answer)
    assert lab.ask("a.targets.lab.", use_edns=0).rcode() == code
    assert not second.asked


def test_C14_bytes_of_an_unknown_type_stay_as_they_are(lab, targets):
    data = b"\xc0\x0c\xc0\x0c\0\xff\x3f" * 5
    targets.serve(saying(lambda query: with_counts(query, (1, 1, 0, 0), record(65280, data))))
    query = header() + question(b"\1a\7targets\3lab\0", 65280)
    assert lab.exchange_bytes(query).endswith(record(65280, data))


def answer_of(length):
    """TXT records, and the reply as long as that."""
    def make(query):
        rest = length - question_end(query) - 12
        return with_counts(query, (1, 1, 0, 0), record(16, b"\1x" * (rest // 2) + b"\0" * (rest % 2)))
    return make


@pytest.mark.parametrize("length", [512, 513, 1232, 1233, 1472])
def test_C18_C20_X14_an_answer_beyond_what_the_client_takes_is_cut(lab, targets, length):
    targets.serve(saying(answer_of(length)))
    for size in (0, 512, 1232, 4096):
        options = {"use_edns": 0, "payload": size} if size else {}
        query = dns.message.make_query("a.targets.lab.", "TXT", **options)
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(query.to_wire(), (INBOUND, 53))
            wire = sock.recv(65535)
        limit = min(max(size, 512), 1232)
        reply = dns.message.from_wire(wire)
        is_cut = length + (11 if size else 0) > limit
        assert bool(reply.flags & dns.flags.TC) == is_cut
        assert len(wire) <= limit and bool(reply.answer) != is_cut
        assert reply.question[0].name == dns.name.from_text("a.targets.lab.")


def test_C06_C02_the_lie_behind_the_answer_reaches_nobody(lab, targets):
    targets.serve(each_of(answer, saying(lambda query: Script.reply_to(query, LIE))))
    counted = lab.count(lambda: expect(lab, "192.0.2.1"))
    assert (counted.answered, counted.accepted, counted.replies) == (1, 1, 2)
