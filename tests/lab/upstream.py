# SPDX-License-Identifier: BSD-3-Clause
"""A scripted name server: it answers, keeps silent, delays, fails or lies, and remembers who asked.

Its manner is a function of (server, query, peer), or a list of them: one a query, the last for all
that follow. A manner may say several things, one after the other.
"""

import contextlib
import itertools
import struct
import threading
import time

import dns.message

from harness import INBOUND, Script, question_end, udp_socket

ADDRESS = "10.54.0.1"
OTHER_ADDRESS = "10.54.0.19"
SERVFAIL, REFUSED = 2, 5


def silent(_server, _query, _peer):
    pass


def answer(server, query, peer):
    server.sock.sendto(Script.reply_to(query, server.text), peer)


def saying(make):
    """The bytes that `make` makes of a query."""
    def say(server, query, peer):
        server.sock.sendto(make(query), peer)
    return say


def folded(server, query, peer):
    """The answer, its question in lower case."""
    end = question_end(query) - 4
    reply = Script.reply_to(query, server.text)
    server.sock.sendto(reply[:12] + reply[12:end].lower() + reply[end:], peer)


def truncated(server, query, peer):
    server.sock.sendto(Script.reply_to(query, server.text, flags=0x0200), peer)


def after(seconds, manner):
    """Like `manner`, but later; other queries are served meanwhile."""
    def later(server, query, peer):
        timer = threading.Timer(seconds, manner, (server, query, peer))
        server.timers.append(timer)
        timer.start()
    return later


def failing(rcode):
    def fail(server, query, peer):
        ident, flags = struct.unpack("!HH", query[:4])
        head = struct.pack("!HHHHHH", ident, 0x8080 | flags & 0x0110 | rcode, 1, 0, 0, 0)
        server.sock.sendto(head + query[12:question_end(query)], peer)
    return fail


def knows_no_edns(rcode):
    """A server from before RFC 2671."""
    def judge(server, query, peer):
        (failing(rcode) if query[10:12] != b"\0\0" else answer)(server, query, peer)
    return judge


def with_options(*options):
    """The answer, and with it an OPT with these options: (code, data)."""
    wire = b"".join(struct.pack("!HH", code, len(data)) + data for code, data in options)
    opt = struct.pack("!BHHIH", 0, 41, 1232, 0, len(wire)) + wire

    def reply(server, query, peer):
        message = Script.reply_to(query, server.text)
        server.sock.sendto(message[:10] + b"\0\1" + message[12:] + opt, peer)
    return reply


def failing_without_question(rcode):
    def fail(server, query, peer):
        server.sock.sendto(query[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 0, 0, 0, 0), peer)
    return fail


def each_of(*manners):
    def all_of_them(server, query, peer):
        for manner in manners:
            manner(server, query, peer)
    return all_of_them


def bounced(server, query, peer):
    """Forwards to whom it is asked by, as it came, and relays what it hears."""
    with contextlib.closing(udp_socket("upstream", ADDRESS)) as sock:
        sock.sendto(query, (INBOUND, 53))
        reply = sock.recv(65535)
    server.bounces.append(dns.message.from_wire(reply))
    server.sock.sendto(reply, peer)


# Lies: wrong in one thing and right in all else. What they say is not what the server would.

LIE = "192.0.2.66"


def wrong_id(server, query, peer):
    ident = struct.unpack("!H", query[:2])[0] ^ 1
    server.sock.sendto(struct.pack("!H", ident) + Script.reply_to(query, LIE)[2:], peer)


def wrong_port(server, query, peer):
    with contextlib.closing(udp_socket("upstream", ADDRESS)) as sock:
        sock.sendto(Script.reply_to(query, LIE), peer)


def wrong_source(server, query, peer):
    with contextlib.closing(udp_socket("upstream", OTHER_ADDRESS, server.port)) as sock:
        sock.sendto(Script.reply_to(query, LIE), peer)


def wrong_question(server, query, peer):
    reply = bytearray(Script.reply_to(query, LIE))
    reply[13] = ord("!")
    server.sock.sendto(reply, peer)


def no_reply_at_all(server, query, peer):
    reply = bytearray(Script.reply_to(query, LIE))
    reply[2] &= 0x7f
    server.sock.sendto(reply, peer)


def malformed(server, query, peer):
    reply = bytearray(Script.reply_to(query, LIE))
    reply[7] = 9
    server.sock.sendto(reply, peer)


def flood(count):
    """Forged replies with every ID but the right one."""
    def forge(server, query, peer):
        ident = struct.unpack("!H", query[:2])[0]
        rest = Script.reply_to(query, LIE)[2:]
        for i in range(1, count + 1):
            server.sock.sendto(struct.pack("!H", ident + i & 0xffff) + rest, peer)
    return forge


class Upstream(threading.Thread):
    """Serves at ADDRESS and a port, in its manner, until it is closed."""

    def __init__(self, port, manner=answer, text="192.0.2.99"):
        super().__init__(daemon=True)
        self.port, self.manner, self.text = port, manner, text
        self.sock = udp_socket("upstream", ADDRESS, port)
        self.sock.settimeout(0.1)
        self.asked = []  # (when, query, peer)
        self.bounces = []
        self.timers = []
        self.is_over = threading.Event()
        self.start()

    def run(self):
        while not self.is_over.is_set():
            try:
                query, peer = self.sock.recvfrom(65535)
            except TimeoutError:
                continue
            self.asked.append((time.monotonic(), query, peer))
            self.take_manner()(self, query, peer)

    def take_manner(self):
        if not isinstance(self.manner, list):
            return self.manner
        return self.manner.pop(0) if len(self.manner) > 1 else self.manner[0]

    def names(self):
        """What it was asked, in order, folded, in wire form."""
        return [query[12:question_end(query) - 4].lower() for _, query, _ in self.asked]

    def close(self):
        self.is_over.set()
        self.join()
        for timer in self.timers:
            timer.cancel()
            timer.join()
        self.sock.close()


_ports = itertools.count(5400)  # an upstream of its own for each test: health outlives a rule


class Targets:
    """A rule `targets` for targets.lab., and the servers behind it."""

    def __init__(self, lab):
        self.lab, self.servers = lab, []

    def serve(self, *manners):
        """A server in each of these manners: the first answers 192.0.2.1, the next 192.0.2.2 …"""
        self.servers = [Upstream(next(_ports), manner, f"192.0.2.{number}")
                        for number, manner in enumerate(manners, 1)]
        targets = [word for server in self.servers
                   for word in ("--target", f"{ADDRESS}:{server.port}")]
        self.lab.ctl("rule", "create", "targets", "--ruleset", "corp",
                     "--domain", "targets.lab.", *targets)
        return self.servers

    def close(self):
        if self.servers:
            self.lab.ctl("rule", "delete", "targets", "--ruleset", "corp")
        for server in self.servers:
            server.close()
