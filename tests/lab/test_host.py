# SPDX-License-Identifier: BSD-3-Clause
"""The host beside shunt: its own traffic keeps flowing, its interfaces end as they began."""

import socket
import threading

import pytest

import frames
from harness import (
    CLIENT,
    INBOUND,
    OUTBOUND,
    PATIENCE,
    SCRIPT,
    Load,
    Wire,
    tcp_socket,
    udp_socket,
)


def echo_once(listener):
    peer, _ = listener.accept()
    with peer:
        while data := peer.recv(65536):
            peer.sendall(data)


def echoed(lab, data):
    """Those bytes to port 22 of the host over TCP, and back."""
    with tcp_socket("host") as listener:
        listener.bind((INBOUND, 22))
        listener.listen()
        server = threading.Thread(target=echo_once, args=(listener,))
        server.start()
        with tcp_socket("client") as sock:
            sock.connect((INBOUND, 22))
            sender = threading.Thread(target=lambda: (sock.sendall(data),
                                                      sock.shutdown(socket.SHUT_WR)))
            sender.start()
            back = b""
            while chunk := sock.recv(65536):
                back += chunk
            sender.join()
        server.join()
    return back


def test_tcp_to_the_hosts_ssh_port_works(lab):
    data = bytes(range(256)) * 4096
    assert echoed(lab, data) == data


def test_udp_to_a_program_of_the_host_works(lab):
    with udp_socket("host", INBOUND, 62000) as server, udp_socket("client", CLIENT) as sock:
        sock.sendto(b"hello", (INBOUND, 62000))
        data, peer = server.recvfrom(100)
        server.sendto(data, peer)
        assert sock.recvfrom(100)[0] == b"hello"


def test_a_fragmented_datagram_to_a_program_at_the_outbound_address_arrives(lab):
    data = bytes(range(250)) * 16  # three pieces
    with udp_socket("host", OUTBOUND, 62000) as server, udp_socket("upstream", SCRIPT[0]) as sock:
        sock.sendto(data, (OUTBOUND, 62000))
        assert server.recvfrom(65535)[0] == data


def ping(lab):
    return lab.command("client", "ping", "-c", "3", "-i", "0.2", "-W", str(PATIENCE), INBOUND)


def test_A19_icmp_and_arp_are_answered_under_load(lab):
    with Load(lab, [f"www{n}.contoso.lab." for n in range(100)], rate=20000) as load:
        wire = Wire("client", "c0")
        wire.send(frames.arp_request(lab.client_mac, CLIENT, INBOUND))
        reply = next(f for f in wire.frames() if f[12:14] == b"\x08\x06" and f[21] == 2)
        wire.close()
        assert reply[22:28] == frames.mac(lab.host_mac)
        assert ping(lab).returncode == 0
    assert load.total("sent") > 0


def appearance(lab, interface):
    """What `ip link` and `ethtool` show of an interface, without its counters."""
    link = lab.link("host", interface)
    features = lab.command("host", "ethtool", "-k", interface, check=True).stdout
    return link, features


@pytest.mark.frames
@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_the_interfaces_end_as_they_began(lab, signal):
    lab.stop("dataplane")
    before = {name: appearance(lab, name) for name in ("h0", "h1")}
    assert all("xdp" not in link for link, _ in before.values())
    lab.start("dataplane")
    assert all("xdp" in lab.link("host", name) for name in before)
    lab.stop("dataplane", signal)
    assert {name: appearance(lab, name) for name in before} == before
    assert ping(lab).returncode == 0
    lab.start("dataplane")
    assert lab.addresses("www.contoso.lab.") == ["192.0.2.11"]


def set_kernel_ports(lab, ports):
    lab.command("host", "sysctl", "-qw", f"net.ipv4.ip_local_port_range={ports}", check=True)


def test_ports_that_the_kernel_draws_too_are_named(lab):
    line = 'sysctl -w net.ipv4.ip_local_port_range="'
    assert line not in lab.log("dataplane")
    set_kernel_ports(lab, "32768 60999")
    try:
        lab.ctl("rule", "create", "kernel-ports", "--ruleset", "corp",
                "--domain", "kernel-ports.lab.", "--target", "10.54.0.11")
        warned = lab.log("dataplane").count(line)
    finally:
        set_kernel_ports(lab, "61000 65535")
        lab.ctl("rule", "delete", "kernel-ports", "--ruleset", "corp")
    # Plain sockets are the kernel's own.
    assert warned == (lab.port != "socket")
    assert lab.log("dataplane").count(line) == warned
