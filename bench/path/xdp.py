#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a worker answers by itself over AF_XDP, beside reflectors on the same veth pair, in turn.

The generator is kxdpgun on core 0; who answers is on core 1. Nothing here is a pass mark.
"""

import argparse
import contextlib
import re
import statistics
import sys
import tempfile
from pathlib import Path

import rows
from rows import BUILD
from veth import (
    GENERATOR_CORE, SERVER_CORE, Process, clean, inside, kxdpgun, namespaces, pair, run, running,
)

CLIENT, HOST = "bench-client", "bench-host"
CLIENT_IP, HOST_IP = "10.53.0.1", "10.53.0.2"
AS_FAST_AS_IT_CAN = 10000000
NAMES = 1000

# No rule covers anything: each query is refused by the worker itself.
CONFIG = f"""\
inbound-endpoints:
  - {{name: in, addresses: [{HOST_IP}]}}
virtual-networks:
  - {{name: all, prefixes: [10.53.0.0/16], inbound-endpoints: [in]}}
"""


@contextlib.contextmanager
def shunt(folder, port="xdp:h0", *eal):
    """A dataplane, and a control without rules; the image stays in the folder."""
    folders = ["--run-dir", f"{folder}/run", "--state-dir", f"{folder}/state"]
    with running(HOST, "polling", str(BUILD / "dataplane/shunt-dataplane"), "--port", port,
                 "--busy", *folders, *eal), \
            running(HOST, "connected", str(BUILD / "control/shunt-control"), "-c",
                    f"{folder}/shunt.yaml", *folders):
        run(*inside(CLIENT, "dig", f"@{HOST_IP}", "+tries=10", "+time=1", "www.contoso.lab."))
        yield


@contextlib.contextmanager
def over_dpdk(folder):
    program = BUILD / "bpf/steer.bpf.o"
    with shunt(folder, f"dpdk:net_af_xdp0,iface=h0,xdp_prog={program}", "--", "--no-huge",
               "--no-shconf", "-m", "512", "--no-pci", "--no-telemetry"):
        yield


@contextlib.contextmanager
def reflect(_):
    with running(HOST, "reflecting", str(BUILD / "bench/reflect"), "h0", HOST_IP):
        yield


@contextlib.contextmanager
def timed(folder):
    process = Process(HOST, "answering", str(BUILD / "bench/timed"), "h0", f"{folder}/state")
    found = {}
    try:
        yield found
    finally:
        found["own_ns"] = float(re.search(r"own_ns ([\d.]+)", process.end()).group(1))


@contextlib.contextmanager
def testpmd(_):
    eal = ["--lcores", f"0@{SERVER_CORE},1@{SERVER_CORE}", "--no-huge", "--no-shconf", "-m", "512",
           "--no-pci", "--no-telemetry", "--vdev", "net_af_xdp0,iface=h0"]
    with running(HOST, "Press enter", "stdbuf", "-oL", "dpdk-testpmd", *eal, "--", "--forward-mode=5tswap",
                 "--auto-start", "--port-topology=loop", "--total-num-mbufs=16384",
                 env={"LIBXDP_OBJECT_PATH": "/usr/lib/x86_64-linux-gnu/bpf"}):
        yield


@contextlib.contextmanager
def xdp_tx(_):
    run("ip", "-n", HOST, "link", "set", "dev", "h0", "xdp", "obj",
        str(BUILD / "bench/reflect.bpf.o"), "program", "reflect")
    yield


# What answers: name, how it is started, what it is.
CONTENDERS = {
    "reflect": (reflect, "our XDP port, addresses exchanged, no path"),
    "local": (shunt, "shunt, every query refused by the worker"),
    "timed": (timed, "the same worker, its time outside receive and send taken"),
    "dpdk": (over_dpdk, "the same as local over DPDK's net_af_xdp, with our steering program"),
    "testpmd": (testpmd, "testpmd 5tswap over net_af_xdp"),
    "xdp_tx": (xdp_tx, "XDP_TX, before any socket"),
}


def one_run(name, folder, seconds):
    start, _ = CONTENDERS[name]
    with clean((CLIENT, "c0"), (HOST, "h0")), start(folder) as found:
        totals = kxdpgun(CLIENT, HOST_IP, f"{folder}/queries", seconds, AS_FAST_AS_IT_CAN)
    return {"sent": totals["queries"] / seconds, "answered": totals["replies"] / seconds,
            "own_ns": (found or {}).get("own_ns")}


def measure(names, rounds, seconds):
    runs = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as folder, namespaces(CLIENT, HOST):
        pair((CLIENT, "c0", CLIENT_IP), (HOST, "h0", HOST_IP))
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


def shares(runs, name, of="reflect"):
    """Of what another did in the same round: what a round has in common is no noise."""
    return [one["answered"] / max(other["answered"], 1)
            for one, other in zip(runs[name], runs[of])]


def share(runs, name, of="reflect"):
    return statistics.median(shares(runs, name, of))


def loss(runs):
    return 1 - sum(run["answered"] for run in runs) / sum(run["sent"] for run in runs)


def print_table(runs):
    print(f"\n{'who':9} {'answered/s':>11} {'of reflect':>10} {'sent/s':>11} {'lost':>6}  what")
    for name, theirs in runs.items():
        print(f"{name:9} {median(theirs, 'answered'):11,.0f} {share(runs, name):10.3f} "
              f"{median(theirs, 'sent'):11,.0f} {loss(theirs):6.1%}  {CONTENDERS[name][1]}")


# Who is held against whom, round by round.
PAIRS = (("local", "reflect"), ("local", "testpmd"), ("local", "dpdk"), ("reflect", "testpmd"),
         ("local", "xdp_tx"))


def print_pairs(runs):
    print("\nratios, round by round, and their median")
    for one, other in PAIRS:
        if one in runs and other in runs:
            each = " ".join(f"{ratio:.3f}" for ratio in shares(runs, one, other))
            print(f"{one + ' / ' + other:18} {share(runs, one, other):.3f}   ({each})")


def rows_of(runs, conditions):
    def row(name, value, unit, who):
        return rows.row(name, value, unit,
                        f"{CONTENDERS[who][1]}; lost {loss(runs[who]):.1%}; {conditions}")

    found = [row(f"{name}_xdp_qps", median(theirs, "answered"), "answers/s", name)
             for name, theirs in runs.items()]
    if "local" in runs:
        found.append(row("local_xdp_share", share(runs, "local"), "of our reflect step", "local"))
    if "local" in runs and "testpmd" in runs:
        found.append(row("local_xdp_over_testpmd", share(runs, "local", "testpmd"), "ratio",
                         "local"))
    if "timed" in runs:
        found.append(row("xdp_worker_ns", median(runs["timed"], "own_ns"), "ns", "timed"))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
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
    print_pairs(runs)
    if "timed" in runs:
        print(f"\nxdp_worker_ns {median(runs['timed'], 'own_ns'):.0f} ns a query outside receive "
              "and send")
    rows.write("xdp", rows_of(runs, conditions))


if __name__ == "__main__":
    sys.exit(main())
