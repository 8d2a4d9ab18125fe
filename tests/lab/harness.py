# SPDX-License-Identifier: BSD-3-Clause
"""What the lab's tests stand on: the lab itself, sockets inside its namespaces, shuntctl."""

import contextlib
import ctypes
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

import frames

ROOT = Path(__file__).resolve().parents[2]
LAB_SH = ROOT / "tests/lab/lab.sh"
BUILD = Path(os.environ.get("SHUNT_BUILD", ROOT / "build"))
LAB = Path("/run/shunt-lab")

CLIENT = "10.53.0.1"
INBOUND = "10.53.0.2"
OUTBOUND = "10.54.0.2"
CLIENT_V6 = "fd53::1"
INBOUND_V6 = "fd53::2"
OUTBOUND_V6 = "fd54::2"
SCRIPT = ("10.54.0.1", 5300)

PATIENCE = 10  # seconds to wait for something that must come; no test passes by being fast
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID = 1 << 4

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def namespace(name):
    """This thread stands in the namespace; sockets made here stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/shunt-{name}", os.O_RDONLY)
    try:
        _setns(there)
        yield
    finally:
        _setns(home)
        os.close(home)
        os.close(there)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def inbound_for(source):
    """Where a client with this address asks."""
    return INBOUND_V6 if ":" in source else INBOUND


def udp_socket(where, address="0.0.0.0", port=0):
    with namespace(where):
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.bind((address, port))
    sock.settimeout(PATIENCE)
    return sock


def tcp_socket(where, family=socket.AF_INET):
    with namespace(where):
        sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(PATIENCE)
    return sock


class Wire:
    """The end of a veth pair, frame by frame."""

    def __init__(self, where, interface):
        with namespace(where):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.sock.bind((interface, 0))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.settimeout(PATIENCE)

    def send(self, frame):
        self.sock.send(frame)

    def frames(self, *, outgoing=False):
        """Frames that came in (or that went out), for as long as the caller listens."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            frame, notes, _, address = self.sock.recvmsg(65535, 64)
            frame = self._with_tag(frame, notes)
            if (address[2] == socket.PACKET_OUTGOING) == outgoing:
                yield frame
        raise TimeoutError("the frame that was waited for did not come")

    @staticmethod
    def _with_tag(frame, notes):
        """The outermost VLAN tag, which the kernel takes off and tells beside the frame."""
        for _, _, data in notes:
            status, _, _, _, _, tag, tpid = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack("!HH", tpid, tag) + frame[12:]
        return frame

    def datagrams(self):
        for frame in self.frames():
            if frames.Datagram.is_one(frame):
                yield frames.Datagram(frame)

    def datagram_to(self, port):
        return next(d for d in self.datagrams() if d.target_port == port)

    def until(self, port):
        """Every datagram up to and without the one that goes to `port`."""
        seen = []
        for datagram in self.datagrams():
            if datagram.target_port == port:
                return seen
            seen.append(datagram)
        return seen

    def close(self):
        self.sock.close()


class Counted:
    """The change of the path's counters while something was done."""

    def __init__(self, before, after):
        self.received = after["received"] - before["received"]
        self.answered = after["answered"] - before["answered"]
        self.exits = self._changes(before["exits"], after["exits"])
        self.replies = after["replies"]["received"] - before["replies"]["received"]
        self.accepted = after["replies"]["accepted"] - before["replies"]["accepted"]
        self.handed_over = after["replies"]["handed_over"] - before["replies"]["handed_over"]
        self.refused = self._changes(before["replies"]["refused"], after["replies"]["refused"])

    @staticmethod
    def _changes(before, after):
        changes = {name: after[name] - before.get(name, 0) for name in after}
        return {name: n for name, n in changes.items() if n}

    def __repr__(self):
        return str(vars(self))


def sanitizer_reports(log):
    """What a build with sanitizers found wrong, if it is one."""
    signs = ("Sanitizer", "runtime error:")
    return [line for line in log.splitlines() if any(sign in line for sign in signs)]


class ControlError(Exception):
    """shuntctl or a method refused; the text says why."""


class Lab:
    """The lab raised on one kind of port."""

    def __init__(self, port, workers=1):
        self.port = port
        self.workers = workers
        self.host_mac = ""
        self.client_mac = ""

    # The lab and its daemons.

    def script(self, *args, check=True):
        done = subprocess.run([str(LAB_SH), *args], capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise RuntimeError(f"lab {' '.join(args)} failed:\n{done.stdout}{done.stderr}")
        return done

    def up(self, config):
        self.script("up", "--port", self.port, "--config", str(config),
                    "--workers", str(self.workers))
        self.host_mac = self.link("host", "h0")["address"]
        self.client_mac = self.link("client", "c0")["address"]

    def down(self):
        self.script("down")

    def end(self):
        """Down; a build with sanitizers says only at its end what it leaked."""
        for daemon in ("control", "dataplane"):
            if self.is_running(daemon):
                self.stop(daemon)
        reports = sanitizer_reports(self.log("control") + self.log("dataplane"))
        self.down()
        assert not reports

    def again(self):
        """Down and up, with empty state."""
        config = self.config()
        self.end()
        self.up(config)

    @staticmethod
    def config():
        settings = (LAB / "settings").read_text()
        return settings.split("config='")[1].split("'")[0]

    def start(self, daemon):
        self.script("start", daemon)

    def stop(self, daemon, signal="TERM"):
        self.script("stop", daemon, signal)

    def pid(self, daemon):
        return int((LAB / "pids" / daemon).read_text().split()[0])

    def is_running(self, daemon):
        try:
            status = Path(f"/proc/{self.pid(daemon)}/status").read_text()
        except FileNotFoundError:
            return False
        return "State:\tZ" not in status

    def log(self, daemon):
        return (LAB / "log" / daemon).read_text()

    def command(self, where, *args, **kwargs):
        return subprocess.run(["ip", "netns", "exec", f"shunt-{where}", *args],
                              capture_output=True, text=True, timeout=120, **kwargs)

    def link(self, where, interface):
        done = self.command(where, "ip", "-d", "-j", "link", "show", interface, check=True)
        return json.loads(done.stdout)[0]

    # The operator's side.

    def ctl(self, *args):
        done = subprocess.run([str(BUILD / "ctl/shuntctl"), "-s", str(LAB / "run/control.sock"),
                               *args], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise ControlError(f"shuntctl {' '.join(args)}: exit {done.returncode}: "
                               f"{done.stderr}{done.stdout}")
        return done.stdout

    def ctl_json(self, *args):
        return json.loads(self.ctl(*args, "-o", "json"))

    def stats(self):
        return self.ctl_json("stats")["path"]

    def stats_of_a_started_dataplane(self, deadline):
        """Control reads the counters once it has found a dataplane that was started again."""
        while True:
            try:
                return self.stats()
            except ControlError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    @staticmethod
    def holds_laws(path):
        replies = path["replies"]
        return (path["received"]
                == path["answered"] + sum(path["exits"].values()) + path["in_flight"]
                and replies["received"] == replies["accepted"] + sum(replies["refused"].values())
                and replies["handed_over"] == replies["taken_over"])

    def settled_stats(self):
        """The counters once nothing waits and the laws hold; a burst may be under way before."""
        deadline = time.monotonic() + PATIENCE
        path = self.stats_of_a_started_dataplane(deadline)
        while path["in_flight"] or not self.holds_laws(path):
            assert time.monotonic() < deadline, f"the path's laws do not hold: {path}"
            time.sleep(0.1)
            path = self.stats()
        return path

    def count(self, do):
        """What the counters say about `do`."""
        before = self.settled_stats()
        do()
        return Counted(before, self.settled_stats())

    def rule_queries(self, name):
        rules = self.ctl_json("stats")["rules"]
        return sum(rule["queries"] for rule in rules if rule["name"] == name)

    # The client's side.

    def ask(self, name, rdtype="A", *, source=CLIENT, **options):
        query = dns.message.make_query(name, rdtype, **options)
        return self.exchange(query, source=source)

    def until_answered(self, below, **options):
        """Names below that one are asked until one is answered; its addresses."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.ask(f"again{time.monotonic_ns()}.{below}", **options)
            if answer.rcode() == dns.rcode.NOERROR:
                return [rr.to_text() for rrset in answer.answer for rr in rrset]
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)

    def exchange(self, query, *, source=CLIENT):
        with udp_socket("client", source) as sock:
            return dns.query.udp(query, inbound_for(source), timeout=PATIENCE, sock=sock)

    def exchange_later(self, name):
        """A question whose answer nobody waits for."""
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(dns.message.make_query(name, "A").to_wire(), (INBOUND, 53))

    def exchange_bytes(self, payload, *, source=CLIENT):
        """Bytes to the service port, and the bytes that come back."""
        with udp_socket("client", source) as sock:
            sock.sendto(payload, (inbound_for(source), 53))
            return sock.recvfrom(65535)[0]

    def addresses(self, name, rdtype="A", **options):
        answer = self.ask(name, rdtype, **options)
        return [rr.to_text() for rrset in answer.answer for rr in rrset]

    def is_silent_about(self, payload):
        """No reply to this: a good query after it, on the same socket, is answered first."""
        good = dns.message.make_query("sentinel.lab.", "A")
        with udp_socket("client", CLIENT) as sock:
            sock.sendto(payload, (INBOUND, 53))
            sock.sendto(good.to_wire(), (INBOUND, 53))
            reply = dns.message.from_wire(sock.recvfrom(65535)[0])
        return reply.id == good.id and reply.rcode() == dns.rcode.NOERROR

    def frame(self, datagram, *, source=CLIENT, target=INBOUND, target_mac=None, **options):
        """A frame from the client to the host around a UDP datagram."""
        return frames.ethernet(self.client_mac, target_mac or self.host_mac,
                               frames.ipv4(source, target, datagram, **options))

    def query_frame(self, payload, port, **options):
        return self.frame(frames.udp(CLIENT, INBOUND, port, 53, payload), **options)

    def is_silent_about_frame(self, frame, port):
        """No reply goes to `port`: a good query after that frame is answered before anything."""
        sentinel = 39999
        good = dns.message.make_query("sentinel.lab.", "A").to_wire()
        wire = Wire("client", "c0")
        try:
            wire.send(frame)
            wire.send(self.query_frame(good, sentinel))
            return not [d for d in wire.until(sentinel) if d.target_port == port]
        finally:
            wire.close()


class Control:
    """The control socket, without shuntctl between: one object a line."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(LAB / "run/control.sock"))
        self.lines = self.sock.makefile("rw", encoding="utf-8", newline="\n")
        self.ident = 0

    def call(self, method, **params):
        self.ident += 1
        request = {"jsonrpc": "2.0", "id": self.ident, "method": method, "params": params}
        self.lines.write(json.dumps(request) + "\n")
        self.lines.flush()
        reply = json.loads(self.lines.readline())
        assert reply["id"] == self.ident
        if "error" in reply:
            raise ControlError(reply["error"]["message"])
        return reply["result"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.sock.close()


class Load(threading.Thread):
    """dnsperf from the client, one whole run after the other, while a test does something else."""

    RUN_SECONDS = 2
    UNDER_WAY = 200  # on four sockets: fewer than a veth's ring or a socket's buffer holds

    def __init__(self, lab, names, *, rate=2000):
        super().__init__()
        self.lab, self.rate = lab, rate
        self.file = tempfile.NamedTemporaryFile("w", suffix=".queries", encoding="ascii")
        self.file.writelines(f"{name} A\n" for name in names)
        self.file.flush()
        self.is_over = threading.Event()
        self.reports = []

    def run(self):
        while not self.is_over.is_set():
            done = self.lab.command("client", "dnsperf", "-s", INBOUND, "-d", self.file.name,
                                    "-l", str(self.RUN_SECONDS), "-Q", str(self.rate),
                                    "-q", str(self.UNDER_WAY), "-c", "4", "-t", "5")
            self.reports.append(done.stdout + done.stderr)

    def total(self, what):
        numbers = [re.search(rf"Queries {what}: +(\d+)", report) for report in self.reports]
        assert numbers and all(numbers), f"dnsperf said:\n{self.reports}"
        return sum(int(number.group(1)) for number in numbers)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()
        self.file.close()

    def assert_nothing_lost(self):
        sent, completed, lost = (self.total(what) for what in ("sent", "completed", "lost"))
        assert sent > 0 and lost == 0 and completed == sent, (sent, completed, lost)


class Script:
    """An upstream that says what the test tells it to: the target of script.lab."""

    def __init__(self, at=SCRIPT):
        self.sock = udp_socket("upstream", *at)

    def take(self):
        """The next query, as bytes, and where it came from."""
        return self.sock.recvfrom(65535)

    def answer(self, text="192.0.2.99", **flags):
        """Take a query and answer it with an A record; returns the query's bytes."""
        wire, peer = self.take()
        self.sock.sendto(self.reply_to(wire, text, **flags), peer)
        return wire

    @staticmethod
    def reply_to(wire, text="192.0.2.99", *, flags=0):
        """The question as it was asked, byte for byte, and an A record for it."""
        ident, asked_flags = struct.unpack("!HH", wire[:4])
        question = wire[12:question_end(wire)]
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(text)
        head = struct.pack("!HHHHHH", ident, 0x8080 | asked_flags & 0x0110 | flags, 1, 1, 0, 0)
        return head + question + record

    def close(self):
        self.sock.close()


def question_end(wire):
    """Where the one question of a query without compression ends."""
    offset = 12
    while wire[offset]:
        offset += 1 + wire[offset]
    return offset + 5


def header(ident=0x4242, flags=0x0100, qd=1, an=0, ns=0, ar=0):
    return struct.pack("!HHHHHH", ident, flags, qd, an, ns, ar)


def question(name, rdtype=1, rdclass=1):
    """A question around a name in wire form."""
    return name + struct.pack("!HH", rdtype, rdclass)


def rcode(wire):
    return wire[3] & 15


def fold(name):
    return bytes(b + 32 if 65 <= b <= 90 else b for b in name)
