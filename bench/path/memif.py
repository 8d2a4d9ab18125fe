#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The worker over memif on core 1, the load generator on core 0, and testpmd as a reflector in the worker's place.

We are memif's server, which pays for both copies; the generator is the client, without copies.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rows
from scenarios import PROGRAMS, Words, add_options, chosen, median, run_json, verdict

GENERATOR_CORE, WORKER_CORE = "0", "1"
PAGES = Path("/proc/sys/vm/nr_hugepages")
PAGES_WANTED = 1024  # of 2 MB, for both sides
PATIENCE_SEC = 60
CALM_SEC = {"dead": 6}  # until it is known who does not answer
SWAP_SEC = 10
FLOORS_QPS = {"local": 3_500_000, "forwarded": 1_800_000}
FLOOR_MATCH_NS = 90
STEPS = ["rx", "upstream", "parse", "view", "match", "forward", "local", "rewrite", "tx",
         "receive", "send"]
MEMORY = ["--in-memory", "--single-file-segments", "--no-pci", "--no-telemetry"]


@contextlib.contextmanager
def huge_pages():
    """As many as both sides need, and as before afterwards."""
    before = PAGES.read_text(encoding="ascii").strip()
    if int(before) < PAGES_WANTED:
        PAGES.write_text(str(PAGES_WANTED), encoding="ascii")
    if int(PAGES.read_text(encoding="ascii")) < PAGES_WANTED // 2:
        raise SystemExit(f"bench: {PAGES} gives too few pages: memory is short, or in pieces")
    try:
        yield
    finally:
        PAGES.write_text(before, encoding="ascii")


@contextlib.contextmanager
def running(folder, ready, *command):
    """A program on the worker's core, ready once its output says so."""
    with Path(folder, "log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(["taskset", "-c", WORKER_CORE, *map(str, command)],
                                   stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + PATIENCE_SEC
            while ready not in Path(log.name).read_text(encoding="utf-8"):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = Path(log.name).read_text(encoding="utf-8")
                    raise SystemExit(f"bench: {command[0]} does not start:\n{said}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_SEC)


def device(folder, role):
    Path(folder, "memif").unlink(missing_ok=True)
    return f"net_memif0,role={role},socket={folder}/memif,socket-abstract=no,rsize=14"


def served(folder, program, words):
    record = Path(folder, "record")
    return running(folder, "serving", PROGRAMS / program, f"device={device(folder, 'server')}",
                   f"record={record}", *words, "--", *MEMORY, "--file-prefix", "bench-worker")


def reflector(folder):
    return running(folder, "Press enter", "stdbuf", "-oL", "dpdk-testpmd", "--lcores",
                   f"0@{WORKER_CORE},1@{WORKER_CORE}", *MEMORY, "--file-prefix", "bench-worker",
                   "--vdev", device(folder, "server"), "--", "--forward-mode=5tswap", "--auto-start",
                   "--port-topology=loop", "--total-num-mbufs=65535", "--rxd=16384", "--txd=16384")


def load(folder, *words):
    role = f"net_memif0,role=client,zero-copy=yes,socket={folder}/memif,socket-abstract=no,rsize=14"
    return run_json(PROGRAMS / "load", *words, "--", "load", "--lcores", f"0@{GENERATOR_CORE}",
                    *MEMORY, "--file-prefix", "bench-load", "--log-level=notice", "--vdev", role,
                    stderr=subprocess.DEVNULL if not os.environ.get("BENCH_VERBOSE") else None)


def measure_start(folder, words, scenario, options):
    """One fresh start: how many a second without loss, and what they cost."""
    traffic = [*words.traffic(scenario), f"seconds={options.seconds}",
               f"calm={CALM_SEC.get(scenario.name, 0.3)}"]
    with served(folder, "served", words.image(scenario)):
        return load(folder, *traffic, f"record={folder}/record")


def measure_reflected(folder, words, scenario, options):
    """What the generator does against a reflector: each query crosses as often as in the scenario."""
    questions = [f"queries={words.queries(scenario)}", f"seconds={options.seconds}"]
    is_local = scenario.name == "local"
    traffic = ["expect=echo", "no-upstream"] if is_local else []
    with reflector(folder):
        return load(folder, *questions, *traffic)


def measure_swap(folder, words, scenario, options, rate):
    """At a fixed rate; what is lost is the figure."""
    with served(folder, "served", words.image(scenario)):
        return load(folder, *words.traffic(scenario), f"rate={rate}", f"seconds={SWAP_SEC}",
                    f"record={folder}/record")


def measure_steps(folder, words, scenario, rate):
    with served(folder, "served-profile", words.image(scenario)):
        run = load(folder, *words.traffic(scenario), f"rate={rate}", "seconds=2",
                   f"record={folder}/record")
    return dict(zip(STEPS, run["steps_ns"]))


def lost(run):
    return run["lost"] - run["stolen"]


class Bench:
    """All that was measured, and the rows made of it."""

    def __init__(self, folder, options, conditions):
        self.folder, self.options, self.conditions = folder, options, conditions
        self.words = Words(folder, options)
        self.rows = []
        self.forwarded_qps = 0

    def add(self, name, value, unit, said):
        self.rows.append(rows.row(name, value, unit, f"{said}; {self.conditions}"))

    def print_runs(self, name, runs, extra=""):
        starts = " ".join(f"{run['answered_a_second'] / 1e6:.2f}" for run in runs)
        print(f"{name:15} {median(runs, 'answered_a_second') / 1e6:6.2f} "
              f"{median(runs, 'own_ns'):7.1f} {median(runs, 'port_ns'):7.1f} "
              f"{median(runs, 'p50_us'):8.1f} {median(runs, 'p99_us'):8.1f} "
              f"{sum(run['wrong'] for run in runs):5} {sum(map(lost, runs)):6} "
              f"{sum(run['stolen'] for run in runs):6} "
              f"{sum(run['own_gaps'] for run in runs):5} {sum(run['peer_gaps'] for run in runs):5}"
              f"  {starts}{extra}", flush=True)

    def scenario(self, scenario):
        """Starts of the worker and of the reflector in turn."""
        runs, reflected = [], []
        for _ in range(self.options.starts):
            runs.append(measure_start(self.folder, self.words, scenario, self.options))
            reflected.append(measure_reflected(self.folder, self.words, scenario, self.options))
        qps = median(runs, "answered_a_second")
        ceiling = median(reflected, "answered_a_second")
        bound = "" if ceiling >= 2 * qps else "; BOUNDED BY THE GENERATOR"
        own = median(runs, "own_ns")
        wrong = sum(run["wrong"] for run in runs)
        self.print_runs(scenario.name, runs,
                        f"; qps {verdict(qps, FLOORS_QPS.get(scenario.name), False)}"
                        f"; own {verdict(own, scenario.floor_own_ns)}{bound}")
        self.print_runs("  reflected", reflected)
        said = (f"{scenario.what}; every answer checked, {wrong} wrong; lost {sum(map(lost, runs))}, "
                f"stolen {sum(run['stolen'] for run in runs)}; generator's ceiling by the "
                f"reflector {ceiling:,.0f}{bound}")
        self.add(f"{scenario.name}_memif_qps", qps, "answers/s", said)
        self.add(f"{scenario.name}_own_ns", own, "ns", said)
        self.add(f"{scenario.name}_port_ns", median(runs, "port_ns"), "ns", said)
        self.add(f"{scenario.name}_reflected_memif_qps", ceiling, "answers/s", said)
        if scenario.name == "forwarded":
            self.forwarded_qps = qps
        if scenario.name == "flood" and self.forwarded_qps:
            self.add("flood_share", qps / self.forwarded_qps, "of forwarded_memif_qps",
                     f"without cache; {said}")
        if scenario.name in ("local", "forwarded"):
            self.steps(scenario, qps)

    def steps(self, scenario, qps):
        found = [measure_steps(self.folder, self.words, scenario, qps * 0.9)
                 for _ in range(self.options.starts)]
        steps = {name: statistics.median(one[name] for one in found) for name in STEPS}
        print("  ns a step       " + "  ".join(f"{name} {steps[name]:.1f}" for name in STEPS))
        said = f"{scenario.what}; from a build with profile, at 0.9 of the no-drop rate"
        for name, value in steps.items():
            self.add(f"{scenario.name}_{name}_ns", value, "ns", said)
        if scenario.name == "forwarded":
            print(f"  match_in_path_ns {steps['match']:.1f}; "
                  f"{verdict(steps['match'], FLOOR_MATCH_NS)}")
            self.add("match_in_path_ns", steps["match"], "ns", said)
        self.explain(scenario, qps)

    def explain(self, scenario, qps):
        """The sum over port/memory, and the ports' time, beside what a query took over memif."""
        path = rows.BUILD / "path-memory.json"
        memory = {one["row"]: one["value"] for one in rows.read(path)} if path.exists() else {}
        own = memory.get(f"{scenario.name}_memory_ns")
        if not own:
            print("  (./dev bench path --port memory first: then its sum is held against this)")
            return
        port = next(one["value"] for one in self.rows
                    if one["row"] == f"{scenario.name}_port_ns")
        print(f"  {1e9 / qps:.0f} ns a query at this rate; over port/memory {own:.0f} and in memif "
              f"{port:.0f}: {(own + port) * qps / 1e9 - 1:+.0%}")

    def swap(self, scenario):
        rate = self.options.swap_rate or self.forwarded_qps / 2
        if not rate:
            print("swap            needs the rate of `forwarded`: measure that too, or say --swap-rate")
            return
        runs = [measure_swap(self.folder, self.words, scenario, self.options, rate)
                for _ in range(min(self.options.starts, 3))]
        total = sum(map(lost, runs)) + sum(run["wrong"] for run in runs)
        self.print_runs(scenario.name, runs, f"; swap_lost {total}; {verdict(total, 0)}")
        self.add("swap_lost", total, "queries",
                 f"{scenario.what}; at {rate:,.0f} a second for {SWAP_SEC} s each; p99 "
                 f"{median(runs, 'p99_us'):.0f} us; stolen {sum(run['stolen'] for run in runs)}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench path --port memif")
    add_options(parser)
    parser.add_argument("--seconds", type=float, default=0.5, help="each step of the search (0.5)")
    parser.add_argument("--swap-rate", type=float,
                        help="queries a second for swap (half of what forwarded came to)")
    options = parser.parse_args()
    conditions = (f"{rows.machine()}; memif, generator on core {GENERATOR_CORE}, worker on core "
                  f"{WORKER_CORE}; medians of {options.starts} fresh starts; "
                  f"./dev bench path --port memif; commit {rows.commit()}")
    print(f"{conditions}\n\n{'':15} {'M/s':>6} {'own ns':>7} {'port ns':>7} {'p50 us':>8} {'p99 us':>8} "
          f"{'wrong':>5} {'lost':>6} {'stolen':>6} {'gaps':>5} {'its':>5}  starts, M/s", flush=True)
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as folder, huge_pages():
        bench = Bench(folder, options, conditions)
        for scenario in chosen(options):
            if scenario.name == "swap":
                bench.swap(scenario)
            else:
                bench.scenario(scenario)
    rows.write("memif", bench.rows)


if __name__ == "__main__":
    sys.exit(main())
