#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stored rows as a table in Markdown, and the difference of two stored runs."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "path"))
import rows  # noqa: E402

DOCUMENT = rows.ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
RUNGS = ["micro", "path-memory", "path-memif", "path-instructions", "path-xdp", "peers"]

# What gates: row, floor, and whether more is better.
FLOORS = {
    "match_1m_ns": (90, False), "match_110k_ns": (45, False), "match_10m_ns": (100, False),
    "match_hostile_ns": (250, False), "match_in_path_ns": (90, False), "publish_1m_s": (1, False),
    "image_bytes_per_rule": (40, False), "local_own_ns": (170, False),
    "forwarded_own_ns": (320, False), "local_memif_qps": (3_500_000, True),
    "forwarded_memif_qps": (1_800_000, True), "local_xdp_share": (0.9, True),
    "swap_lost": (0, False), "flood_share": (0.7, True),
}


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def verdict(row):
    if row["row"] not in FLOORS:
        return ""
    floor, is_more_better = FLOORS[row["row"]]
    is_met = row["value"] >= floor if is_more_better else row["value"] <= floor
    return f"{floor:,} {'met' if is_met else '**missed**'}"


def table(found):
    yield "| row | value | unit | floor |"
    yield "|---|---:|---|---|"
    for row in found:
        yield f"| `{row['row']}` | {number(row['value'])} | {row['unit']} | {verdict(row)} |"


def stored():
    for rung in RUNGS:
        path = rows.BUILD / f"{rung}.json"
        if path.exists():
            yield rung, rows.read(path)


def common_conditions(found):
    """What all rows of a rung say at their end, from the machine on."""
    said = found[-1]["conditions"] if found else ""
    return said[max(said.find(rows.machine()), 0):]


def report():
    for rung, found in stored():
        yield f"### {rung}"
        yield ""
        yield common_conditions(found)
        yield ""
        yield from table(found)
        yield ""


def write():
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    body = "\n".join(report())
    DOCUMENT.write_text(f"{before}{BEGIN}\n{body}{END}{after}", encoding="utf-8")
    print(f"written to {DOCUMENT.relative_to(rows.ROOT)}")


def difference(before_path, after_path):
    before = {row["row"]: row for row in rows.read(before_path)}
    print(f"{'row':36} {'before':>12} {'after':>12} {'change':>8}")
    for row in rows.read(after_path):
        old = before.pop(row["row"], None)
        change = f"{row['value'] / old['value'] - 1:+.1%}" if old and old["value"] else ""
        print(f"{row['row']:36} {number(old['value']) if old else '-':>12} "
              f"{number(row['value']):>12} {change:>8}")
    for name, row in before.items():
        print(f"{name:36} {number(row['value']):>12} {'-':>12}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("report", help="the stored rows as tables in Markdown")
    one.add_argument("--write", action="store_true", help="into docs/performance.md")
    two = verbs.add_parser("diff", help="what changed between two stored runs")
    two.add_argument("before", help="a file of rows, as kept from build/bench/")
    two.add_argument("after", nargs="?", help="another (build/bench/path.json)")
    options = parser.parse_args()
    if options.verb == "diff":
        difference(options.before, options.after or rows.BUILD / "path.json")
    elif options.write:
        write()
    else:
        print("\n".join(report()))


if __name__ == "__main__":
    sys.exit(main())
