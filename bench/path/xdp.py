#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a worker answers by itself over AF_XDP, beside reflectors on the same veth pair, in turn.

The generator is kxdpgun on core 0; who answers is on core 1. Nothing here is a pass mark.
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rows
from rows import BUILD

CLIENT, HOST = "bench-client", "bench-host"
CLIENT_IP, HOST_IP = "10.53.0.1", "10.53.0.2"
GENERATOR_CORE, SERVER_CORE = "0", "1"
NAMES = 1000
PATIENCE = 20

# No rule covers anything: each query is refused by the worker itself.
CONFIG = f"""\
inbound-endpoints:
  - {{name: in, addresses: [{HOST_IP}]}}
virtual-networks:
  - {{name: all, prefixes: [10.53.0.0/16], inbound-endpoints: [in]}}
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def mac(namespace, interface):
    return json.loads(run("ip", "-n", namespace, "-j", "link", "show", interface))[0]["address"]


@contextlib.contextmanager
def wire():
    """Two namespaces and a veth pair; who answers need not know ARP."""
    for name in (CLIENT, HOST):
        run("ip", "netns", "add", name)
    try:
        run("ip", "-n", CLIENT, "link", "add", "c0", "type", "veth", "peer", "name", "h0",
            "netns", HOST)
        for name, interface, address in ((CLIENT, "c0", CLIENT_IP), (HOST, "h0", HOST_IP)):
            run(*inside(name, "ethtool", "-K", interface, "tx", "off", "gro", "on", "rxvlan", "off"))
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", interface, "up")
            run("ip", "-n", name, "addr", "add", f"{address}/16", "dev", interface)
        run("ip", "-n", CLIENT, "neigh", "replace", HOST_IP, "lladdr", mac(HOST, "h0"), "dev", "c0")
        run("ip", "-n", HOST, "neigh", "replace", CLIENT_IP, "lladdr", mac(CLIENT, "c0"), "dev",
            "h0")
        yield
    finally:
        for name in (CLIENT, HOST):
            run("ip", "netns", "delete", name)


class Process:
    """A program on the contender's core, ready once its output says so."""

    def __init__(self, ready, *command, env=None):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            inside(HOST, "taskset", "-c", SERVER_CORE, *command), stdin=subprocess.PIPE,
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


@contextlib.contextmanager
def shunt(folder):
    """A dataplane, and a control without rules; the image stays in the folder."""
    folders = ["--run-dir", f"{folder}/run", "--state-dir", f"{folder}/state"]
    with running("polling", str(BUILD / "dataplane/shunt-dataplane"), "--port", "xdp:h0", "--busy",
                 *folders), \
            running("connected", str(BUILD / "control/shunt-control"), "-c",
                    f"{folder}/shunt.yaml", *folders):
        run(*inside(CLIENT, "dig", f"@{HOST_IP}", "+tries=10", "+time=1", "www.contoso.lab."))
        yield


@contextlib.contextmanager
def reflect(_):
    with running("reflecting", str(BUILD / "bench/reflect"), "h0", HOST_IP):
        yield


@contextlib.contextmanager
def timed(folder):
    process = Process("answering", str(BUILD / "bench/timed"), "h0", f"{folder}/state")
    found = {}
    try:
        yield found
    finally:
        found["own_ns"] = float(re.search(r"own_ns ([\d.]+)", process.end()).group(1))


@contextlib.contextmanager
def testpmd(_):
    eal = ["--lcores", f"0@{SERVER_CORE},1@{SERVER_CORE}", "--no-huge", "--no-shconf", "-m", "512",
           "--no-pci", "--no-telemetry", "--vdev", "net_af_xdp0,iface=h0"]
    with running("Press enter", "stdbuf", "-oL", "dpdk-testpmd", *eal, "--", "--forward-mode=5tswap",
                 "--auto-start", "--port-topology=loop", "--total-num-mbufs=16384",
                 env={"LIBXDP_OBJECT_PATH": "/usr/lib/x86_64-linux-gnu/bpf"}):
        yield


@contextlib.contextmanager
def xdp_tx(_):
    run("ip", "-n", HOST, "link", "set", "dev", "h0", "xdp", "obj",
        str(BUILD / "bench/reflect.bpf.o"), "sec", "xdp")
    yield


# What answers: name, how it is started, what it is.
CONTENDERS = {
    "reflect": (reflect, "our XDP port, addresses exchanged, no path"),
    "local": (shunt, "shunt, every query refused by the worker"),
    "timed": (timed, "the same worker, its time outside receive and send taken"),
    "testpmd": (testpmd, "testpmd 5tswap over net_af_xdp"),
    "xdp_tx": (xdp_tx, "XDP_TX, before any socket"),
}


def generate(queries, seconds):
    """Sent and answered by kxdpgun's count, as fast as it can."""
    done = subprocess.run(
        inside(CLIENT, "taskset", "-c", GENERATOR_CORE, "kxdpgun", "-t", str(seconds), "-Q",
               "10000000", "-b", "32", "-F", GENERATOR_CORE, "-i", queries, HOST_IP),
        capture_output=True, text=True, check=False)
    totals = re.findall(r"total (queries|replies): +(\d+)", done.stdout)
    if len(totals) != 2:
        raise SystemExit(f"bench: kxdpgun says:\n{done.stdout}{done.stderr}")
    return {what: int(count) for what, count in totals}


@contextlib.contextmanager
def clean_interfaces():
    """Programs that a contender or a generator left behind are no program of the next one."""
    try:
        yield
    finally:
        for namespace, interface in ((CLIENT, "c0"), (HOST, "h0")):
            run("ip", "-n", namespace, "link", "set", interface, "xdp", "off")


def one_run(name, folder, seconds):
    start, _ = CONTENDERS[name]
    with clean_interfaces(), start(folder) as found:
        totals = generate(f"{folder}/queries", seconds)
    return {"sent": totals["queries"] / seconds, "answered": totals["replies"] / seconds,
            "own_ns": (found or {}).get("own_ns")}


def measure(names, rounds, seconds):
    runs = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as folder, wire():
        Path(folder, "shunt.yaml").write_text(CONFIG, encoding="ascii")
        Path(folder, "queries").write_text(
            "".join(f"www{n}.contoso.lab. A\n" for n in range(NAMES)), encoding="ascii")
        with shunt(folder):
            pass  # leaves the image that `timed` serves
        for number in range(rounds):
            for name in names:
                runs[name].append(one_run(name, folder, seconds))
                got = runs[name][-1]
                print(f"round {number + 1}: {name:8} {got['answered']:9,.0f} answered/s of "
                      f"{got['sent']:9,.0f} sent/s", flush=True)
    return runs


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def share(runs, name):
    """Of what the reflector did in the same round."""
    return statistics.median(one["answered"] / max(ours["answered"], 1)
                             for one, ours in zip(runs[name], runs["reflect"]))


def loss(runs):
    return 1 - sum(run["answered"] for run in runs) / sum(run["sent"] for run in runs)


def print_table(runs):
    print(f"\n{'who':9} {'answered/s':>11} {'of reflect':>10} {'sent/s':>11} {'lost':>6}  what")
    for name, theirs in runs.items():
        print(f"{name:9} {median(theirs, 'answered'):11,.0f} {share(runs, name):10.3f} "
              f"{median(theirs, 'sent'):11,.0f} {loss(theirs):6.1%}  {CONTENDERS[name][1]}")


def rows_of(runs, conditions):
    def row(name, value, unit, who):
        return rows.row(name, value, unit,
                        f"{CONTENDERS[who][1]}; lost {loss(runs[who]):.1%}; {conditions}")

    found = [row(f"{name}_xdp_qps", median(theirs, "answered"), "answers/s", name)
             for name, theirs in runs.items()]
    if "local" in runs:
        found.append(row("local_xdp_share", share(runs, "local"), "of our reflect step", "local"))
    if "timed" in runs:
        found.append(row("xdp_worker_ns", median(runs["timed"], "own_ns"), "ns", "timed"))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", choices=list(CONTENDERS))
    options = parser.parse_args()
    names = ["reflect", options.only] if options.only else list(CONTENDERS)
    runs = measure(list(dict.fromkeys(names)), options.rounds, options.seconds)
    conditions = (f"{rows.machine()}; kxdpgun on core {GENERATOR_CORE}, answers on core {SERVER_CORE}, "
                  f"veth, {NAMES} names; medians of {options.rounds} rounds of "
                  f"{options.seconds:g} s, in turn; ./dev bench path --port xdp; commit {rows.commit()}")
    print(f"\n{conditions}")
    print_table(runs)
    if "timed" in runs:
        print(f"\nxdp_worker_ns {median(runs['timed'], 'own_ns'):.0f} ns a query outside receive "
              "and send")
    rows.write("xdp", rows_of(runs, conditions))


if __name__ == "__main__":
    sys.exit(main())
