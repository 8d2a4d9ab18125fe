# SPDX-License-Identifier: BSD-3-Clause
"""What a worker is measured doing, whatever the port: rules, questions, and what the upstream does."""

import json
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import rows

PROGRAMS = rows.BUILD / "bench"
QUESTIONS = 1_000_000


@dataclass
class Scenario:
    name: str
    what: str
    rules: int
    mix: str = "uniform"                        # of questions, by bench/path/queries.c
    image: list = field(default_factory=list)   # words for the stand
    traffic: list = field(default_factory=list) # words for who asks and answers
    floor_own_ns: int | None = None


SCENARIOS = [
    Scenario("local", "refused: no rule covers the name", 10, "miss", traffic=["expect=refused"],
             floor_own_ns=170),
    Scenario("forwarded_10", "forwarded, 10 rules", 10),
    Scenario("forwarded_110k", "forwarded, 110,000 rules", 110_000),
    Scenario("forwarded", "forwarded, 1 M rules", 1_000_000, floor_own_ns=320),
    Scenario("flood", "1 M rules, each name new and NXDOMAIN", 1_000_000,
             traffic=["random", "expect=nxdomain"]),
    Scenario("swap", "forwarded, two images of 1 M rules exchanged every second", 1_000_000,
             image=["swap=1"]),
    Scenario("regex", "forwarded, 110,000 rules, each 16th a pattern", 110_000, image=["regex"]),
    Scenario("dead", "forwarded, each rule with a second upstream that is dead", 110_000,
             image=["silent"]),
]


def add_options(parser):
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--starts", type=int, default=7, help="fresh starts a scenario (7)")
    parser.add_argument("--only", action="append", choices=names, metavar="SCENARIO",
                        help="only this one, may be given again: " + ", ".join(names))
    parser.add_argument("--rules", metavar="FILE|N",
                        help="domains, one a line, or how many to make up, in place of 1 M")
    parser.add_argument("--mix", choices=["uniform", "zipf", "hot"],
                        help="how questions are drawn from the rules (uniform)")
    parser.add_argument("--queries", metavar="FILE",
                        help="questions, `NAME TYPE` a line as for dnsperf, which all rules cover")


def chosen(options):
    return [one for one in SCENARIOS if not options.only or one.name in options.only]


def run_json(*command, **kwargs):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True,
                          check=False, **kwargs)
    if done.returncode:
        raise SystemExit(f"bench: {command[0]} ended with {done.returncode}")
    return json.loads(done.stdout)


class Words:
    """Each scenario as words for the programs; files of questions are made once a run."""

    def __init__(self, folder, options):
        self.folder = Path(folder)
        self.options = options

    def is_of_all_rules(self, scenario):
        return scenario.rules == 1_000_000

    def rules(self, scenario):
        own = self.options.rules
        if not own or not self.is_of_all_rules(scenario):
            return [f"rules={scenario.rules}"]
        return [f"rules={own}"] if own.isdigit() else [f"rules-file={own}"]

    def image(self, scenario):
        return self.rules(scenario) + scenario.image

    def queries(self, scenario):
        if self.options.queries and self.is_of_all_rules(scenario):
            return self.options.queries
        mix = self.options.mix if self.options.mix and scenario.mix == "uniform" else scenario.mix
        words = [*self.rules(scenario), f"mix={mix}", f"count={QUESTIONS}"]
        path = self.folder / "-".join(word.replace("/", "_") for word in words)
        if not path.exists():
            with path.open("w", encoding="ascii") as out:
                subprocess.run([PROGRAMS / "queries", *words], stdout=out, check=True)
        return path

    def traffic(self, scenario):
        return [f"queries={self.queries(scenario)}", *scenario.traffic]


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def verdict(value, floor, is_ceiling=True):
    if floor is None:
        return ""
    is_met = value <= floor if is_ceiling else value >= floor
    return f"floor {floor:,} {'met' if is_met else 'MISSED'}"
