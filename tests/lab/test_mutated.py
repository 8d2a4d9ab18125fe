# SPDX-License-Identifier: BSD-3-Clause
"""Packets damaged in every way: no crash, no wrong answer, each in exactly one exit.

SHUNT_MUTATED_PACKETS sets how many are sent (default 100000).
"""

import os
import random
import struct

import dns.message
import pytest

import frames
from harness import CLIENT, INBOUND, Wire, fold, header, question, question_end

COUNT = int(os.environ.get("SHUNT_MUTATED_PACKETS", "100000"))
SENTINEL = 39997
FIRST_PORT, PORTS = 40000, 20000
BATCH = 50

NAMES = [b"\x03www\x07contoso\x03lab\x00", b"\x01a\x05azure\x07contoso\x03lab\x00", b"\x00",
         b"\x3f" + b"x" * 63 + b"\x03lab\x00"]
SERVERS = {b"\x05azure\x07contoso\x03lab\x00": 12, b"\x07contoso\x03lab\x00": 11}
OPT = b"\x00" + struct.pack("!HHIH", 41, 1232, 0, 0)


def good_message(chance):
    return header(ident=chance.randrange(65536), ar=1) + question(chance.choice(NAMES)) + OPT


def cut(chance, data):
    return data[:chance.randrange(len(data))]


def flip(chance, data):
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def overwrite(chance, data):
    data = bytearray(data)
    data[chance.randrange(len(data))] = chance.choice([0, 1, 63, 64, 127, 128, 191, 192, 255])
    return bytes(data)


def lie_in_counts(chance, data):
    counts = struct.pack("!HHHH", *(chance.choice([0, 1, 2, 255, 65535]) for _ in range(4)))
    return data[:4] + counts + data[12:]


def point(chance, data):
    where = chance.randrange(12, len(data))
    pointer = struct.pack("!H", 0xC000 | chance.choice([0, 12, where, where + 2, 0x3FFF]))
    return data[:where] + pointer + data[where + 2:]


def lengthen(chance, data):
    return data + chance.randbytes(chance.randint(1, 900))


def noise(chance, _):
    return chance.randbytes(chance.randint(0, 600))


MESSAGE_MUTATIONS = [cut, flip, overwrite, lie_in_counts, point, lengthen, noise]


def udp_wrong_checksum(chance, message, port):
    return frames.udp(CLIENT, INBOUND, port, 53, message, check=chance.randint(1, 65535))


def udp_wrong_length(chance, message, port):
    return frames.udp(CLIENT, INBOUND, port, 53, message,
                      length=chance.choice([0, 7, 8, len(message), len(message) + 9, 65535]))


UDP_MUTATIONS = [udp_wrong_checksum, udp_wrong_length]

IP_MUTATIONS = [{"check": 0x1111}, {"ihl": 0}, {"ihl": 4}, {"ihl": 15}, {"total": 0},
                {"total": 19}, {"total": 27}, {"total": 65535}, {"version": 6},
                {"fragment": 0x2000}, {"fragment": 0x0010}, {"options": b"\x01\x01\x01\x00"}]


def messages(lab, chance, port):
    message = chance.choice(MESSAGE_MUTATIONS)(chance, good_message(chance))
    return lab.query_frame(message, port)


def whole_frames(lab, chance, port):
    message = good_message(chance)
    kind = chance.randrange(4)
    if kind == 0:
        return lab.frame(chance.choice(UDP_MUTATIONS)(chance, message, port))
    if kind == 1:
        return lab.query_frame(message, port, **chance.choice(IP_MUTATIONS))
    frame = lab.query_frame(message, port)
    if kind == 2:
        return frame[:chance.randrange(14, len(frame))]
    return flip(chance, frame)


class Sender:
    """Sends in batches; an answered query ends each, so that no ring overflows."""

    def __init__(self, lab):
        self.lab = lab
        self.wire = Wire("client", "c0")
        self.sent = 0
        self.batches = [[]]

    def send(self, frame):
        self.batches[-1].append(frame)
        self.wire.send(frame)
        self.sent += 1
        if self.sent % BATCH == 0:
            self.settle()

    def settle(self):
        good = dns.message.make_query("sentinel.lab.", "A").to_wire()
        self.wire.send(self.lab.query_frame(good, SENTINEL))
        self.sent += 1
        for reply in self.wire.until(SENTINEL):
            self.check(reply)
        self.batches.append([])

    def check(self, reply):
        """An answer with records repeats what was asked, and says what the rule's server says."""
        assert reply.is_ip_sum_right and reply.is_udp_sum_right
        message = reply.payload
        assert len(message) >= 12 and message[2] & 0x80
        if struct.unpack("!H", message[6:8])[0] == 0:
            return
        end = question_end(message)
        assert any(asks(frame, message[:2], message[12:end])
                   for batch in reversed(self.batches) for frame in batch), message
        if message[end - 4:end] == b"\0\1\0\1":
            server = expected_server(fold(message[12:end - 4]))
            assert bytes([192, 0, 2, server]) in message[end:], message


def asks(frame, ident, question_bytes):
    """Somewhere in this frame is that question, twelve bytes behind that ID."""
    place = frame.find(question_bytes)
    while place >= 0:
        if frame[place - 12:place - 10] == ident:
            return True
        place = frame.find(question_bytes, place + 1)
    return False


def expected_server(name):
    while name != b"\0":
        if name in SERVERS:
            return SERVERS[name]
        name = name[1 + name[0]:]
    return 13


@pytest.mark.parametrize("mutated", [
    messages, pytest.param(whole_frames, marks=pytest.mark.frames),
])
def test_every_mutated_packet_leaves_by_exactly_one_exit(lab, mutated):
    chance = random.Random(7)
    before = lab.settled_stats()
    pid = lab.pid("dataplane")
    sender = Sender(lab)
    for n in range(COUNT):
        port = FIRST_PORT + n % PORTS
        sender.send(mutated(lab, chance, port))
    sender.settle()
    after = lab.settled_stats()
    sender.wire.close()
    assert lab.is_running("dataplane") and lab.pid("dataplane") == pid
    taken = after["received"] - before["received"]
    if mutated is messages:
        assert taken == sender.sent
    else:
        assert 0 < taken <= sender.sent  # the kernel keeps what is no query for us
