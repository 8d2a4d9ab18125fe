# SPDX-License-Identifier: BSD-3-Clause
"""Headers and questions of clients: what is answered, what is refused, what stays silent."""

import struct

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from harness import CLIENT, INBOUND, fold, header, question, question_end, rcode, udp_socket

WWW = b"\x03www\x07contoso\x03lab\x00"
SCRIPT_LAB = b"\x06script\x03lab\x00"

FORMERR, NOTIMP, REFUSED = 1, 4, 5


def answer_through(script, payload):
    """Ask, let the scripted upstream answer, and return (what it was asked, the answer)."""
    with udp_socket("client", CLIENT) as sock:
        sock.sendto(payload, (INBOUND, 53))
        asked = script.answer()
        return asked, sock.recvfrom(65535)[0]


def assert_nothing_was_forwarded(lab, script):
    """The next question that reaches the scripted upstream is the one asked now."""
    with udp_socket("client", CLIENT) as sock:
        sock.sendto(header() + question(b"\x05after" + SCRIPT_LAB), (INBOUND, 53))
        assert fold(script.answer()[12:18]) == b"\x05after"
        sock.recvfrom(65535)


@pytest.mark.parametrize("length", [0, 1, 2, 11])
def test_B01_less_than_a_header_stays_without_reply(lab, length):
    payload = (header() + question(WWW))[:length]
    counted = lab.count(lambda: silent(lab, payload))
    assert sum(counted.exits.values()) == 1, counted


def silent(lab, payload):
    assert lab.is_silent_about(payload)


def test_B02_an_answer_to_the_service_port_stays_without_reply(lab):
    counted = lab.count(lambda: silent(lab, header(flags=0x8180) + question(WWW)))
    assert sum(counted.exits.values()) == 1, counted


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 15])
def test_B03_other_opcodes_are_not_implemented(lab, script, opcode):
    asked = header(ident=0x1234, flags=0x0100 | opcode << 11) + question(b"\x01x" + SCRIPT_LAB)
    reply = lab.exchange_bytes(asked)
    ident, flags = struct.unpack("!HH", reply[:4])
    assert ident == 0x1234
    assert flags & 0x8000
    assert flags >> 11 & 15 == opcode
    assert flags & 0x0100
    assert rcode(reply) == NOTIMP
    assert_nothing_was_forwarded(lab, script)


def test_B05_two_questions_formerr(lab, script):
    name = b"\x03two" + SCRIPT_LAB
    reply = lab.exchange_bytes(header(qd=2) + question(name) + question(name))
    assert rcode(reply) == FORMERR
    assert_nothing_was_forwarded(lab, script)


def test_B07_flags_that_mean_nothing_in_a_query_change_nothing(lab):
    aa, ra, z, code = 0x0400, 0x0080, 0x0040, 5
    reply = lab.exchange_bytes(header(flags=0x0100 | aa | ra | z | code) + question(WWW))
    assert rcode(reply) == 0
    assert dns.message.from_wire(reply).answer
    assert not reply[3] & 0x40


@pytest.mark.parametrize("ident", [0, 1, 0x1234, 0xFFFF])
def test_B09_the_reply_has_the_clients_id_opcode_and_rd(lab, ident):
    reply = lab.exchange_bytes(header(ident=ident) + question(WWW))
    got, flags = struct.unpack("!HH", reply[:4])
    assert got == ident
    assert flags & 0x8000 and flags & 0x0080 and flags & 0x0100
    assert flags >> 11 & 15 == 0


def test_B09_a_query_without_rd_is_refused_with_rd_clear(lab):
    reply = lab.exchange_bytes(header(flags=0) + question(WWW))
    assert rcode(reply) == REFUSED
    assert not reply[2] & 1


def test_B10_cd_goes_upstream_and_comes_back(lab, script):
    asked, reply = answer_through(script, header(flags=0x0110) + question(b"\x02cd" + SCRIPT_LAB))
    assert asked[3] & 0x10
    assert reply[3] & 0x10


def test_B10_no_cd_goes_upstream_without(lab, script):
    asked, reply = answer_through(script, header() + question(b"\x04nocd" + SCRIPT_LAB))
    assert not asked[3] & 0x10
    assert not reply[3] & 0x10


def test_B11_ad_goes_upstream(lab, script):
    asked, _ = answer_through(script, header(flags=0x0120) + question(b"\x02ad" + SCRIPT_LAB))
    assert asked[3] & 0x20


@pytest.mark.parametrize("wanted", [True, False], ids=["do_set", "do_clear"])
def test_B11_do_goes_upstream_as_the_client_set_it_and_comes_back(lab, script, wanted):
    query = dns.message.make_query("do.script.lab.", "A", use_edns=0, want_dnssec=wanted,
                                   payload=1232)
    with udp_socket("client", CLIENT) as sock:
        sock.sendto(query.to_wire(), (INBOUND, 53))
        wire, peer = script.take()
        asked = dns.message.from_wire(wire)
        answer = dns.message.from_wire(script.reply_to(wire))
        answer.use_edns(0, asked.ednsflags, 1232)
        script.sock.sendto(answer.to_wire(), peer)
        reply = dns.message.from_wire(sock.recvfrom(65535)[0])
    assert asked.edns == 0
    assert bool(asked.ednsflags & dns.flags.DO) == wanted
    assert reply.edns == 0
    assert bool(reply.ednsflags & dns.flags.DO) == wanted


@pytest.mark.parametrize("name", [
    b"\xc0\x0c", b"\xc0\x00", b"\xc0\x20", b"\x03www\xc0\x0c", b"\x03www\xc0\x00",
    b"\x03www\xc0\x14",
], ids=["self", "header", "forward", "label_self", "label_header", "label_forward"])
def test_B13_a_pointer_in_the_question_formerr(lab, name):
    assert rcode(lab.exchange_bytes(header() + question(name) + bytes(20))) == FORMERR


@pytest.mark.parametrize("label", [64, 65, 127, 128, 191])
def test_B14_labels_over_63_bytes_formerr(lab, label):
    name = bytes([label]) + b"a" * label + b"\x03lab\x00"
    assert rcode(lab.exchange_bytes(header() + question(name))) == FORMERR


def name_of_length(length):
    """A name of that many bytes in wire form, its last label lab."""
    rest = length - 5
    labels = b""
    while rest:
        size = min(63, rest - 1)
        if rest - 1 - size == 1:
            size -= 1
        labels += bytes([size]) + b"a" * size
        rest -= 1 + size
    return labels + b"\x03lab\x00"


def test_B14_names_of_255_bytes_are_answered(lab):
    name = name_of_length(255)
    assert len(name) == 255
    assert rcode(lab.exchange_bytes(header() + question(name))) == 0


@pytest.mark.parametrize("length", [256, 257, 300, 500])
def test_B14_names_over_255_bytes_formerr(lab, length):
    name = name_of_length(length)
    assert len(name) == length
    assert rcode(lab.exchange_bytes(header() + question(name))) == FORMERR


WHOLE = header() + question(WWW)


@pytest.mark.parametrize("length", [12, 13, 16, 28, 29, 30, 31, 32], ids=str)
def test_B15_a_question_cut_short_formerr(lab, length):
    assert length < len(WHOLE)
    assert rcode(lab.exchange_bytes(WHOLE[:length])) == FORMERR


def test_B16_an_additional_record_without_bytes_formerr(lab):
    assert rcode(lab.exchange_bytes(header(ar=1) + question(WWW))) == FORMERR


def test_B16_a_record_longer_than_the_message_formerr(lab):
    opt = b"\x00" + struct.pack("!HHIH", 41, 1232, 0, 100)
    assert rcode(lab.exchange_bytes(header(ar=1) + question(WWW) + opt)) == FORMERR


def test_B16_65535_additional_records_formerr(lab):
    opt = b"\x00" + struct.pack("!HHIH", 41, 1232, 0, 0)
    assert rcode(lab.exchange_bytes(header(ar=65535) + question(WWW) + opt)) == FORMERR


@pytest.mark.parametrize("label", [b"\x00", b"\xff", b" ", b".", b"@", b"\x00\xff .@", b"\\"],
                         ids=lambda label: label.hex())
def test_B19_labels_of_any_bytes_are_forwarded_as_they_are(lab, script, label):
    name = bytes([len(label)]) + label + SCRIPT_LAB
    asked, reply = answer_through(script, header() + question(name))
    assert fold(asked[12:question_end(asked)]) == question(name)
    assert reply[12:question_end(reply)] == question(name)


@pytest.mark.parametrize("rdtype", ["NS", "ANY", "A"])
def test_B20_the_root_is_answered_by_the_rule_for_the_root(lab, rdtype):
    before = lab.rule_queries("everything")
    answer = lab.ask(".", rdtype)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.answer
    assert lab.rule_queries("everything") == before + 1


@pytest.mark.parametrize("rdtype", [0, 10, 253, 254, 255, 256, 65280, 65535])
def test_B21_any_type_is_forwarded(lab, script, rdtype):
    asked, reply = answer_through(
        script, header() + question(b"\x04type" + SCRIPT_LAB, rdtype))
    assert asked[question_end(asked) - 4:question_end(asked)] == struct.pack("!HH", rdtype, 1)
    assert rcode(reply) == 0


@pytest.mark.parametrize("rdtype", [251, 252], ids=["ixfr", "axfr"])
def test_B21_zone_transfers_are_refused(lab, script, rdtype):
    reply = lab.exchange_bytes(header() + question(b"\x03xfr" + SCRIPT_LAB, rdtype))
    assert rcode(reply) == REFUSED
    assert_nothing_was_forwarded(lab, script)


@pytest.mark.parametrize("rdclass", [0, 2, 3, 4, 254, 255, 65280])
def test_B22_classes_other_than_IN_are_refused(lab, script, rdclass):
    reply = lab.exchange_bytes(header() + question(b"\x05class" + SCRIPT_LAB, 16, rdclass))
    assert rcode(reply) == REFUSED
    assert_nothing_was_forwarded(lab, script)


@pytest.mark.parametrize("name", [b"\x05mIxEd\x03LAB\x00", b"\x03WWW\x05MIXED\x03lab\x00"],
                         ids=["itself", "below"])
def test_B24_case_does_not_choose_the_rule_and_comes_back_as_asked(lab, name):
    reply = lab.exchange_bytes(header() + question(name))
    assert reply[12:question_end(reply)] == question(name)
    assert dns.message.from_wire(reply).answer[0][0].to_text() == "192.0.2.14"


@pytest.mark.parametrize("label, expected", [
    (b"\xc1", "192.0.2.17"), (b"\xe1", "192.0.2.13"),
    (b"[", "192.0.2.18"), (b"{", "192.0.2.13"),
    (b"@", "192.0.2.19"), (b"`", "192.0.2.13"),
], ids=["c1", "e1", "5b", "7b", "40", "60"])
def test_B25_only_letters_fold(lab, label, expected):
    reply = lab.exchange_bytes(header() + question(b"\x01" + label + b"\x04FOLD\x03lab\x00"))
    assert dns.message.from_wire(reply).answer[0][0].to_text() == expected


def test_A14_the_answer_comes_from_the_address_and_port_that_was_asked(lab):
    for port in (53, 5353):
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(WHOLE, (INBOUND, port))
            reply, peer = sock.recvfrom(65535)
        assert peer == (INBOUND, port)
        assert reply[:2] == WHOLE[:2]
