# SPDX-License-Identifier: BSD-3-Clause
"""Several workers: a reply may arrive at any queue, and finds its query all the same."""

import dns.message
import dns.rcode

import pytest

from harness import CLIENT, INBOUND, Load, udp_socket

QUERIES = 200

pytestmark = pytest.mark.ports("xdp/2")


def workers_of(lab, name):
    """What each worker counted by that name."""
    counters = lab.ctl_json("path")["counters"]
    return next(c["workers"] for c in counters if c["name"] == name)


def ask_from_many_ports(lab):
    """Each query from a socket of its own: the sender's kernel picks a queue by address and port."""
    for number in range(QUERIES):
        query = dns.message.make_query(f"www{number}.contoso.lab.", "A")
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(query.to_wire(), (INBOUND, 53))
            reply = dns.message.from_wire(sock.recvfrom(65535)[0])
        assert reply.id == query.id and reply.question == query.question
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.answer[0][0].to_text() == "192.0.2.11"


def test_every_reply_finds_its_query_and_hand_overs_are_counted(lab):
    counted = lab.count(lambda: ask_from_many_ports(lab))
    assert counted.answered == counted.accepted == QUERIES
    assert not counted.refused and not counted.exits
    assert 0 < counted.handed_over < QUERIES
    assert all(workers_of(lab, "received")), "every worker gets queries"
    assert all(workers_of(lab, "handed_over")) and all(workers_of(lab, "taken_over"))


def test_the_laws_hold_for_each_worker(lab):
    lab.count(lambda: ask_from_many_ports(lab))
    counters = lab.ctl_json("path")["counters"]
    for worker in range(lab.workers):
        total = {}
        for counter in counters:
            kind = counter["kind"]
            total[kind] = total.get(kind, 0) + counter["workers"][worker]
        assert total["received"] == total["answered"] + total["exit"] + total["waiting"]
        assert (total["replies"] + total["taken-over"]
                == total["accepted"] + total["refusal"] + total["handed-over"])


def test_a_long_reply_is_handed_over_whole(lab, script):
    """Longer than a record of the ring: it crosses in a cell."""
    text = b"\xc8" + b"x" * 200
    handed = 0
    for number in range(50):
        query = dns.message.make_query(f"long{number}.script.lab.", "TXT")
        before = sum(workers_of(lab, "handed_over"))
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(query.to_wire(), (INBOUND, 53))
            wire, peer = script.take()
            reply = script.reply_to(wire, "192.0.2.1")[:-16]  # without its A record
            record = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\xc9" + text
            script.sock.sendto(reply + record, peer)
            answer = dns.message.from_wire(sock.recvfrom(65535)[0])
        assert answer.answer[0][0].strings == (b"x" * 200,)
        handed += sum(workers_of(lab, "handed_over")) - before
        if handed:
            return
    pytest.fail("no reply of 50 was handed over")


def test_load_on_all_queues_loses_nothing(lab):
    with Load(lab, [f"www{n}.contoso.lab." for n in range(1000)]) as load:
        pass
    load.assert_nothing_lost()
