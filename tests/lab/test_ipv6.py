# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 on either side, VLAN tags, and what the kernel keeps of both. Ids are those of the checklist."""

import json
import struct

import dns.message
import dns.rcode
import pytest

import frames
from harness import (
    CLIENT,
    CLIENT_V6,
    INBOUND,
    INBOUND_V6,
    OUTBOUND_V6,
    PATIENCE,
    Script,
    Wire,
    udp_socket,
)

QUERY = dns.message.make_query("www.six.lab.", "A")
PORT = 40000
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
SCRIPT_V6 = ("fd54::1", 5300)


def packet(payload, *, source=CLIENT_V6, port=PORT, extensions=(), check=None):
    """A query over IPv6; extensions are (kind, bytes behind the first)."""
    body = frames.udp(source, INBOUND_V6, port, 53, payload, check=check)
    kind = 17
    for kind_before, rest in reversed(extensions):
        body = bytes([kind]) + rest + body
        kind = kind_before
    return frames.ipv6(source, INBOUND_V6, body, kind=kind)


def frame(lab, payload=QUERY.to_wire(), **options):
    return frames.ethernet(lab.client_mac, lab.host_mac, packet(payload, **options),
                           frames.ETHERTYPE_IPV6)


def answer_to(wire, sent):
    wire.send(sent)
    return wire.datagram_to(PORT)


def silent(lab, sent):
    assert lab.is_silent_about_frame(sent, PORT)


# Who asks, and who is asked.

@pytest.mark.parametrize("source", [CLIENT, CLIENT_V6])
@pytest.mark.parametrize("name, address", [
    ("www.contoso.lab.", "192.0.2.11"), ("www.six.lab.", "192.0.2.17"),
])
def test_clients_and_targets_are_of_either_family(lab, source, name, address):
    assert lab.addresses(name, source=source) == [address]
    assert lab.addresses(name, "AAAA", source=source) == [f"2001:db8::{address[8:]}"]


def test_a_client_of_no_network_is_refused(lab):
    lab.command("client", "ip", "addr", "add", "fd99::1/128", "dev", "c0", "nodad", check=True)
    lab.command("host", "ip", "route", "add", "fd99::1", "via", CLIENT_V6, check=True)
    try:
        assert lab.ask("www.six.lab.", source="fd99::1").rcode() == dns.rcode.REFUSED
    finally:
        lab.command("client", "ip", "addr", "del", "fd99::1/128", "dev", "c0", check=True)
        lab.command("host", "ip", "route", "del", "fd99::1", check=True)


def test_a_silent_target_of_one_family_is_followed_by_one_of_the_other(lab):
    with udp_socket("upstream", "fd54::1", 5301):  # it says nothing
        assert lab.addresses("www.either.lab.", source=CLIENT_V6) == ["192.0.2.18"]


def test_a_target_whose_neighbour_was_forgotten_is_asked_again(lab):
    lab.command("host", "ip", "-6", "neigh", "flush", "dev", "h1")  # gives up on those kept fresh
    assert lab.addresses("again.six.lab.") == ["192.0.2.17"]


@pytest.mark.frames
def test_a_target_behind_a_gateway_of_the_link_alone_is_reached(lab):
    """As routers announce themselves: by an address that is of one link (RFC 4861, 6.1.2)."""
    link = lab.command("upstream", "ip", "-6", "-j", "addr", "show", "dev", "u0", "scope", "link",
                       check=True)
    gateway = next(info["local"] for info in json.loads(link.stdout)[0]["addr_info"]
                   if info.get("scope") == "link")
    lab.command("upstream", "ip", "addr", "add", "fd99::5/128", "dev", "lo", "nodad", check=True)
    lab.command("host", "ip", "route", "add", "fd99::/64", "via", gateway, "dev", "h1", check=True)
    script = Script(("fd99::5", 5300))
    lab.ctl("rule", "create", "far", "--ruleset", "corp", "--domain", "far.lab.", "--target",
            "[fd99::5]:5300")
    try:
        with udp_socket("client", CLIENT_V6) as sock:
            sock.sendto(dns.message.make_query("a.far.lab.", "A").to_wire(), (INBOUND_V6, 53))
            script.answer("192.0.2.55")
            answer = dns.message.from_wire(sock.recvfrom(65535)[0])
        assert answer.answer[0][0].to_text() == "192.0.2.55"
    finally:
        script.close()
        lab.ctl("rule", "delete", "far", "--ruleset", "corp")
        lab.command("host", "ip", "route", "del", "fd99::/64", check=True)
        lab.command("upstream", "ip", "addr", "del", "fd99::5/128", "dev", "lo", check=True)


def test_rule_test_knows_clients_over_ipv6(lab):
    found = lab.ctl_json("rule", "test", "www.six.lab.", "--client", CLIENT_V6)
    assert (found["network"], found["winner"]["name"]) == ("hub", "six")
    assert [target["address"] for target in found["targets"]] == ["fd54::17"]


@pytest.mark.parametrize("source", [CLIENT, CLIENT_V6])
def test_answers_of_any_length_cross_the_families(lab, source):
    text = "x" * 250
    script = Script(SCRIPT_V6)
    try:
        with udp_socket("client", source) as sock:
            query = dns.message.make_query("long.script6.lab.", "TXT", use_edns=0, payload=1232)
            sock.sendto(query.to_wire(), (INBOUND_V6 if ":" in source else INBOUND, 53))
            wire, peer = script.take()
            reply = script.reply_to(wire, "192.0.2.1")[:-16]
            record = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\xfb\xfa" + text.encode()
            reply = reply[:6] + b"\x00\x04" + reply[8:]
            script.sock.sendto(reply + 4 * record, peer)
            answer = dns.message.from_wire(sock.recvfrom(65535)[0])
    finally:
        script.close()
    assert [rr.strings for rr in answer.answer[0]] == [(text.encode(),)]  # four alike are one


# Below UDP.

@pytest.mark.frames
def test_A03_A14_answers_come_from_the_address_asked_with_right_checksums(lab, client_wire):
    reply = answer_to(client_wire, frame(lab))
    assert (reply.source, reply.target, reply.source_port) == (INBOUND_V6, CLIENT_V6, 53)
    assert reply.check != 0 and reply.is_udp_sum_right
    assert reply.target_mac == frames.mac(lab.client_mac)
    assert not any(reply.padding)


@pytest.mark.frames
def test_A03_queries_over_ipv6_carry_right_checksums(lab, upstream_wire):
    lab.ask("sums.six.lab.")
    query = next(d for d in upstream_wire.datagrams() if d.target_port == 53)
    assert (query.source, query.target) == (OUTBOUND_V6, "fd54::17")
    assert query.check != 0 and query.is_udp_sum_right


@pytest.mark.frames
@pytest.mark.parametrize("check", [0, 0x1234])
def test_A02_A04_wrong_and_absent_checksums_are_dropped(lab, check):
    counted = lab.count(lambda: silent(lab, frame(lab, check=check)))
    assert counted.exits == {"rx_bad_udp_csum": 1}


@pytest.mark.frames
@pytest.mark.parametrize("extensions", [
    [(HOP_BY_HOP, b"\0\x01\x04\0\0\0\0")],
    [(DESTINATION, b"\x01\x01\x0c" + bytes(12))],
    [(ROUTING, b"\0\0\0\0\0\0\0")],
    [(FRAGMENT, b"\0\0\0\0\0\0\x07")],  # all there is of the packet (RFC 6946)
    [(DESTINATION, bytes(7))] * 8,
], ids=["hop-by-hop", "long", "routing", "fragment", "eight"])
def test_A09_extension_headers_are_stepped_over(lab, client_wire, extensions):
    reply = answer_to(client_wire, frame(lab, extensions=extensions))
    assert dns.message.from_wire(reply.payload).rcode() == dns.rcode.NOERROR


@pytest.mark.frames
@pytest.mark.parametrize("extensions", [
    [(DESTINATION, bytes(7))] * 9,
    [(DESTINATION, bytes(7))] * 100,
    [(DESTINATION, b"\xff" + bytes(6))],
    [(ROUTING, b"\0\0\x01\0\0\0\0")],
    [(FRAGMENT, b"\0\0\x01\0\0\0\x07")],
    [(FRAGMENT, b"\0\0\x08\0\0\0\x07")],
], ids=["nine", "hundred", "past-the-end", "routed-on", "first-piece", "later-piece"])
def test_A09_A10_what_can_not_be_read_is_never_answered(lab, extensions):
    silent(lab, frame(lab, extensions=extensions))


@pytest.mark.frames
@pytest.mark.parametrize("source", ["::", "::1", "ff02::1", "::ffff:10.53.0.1"])
def test_A12_impossible_sources_are_dropped(lab, source):
    silent(lab, frame(lab, source=source))


@pytest.mark.frames
@pytest.mark.parametrize("tags", [
    [(frames.ETHERTYPE_VLAN, 7)],
    [(frames.ETHERTYPE_PROVIDER, 42), (frames.ETHERTYPE_VLAN, 7)],
], ids=["one", "two"])
@pytest.mark.parametrize("is_v6", [False, True], ids=["ipv4", "ipv6"])
def test_A15_the_answer_carries_the_tags_of_the_query(lab, client_wire, tags, is_v6):
    plain = frame(lab) if is_v6 else lab.query_frame(QUERY.to_wire(), PORT)
    ethertype = frames.ETHERTYPE_IPV6 if is_v6 else frames.ETHERTYPE_IPV4
    reply = answer_to(client_wire, frames.ethernet(lab.client_mac, lab.host_mac, plain[14:],
                                                   ethertype, tags=tags))
    assert reply.tags == tags
    assert dns.message.from_wire(reply.payload).answer[0][0].to_text() == "192.0.2.17"


@pytest.mark.frames
def test_A16_no_answer_over_ipv6_is_longer_than_every_link_takes(lab, client_wire):
    """Truncated first: 1,280 bytes with all headers (RFC 8200, 5)."""
    query = dns.message.make_query("big.script6.lab.", "TXT", use_edns=0, payload=4096)
    script = Script(SCRIPT_V6)
    try:
        for count in range(100, 112):  # 12 bytes a record: from below the limit to above
            client_wire.send(frame(lab, query.to_wire()))
            wire, peer = script.take()
            reply = script.reply_to(wire)[:-16]
            reply = reply[:6] + struct.pack("!H", count) + reply[8:]
            script.sock.sendto(reply + count * b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x00",
                               peer)
            answer = client_wire.datagram_to(PORT)
            assert len(answer.frame) - 14 <= 1280 and answer.frame[20] == 17  # UDP next: no piece
    finally:
        script.close()


def icmp_errors(lab, wire, port):
    """ICMPv6 errors that a datagram to this port brings; the ping after it ends the listening."""
    with udp_socket("upstream", "fd54::1") as sock:
        sock.sendto(b"probe", (OUTBOUND_V6, port))
    lab.command("upstream", "ping", "-6", "-c", "1", "-W", str(PATIENCE), OUTBOUND_V6, check=True)
    errors = 0
    for seen in wire.frames():
        if seen[12:14] == b"\x86\xdd" and seen[20] == 58:
            if seen[54] == 129:  # echo reply
                return errors
            errors += seen[54] < 128
    return errors


@pytest.mark.frames
def test_A17_ports_with_and_without_a_question_look_alike(lab, upstream_wire):
    script = Script(SCRIPT_V6)
    try:
        with udp_socket("client", CLIENT_V6) as sock:
            query = dns.message.make_query("slow.script6.lab.", "A")
            sock.sendto(query.to_wire(), (INBOUND_V6, 53))
            wire, peer = script.take()
            idle = 20000 if peer[1] != 20000 else 20001
            assert icmp_errors(lab, upstream_wire, peer[1]) == 0
            assert icmp_errors(lab, upstream_wire, idle) == 0
            script.sock.sendto(script.reply_to(wire), peer)
            assert dns.message.from_wire(sock.recvfrom(65535)[0]).answer
    finally:
        script.close()


# What is the kernel's.

def test_A19_neighbours_and_pings_are_answered_by_the_kernel(lab):
    lab.command("client", "ip", "-6", "neigh", "flush", "dev", "c0")
    ping = lab.command("client", "ping", "-6", "-c", "3", "-i", "0.2", "-W", str(PATIENCE),
                       INBOUND_V6)
    assert ping.returncode == 0, ping.stdout


def test_udp_to_a_program_of_the_host_works(lab):
    with udp_socket("host", INBOUND_V6, 62000) as server, \
            udp_socket("client", CLIENT_V6) as sock:
        for size in (5, 4000):  # whole, and in pieces
            sock.sendto(bytes(size), (INBOUND_V6, 62000))
            data, peer = server.recvfrom(65535)
            assert len(data) == size
            server.sendto(data, peer)
            assert len(sock.recvfrom(65535)[0]) == size


@pytest.mark.frames
@pytest.mark.parametrize("where, interface", [("host", "h1"), ("upstream", "u0")])
def test_X27_targets_over_ipv6_are_reached_again_after_a_flap(lab, where, interface):
    """The lab has told the kernel to keep static IPv6 addresses over a flap."""
    lab.command(where, "ip", "link", "set", interface, "down", check=True)
    lab.command(where, "ip", "link", "set", interface, "up", check=True)
    if interface == "h1":  # the kernel dropped it with the link
        lab.command("host", "ip", "route", "add", "168.63.129.16/32", "via", "10.54.0.1", "dev",
                    "h1", check=True)
    assert lab.until_answered("six.lab.") == ["192.0.2.17"]


@pytest.mark.frames
def test_a_target_that_moves_to_another_mac_is_followed(lab):
    """The neighbour says so itself, unasked (RFC 4861, 7.2.6)."""
    assert lab.addresses("before.six.lab.") == ["192.0.2.17"]
    old = lab.link("upstream", "u0")["address"]
    lab.command("upstream", "sysctl", "-q", "-w", "net.ipv6.conf.u0.ndisc_notify=1", check=True)
    try:
        lab.command("upstream", "ip", "link", "set", "u0", "address", "02:00:00:00:54:01",
                    check=True)
        lab.until_answered("six.lab.")
        wire = Wire("upstream", "u0")
        lab.ask("there.six.lab.")
        query = next(d for d in wire.datagrams() if d.target_port == 53)
        wire.close()
        assert query.target_mac == frames.mac("02:00:00:00:54:01")
    finally:
        lab.command("upstream", "ip", "link", "set", "u0", "address", old, check=True)
        lab.until_answered("contoso.lab.")
        lab.until_answered("six.lab.")
