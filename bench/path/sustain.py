#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is lost at 80 % of the rate at which nothing was: queries forwarded between two veth pairs.

For 1 and 2 queues, and for kxdpgun and dnsperf as clients, the no-drop rate is found by bisection, then held. The
upstream is an XDP program that answers everything. Nothing here is a pass mark.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rows
from rows import BUILD
from veth import (
    GENERATOR_CORE, SERVER_CORE, clean, inside, kxdpgun, namespaces, pair, run, running,
)

CLIENT, HOST, UPSTREAM = "bench-client", "bench-host", "bench-upstream"
CLIENT_IP, INBOUND, OUTBOUND, TARGET = "10.53.0.1", "10.53.0.2", "10.54.0.2", "10.54.0.11"
NAMES = 100000
SHARE = 0.8
LEAST, MOST = 5000, 400000  # queries a second
TRIES = 3  # a stolen core loses queries at any rate: one try of these without loss will do

CONFIG = f"""\
inbound-endpoints:  [{{name: in, addresses: [{INBOUND}]}}]
outbound-endpoints: [{{name: out, addresses: [{OUTBOUND}]}}]
rulesets:
  - name: all
    outbound-endpoints: [out]
    rules: [{{name: all, domain: ., targets: [{TARGET}]}}]
virtual-networks:
  - {{name: all, prefixes: [10.53.0.0/16], inbound-endpoints: [in], rulesets: [all]}}
"""


def dnsperf(folder, seconds, rate):
    done = subprocess.run(
        inside(CLIENT, "taskset", "-c", GENERATOR_CORE, "dnsperf", "-s", INBOUND, "-d",
               f"{folder}/queries", "-l", str(seconds), "-Q", str(rate), "-c", "20", "-q", "2000",
               "-b", "4096", "-t", "5"), capture_output=True, text=True, check=False)
    totals = re.findall(r"Queries (sent|completed): +(\d+)", done.stdout)
    if len(totals) != 2:
        raise SystemExit(f"bench: dnsperf says:\n{done.stdout}{done.stderr}")
    counts = dict(totals)
    return {"queries": int(counts["sent"]), "replies": int(counts["completed"])}


def gun(folder, seconds, rate):
    return kxdpgun(CLIENT, INBOUND, f"{folder}/queries", seconds, rate)


GENERATORS = {"kxdpgun": gun, "dnsperf": dnsperf}


@contextlib.contextmanager
def shunt(folder, queues):
    """As many workers as queues, on the one core."""
    folders = ["--run-dir", f"{folder}/run", "--state-dir", f"{folder}/state"]
    run("ip", "-n", UPSTREAM, "link", "set", "dev", "u0", "xdp", "obj",
        str(BUILD / "bench/reflect.bpf.o"), "program", "upstream")
    with running(HOST, "polling", str(BUILD / "dataplane/shunt-dataplane"), "--port", "xdp:h0",
                 "--port", "xdp:h1", "--workers", str(queues), *folders), \
            running(HOST, "connected", str(BUILD / "control/shunt-control"), "-c",
                    f"{folder}/shunt.yaml", *folders):
        run(*inside(CLIENT, "dig", f"@{INBOUND}", "+tries=10", "+time=1", "www.contoso.lab."))
        yield


def stolen():
    """Seconds that the machine's owner took from the cores used, so far."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[8]) for line in lines
               if line.split()[0] in (f"cpu{GENERATOR_CORE}", f"cpu{SERVER_CORE}")) / 100


def counters(folder):
    """By name, over all workers, once those of the ports, which are a second old, have settled."""
    time.sleep(2)
    told = json.loads(run(str(BUILD / "ctl/shuntctl"), "-s", f"{folder}/run/control.sock", "path",
                          "-o", "json"))
    return {counter["name"]: counter["total"] for counter in told["counters"]}


# What is told of a run where it is not zero.
TOLD = re.compile(r"(handed_over|gaps|rx_.*|upstream_.*|port\d\.(tx_|no_buffer|kernel_|steer_).*)$")


def hold(folder, generate, seconds, rate):
    before, stolen_before = counters(folder), stolen()
    totals = generate(folder, seconds, rate)
    after = counters(folder)
    return {
        "rate": totals["queries"] / seconds,
        "sent": totals["queries"],
        "lost": totals["queries"] - totals["replies"],
        "stolen": stolen() - stolen_before,
        "counters": {name: after[name] - before[name] for name in after
                     if TOLD.match(name) and after[name] != before[name]},
    }


def is_lossless(folder, generate, rate, seconds):
    """Also: the generator has kept the rate up."""
    for _ in range(TRIES):
        totals = generate(folder, seconds, rate)
        if totals["queries"] < 0.95 * rate * seconds:
            return False
        if totals["replies"] >= totals["queries"]:
            return True
    return False


def find_no_drop_rate(folder, generate, seconds):
    """To a twentieth."""
    low, high = LEAST, MOST
    while high > 1.05 * low:
        middle = int((low * high) ** 0.5)
        if is_lossless(folder, generate, middle, seconds):
            low = middle
        else:
            high = middle
    return low


def tell(queues, name, no_drop, held):
    print(f"{queues} queue{'s' if queues > 1 else ' '} {name:8} no drop to {no_drop:7,}/s; "
          f"at {held['rate']:7,.0f}/s: {held['lost']:,} of {held['sent']:,} lost, "
          f"{held['counters'].get('handed_over', 0):,} handed over, "
          f"{held['counters'].get('gaps', 0)} gaps over 1 ms, {held['stolen']:.2f} s stolen",
          flush=True)
    print("    " + ", ".join(f"{count:,} {what}" for what, count in held["counters"].items()),
          flush=True)


def measure(queues, names, options):
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as folder, \
            namespaces(CLIENT, HOST, UPSTREAM), \
            clean((CLIENT, "c0"), (HOST, "h0"), (HOST, "h1"), (UPSTREAM, "u0")):
        pair((CLIENT, "c0", CLIENT_IP), (HOST, "h0", INBOUND), queues=queues)
        pair((HOST, "h1", OUTBOUND), (UPSTREAM, "u0", TARGET), queues=queues)
        run(*inside(HOST, "sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=61000 65535"))
        Path(folder, "shunt.yaml").write_text(CONFIG, encoding="ascii")
        Path(folder, "queries").write_text(
            "".join(f"www{n}.contoso.lab. A\n" for n in range(NAMES)), encoding="ascii")
        with shunt(folder, queues):
            for name in names:
                generate = GENERATORS[name]
                no_drop = find_no_drop_rate(folder, generate, options.trial_seconds)
                held = hold(folder, generate, options.seconds, int(no_drop * SHARE))
                tell(queues, name, no_drop, held)
                yield name, no_drop, held


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--trial-seconds", type=float, default=2)
    parser.add_argument("--queues", type=int, choices=[1, 2])
    parser.add_argument("--only", choices=list(GENERATORS))
    options = parser.parse_args()
    conditions = (f"{rows.machine()}; clients on core {GENERATOR_CORE}, workers on core "
                  f"{SERVER_CORE}; forwarded, {NAMES:,} names; {options.seconds:g} s at {SHARE:.0%} of "
                  f"the no-drop rate; ./dev bench path --port xdp --sustain; commit {rows.commit()}")
    print(conditions)
    found = []
    for queues in [options.queues] if options.queues else [1, 2]:
        names = [options.only] if options.only else list(GENERATORS)
        for name, no_drop, held in measure(queues, names, options):
            told = f"{name}, {queues} queue(s), {held['stolen']:.2f} s stolen; {conditions}"
            found += [
                rows.row("sustain_no_drop_qps", no_drop, "queries/s", told),
                rows.row("sustain_lost", held["lost"], "queries", told),
                rows.row("sustain_handed_over", held["counters"].get("handed_over", 0), "replies",
                         told),
            ]
    rows.write("xdp-sustain", found)


if __name__ == "__main__":
    sys.exit(main())
