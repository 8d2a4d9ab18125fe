# SPDX-License-Identifier: BSD-3-Clause
"""AF_XDP on every kind of interface, and what becomes of a port whose interface changes."""

import fcntl
import json
import os
import select
import struct
import subprocess
import time

import dns.message
import dns.query
import dns.rcode
import pytest

import frames
from beside import CONFIG, NAME, Beside, ask, config, forwarded, inside, ip, pair, xdp_of
from harness import BUILD, PATIENCE, namespace, udp_socket

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def ping_from_peer(address):
    """The kernel answers what is not ours."""
    done = subprocess.run(["ip", "netns", "exec", "shunt-peer", "ping", "-c", "1", "-W",
                           str(PATIENCE), address], capture_output=True, check=False)
    return done.returncode == 0


# Modes and queues.

@pytest.mark.parametrize("options, workers, mode", [
    ("", 1, "driver copy, 2 queues"),
    ("", 2, "driver copy, 2 queues"),
    (",mode=copy", 2, "driver copy, 2 queues"),
    (",mode=generic", 2, "generic, 2 queues"),
    (",mode=generic,queues=0", 1, "generic, 1 queue"),
    (",busy-poll=20", 1, "driver copy, 2 queues, busy poll 20 us"),
])
def test_the_mode_that_works_is_reported_and_works(beside, options, workers, mode):
    pair("b0", "p0", 60)
    if "queues=" in options:
        subprocess.run(["ip", "netns", "exec", "shunt-peer", "ethtool", "-L", "p0", "tx", "1",
                        "rx", "1"], check=True, capture_output=True)
    with Beside("beside", [f"xdp:b0{options}"], config(60, "10.60.0.1"), "--workers",
                str(workers)) as shunt:
        assert shunt.status()["ports"] == [f"xdp:b0{options} ({mode})"]
        assert shunt.status()["workers"] == workers
        for _ in range(20):  # each from a port of its own, so on any queue
            assert forwarded(60).rcode() == dns.rcode.NOERROR
        assert shunt.counter("accepted") == shunt.counter("answered") == 20
    assert xdp_of("b0") == 0


def test_more_queues_than_workers_are_shared_out(beside):
    pair("b0", "p0", 60, queues=3)
    with Beside("beside", ["xdp:b0"], config(60, "10.60.0.1"), "--workers", "2") as shunt:
        assert shunt.status()["ports"] == ["xdp:b0 (driver copy, 3 queues)"]
        for _ in range(50):
            assert forwarded(60).rcode() == dns.rcode.NOERROR
        shunt.wait_until(lambda: shunt.counter("port0.steer_inbound") == 50)
        shunt.wait_until(lambda: shunt.counter("port0.steer_outbound") == 50)
        assert shunt.counter("port0.steer_passed_no_socket") == 0
        assert shunt.counter("port0.steer_dropped_no_socket") == 0
        assert shunt.counter("port0.kernel_tx_invalid") == 0


@pytest.mark.parametrize("port, workers, says", [
    ("xdp:b0,mode=zero-copy", 1, "its driver has no zero-copy; leave mode= out"),
    ("xdp:b0,mode=quick", 1, "wanted is mode=zero-copy, copy or generic"),
    ("xdp:b0,queues=1-2", 1, "there is no queue 2: it has 0 to 1"),
    ("xdp:b0,queues=1", 2, "2 workers, and 1 chosen; choose more, or start with --workers 1"),
    ("xdp:b0,turbo=1", 1, "unknown option 'turbo=1'"),
    ("xdp:b0", 3, "it has 2 at most; start with --workers 2"),
    ("xdp:none", 1, "no such interface here; list those there are: ip -brief link"),
])
def test_what_can_not_be_is_refused_in_one_line(beside, tmp_path, port, workers, says):
    pair("b0", "p0", 60)
    done = inside(str(BUILD / "dataplane/shunt-dataplane"), "--port", port, "--workers",
                  str(workers), "--run-dir", str(tmp_path), "--state-dir", str(tmp_path),
                  check=False)
    assert done.returncode == 1
    assert says in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert xdp_of("b0") == 0


def test_a_program_that_is_there_is_reported_and_stays(beside, tmp_path):
    pair("b0", "p0", 60)
    with Beside("beside", ["xdp:b0"], config(60, "10.60.0.1")) as shunt:
        done = inside(str(BUILD / "dataplane/shunt-dataplane"), "--port", "xdp:b0", "--run-dir",
                      str(tmp_path), "--state-dir", str(tmp_path), check=False)
        assert done.returncode == 1 and "another process is attached" in done.stderr
        assert forwarded(60).rcode() == dns.rcode.NOERROR
        assert shunt.status()["state"] == "connected"


def test_dpdks_driver_is_steered_by_our_program_if_the_operator_names_it(beside):
    pair("b0", "p0", 60, queues=1)
    port = f"dpdk:net_af_xdp0,iface=b0,xdp_prog={BUILD / 'bpf/steer.bpf.o'}"
    with Beside("beside", [port], config(60, "10.60.0.1"), "--", "--no-huge", "--no-shconf", "-m",
                "512", "--no-pci", "--no-telemetry") as shunt:
        for _ in range(5):
            assert forwarded(60).rcode() == dns.rcode.NOERROR
        shunt.wait_until(lambda: shunt.counter("port0.steer_inbound") == 5)
        assert shunt.counter("port0.steer_outbound") == 5
        assert ping_from_peer("10.60.0.2")
        shunt.kill()
        assert xdp_of("b0") == 0


def test_somebody_elses_program_is_reported_and_stays(beside, tmp_path):
    pair("b0", "p0", 60)
    source, program = tmp_path / "theirs.bpf.c", tmp_path / "theirs.bpf.o"
    source.write_text('__attribute__((section("xdp"), used)) int theirs(void *frame)\n'
                      '{\n\t(void)frame;\n\treturn 2;\n}\n')
    subprocess.run(["clang-14", "-g", "-O2", "-target", "bpf", "-c", str(source), "-o",
                    str(program)], check=True)
    inside("ip", "link", "set", "dev", "b0", "xdp", "obj", str(program), "sec", "xdp")
    done = inside(str(BUILD / "dataplane/shunt-dataplane"), "--port", "xdp:b0", "--run-dir",
                  str(tmp_path), "--state-dir", str(tmp_path), check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "XDP program 'theirs'" in done.stderr and "ip link set b0 xdp off" in done.stderr
    assert json.loads(inside("ip", "-d", "-j", "link", "show", "b0").stdout)[0]["xdp"]["prog"][
        "name"] == "theirs"


# Kinds of interfaces.

@pytest.mark.parametrize("address", ["127.0.0.1", "10.62.0.1"])
def test_lo_in_generic_mode(beside, address):
    """The kernel takes what it did not send itself only if it is told to."""
    inside("sysctl", "-q", "-w", "net.ipv4.conf.lo.route_localnet=1",
           "net.ipv4.conf.lo.accept_local=1", "net.ipv4.ip_local_port_range=61000 65535")
    if address != "127.0.0.1":
        ip("-n", "shunt-beside", "addr", "add", f"{address}/32", "dev", "lo")
    text = CONFIG.format(inbound=f"{address}:5300", outbound=address, target="10.99.0.1")
    with Beside("beside", ["xdp:lo"], text) as shunt:
        assert "(generic, 1 queue)" in shunt.status()["ports"][0]
        query = dns.message.make_query("nothing.lab.", "A")
        with udp_socket("beside", address) as sock:
            answer = dns.query.udp(query, address, port=5300, timeout=PATIENCE, sock=sock)
        assert answer.rcode() == dns.rcode.REFUSED
        assert shunt.counter("rx_bad_udp_csum") == 0
        shunt.kill()
        assert xdp_of("lo") == 0


def test_begun_checksums_of_a_peer_are_taken_over_ipv6(beside):
    """The peer's kernel leaves them to its device, which is none."""
    pair("b0", "p0", 60)
    for where, interface, address in (("shunt-beside", "b0", "fd60::2"),
                                      ("shunt-peer", "p0", "fd60::1")):
        ip("-n", where, "addr", "add", f"{address}/64", "dev", interface, "nodad")
    text = CONFIG.format(inbound="fd60::2", outbound="fd60::2", target="fd60::1")
    with Beside("beside", ["xdp:b0"], text.replace("0.0.0.0/0", '"::/0"')) as shunt:
        query = dns.message.make_query(NAME, "A")
        with udp_socket("peer", "fd60::1", 53) as server, udp_socket("peer", "fd60::1") as sock:
            for _ in range(5):
                sock.sendto(query.to_wire(), ("fd60::2", 53))
                wire, peer = server.recvfrom(65535)
                server.sendto(dns.message.make_response(dns.message.from_wire(wire)).to_wire(),
                              peer)
                assert dns.message.from_wire(sock.recvfrom(65535)[0]).id == query.id
        assert shunt.counter("rx_bad_udp_csum") == 0


def open_tap(name):
    with namespace("beside"):
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def from_tap(tap, target):
    """The next datagram to that address."""
    while select.select([tap], [], [], PATIENCE)[0]:
        frame = os.read(tap, 65535)
        if frames.Datagram.is_one(frame) and frames.Datagram(frame).target == target:
            return frames.Datagram(frame)
    raise TimeoutError(f"nothing came to {target}")


def test_tap(beside):
    """The test holds the other end: frames by hand, as a virtual machine would send them."""
    tap = open_tap("t0")
    ip("-n", "shunt-beside", "addr", "add", "10.61.0.2/24", "dev", "t0")
    ip("-n", "shunt-beside", "link", "set", "t0", "up")
    peer = "02:00:00:00:61:01"
    ip("-n", "shunt-beside", "neigh", "add", "10.61.0.10", "lladdr", peer, "dev", "t0",
       "nud", "permanent")
    own = inside("ip", "-br", "link", "show", "t0").stdout.split()[2]
    query = dns.message.make_query(NAME, "A")

    def send(source, source_port, target_port, payload):
        datagram = frames.udp(source, "10.61.0.2", source_port, target_port, payload)
        os.write(tap, frames.ethernet(peer, own, frames.ipv4(source, "10.61.0.2", datagram)))

    with Beside("beside", ["xdp:t0"], config(61, "10.61.0.10")) as shunt:
        assert "driver copy" in shunt.status()["ports"][0]
        send("10.61.0.9", 40000, 53, query.to_wire())
        sent = from_tap(tap, "10.61.0.10")
        assert sent.is_udp_sum_right and sent.target_mac == frames.mac(peer)
        reply = dns.message.make_response(dns.message.from_wire(sent.payload)).to_wire()
        send("10.61.0.10", 53, sent.source_port, reply)
        answer = from_tap(tap, "10.61.0.9")
        assert answer.target_port == 40000
        assert dns.message.from_wire(answer.payload).id == query.id
    os.close(tap)


# Jumbo frames.

def test_jumbo_frames_to_us_go_to_the_kernel_or_are_dropped_and_counted(beside):
    pair("b0", "p0", 60)
    for where, interface in (("shunt-beside", "b0"), ("shunt-peer", "p0")):
        ip("-n", where, "link", "set", interface, "mtu", "9000")
    with Beside("beside", ["xdp:b0"], config(60, "10.60.0.1")) as shunt:
        assert forwarded(60).rcode() == dns.rcode.NOERROR
        with udp_socket("peer", "10.60.0.1") as sock:
            for size in (1700, 2500, 8000):  # fits a frame; one buffer; several
                sock.sendto(bytes(size), ("10.60.0.2", 53))
                sock.sendto(bytes(size), ("10.60.0.2", 20000))
        shunt.wait_until(lambda: shunt.counter("port0.steer_passed_too_long") == 2)
        shunt.wait_until(lambda: shunt.counter("port0.steer_dropped_too_long") == 2)
        assert shunt.counter("port0.kernel_rx_dropped") == 0
        assert forwarded(60).rcode() == dns.rcode.NOERROR


# Changes while it runs.

def answers_again(lab):
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = lab.ask("www.contoso.lab.")
        if answer.rcode() == dns.rcode.NOERROR:
            return [rr.to_text() for rrset in answer.answer for rr in rrset] == ["192.0.2.11"]
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


@pytest.mark.parametrize("where, interface", [("host", "h0"), ("client", "c0"), ("host", "h1"),
                                              ("upstream", "u0")])
def test_X27_an_interface_that_was_down_serves_again(lab, where, interface):
    assert answers_again(lab)
    lab.command(where, "ip", "link", "set", interface, "down", check=True)
    lab.command(where, "ip", "link", "set", interface, "up", check=True)
    if interface == "h1":  # the kernel dropped it with the link
        lab.command("host", "ip", "route", "add", "168.63.129.16/32", "via", "10.54.0.1", "dev",
                    "h1", check=True)
    if interface == "c0":
        lab.command("client", "ip", "route", "replace", "local", "10.53.4.0/22", "dev", "lo",
                    check=True)
    assert answers_again(lab)
    if lab.port != "socket":
        assert "xdp" in lab.link("host", "h0") and "xdp" in lab.link("host", "h1")


def test_X28_a_deleted_interface_is_named_and_the_others_go_on(beside):
    pair("b0", "p0", 60)
    pair("b1", "p1", 63)
    with Beside("beside", ["xdp:b0", "xdp:b1"], config(60, "10.60.0.1"), "--workers",
                "2") as shunt:
        assert forwarded(60).rcode() == dns.rcode.NOERROR
        ip("-n", "shunt-peer", "link", "delete", "p1")
        shunt.wait_until(lambda: "xdp:b1: the interface was deleted" in shunt.log())
        assert forwarded(60).rcode() == dns.rcode.NOERROR
        assert ask("peer", "10.60.0.1", "10.60.0.2").rcode() == dns.rcode.REFUSED
        assert shunt.log().count("was deleted") == 1


def test_after_a_kill_no_program_is_left(beside):
    pair("b0", "p0", 60)
    with Beside("beside", ["xdp:b0"], config(60, "10.60.0.1")) as shunt:
        assert xdp_of("b0") > 0
        shunt.kill()
        assert xdp_of("b0") == 0


# Clients that are not heard.

def test_queries_of_clients_to_drop_never_come_to_a_worker(beside):
    pair("b0", "p0", 60)
    ip("-n", "shunt-peer", "addr", "add", "10.60.0.66/24", "dev", "p0")
    with Beside("beside", ["xdp:b0,drop=10.60.0.64/28+2001:db8::/32"],
                config(60, "10.60.0.1")) as shunt:
        query = dns.message.make_query("nothing.lab.", "A").to_wire()
        with udp_socket("peer", "10.60.0.66") as sock:
            for _ in range(5):
                sock.sendto(query, ("10.60.0.2", 53))
            assert ask("peer", "10.60.0.1", "10.60.0.2").rcode() == dns.rcode.REFUSED
            shunt.wait_until(lambda: shunt.counter("port0.steer_dropped_client") == 5)
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recvfrom(65535)
        assert shunt.counter("received") == 1
