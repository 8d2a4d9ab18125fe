# SPDX-License-Identifier: BSD-3-Clause
"""A shunt beside the lab's: in a namespace of its own, shunt-beside; its peers are in shunt-peer."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import dns.message
import dns.query

from harness import BUILD, PATIENCE, udp_socket

NAME = "www.beside.lab."
CONFIG = """
inbound-endpoints:  [{{name: in, addresses: ["{inbound}"]}}]
outbound-endpoints: [{{name: out, addresses: ["{outbound}"]}}]
rulesets:
  - name: corp
    outbound-endpoints: [out]
    rules: [{{name: beside, domain: beside.lab., targets: ["{target}"]}}]
virtual-networks:
  - {{name: hub, prefixes: [0.0.0.0/0], inbound-endpoints: [in], rulesets: [corp], default: refuse}}
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def inside(*words, check=True):
    return subprocess.run(["ip", "netns", "exec", "shunt-beside", *words], check=check,
                          capture_output=True, text=True, timeout=60)


def pair(interface, peer, subnet, queues=2):
    """A veth pair, 10.<subnet>.0.2 here and .1 at the peer."""
    ip("-n", "shunt-beside", "link", "add", interface, "numrxqueues", str(queues), "numtxqueues",
       str(queues), "type", "veth", "peer", "name", peer, "netns", "shunt-peer", "numrxqueues",
       str(queues), "numtxqueues", str(queues))
    subprocess.run(["ip", "netns", "exec", "shunt-peer", "ethtool", "-K", peer, "gro", "on"],
                   check=True, capture_output=True)
    ip("-n", "shunt-beside", "addr", "add", f"10.{subnet}.0.2/24", "dev", interface)
    ip("-n", "shunt-peer", "addr", "add", f"10.{subnet}.0.1/24", "dev", peer)
    ip("-n", "shunt-beside", "link", "set", interface, "up")
    ip("-n", "shunt-peer", "link", "set", peer, "up")


def config(subnet, target):
    return CONFIG.format(inbound=f"10.{subnet}.0.2", outbound=f"10.{subnet}.0.2", target=target)


def ask(where, source, server, name="nothing.lab."):
    """The answer to a query from that namespace."""
    query = dns.message.make_query(name, "A")
    with udp_socket(where, source) as sock:
        return dns.query.udp(query, server, timeout=PATIENCE, sock=sock)


def forwarded(subnet):
    """A query that the test's own upstream answers: the path is whole, both ways."""
    query = dns.message.make_query(NAME, "A")
    with udp_socket("peer", f"10.{subnet}.0.1", 53) as server, \
            udp_socket("peer", f"10.{subnet}.0.1") as sock:
        sock.sendto(query.to_wire(), (f"10.{subnet}.0.2", 53))
        wire, peer = server.recvfrom(65535)
        server.sendto(dns.message.make_response(dns.message.from_wire(wire)).to_wire(), peer)
        return dns.message.from_wire(sock.recvfrom(65535)[0])


def xdp_of(interface):
    return inside("ip", "-d", "link", "show", interface).stdout.count("xdp")


class Beside:
    """A dataplane and a control of their own beside the lab's: in any namespace, with any ports."""

    def __init__(self, where, ports, config, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="shunt-", dir="/run")
        self.path = Path(self.folder.name)
        self.path.chmod(0o755)  # whoever the dataplane becomes has its state in there
        (self.path / "shunt.yaml").write_text(config)
        (self.path / "state").mkdir()
        self.where = where
        self.processes = []
        ports = [word for port in ports for word in ("--port", port)]
        try:
            self.dataplane = self.spawn("dataplane/shunt-dataplane", *ports, *options)
            self.wait_until(lambda: "polling" in self.log())
            self.spawn("control/shunt-control", "-c", str(self.path / "shunt.yaml"))
            self.wait_until(lambda: self.status().get("generation"))
        except BaseException:
            self.close()
            raise

    def spawn(self, program, *options):
        with open(self.path / "log", "ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", f"shunt-{self.where}", str(BUILD / program),
                 "--run-dir", str(self.path), "--state-dir", str(self.path / "state"), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def log(self):
        return (self.path / "log").read_text()

    def wait_until(self, is_so):
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert all(p.poll() is None for p in self.processes), f"ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"waited in vain:\n{self.log()}"
            time.sleep(0.05)

    def ctl_json(self, *args):
        done = subprocess.run([str(BUILD / "ctl/shuntctl"), "-s", str(self.path / "control.sock"),
                               *args, "-o", "json"], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def status(self):
        """What the dataplane says it serves, and its ports."""
        return self.ctl_json("status").get("dataplane", {})

    def counter(self, name):
        """Sum over the workers; what main counts is a second old at most."""
        counters = self.ctl_json("path")["counters"]
        return sum(c["total"] for c in counters if c["name"] == name)

    def kill(self):
        self.dataplane.kill()
        self.dataplane.wait()
        self.processes.remove(self.dataplane)

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(PATIENCE)
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
