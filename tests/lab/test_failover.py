# SPDX-License-Identifier: BSD-3-Clause
"""Targets that die and come back, under load. How long things take is held at full length alone: SHUNT_LAB_FULL=1
loads with SHUNT_LAB_RATE queries a second (50,000) and prints what it found."""

import contextlib
import os
import re
import subprocess
import tempfile
import threading
import time

import pytest

import upstream
from harness import INBOUND, PATIENCE
from upstream import Upstream, answer, silent

FULL = bool(os.environ.get("SHUNT_LAB_FULL"))
RATE = int(os.environ.get("SHUNT_LAB_RATE", "50000" if FULL else "1000"))
SERVERS = ("10.54.0.11", "10.54.0.12", "10.54.0.13")
RULE = ("      - {name: failover, domain: failover.lab., targets: ["
        + ", ".join(SERVERS) + "]}\n")


class Perf:
    """dnsperf with names of their own each: who waited longer than `patience` is lost to it."""

    def __init__(self, rate, seconds, patience):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".queries", encoding="ascii")
        self.file.writelines(f"n{patience}-{number}.failover.lab. A\n" for number in range(100000))
        self.file.flush()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", "shunt-client", "dnsperf", "-s", INBOUND, "-d", self.file.name,
             "-l", str(seconds), "-Q", str(rate), "-q", str(max(rate, 200)), "-c", "8",
             "-t", str(patience), "-b", "4096"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self):
        report, _ = self.process.communicate(timeout=120)
        self.file.close()
        self.codes = dict(re.findall(r"([A-Z]+) (\d+) \(", report))
        self.sent, self.lost = (int(re.search(rf"Queries {what}: +(\d+)", report).group(1))
                                for what in ("sent", "lost"))
        assert self.sent > 0, report


class Deaf:
    """Servers whose answers the network loses."""

    def __init__(self, lab):
        self.lab, self.addresses = lab, set()

    def strike(self, *addresses):
        for address in addresses:
            self._rule("add", address)
            self.addresses.add(address)

    def heal(self, *addresses):
        for address in addresses or tuple(self.addresses):
            self._rule("del", address)
            self.addresses.discard(address)

    def _rule(self, verb, address):
        done = self.lab.command("upstream", "ip", "rule", verb, "from", address, "blackhole")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def deaf(lab):
    made = Deaf(lab)
    yield made
    made.heal()


@pytest.fixture
def short_rests(lab, own_config):
    text = own_config.read_text().replace("    rules:\n", "    rules:\n" + RULE)
    own_config.write_text(text + "backoff: {initial: 2s, max: 4s}\n")
    lab.ctl("reload")
    return lab


def states(lab):
    return [lab.ctl_json("upstream", "show", server)["upstream"]["state"] for server in SERVERS]


def wait_for_state(lab, server, state):
    """Seconds that it took."""
    began = time.monotonic()
    while lab.ctl_json("upstream", "show", server)["upstream"]["state"] != state:
        assert time.monotonic() < began + 3 * PATIENCE, states(lab)
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.mark.ports("xdp", "dpdk")
def test_X01_first_of_three_targets_dies_under_load_and_comes_back(short_rests, deaf):
    lab, seconds = short_rests, 16 if FULL else 11
    patient, hasty = Perf(RATE // 2, seconds, 5), Perf(RATE // 2, seconds, 1)
    time.sleep(2)
    deaf.strike(SERVERS[0])
    found = wait_for_state(lab, SERVERS[0], "resting")
    time.sleep(4 if FULL else 1)
    assert states(lab) == ["resting", "up", "up"]
    deaf.heal(SERVERS[0])
    back = wait_for_state(lab, SERVERS[0], "up")
    patient.end()
    hasty.end()
    assert set(patient.codes) == {"NOERROR"} and set(hasty.codes) == {"NOERROR"}
    if FULL:
        delayed = hasty.lost / hasty.sent
        print(f"\n{lab.port}: {patient.sent + hasty.sent} queries, {patient.lost} lost, "
              f"{delayed:.3%} of {hasty.sent} over 1 s, resting after {found:.2f} s, "
              f"back after {back:.2f} s")
        assert delayed <= 0.01 and back <= 5
    assert patient.lost == 0


@pytest.mark.ports("xdp", "dpdk")
def test_G09_all_targets_die_and_one_comes_back(short_rests, deaf):
    lab, rate = short_rests, min(RATE, 2000)
    load = Perf(rate, 20 if FULL else 14, 5)
    time.sleep(1)
    deaf.strike(*SERVERS)
    for server in SERVERS:
        wait_for_state(lab, server, "resting")
    deaf.heal(SERVERS[2])
    back = wait_for_state(lab, SERVERS[2], "up")
    good = [lab.ask(f"g{number}.failover.lab.").rcode() for number in range(50)]
    load.end()
    assert set(load.codes) == {"NOERROR", "SERVFAIL"} and load.lost == 0
    assert set(good) == {0}
    if FULL:
        print(f"\n{lab.port}: back after {back:.2f} s; {load.codes}")
        assert back <= 5


class Trickle(threading.Thread):
    """A client that asks for another name every 50 ms."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.is_over = lab, threading.Event()
        self.start()

    def run(self):
        number = 0
        while not self.is_over.wait(0.05):
            number += 1
            self.lab.ask(f"t{number}.targets.lab.")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()


@pytest.mark.ports("xdp")
def test_rests_double_up_to_the_longest(lab, own_config, targets):
    """The scripted server sees a question when a rest is over, and none before."""
    rests = (2, 4, 8, 16, 30, 30) if FULL else (0.5, 1, 2, 2)
    if not FULL:
        with open(own_config, "a", encoding="utf-8") as text:
            text.write("backoff: {initial: 500ms, max: 2s}\n")
        lab.ctl("reload")
    server, _ = targets.serve(silent, answer)
    address = f"{upstream.ADDRESS}:{server.port}"
    with Trickle(lab):
        while lab.ctl_json("upstream", "show", address)["upstream"]["state"] != "resting":
            time.sleep(0.01)
        before = len(server.asked)
        began = time.monotonic()
        while len(server.asked) < before + len(rests):
            assert time.monotonic() < began + sum(rests) + PATIENCE
            time.sleep(0.05)
    seen = [when for when, _, _ in server.asked[before:before + len(rests)]]
    gaps = [later - earlier for earlier, later in zip(seen, seen[1:])]
    if FULL:
        print(f"\nrests seen: {[round(gap, 2) for gap in gaps]}")
        assert all(abs(gap - rest) <= rest / 10 for gap, rest in zip(gaps, rests[1:]))
    assert all(gap >= rest * 0.95 for gap, rest in zip(gaps, rests[1:])), gaps


@pytest.mark.ports("xdp")
def test_X19_a_target_that_flaps_is_never_given_up(lab, own_config):
    with open(own_config, "a", encoding="utf-8") as text:
        text.write("backoff: {initial: 500ms, max: 1s}\n")
    with contextlib.closing(Upstream(5398)) as server:
        rule = (f"      - {{name: flapping, domain: flapping.lab., targets: "
                f"['{upstream.ADDRESS}:{server.port}']}}\n")
        own_config.write_text(own_config.read_text().replace("    rules:\n", "    rules:\n" + rule))
        lab.ctl("reload")
        address = f"{upstream.ADDRESS}:{server.port}"
        for turn in range(3):
            server.manner = silent
            number = 0
            while lab.ctl_json("upstream", "show", address)["upstream"]["state"] != "resting":
                number += 1
                lab.exchange_later(f"f{turn}-{number}.flapping.lab.")
                assert number < 200
                time.sleep(0.05)
            server.manner = answer
            deadline = time.monotonic() + 2 * PATIENCE
            while lab.addresses(f"b{turn}-{number}.flapping.lab.") != ["192.0.2.99"]:
                number += 1
                assert time.monotonic() < deadline
            assert lab.ctl_json("upstream", "show", address)["upstream"]["state"] == "up"
