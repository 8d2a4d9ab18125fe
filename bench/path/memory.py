#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The worker over port/memory, on core 1: what a query costs, in all and a step."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import rows
from scenarios import PROGRAMS, Words, add_options, chosen, median, run_json, verdict

CORE = "1"
STEPS = ["rx", "upstream", "parse", "view", "match", "forward", "local", "rewrite", "tx"]
FUNCTION = re.compile(r"^\s*([\d,]+) \(.*?:(?:path_)?(\w+)(?:'2)?(?: \[.*)?$")


def measure(words, scenario, options):
    """Each start is a process of its own; with a profile in others, as reading the counter costs."""
    command = [*words.image(scenario), *words.traffic(scenario), f"for={options.count}"]
    on_core = ["taskset", "-c", CORE]
    plain = [run_json(*on_core, PROGRAMS / "memory", *command) for _ in range(options.starts)]
    profiled = [run_json(*on_core, PROGRAMS / "memory-profile", *command)
                for _ in range(options.starts)]
    steps = {name: median([run["steps"] for run in profiled], name) for name in STEPS}
    return {"scenario": scenario, "runs": plain, "own_ns": median(plain, "own_ns"),
            "wrong": sum(run["wrong"] for run in plain + profiled),
            "lost": sum(run["lost"] for run in plain + profiled),
            "gaps": sum(run["gaps"] for run in plain), "steps": steps}


def print_one(found):
    one = found["scenario"]
    starts = " ".join(f"{run['own_ns']:.0f}" for run in found["runs"])
    print(f"{one.name:15} {found['own_ns']:7.1f} {sum(found['steps'].values()):7.1f} "
          + " ".join(f"{found['steps'][step]:7.1f}" for step in STEPS)
          + f"  {found['wrong']} wrong, {found['lost']} lost; starts {starts}; "
          f"{verdict(found['own_ns'], one.floor_own_ns)}", flush=True)


def rows_of(found, conditions):
    one = found["scenario"]
    said = f"{one.what}; {found['wrong']} wrong, {found['lost']} lost; {conditions}"
    yield rows.row(f"{one.name}_memory_ns", found["own_ns"], "ns", said)
    for step, value in found["steps"].items():
        yield rows.row(f"{one.name}_memory_{step}_ns", value, "ns", f"profile; {said}")


def count_instructions(words, scenario, options):
    """Instructions a query and function, by callgrind: the same on every machine with the same CPU level."""
    out = Path(words.folder, "callgrind.out")
    found = run_json("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}",
                     "--toggle-collect=worker_turn", PROGRAMS / "memory", *words.image(scenario),
                     *words.traffic(scenario), "questions=20000", "held=256", f"for={options.count}")
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)],
                          capture_output=True, text=True, check=True).stdout
    total = int(re.search(r"([\d,]+) \(100.0%\)  PROGRAM TOTALS", text).group(1).replace(",", ""))
    counts = {}
    for line in text.splitlines():
        match = FUNCTION.match(line)
        if match and match.group(2) in STEPS and f"path_{match.group(2)}" in line:
            counts.setdefault(match.group(2), int(match.group(1).replace(",", "")))
    queries = found["answered"] + found["warm_up"]
    return total / queries, {step: counts.get(step, 0) / queries for step in STEPS}


def instructions(words, options):
    print(f"{'instructions':15} {'all':>7} " + " ".join(f"{step:>7}" for step in STEPS))
    for scenario in chosen(options):
        total, steps = count_instructions(words, scenario, options)
        print(f"{scenario.name:15} {total:7.0f} "
              + " ".join(f"{steps[step]:7.0f}" for step in STEPS), flush=True)
        said = (f"{scenario.what}; callgrind over {options.count:,} queries, which knows AVX2 and no "
                f"AVX-512; {rows.machine()}; commit {rows.commit()}")
        yield rows.row(f"{scenario.name}_instructions", total, "instructions", said)
        for step, value in steps.items():
            yield rows.row(f"{scenario.name}_{step}_instructions", value, "instructions", said)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench path --port memory")
    add_options(parser)
    parser.add_argument("--count", type=int, help="queries a start (2,000,000; callgrind 50,000)")
    parser.add_argument("--callgrind", action="store_true",
                        help="count instructions in place of time")
    options = parser.parse_args()
    options.count = options.count or (50_000 if options.callgrind else 2_000_000)
    conditions = (f"{rows.machine()}; port/memory, on core {CORE}; medians of {options.starts} fresh "
                  f"starts; ./dev bench path --port memory; commit {rows.commit()}")
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as folder:
        words = Words(folder, options)
        if options.callgrind:
            rows.write("instructions", list(instructions(words, options)))
            return
        print(f"{conditions}\nns a query, of the worker alone; steps from a build with profile\n")
        print(f"{'':15} {'own':>7} {'steps':>7} " + " ".join(f"{step:>7}" for step in STEPS))
        found = []
        for scenario in chosen(options):
            one = measure(words, scenario, options)
            print_one(one)
            found += rows_of(one, conditions)
    rows.write("memory", found)


if __name__ == "__main__":
    sys.exit(main())
