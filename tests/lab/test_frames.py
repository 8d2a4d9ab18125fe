# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet, IP and UDP: nobody below checks them for us."""

import struct

import dns.message
import dns.rcode
import pytest

import frames
from harness import CLIENT, INBOUND, OUTBOUND, PATIENCE, header, question, udp_socket

pytestmark = pytest.mark.frames

PORT = 40001
QUERY = dns.message.make_query("www.contoso.lab.", "A")
ROOT_QUERY = header() + question(b"\0")


def assert_one_exit(lab, frame, name):
    counted = lab.count(lambda: silent(lab, frame))
    assert counted.exits == {name: 1}, counted


def silent(lab, frame, port=PORT):
    assert lab.is_silent_about_frame(frame, port)


def answer_to(lab, wire, frame, port=PORT):
    wire.send(frame)
    return wire.datagram_to(port)


def test_A01_wrong_ip_checksum_is_dropped_and_counted(lab):
    frame = lab.query_frame(QUERY.to_wire(), PORT, check=0xBEEF)
    assert_one_exit(lab, frame, "rx_bad_ip_csum")


def test_A02_wrong_udp_checksum_of_a_client_is_dropped_and_counted(lab):
    datagram = frames.udp(CLIENT, INBOUND, PORT, 53, QUERY.to_wire(), check=0xBEEF)
    assert_one_exit(lab, lab.frame(datagram), "rx_bad_udp_csum")


def test_A02_wrong_udp_checksum_of_an_upstream_does_not_end_the_wait(lab, script, upstream_wire):
    upstream_mac = lab.link("upstream", "u0")["address"]
    host_mac = lab.link("host", "h1")["address"]
    query = dns.message.make_query("sum.script.lab.", "A")

    def ask():
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(query.to_wire(), (INBOUND, 53))
            wire, (address, port) = script.take()
            lie = script.reply_to(wire, "192.0.2.66")
            datagram = frames.udp("10.54.0.1", address, 5300, port, lie, check=0xBEEF)
            packet = frames.ipv4("10.54.0.1", address, datagram)
            upstream_wire.send(frames.ethernet(upstream_mac, host_mac, packet))
            script.sock.sendto(script.reply_to(wire, "192.0.2.99"), (address, port))
            reply = dns.message.from_wire(sock.recvfrom(65535)[0])
        assert reply.answer[0][0].to_text() == "192.0.2.99"

    counted = lab.count(ask)
    assert counted.accepted == 1
    assert sum(counted.refused.values()) + counted.exits.get("rx_bad_udp_csum", 0) == 1, counted


@pytest.fixture
def offloading_peers(lab):
    """Both peers leave checksums to their devices, as they do by default."""
    for where, interface in (("client", "c0"), ("upstream", "u0")):
        lab.command(where, "ethtool", "-K", interface, "tx", "on", check=True)
    yield
    for where, interface in (("client", "c0"), ("upstream", "u0")):
        lab.command(where, "ethtool", "-K", interface, "tx", "off", check=True)


def first_sent(wire, target_port):
    for frame in wire.frames(outgoing=True):
        if frames.Datagram.is_one(frame) and frames.Datagram(frame).target_port == target_port:
            return frames.Datagram(frame)
    return None


def test_A02_begun_checksums_of_peers_on_this_host_are_recognised(
        lab, offloading_peers, client_wire, upstream_wire):
    counted = lab.count(lambda: lab.addresses("www.contoso.lab.") == ["192.0.2.11"])
    assert counted.answered == counted.accepted == 1 and not counted.exits, counted
    query = first_sent(client_wire, 53)
    assert not query.is_udp_sum_right and query.check == query.begun_check
    reply = next(frames.Datagram(f) for f in upstream_wire.frames(outgoing=True)
                 if frames.Datagram.is_one(f) and frames.Datagram(f).source_port == 53)
    assert not reply.is_udp_sum_right and reply.check == reply.begun_check


def test_A02_any_other_wrong_checksum_of_offloading_peers_is_dropped(lab, offloading_peers):
    right = frames.udp(CLIENT, INBOUND, PORT, 53, QUERY.to_wire())
    begun = frames.begun_checksum(CLIENT, INBOUND, len(right))
    for wrong in (begun ^ 1, begun ^ 0x8000, begun ^ 0xFFFF, 0xFFFF):
        datagram = frames.udp(CLIENT, INBOUND, PORT, 53, QUERY.to_wire(), check=wrong)
        assert_one_exit(lab, lab.frame(datagram), "rx_bad_udp_csum")


def test_A03_udp_checksum_zero_is_accepted(lab, client_wire):
    datagram = frames.udp(CLIENT, INBOUND, PORT, 53, QUERY.to_wire(), check=0)
    reply = answer_to(lab, client_wire, lab.frame(datagram))
    assert dns.message.from_wire(reply.payload).rcode() == dns.rcode.NOERROR


def test_A03_our_answers_carry_right_checksums(lab, client_wire):
    reply = answer_to(lab, client_wire, lab.query_frame(QUERY.to_wire(), PORT))
    assert reply.check != 0
    assert reply.is_udp_sum_right and reply.is_ip_sum_right


def test_A03_our_queries_carry_right_checksums(lab, upstream_wire):
    lab.ask("www.contoso.lab.")
    query = next(d for d in upstream_wire.datagrams() if d.target_port == 53)
    assert query.source == OUTBOUND
    assert query.check != 0
    assert query.is_udp_sum_right and query.is_ip_sum_right


@pytest.mark.parametrize("pad", [1, 41, 200])
def test_A05_padding_is_neither_parsed_nor_echoed(lab, script, client_wire, pad):
    name = b"\x03pad\x06script\x03lab\x00"
    asked = header() + question(name)
    client_wire.send(lab.query_frame(asked, PORT) + b"\xaa" * pad)
    forwarded = script.answer()
    assert b"\xaa" not in forwarded[2:]  # behind the ID, which is random
    reply = client_wire.datagram_to(PORT)
    assert b"\xaa" not in reply.payload
    assert not any(reply.padding)


def test_A05_smallest_query_in_a_60_byte_frame_is_answered(lab, client_wire):
    frame = lab.query_frame(ROOT_QUERY, PORT)
    reply = answer_to(lab, client_wire, frame.ljust(60, b"\xaa"))
    assert reply.payload[:2] == ROOT_QUERY[:2]
    assert not any(reply.padding)


OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
PROMISED = header(ar=1) + question(b"\x03www\x07contoso\x03lab\x00")  # an OPT that does not come


def test_A05_a_record_in_the_padding_is_none(lab, client_wire):
    reply = answer_to(lab, client_wire, lab.query_frame(PROMISED, PORT) + OPT)
    assert dns.message.from_wire(reply.payload).rcode() == dns.rcode.FORMERR


def test_A06_a_record_behind_the_udp_length_is_none(lab, client_wire):
    datagram = frames.udp(CLIENT, INBOUND, PORT, 53, PROMISED)
    reply = answer_to(lab, client_wire, lab.frame(datagram + OPT))
    assert dns.message.from_wire(reply.payload).rcode() == dns.rcode.FORMERR


@pytest.mark.parametrize("length", [0, 7])
def test_A06_udp_length_below_8_is_dropped(lab, length):
    datagram = frames.udp(CLIENT, INBOUND, PORT, 53, QUERY.to_wire(), length=length, check=0)
    silent(lab, lab.frame(datagram))


def test_A06_udp_length_beyond_the_ip_payload_is_dropped(lab):
    wire = QUERY.to_wire()
    datagram = frames.udp(CLIENT, INBOUND, PORT, 53, wire, length=9 + len(wire), check=0)
    silent(lab, lab.frame(datagram))


def test_A06_bytes_behind_the_udp_length_are_not_dns(lab, script, client_wire):
    asked = header() + question(b"\x03end\x06script\x03lab\x00")
    datagram = frames.udp(CLIENT, INBOUND, PORT, 53, asked) + b"\xaa" * 20
    client_wire.send(lab.frame(datagram))
    assert b"\xaa" not in script.answer()[2:]  # behind the ID
    assert dns.message.from_wire(client_wire.datagram_to(PORT).payload).answer


@pytest.mark.parametrize("wrong", [
    {"ihl": 0}, {"ihl": 4}, {"total": 19}, {"total": 2000}, {"version": 6}, {"version": 0},
], ids=lambda wrong: "_".join(f"{key}_{value}" for key, value in wrong.items()))
def test_A07_impossible_ip_headers_are_dropped(lab, wrong):
    silent(lab, lab.query_frame(QUERY.to_wire(), PORT, **wrong))


def test_A08_ip_options_never_shift_the_dns_message(lab, client_wire):
    record_route = b"\x07\x07\x04" + bytes(4) + b"\x00"
    sentinel = 39998
    client_wire.send(lab.query_frame(QUERY.to_wire(), PORT, options=record_route))
    client_wire.send(lab.query_frame(dns.message.make_query("s.lab.", "A").to_wire(), sentinel))
    for reply in client_wire.until(sentinel):
        if reply.target_port == PORT:
            answer = dns.message.from_wire(reply.payload)
            assert answer.id == QUERY.id and answer.rcode() == dns.rcode.NOERROR


def test_A11_a_frame_to_another_mac_is_ignored(lab):
    silent(lab, lab.query_frame(QUERY.to_wire(), PORT, target_mac="02:00:00:00:00:99"))


def test_A11_a_packet_to_another_address_is_ignored(lab):
    datagram = frames.udp(CLIENT, "10.53.0.77", PORT, 53, QUERY.to_wire())
    silent(lab, lab.frame(datagram, target="10.53.0.77"))


@pytest.mark.parametrize("source", ["0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1"])
def test_A12_impossible_sources_are_dropped(lab, source, client_wire):
    datagram = frames.udp(source, INBOUND, PORT, 53, QUERY.to_wire())
    silent(lab, lab.frame(datagram, source=source))


def test_A12_our_own_inbound_address_and_port_as_source_is_dropped(lab):
    datagram = frames.udp(INBOUND, INBOUND, 53, 53, QUERY.to_wire())
    counted = lab.count(lambda: silent(lab, lab.frame(datagram, source=INBOUND), 53))
    assert counted.answered == 1, counted  # the sentinel


def test_A13_source_port_0_is_dropped(lab):
    silent(lab, lab.query_frame(QUERY.to_wire(), 0), 0)


def test_A14_the_answer_goes_to_the_mac_that_asked(lab, client_wire):
    other = "02:00:00:00:00:42"
    frame = frames.mac(lab.host_mac) + frames.mac(other) + lab.query_frame(
        QUERY.to_wire(), PORT)[12:]
    reply = answer_to(lab, client_wire, frame)
    assert reply.target_mac == frames.mac(other)


def icmp_sent_to_upstream(lab, wire, probe_port):
    """ICMP errors that a datagram to `probe_port` brings; the ping after it ends the listening."""
    with udp_socket("upstream", "10.54.0.1") as sock:
        sock.sendto(b"probe", (OUTBOUND, probe_port))
    lab.command("upstream", "ping", "-c", "1", "-W", str(PATIENCE), OUTBOUND, check=True)
    errors = 0
    for frame in wire.frames():
        if frame[12:14] == b"\x08\x00" and frame[23] == 1:
            kind = frame[14 + (frame[14] & 15) * 4]
            if kind == 0:
                return errors
            errors += 1
    return errors


def test_A17_ports_with_and_without_a_question_look_alike(lab, script, upstream_wire):
    with udp_socket("client", CLIENT) as sock:
        sock.sendto(dns.message.make_query("slow.script.lab.", "A").to_wire(), (INBOUND, 53))
        wire, (address, port) = script.take()
        idle = 20000 if port != 20000 else 20001
        assert icmp_sent_to_upstream(lab, upstream_wire, port) == 0
        assert icmp_sent_to_upstream(lab, upstream_wire, idle) == 0
        script.sock.sendto(script.reply_to(wire), (address, port))
        assert dns.message.from_wire(sock.recvfrom(65535)[0]).answer


def test_an_answer_longer_than_its_header_says_is_never_sent(lab, client_wire):
    reply = answer_to(lab, client_wire, lab.query_frame(QUERY.to_wire(), PORT))
    assert reply.length == 8 + len(reply.payload)
    assert reply.total == 20 + reply.length
    assert struct.unpack("!H", reply.payload[6:8])[0] == 1
