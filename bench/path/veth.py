# SPDX-License-Identifier: BSD-3-Clause
"""What rungs over veth pairs stand on: namespaces, pairs, programs on a core, kxdpgun."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time

GENERATOR_CORE, SERVER_CORE = "0", "1"
PATIENCE = 20


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def mac(namespace, interface):
    return json.loads(run("ip", "-n", namespace, "-j", "link", "show", interface))[0]["address"]


@contextlib.contextmanager
def namespaces(*names):
    for name in names:
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    try:
        yield
    finally:
        for name in names:
            run("ip", "netns", "delete", name)


def pair(*ends, queues=1):
    """A veth pair; an end is (namespace, interface, address). Who answers need not know ARP."""
    (near, name, _), (far, peer, _) = ends
    counts = ["numrxqueues", str(queues), "numtxqueues", str(queues)]
    run("ip", "-n", near, "link", "add", name, *counts, "type", "veth", "peer", "name", peer,
        "netns", far, *counts)
    for namespace, interface, address in ends:
        run(*inside(namespace, "ethtool", "-K", interface, "tx", "off", "gro", "on", "rxvlan",
                    "off"))
        run("ip", "-n", namespace, "link", "set", interface, "up")
        run("ip", "-n", namespace, "addr", "add", f"{address}/16", "dev", interface)
    for (namespace, interface, _), (other, theirs, address) in (ends, ends[::-1]):
        run("ip", "-n", namespace, "neigh", "replace", address, "lladdr", mac(other, theirs), "dev",
            interface)


class Process:
    """A program on the contender's core, ready once its output says so."""

    def __init__(self, namespace, ready, *command, env=None):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            inside(namespace, "taskset", "-c", SERVER_CORE, *command), stdin=subprocess.PIPE,
            stdout=self.log, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        deadline = time.monotonic() + PATIENCE
        while ready not in self.output():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise SystemExit(f"bench: {command[0]} does not start:\n{self.output()}")
            time.sleep(0.05)

    def output(self):
        self.log.seek(0)
        return self.log.read()

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        return self.output()


@contextlib.contextmanager
def running(*args, **kwargs):
    process = Process(*args, **kwargs)
    try:
        yield process
    finally:
        process.end()


def kxdpgun(namespace, target, queries, seconds, rate):
    """Sent and answered by its own count."""
    done = subprocess.run(
        inside(namespace, "taskset", "-c", GENERATOR_CORE, "kxdpgun", "-t", str(seconds), "-Q",
               str(rate), "-b", "32", "-F", f"{GENERATOR_CORE}s0", "-i", queries, target),
        capture_output=True, text=True, check=False)
    totals = re.findall(r"total (queries|replies): +(\d+)", done.stdout)
    if len(totals) != 2:
        raise SystemExit(f"bench: kxdpgun says:\n{done.stdout}{done.stderr}")
    return {what: int(count) for what, count in totals}


@contextlib.contextmanager
def clean(*ends):
    """Programs that a contender or a generator left behind are no program of the next one."""
    try:
        yield
    finally:
        for namespace, interface in ends:
            run("ip", "-n", namespace, "link", "set", interface, "xdp", "off")
